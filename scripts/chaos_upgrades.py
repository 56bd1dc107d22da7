"""Upgrade and roll back notebooks on a thousand bad days, and print what came of it.

Usage: python scripts/chaos_upgrades.py [RUNS]. Faults at every call, and processes that die around a request;
the clock moves only while something waits. Ends with status 1 if a promise was broken.
"""

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

from snapshot_documents import Control
from upgrade_chaos import random_day, table

from notebook_provisioner.sandbox.process import SandboxProcess


def main() -> None:
    """Play, print, and end with the status."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
    with tempfile.TemporaryDirectory() as folder:
        sandbox = SandboxProcess(Path(folder) / ".sandbox")
        connection = sandbox.start()
        try:
            control = Control(connection.url, connection.token)
            days = [random_day(control, Path(folder), seed) for seed in range(runs)]
        finally:
            sandbox.stop()
    print(table(days))
    sys.exit(any(day.wrong for day in days))


if __name__ == "__main__":
    main()
