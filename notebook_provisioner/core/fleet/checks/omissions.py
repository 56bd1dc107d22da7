"""What a fleet on Google Cloud may lack, and should not without a thought: nothing else would say so."""

from collections.abc import Iterator, Mapping
from typing import Final

from notebook_provisioner.core.findings import Finding
from notebook_provisioner.core.fleet.checks.context import Context
from notebook_provisioner.core.fleet.surroundings import GoogleManagedEncryption, NoPerimeter

# Labels that a bill is divided by, and how they are spelled. The module notebook adds the owner.
_COST: Final[Mapping[str, frozenset[str]]] = {
    "cost-centre": frozenset({"cost-centre", "cost-center", "cost_centre", "cost_center"}),
    "environment": frozenset({"environment", "env"}),
}


def no_perimeter(context: Context) -> Iterator[Finding]:
    """Without a perimeter nothing stands between the data and another project's buckets."""
    if context.fleet.target == "google" and isinstance(context.fleet.perimeter, NoPerimeter):
        yield context.warning(
            "no-perimeter",
            ("perimeter", "mode"),
            "unless the project is in a perimeter already, a notebook's data can be copied to any project",
            "write mode: dry-run, read what it would refuse, then mode: enforced",
        )


def no_audit_logs(context: Context) -> Iterator[Finding]:
    """Without audit logs nobody can tell afterwards who read what."""
    if context.fleet.target == "google" and context.fleet.observability is None:
        yield context.warning(
            "no-audit-logs",
            ("observability",),
            "nothing records who reads the data, and nobody is alerted",
            "add observability: with notify",
        )


def google_keys(context: Context) -> Iterator[Finding]:
    """Google's keys are nobody's to rotate or to take away."""
    if context.fleet.target == "google" and isinstance(context.fleet.encryption, GoogleManagedEncryption):
        yield context.warning(
            "google-keys",
            ("encryption", "mode"),
            "disks and buckets are under keys that only Google can take away",
            "write mode: create, with key_ring and key, or mode: existing, with kms_key",
        )


def cost_labels(context: Context) -> Iterator[Finding]:
    """The bill says whose each notebook's cost is."""
    fleet = context.fleet
    if fleet.target != "google":
        return
    wide = fleet.labels.keys() | fleet.defaults.labels.keys()
    labels = [wide | notebook.labels.keys() for notebook in fleet.notebooks] or [wide]
    missing = [name for name, spelled in _COST.items() if not all(spelled & keys for keys in labels)]
    if missing:
        named = " and ".join(missing)
        said = f"the bill cannot be divided by {named}"
        yield context.warning("no-cost-labels", ("labels",), said, f"add the label {named}", key=True)
