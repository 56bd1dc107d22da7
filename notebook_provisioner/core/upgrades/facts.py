"""What is read about notebooks before an upgrade is planned."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from notebook_provisioner.core.notebooks import NotebookKey
from notebook_provisioner.core.upgrade_history import HistoryEntry

SCHEDULE_KEY: Final = "notebook-upgrade-schedule"  # unix-cron in GMT, weekly or monthly
IDLE_KEY: Final = "idle-timeout-seconds"  # absent: no idle shutdown


@dataclass(frozen=True, slots=True)
class Upgradability:
    """The answer of ``checkUpgradability``, in the API's own words.

    Attributes:
        upgradable: Whether it can be upgraded now; None where the API did not say.
        version: What it would be upgraded to; empty where it cannot be.
        image: That image's link; empty where it cannot be.
        message: What the API said about it, or why it did not answer.
    """

    upgradable: bool | None
    version: str
    image: str
    message: str


@dataclass(frozen=True, slots=True)
class Notebook:
    """One Workbench instance, as far as upgrades depend on it.

    Attributes:
        zone: As in ``europe-west1-b``.
        name: Its name.
        state: As in ``ACTIVE`` or ``STOPPED``.
        health: As in ``HEALTHY``.
        owner: The one person who may open it; empty where access is by service account.
        created: When it was made; None where the API does not say.
        machine_type: As in ``e2-standard-4``.
        gpus: How many it has.
        boot_disk_gib: Size of its boot disk.
        container: Its container image; empty where it runs a VM image.
        family: Its image family; empty where the API tells none.
        image: The image that it runs; empty where the API tells none.
        version: Its version, as in ``122`` or ``20260712``; empty where the API tells none.
        metadata: Its metadata.
        history: Its upgrade history, oldest first.
        upgradability: Whether there is something to upgrade to.
    """

    zone: str
    name: str
    state: str
    health: str
    owner: str
    created: datetime | None
    machine_type: str
    gpus: int
    boot_disk_gib: int
    container: str
    family: str
    image: str
    version: str
    metadata: Mapping[str, str]
    history: tuple[HistoryEntry, ...]
    upgradability: Upgradability

    @property
    def key(self) -> NotebookKey:
        """What it is told apart by in its project."""
        return (self.zone, self.name)

    @property
    def last(self) -> HistoryEntry | None:
        """The newest line of its history."""
        return self.history[-1] if self.history else None

    @property
    def upgraded(self) -> datetime | None:
        """When its last upgrade that succeeded began; None where the history knows of none."""
        done = [
            entry.created
            for entry in self.history
            if entry.action == "UPGRADE" and entry.state == "SUCCEEDED" and entry.created is not None
        ]
        return max(done, default=None)

    @property
    def idle_timeout(self) -> timedelta | None:
        """After how long idle shutdown stops it; None where it does not.

        An absent or empty key switches it off (the API refuses 0), and so do guest attributes that are
        switched off, which idle shutdown needs.
        """
        text = self.metadata.get(IDLE_KEY, "")
        if not text.isdigit() or self.metadata.get("enable-guest-attributes", "true").lower() == "false":
            return None
        return timedelta(seconds=int(text)) or None


@dataclass(frozen=True, slots=True)
class LegacyMachine:
    """A former user-managed notebook: since 2026-03-30 a mere virtual machine of Compute Engine.

    Attributes:
        zone: Its zone.
        name: Its name.
        status: As in ``RUNNING``: Compute Engine's word.
    """

    zone: str
    name: str
    status: str


@dataclass(frozen=True, slots=True)
class Sample:
    """How long one upgrade took.

    Attributes:
        notebook: Whose it was.
        took: From its request to its end.
    """

    notebook: NotebookKey
    took: timedelta


@dataclass(frozen=True, slots=True)
class Sight:
    """One look at a project.

    Attributes:
        notebooks: The fleet's, each with its upgradability.
        legacy: The project's former user-managed notebooks.
        unreachable: Zones that did not answer; nothing can be said about what is there.
        samples: How long upgrades took, as far as the API remembers.
    """

    notebooks: tuple[Notebook, ...]
    legacy: tuple[LegacyMachine, ...]
    unreachable: frozenset[str]
    samples: tuple[Sample, ...]
