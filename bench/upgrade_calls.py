"""API calls of an upgrade, against the least that could do it.

The least for a notebook that runs: ask whether there is something newer, read the notebook once to know what
to put back, and its console to know whether somebody is at work, hold idle shutdown off, upgrade, look once
that it is over and well, look at its disks before and after, at its script's report and at the snapshot, and
put back. One that was stopped is started and stopped besides, and nobody can be at work on it. Further looks
are counted apart: they depend on how long Google takes, not on us.
"""

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

from snapshot_documents import Control
from upgrade_chaos import Day

from notebook_provisioner.core.procedures import Outcome
from notebook_provisioner.sandbox.process import SandboxProcess

# check, get, disks, guest attributes, console, patch, upgrade, get, disks, snapshot, patch
LEAST = {"ACTIVE": 11, "STOPPED": 12}
LOOKS = ("instances.get", "operations.get")


def count(control: Control, folder: Path, state: str) -> tuple[int, int, dict[str, int]]:
    """Calls that are no repeated looks, repeated looks, and calls by method, of one upgrade."""
    day = Day(control, folder, state=state, data_snapshot=False)
    control.clear()
    record = day.upgrade()
    assert record.outcome is Outcome.SUCCEEDED, record
    counts = {
        name.removeprefix("notebooks.projects.locations."): number
        for name, number in control.counts().items()
    }
    everything = sum(counts.values())
    looks = sum(counts.get(name, 0) for name in LOOKS) - 2  # one before, one after, belong to the least
    return everything - looks, looks, counts


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        sandbox = SandboxProcess(Path(folder) / ".sandbox")
        connection = sandbox.start()
        try:
            control = Control(connection.url, connection.token)
            print(f"{'state':8} {'calls':>6} {'least':>6} {'ratio':>6} {'looks while it lasts':>21}")
            for state, least in LEAST.items():
                calls, looks, counts = count(control, Path(folder), state)
                print(f"{state:8} {calls:6} {least:6} {calls / least:6.2f} {looks:21}")
                print("         " + ", ".join(f"{name} {number}" for name, number in counts.items()))
        finally:
            sandbox.stop()


if __name__ == "__main__":
    main()
