"""Snapshots and notebooks as the core sees them, made with few words."""

from datetime import UTC, datetime, timedelta
from typing import Any

from notebook_provisioner.core.fleet.model import Snapshots
from notebook_provisioner.core.snapshots.facts import Notebook, Notebooks, Snapshot
from notebook_provisioner.core.snapshots.origin import Register, claim
from notebook_provisioner.core.snapshots.rules import Rules
from notebook_provisioner.core.upgrade_history import HistoryEntry

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
ZONE = "europe-west1-b"


def ago(days: float) -> datetime:
    """So many days before now."""
    return NOW - timedelta(days=days)


def snapshot(name: str, days: float, of: str = "nb", **changed: Any) -> Snapshot:
    """A snapshot of the boot disk of notebook *of*."""
    values = {
        "name": name,
        "id": f"id-{name}",
        "created": ago(days),
        "status": "READY",
        "kind": "STANDARD",
        "disk": (ZONE, f"{of}-boot"),
        "disk_id": f"disk-{name}",
        "by_schedule": False,
        "storage_bytes": 2**30,
        "storage_settled": True,
        "locations": ("eu",),
        "labels": {},
        "label_fingerprint": "x",
    }
    return Snapshot(**{**values, **changed})


def claimed(of: str = "nb") -> dict[str, str]:
    """The labels that prove a snapshot of notebook *of* to be an upgrade's."""
    return claim("one", (ZONE, of))


def entry(name: str, days: float, action: str = "UPGRADE", state: str = "SUCCEEDED") -> HistoryEntry:
    """A line of the upgrade history."""
    return HistoryEntry(action, state, ago(days), snapshot=name)


def notebook(*history: HistoryEntry, name: str = "nb", **changed: Any) -> Notebook:
    """A healthy, running notebook of the fleet."""
    values = {
        "zone": ZONE,
        "name": name,
        "state": "ACTIVE",
        "health": "HEALTHY",
        "created": ago(3_000),
        "fleet": "one",
        "history": history,
    }
    return Notebook(**{**values, **changed})


def upgraded(count: int, newest: float = 30, name: str = "nb") -> tuple[Notebook, list[Snapshot]]:
    """A notebook with *count* upgrades, thirty days apart, and their claimed snapshots, newest first."""
    days = [newest + 30 * number for number in range(count)]
    made = [
        snapshot(f"{name}-{number}", age, of=name, labels=claimed(name)) for number, age in enumerate(days)
    ]
    history = [entry(item.name, age) for item, age in zip(made, days, strict=True)]
    return notebook(*reversed(history), name=name), made


def register(*notebooks: Notebook, **options: Any) -> Register:
    """A register of the fleet ``one``, whose file holds ``in-file``, or what *file* names."""
    file = dict.fromkeys(options.pop("file", ("in-file",)), ZONE)
    unreachable = options.pop("unreachable", frozenset())
    found = Notebooks(notebooks, frozenset(unreachable))
    return Register("one", file, found, **options)


def rules(**settings: Any) -> Rules:
    """Rules as the fleet file would have them, two rollback points by default."""
    return Rules.read(Snapshots(**settings))
