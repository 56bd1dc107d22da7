"""Whose a snapshot is, and who made it: by the notebook's own records, never by how it is called.

An upgrade's snapshot has a random name and no label that a source vouches for. What tells it is the upgrade
history of a notebook that exists, together with the disk that it was taken from and the time. The number of
the boot disk as it is now says nothing: an upgrade makes that disk anew.

The history goes with the notebook. So what it proved is written onto the snapshot while it can be, as labels
(a claim), and of what a notebook left behind nothing is taken for an upgrade's without them.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from notebook_provisioner.core.notebooks import FLEET_LABEL, NotebookKey
from notebook_provisioner.core.snapshots.facts import (
    NOTEBOOK_LABEL,
    ORIGIN_LABEL,
    Notebook,
    Notebooks,
    Snapshot,
)
from notebook_provisioner.core.upgrade_history import HistoryEntry

BOOT_SUFFIX: Final = "-boot"  # Workbench names boot disks so: seen in dumps of real instances (gcpdiag)

# An upgrade and its snapshot are minutes apart. A name that was used again shows by its time.
_TOGETHER: Final = timedelta(days=1)


class Origin(StrEnum):
    """Who made a snapshot."""

    UPGRADE = "upgrade"  # Workbench, before it replaced the boot disk
    SCHEDULE = "schedule"  # a snapshot schedule, which deletes by its own rule
    HAND = "hand"  # somebody
    ORPHAN = "orphan"  # Workbench, or whoever it was by --former: the notebook is gone
    UNCLAIMED = "unclaimed"  # nobody knows: the notebook is gone, and nothing proves that it was Workbench
    UNKNOWN = "unknown"  # somewhere nobody answers, so that nobody knows whether its notebook is there
    FOREIGN = "foreign"  # no matter: the notebook is there, or was, and is not this fleet's
    STRAY = "stray"  # nobody knows: nothing ties it to this fleet, or to a notebook that exists


STRANGERS: Final = frozenset({Origin.FOREIGN, Origin.STRAY})  # none of the fleet's


@dataclass(frozen=True, slots=True)
class Belonging:
    """Whose a snapshot of a boot disk is.

    Attributes:
        origin: Who made it.
        notebook: The notebook, in being or gone.
        entry: The upgrade that left it; None for other origins.
        claim: Labels that it lacks to prove its origin when the notebook is gone.
    """

    origin: Origin
    notebook: NotebookKey
    entry: HistoryEntry | None = None
    claim: Mapping[str, str] = field(default_factory=dict)


class Register:
    """Knows the fleet's notebooks, present and former, and tells the snapshots apart.

    A notebook is the fleet's if it bears its label or stands in the fleet file. What a former notebook left
    is an orphan if its labels claim it, or if somebody named the notebook as former; that takes in what was
    made by hand, too. What the fleet file or the fleet's label alone vouches for is unclaimed. Other
    snapshots of disks that are called ``…-boot`` are strangers.

    Args:
        fleet: The fleet's name.
        zones_by_name: The notebooks of the fleet file and their zones.
        notebooks: The project's notebooks.
        former: Names of notebooks that are gone: the caller's word for all that they left.
        only: Which notebooks, in being or gone, are looked at; all by default.
        strangers: Whether strangers belong to somebody, too, as `STRANGERS`.
    """

    def __init__(
        self,
        fleet: str,
        zones_by_name: Mapping[str, str],
        notebooks: Notebooks,
        former: Collection[str] = (),
        only: Callable[[NotebookKey], bool] = lambda _: True,
        *,
        strangers: bool = False,
    ) -> None:
        self._only = only
        self._strangers = strangers
        self._fleet = fleet
        self._file = zones_by_name
        self._former = frozenset(former)
        self.unreachable = notebooks.unreachable
        self._all = {notebook.key for notebook in notebooks.found}
        self.notebooks = {item.key: item for item in notebooks.found if self._is_ours(item)}
        self._entries = {key: _entries(item.history) for key, item in self.notebooks.items()}

    def belonging(self, snapshot: Snapshot) -> Belonging | None:
        """Whose *snapshot* is; None for one that has nothing to do with the fleet."""
        if snapshot.disk is None or not snapshot.disk[1].endswith(BOOT_SUFFIX):
            return None
        key = (snapshot.disk[0], snapshot.disk[1].removesuffix(BOOT_SUFFIX))
        if not self._only(key):
            return None
        notebook = self.notebooks.get(key)
        if notebook is not None:
            return self._with_notebook(snapshot, notebook)
        return self._without_notebook(snapshot, key) or (
            self._stranger(snapshot, key) if self._strangers else None
        )

    def knows(self, name: str) -> bool:
        """Whether a notebook of this name is the fleet's, or was by the caller's word."""
        return name in self._former or name in self.names

    @property
    def names(self) -> list[str]:
        """The names of the fleet's notebooks: of the fleet file, and in being."""
        return sorted({*self._file, *(name for _, name in self.notebooks)})

    def _with_notebook(self, snapshot: Snapshot, notebook: Notebook) -> Belonging:
        key = notebook.key
        if snapshot.by_schedule:
            return Belonging(Origin.SCHEDULE, key)
        entry = self._entries[key].get(snapshot.name)
        if entry is not None and entry.created is not None and _together(snapshot, entry.created):
            return Belonging(Origin.UPGRADE, key, entry, self._missing(snapshot, key))
        if notebook.created is not None and snapshot.created < notebook.created:
            return Belonging(self._left_behind(snapshot, key), key)  # by one that had this name before
        return Belonging(Origin.HAND, key)

    def _without_notebook(self, snapshot: Snapshot, key: NotebookKey) -> Belonging | None:
        zone, name = key
        vouched = (
            self._file.get(name) == zone
            or (name in self._former and not self._is_anothers(snapshot))
            or snapshot.labels.get(FLEET_LABEL) == self._fleet
        )
        if not vouched or key in self._all:  # another fleet's notebook may have the name
            return None
        if self.unreachable:  # the list may then name the places that did not answer, and no notebook at all
            return Belonging(Origin.UNKNOWN, key)
        return Belonging(Origin.SCHEDULE if snapshot.by_schedule else self._left_behind(snapshot, key), key)

    def _stranger(self, snapshot: Snapshot, key: NotebookKey) -> Belonging:
        foreign = key in self._all or self._is_anothers(snapshot)
        return Belonging(Origin.FOREIGN if foreign else Origin.STRAY, key)

    def _left_behind(self, snapshot: Snapshot, key: NotebookKey) -> Origin:
        claimed = claim(self._fleet, key).items() <= snapshot.labels.items()
        named = key[1] in self._former and not self._is_anothers(snapshot)
        return Origin.ORPHAN if claimed or named else Origin.UNCLAIMED

    def _is_anothers(self, snapshot: Snapshot) -> bool:
        return snapshot.labels.get(FLEET_LABEL, self._fleet) != self._fleet

    def _missing(self, snapshot: Snapshot, key: NotebookKey) -> dict[str, str]:
        """The labels that a claim of *snapshot* lacks; none where one of them has somebody else's value."""
        wanted, labels = claim(self._fleet, key), snapshot.labels
        disputed = any(labels.get(name, value) != value for name, value in wanted.items())
        if disputed or snapshot.status != "READY":
            return {}
        return {name: value for name, value in wanted.items() if name not in labels}

    def _is_ours(self, notebook: Notebook) -> bool:
        if notebook.fleet is not None:
            return notebook.fleet == self._fleet
        return self._file.get(notebook.name) == notebook.zone


def claim(fleet: str, key: NotebookKey) -> dict[str, str]:
    """Labels that prove a snapshot of *key*'s boot disk to be an upgrade's; the disk tells the zone."""
    return {FLEET_LABEL: fleet, NOTEBOOK_LABEL: key[1], ORIGIN_LABEL: Origin.UPGRADE.value}


def _together(snapshot: Snapshot, upgraded: datetime) -> bool:
    return abs(snapshot.created - upgraded) <= _TOGETHER


def _entries(history: Iterable[HistoryEntry]) -> dict[str, HistoryEntry]:
    """The upgrade that left each snapshot, one that succeeded where there is one.

    A rollback names the snapshot that it went back to, and somebody may have made that by hand.
    """
    upgrades = [entry for entry in history if entry.action == "UPGRADE" and entry.snapshot]
    upgrades.sort(key=lambda entry: entry.state == "SUCCEEDED")
    return {entry.snapshot: entry for entry in upgrades}
