"""Prune snapshots on a thousand bad days, and print what came of it.

Usage: python scripts/chaos_snapshots.py [RUNS]. One day in twenty is a kill -9 of a whole process, which
takes seconds; the others are faults, people who label or roll back at the worst moment, and two runs at once.
Ends with status 1 if a promise was broken.
"""

import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

from snapshot_chaos import KINDS, run, table
from snapshot_documents import Control

from notebook_provisioner.sandbox.process import SandboxProcess

KILL_EVERY = 20


def main() -> None:
    """Play, print, and end with the status."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
    with tempfile.TemporaryDirectory() as folder:
        os.environ["NBP_HOME"] = folder
        sandbox = SandboxProcess(Path(folder) / ".sandbox")
        connection = sandbox.start()
        try:
            control = Control(connection.url, connection.token)
            others = [kind for kind in KINDS if kind != "kill"]
            days = [
                run(
                    control,
                    "kill" if seed % KILL_EVERY == 0 else others[seed % len(others)],
                    seed,
                    Path(folder),
                )
                for seed in range(runs)
            ]
        finally:
            sandbox.stop()
    print(table(days))
    sys.exit(any(day.wrong for day in days))


if __name__ == "__main__":
    main()
