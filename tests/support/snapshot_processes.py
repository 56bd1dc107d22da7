"""``nbp snapshots prune`` in processes of its own: killed in mid-sweep, or two scheduled jobs at once."""

import itertools
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from snapshot_calls import CallLog
from snapshot_documents import PROJECT, Control

from notebook_provisioner.adapters.journal import read

FLEET = Path(__file__).parents[2] / "examples" / "quickstart" / "fleet.yaml"
NBP = str(Path(sys.executable).with_name("nbp"))
_PRUNE = [NBP, "--fleet", str(FLEET), "snapshots", "prune", "--yes", "--max-share", "1"]
_PER_SECOND = 4  # of which a second's worth goes out at once
_LONGEST = 180.0  # seconds that a process may take
_BUCKET = "nbp-chaos-leases"


def journal_path() -> Path:
    """Where the processes write down what they do."""
    kept = Path(os.environ["NBP_HOME"]) / ".nbp" / "nbp-quickstart" / "quickstart-sandbox"
    return kept / "snapshots-prune.jsonl"


def journalled_deletions() -> list[str]:
    """What the processes wrote down as deleted."""
    return [item["snapshot"] for item in read(journal_path()) if item.get("result") == "deleted"]


def intended() -> set[str]:
    """What the processes wrote down before they did it."""
    return {item["snapshot"] for item in read(journal_path()) if item["event"] == "intent"}


def kill_in_mid_sweep(control: Control, chance: random.Random, deletions: int) -> bool:
    """Kill a run at a random moment after its first intent.

    Args:
        control: The sandbox; its deletions are slowed down.
        chance: What is random about the moment.
        deletions: How many the run is going to make.

    Returns:
        Whether it was killed with deletions sent or about to be, and before all of them were.
    """
    control.fault(method="compute.snapshots.delete", kind="delay", seconds=0.1)
    journal_path().unlink(missing_ok=True)
    command = [*_PRUNE, "--per-second", str(_PER_SECOND)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + _LONGEST
    while not intended() and process.poll() is None and time.monotonic() < until:
        time.sleep(0.01)
    time.sleep(chance.uniform(0, (deletions - _PER_SECOND) / _PER_SECOND))
    process.kill()
    killed = process.wait() < 0
    return killed and bool(intended()) and CallLog(control).sendings() < deletions


def two_jobs(control: Control, faults: Iterable[dict[str, Any]]) -> tuple[list[str], list[int]]:
    """Start the scheduled job twice at once, with one lease in a bucket.

    Args:
        control: The sandbox.
        faults: What goes wrong meanwhile.

    Returns:
        What is wrong about how they kept apart, and their exit statuses.
    """
    control.ask("POST", f"storage/v1/b?project={PROJECT}", {"name": _BUCKET, "location": "EU"})
    for fault in faults:
        control.fault(**fault)
    journal_path().unlink(missing_ok=True)
    command = [*_PRUNE, "--due", "--per-second", "50", "--lease", f"gs://{_BUCKET}/leases/snapshots-prune"]
    runs = [subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for _ in range(2)]
    try:
        statuses = [run.wait(_LONGEST) for run in runs]
    finally:
        for run in runs:
            run.kill()
    wrong = [f"a job ended with status {status}" for status in statuses if status not in {0, 1, 4}]
    ids = [item["run"] for item in read(journal_path())]
    changes = sum(before != after for before, after in itertools.pairwise(ids))
    if changes >= len(set(ids)) > 0:
        wrong.append("the two jobs were at work at the same time")
    return wrong, statuses
