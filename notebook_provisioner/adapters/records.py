"""Open records of procedures in a folder: for one person at one machine."""

import os
import tempfile
from pathlib import Path
from typing import Final

from notebook_provisioner.core.procedures import Record, RecordLost, RecordOpen
from notebook_provisioner.core.upgrades.procedure import ROLLBACK_KIND, UPGRADE_KIND

_CARRIED_ON_BY: Final = {ROLLBACK_KIND: UPGRADE_KIND}  # what has no --resume of its own


class FileRecords:
    """A file a notebook. Implements ``core.procedures.Records``.

    Two runs on this machine are kept apart by the lease that a command holds; a file that is there already
    belongs to a run that died.

    Args:
        folder: Made when it is first needed, readable by its owner alone.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def open(self, record: Record) -> None:
        """Add a record.

        Raises:
            RecordOpen: The notebook has one.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = self._write(record)
        try:
            os.link(fresh, self._path(record))
        except FileExistsError:
            raise already_open(_read(self._path(record))) from None
        finally:
            fresh.unlink()
        self._sync_folder()

    def save(self, record: Record) -> None:
        """Replace the notebook's record.

        Raises:
            RecordLost: Another run's record stands there.
        """
        self._require_own(record)
        self._write(record).replace(self._path(record))
        self._sync_folder()

    def close(self, record: Record) -> None:
        """Take the notebook's record away. Raises as `save`."""
        self._require_own(record)
        self._path(record).unlink(missing_ok=True)
        self._sync_folder()

    def pending(self) -> tuple[Record, ...]:
        """Every open record, by notebook; one that is taken away meanwhile is left out."""
        found = (_read(path) for path in self._folder.glob("*.json"))
        return tuple(sorted(filter(None, found), key=lambda record: record.key))

    def _path(self, record: Record) -> Path:
        return self._folder / ("--".join(record.key) + ".json")

    def _require_own(self, record: Record) -> None:
        found = _read(self._path(record))
        if found is not None and (found.kind, found.run) != (record.kind, record.run):
            raise lost(record)

    def _write(self, record: Record) -> Path:
        descriptor, path = tempfile.mkstemp(prefix=".", dir=self._folder)  # readable by its owner alone
        with os.fdopen(descriptor, "wb") as file:
            file.write(record.dumps())
            file.flush()
            os.fsync(file.fileno())
        return Path(path)

    def _sync_folder(self) -> None:
        descriptor = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _read(path: Path) -> Record | None:
    try:
        return Record.loads(path.read_bytes())
    except FileNotFoundError:
        return None


def already_open(found: Record | None) -> RecordOpen:
    """The refusal to begin a second procedure over a notebook."""
    if found is None:
        return RecordOpen("another run has just ended a procedure over the same notebook", hint="run again")
    return RecordOpen(
        f"{found.notebook} ({found.zone}) is in the middle of '{found.kind}', begun "
        f"{found.started:%Y-%m-%d %H:%M} UTC",
        hint=f"wait for its end; if it died, carry on with: nbp {_carried_on_by(found)} --resume",
    )


def lost(record: Record) -> RecordLost:
    """The end of a procedure that another run has carried on, or replaced."""
    return RecordLost(
        f"another run took over what this one had begun with {record.notebook} ({record.zone})",
        hint=f"look how it stands; if that run died, too: nbp {_carried_on_by(record)} --resume",
    )


def _carried_on_by(record: Record) -> str:
    return _CARRIED_ON_BY.get(record.kind, record.kind)
