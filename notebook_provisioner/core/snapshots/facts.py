"""What is read about snapshots and notebooks before anything is decided."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from notebook_provisioner.core.notebooks import NotebookKey
from notebook_provisioner.core.upgrade_history import HistoryEntry

UNKNOWN: Final = "UNKNOWN"  # our word for what the API does not say

MARK_LABEL: Final = "nbp-prune"  # the day on which a snapshot was marked for deletion
RETAIN_LABEL: Final = "retain-until"  # the last day on which somebody wants it
NOTEBOOK_LABEL: Final = "nbp-notebook"  # of whose boot disk it is
ORIGIN_LABEL: Final = "nbp-origin"  # who made it


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One snapshot, as Compute Engine shows it.

    Attributes:
        name: Its name, unique in the project while it exists.
        id: Its number, unique for ever: a name that was used again has another.
        created: When it was taken, with a time zone.
        status: ``READY``, or why it is not: ``CREATING``, ``UPLOADING``, ``DELETING``, ``FAILED``, `UNKNOWN`.
        kind: ``STANDARD`` or ``ARCHIVE``; `UNKNOWN` where the API does not say.
        disk: Zone and name of the disk that it was taken from; None for one in no zone, or in another
            project.
        disk_id: That disk's number: a disk made anew under the same name has another.
        by_schedule: Whether a snapshot schedule took it.
        storage_bytes: What it adds to the bill now; changes when its neighbours are deleted.
        storage_settled: Whether that number is up to date.
        locations: Where it is stored: regions or multi-regions.
        labels: Its labels.
        label_fingerprint: What a change of labels must name, so that it overwrites nobody's.
    """

    name: str
    id: str
    created: datetime
    status: str
    kind: str
    disk: tuple[str, str] | None
    disk_id: str
    by_schedule: bool
    storage_bytes: int
    storage_settled: bool
    locations: tuple[str, ...]
    labels: Mapping[str, str]
    label_fingerprint: str


@dataclass(frozen=True, slots=True)
class Notebook:
    """What matters of a notebook that exists.

    Attributes:
        zone: As in ``europe-west1-b``.
        name: Its name; its boot disk is ``NAME-boot`` in the same zone.
        state: As in ``ACTIVE``, ``STOPPED``, ``UPGRADING``.
        health: As in ``HEALTHY``.
        created: When it was made; None where the API does not say.
        fleet: The fleet that its label names; None without the label.
        history: Its upgrade history, oldest first.
    """

    zone: str
    name: str
    state: str
    health: str
    created: datetime | None
    fleet: str | None
    history: tuple[HistoryEntry, ...]

    @property
    def key(self) -> NotebookKey:
        """What it is told apart by in its project."""
        return (self.zone, self.name)


@dataclass(frozen=True, slots=True)
class Notebooks:
    """All notebooks of a project at one moment.

    Attributes:
        found: Those that answered.
        unreachable: Places that did not answer. While there are any, nothing can be said of a notebook that
            was not found: a list has "either instances or unreachables" (discovery, notebooks v2).
    """

    found: tuple[Notebook, ...]
    unreachable: frozenset[str]


@dataclass(frozen=True, slots=True)
class Seen:
    """Some snapshots and notebooks at one moment; what was asked for and is in none of these is gone.

    Attributes:
        snapshots: By name.
        notebooks: By zone and name.
        unreachable: Places that did not answer: whether a notebook there that was not found is gone, nobody
            knows.
        unread: Why a notebook could not be read, by zone and name.
    """

    snapshots: Mapping[str, Snapshot]
    notebooks: Mapping[NotebookKey, Notebook]
    unreachable: frozenset[str] = frozenset()
    unread: Mapping[NotebookKey, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RecycleBin:
    """Where deleted snapshots stay for some days, and on the bill.

    Attributes:
        days: The longest that one stays; 0 where nothing does, None where nobody may know.
        problem: Why nobody may know; empty otherwise.
    """

    days: int | None
    problem: str = ""
