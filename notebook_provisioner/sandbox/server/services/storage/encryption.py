"""Whether Cloud Storage may use a bucket's key: the mistake that a CMEK set-up makes first."""

import re
from typing import TYPE_CHECKING, Final

from notebook_provisioner.sandbox.server import crud
from notebook_provisioner.sandbox.server.errors import ApiError, invalid
from notebook_provisioner.sandbox.server.store import Key

if TYPE_CHECKING:
    from notebook_provisioner.sandbox.server.context import Context
    from notebook_provisioner.sandbox.server.services.storage.catalog import Bucket

_KEY_NAME: Final = re.compile(
    r"(?P<ring>projects/(?P<project>[^/]+)/locations/[^/]+/keyRings/[^/]+)/cryptoKeys/[^/]+"
)
_ROLE: Final = "roles/cloudkms.cryptoKeyEncrypterDecrypter"


def check_key(context: "Context", bucket: "Bucket") -> None:
    """Refuse a default key that does not exist or that the project's storage service agent may not use.

    Looks for `roles/cloudkms.cryptoKeyEncrypterDecrypter` on the key, its key ring and its project; other
    roles that hold the permission, groups and grants above the project are not followed.

    Raises:
        ApiError: 400 for a malformed name, 403 otherwise, in Google's words.
    """
    name = bucket.resource.get("encryption", {}).get("defaultKmsKeyName")
    if not name:
        return
    match = _KEY_NAME.fullmatch(name)
    if match is None:
        raise invalid(f"Malformed Cloud KMS crypto key: {name}")
    number = bucket.resource["projectNumber"]
    member = f"serviceAccount:service-{number}@gs-project-accounts.iam.gserviceaccount.com"
    places = (
        Key.of("cloudkms", name),
        Key.of("cloudkms", match["ring"]),
        Key("cloudresourcemanager", "projects", match["project"]),
    )
    if context.store.get(places[0]) is None or not any(_grants(context, place, member) for place in places):
        message = (
            "Permission denied on Cloud KMS key. Please ensure that your Cloud Storage service account has "
            "been authorized to use this key."
        )
        raise ApiError("PERMISSION_DENIED", message)


def _grants(context: "Context", place: Key, member: str) -> bool:
    policy = context.store.get(crud.policy_key(place)) or {}
    return any(
        binding["role"] == _ROLE and member in binding.get("members", [])
        for binding in policy.get("bindings", [])
    )
