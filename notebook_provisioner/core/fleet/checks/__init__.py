"""Rules across the values of a fleet file."""

from collections.abc import Iterator

from notebook_provisioner.core.findings import Finding
from notebook_provisioner.core.fleet.checks.context import Context

__all__ = ["Context", "run"]


def run(context: Context) -> Iterator[Finding]:
    """Every finding of every rule that the intact part of the file allows to be held."""
    yield from ()
