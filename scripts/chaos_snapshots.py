"""Prune snapshots on a thousand bad days, and print what came of it.

Usage: python scripts/chaos_snapshots.py [RUNS [FIRST]]. FIRST is the seed of the first day, 0 by default; the
same seed makes the same day, but for who is faster. One day in eight is a kill -9 of a process in mid-sweep,
and one in sixteen two scheduled jobs at once; these take seconds. The others are faults, people who label
snapshots, or roll back, delete or make notebooks at any moment, marks and their grace, and two runs at once.
Ends with status 1 if a promise was broken, or if fewer than half of the kills met a run while it deleted.
"""

import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

from snapshot_chaos import IN_PROCESS, killed_too_seldom, run, table
from snapshot_documents import Control

from notebook_provisioner.sandbox.process import SandboxProcess

KILL_EVERY = 8
JOBS_EVERY = 16


def kind(seed: int) -> str:
    """What kind of day *seed* is."""
    if seed % KILL_EVERY == 0:
        return "kill"
    return "two jobs" if seed % JOBS_EVERY == 1 else IN_PROCESS[seed % len(IN_PROCESS)]


def main() -> None:
    """Play, print, and end with the status."""
    given = [int(word) for word in sys.argv[1:]]
    runs, first = (*given, *(1_000, 0)[len(given) :])
    with tempfile.TemporaryDirectory() as folder:
        os.environ["NBP_HOME"] = folder
        sandbox = SandboxProcess(Path(folder) / ".sandbox")
        connection = sandbox.start()
        try:
            control = Control(connection.url, connection.token)
            days = [run(control, kind(seed), seed, Path(folder)) for seed in range(first, first + runs)]
        finally:
            sandbox.stop()
    print(table(days))
    sys.exit(any(day.wrong for day in days) or killed_too_seldom(days))


if __name__ == "__main__":
    main()
