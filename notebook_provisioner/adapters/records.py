"""Open records of procedures in a folder: for one person at one machine."""

import os
from pathlib import Path

from notebook_provisioner.core.procedures import Record, RecordOpen


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
            raise already_open(self._read(record)) from None
        finally:
            fresh.unlink()
        self._sync_folder()

    def save(self, record: Record) -> None:
        """Replace the notebook's record.

        Raises:
            RecordOpen: Another run's record stands there.
        """
        self._require_own(record)
        self._write(record).replace(self._path(record))
        self._sync_folder()

    def close(self, record: Record) -> None:
        """Take the notebook's record away."""
        self._require_own(record)
        self._path(record).unlink(missing_ok=True)
        self._sync_folder()

    def pending(self) -> tuple[Record, ...]:
        """Every open record, by notebook."""
        records = [Record.loads(path.read_bytes()) for path in self._folder.glob("*.json")]
        return tuple(sorted(records, key=lambda record: record.key))

    def _path(self, record: Record) -> Path:
        return self._folder / ("--".join(record.key) + ".json")

    def _read(self, record: Record) -> Record | None:
        try:
            return Record.loads(self._path(record).read_bytes())
        except FileNotFoundError:
            return None

    def _require_own(self, record: Record) -> None:
        found = self._read(record)
        if found is not None and (found.kind, found.run) != (record.kind, record.run):
            raise already_open(found)

    def _write(self, record: Record) -> Path:
        path = self._folder / f".{os.getpid()}-{'--'.join(record.key)}"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(record.dumps())
            file.flush()
            os.fsync(file.fileno())
        return path

    def _sync_folder(self) -> None:
        descriptor = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def already_open(found: Record | None) -> RecordOpen:
    """The refusal to begin a second procedure over a notebook."""
    if found is None:
        return RecordOpen("another run has just ended a procedure over the same notebook", hint="run again")
    return RecordOpen(
        f"{found.notebook} ({found.zone}) is in the middle of '{found.kind}', begun "
        f"{found.started:%Y-%m-%d %H:%M} UTC",
        hint=f"carry on with: nbp {found.kind} --resume",
    )
