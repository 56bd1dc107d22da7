"""Notebooks, policies and looks at a fleet, for the tests of upgrades."""

from datetime import UTC, datetime, timedelta
from typing import Any

from notebook_provisioner.core.fleet.windows import Blackout, Window, WorkingHours
from notebook_provisioner.core.retention import Span
from notebook_provisioner.core.upgrade_history import HistoryEntry
from notebook_provisioner.core.upgrades.facts import Notebook, Sight, Upgradability
from notebook_provisioner.core.upgrades.policy import Policy, Rollout

ZONE = "europe-west1-b"
NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)  # a Sunday
OFFER = Upgradability(
    upgradable=True,
    version="m144",
    image="https://www.googleapis.com/compute/v1/projects/cloud-notebooks-managed/global/images/"
    "workbench-instances-v20260701",
    message="A new image is available for upgrade. Backup user data before upgrading",
)
_NOTHING = {"version": "", "image": ""}
CURRENT = Upgradability(
    upgradable=False, **_NOTHING, message="Current and latest available image are the same"
)
REFUSED = Upgradability(upgradable=False, **_NOTHING, message="invalid state")
SILENT = Upgradability(upgradable=None, **_NOTHING, message="no answer")


def notebook(name: str = "ana", **changed: Any) -> Notebook:
    """A healthy, running notebook with something to upgrade to."""
    values: dict[str, Any] = {
        "zone": ZONE,
        "name": name,
        "state": "ACTIVE",
        "health": "HEALTHY",
        "owner": f"{name}@example.com",
        "created": NOW - timedelta(days=300),
        "machine_type": "e2-standard-4",
        "gpus": 0,
        "boot_disk_gib": 150,
        "container": "",
        "family": "workbench-instances",
        "image": "workbench-instances-v20260420",
        "version": "141",
        "metadata": {},
        "history": (),
        "upgradability": OFFER,
    }
    return Notebook(**(values | changed))


def entry(days_ago: float, action: str = "UPGRADE", state: str = "SUCCEEDED", **changed: Any) -> HistoryEntry:
    """A line of an upgrade history."""
    values = {"version": "m139", "target_version": "m141"} | changed
    return HistoryEntry(action, state, NOW - timedelta(days=days_ago), **values)


def sight(*notebooks: Notebook, **changed: Any) -> Sight:
    """A look at a project in which every zone answered."""
    values: dict[str, Any] = {"legacy": (), "unreachable": frozenset(), "samples": ()}
    return Sight(notebooks=notebooks, **(values | changed))


def policy(
    window: str = "Sat 02:00-06:00 Europe/London",
    cadence: str = "monthly",
    *blackouts: str,
    hours: str | None = None,
) -> Policy:
    """What the fleet file says of one notebook."""
    return Policy(
        Window.parse(window),
        cadence,
        tuple(map(Blackout.parse, blackouts)),
        WorkingHours.parse(hours) if hours else None,
    )


def rollout(**changed: Any) -> Rollout:
    """Five at a time, a day of soak."""
    values: dict[str, Any] = {
        "canaries": frozenset(),
        "soak": Span(days=1),
        "parallelism": 5,
        "wave_size": None,
    }
    return Rollout(**(values | changed))
