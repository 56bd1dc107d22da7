"""What commands that carry procedures out share: where open records are, and how a run is broken off."""

import threading
from collections.abc import Collection
from typing import TYPE_CHECKING, Final

from notebook_provisioner.cli import home
from notebook_provisioner.core.errors import ProvisionerError

if TYPE_CHECKING:
    from notebook_provisioner.cli.app import App
    from notebook_provisioner.core.procedures import RecordOpen, Records

_FOLDER: Final = "records"


class BrokenOff(ProvisionerError):
    """The run was ended from outside; its open records tell how to carry on."""

    code = "broken-off"


class Pauses:
    """Waits between looks; once the run is broken off, every wait ends with `BrokenOff`."""

    def __init__(self) -> None:
        self._over = threading.Event()

    def sleep(self, seconds: float) -> None:
        """Wait.

        Raises:
            BrokenOff: The run was broken off before or meanwhile.
        """
        if self._over.wait(seconds):
            raise BrokenOff("broken off", hint="carry on with --resume")

    def break_off(self) -> None:
        """End all waiting."""
        self._over.set()


def records(app: "App") -> "Records":
    """Where the fleet's open records are: beside its leases in a bucket, else in the fleet's own folder.

    All commands use the same place, so that a notebook never has two procedures at once.
    """
    from notebook_provisioner.adapters.records import FileRecords
    from notebook_provisioner.core.fleet.maintenance import operations_folder

    folder = operations_folder(app.fleet)
    if folder is None:
        return FileRecords(home.require(app.work_folder) / _FOLDER)
    return _in_bucket(app, folder)


def former_records(app: "App") -> "Records | None":
    """Where they are until the next apply, if maintenance was written into the file, or taken out, since.

    None where the file tells of no such place.
    """
    from notebook_provisioner.core.fleet.maintenance import former_operations_folder

    folder = former_operations_folder(app.fleet)
    return _in_bucket(app, folder) if folder is not None else None


def _in_bucket(app: "App", folder: str) -> "Records":
    from notebook_provisioner.adapters.google.records import BucketRecords

    bucket, _, path = folder.removeprefix("gs://").partition("/")
    return BucketRecords(app.google_target(), bucket, f"{path}/{_FOLDER}".lstrip("/"))


def require_none_open(app: "App", places: Collection[tuple[str, str]] | None = None) -> None:
    """Hold a command that changes notebooks until what another one began with them is at its end.

    An apply that makes maintenance's bucket, or takes it away, moves the records' place: both are looked at.

    Args:
        app: The command's.
        places: Zones and names of the notebooks; None for all of the fleet.

    Raises:
        RecordOpen: One has an open record: what it shall be put back to is not what it is now.
        TargetUnreachable: The records cannot be read.
    """
    from notebook_provisioner.adapters.records import already_open
    from notebook_provisioner.core.fleet.maintenance import former_operations_folder

    def first(records: "Records") -> "RecordOpen | None":
        for record in records.pending():
            if places is None or (record.zone, record.notebook) in places:
                return already_open(record)
        return None

    if found := first(app.records()):
        raise found
    former = app.former_records()
    if former is not None and (found := first(former)):
        found.hint = (
            f"{found.hint}, and the fleet file as it was before maintenance was written into it or taken "
            f"out: the record is in {former_operations_folder(app.fleet)}"
        )
        raise found
