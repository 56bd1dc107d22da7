"""Keys of one's own."""

from collections.abc import Iterator

from notebook_provisioner.core.findings import Finding
from notebook_provisioner.core.fleet.checks.context import Context
from notebook_provisioner.core.fleet.surroundings import ExistingKey


def key_in_region(context: Context) -> Iterator[Finding]:
    """A key encrypts only what is in its own location."""
    encryption = context.fleet.encryption
    if not isinstance(encryption, ExistingKey):
        return
    location = encryption.kms_key.split("/")[3]
    if location != context.fleet.region:
        yield context.error(
            "key-outside-region",
            ("encryption", "kms_key"),
            f"the key is in {location}, the fleet in {context.fleet.region}",
            f"use a key in {context.fleet.region}",
        )
