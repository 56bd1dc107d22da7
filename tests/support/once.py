"""Work that one worker of pytest-xdist does for all."""

import fcntl
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


def for_all_workers(factory: pytest.TempPathFactory, name: str, make: Callable[[], Any]) -> Any:
    """What *make* returns, as JSON has it: made by the first who asks; the others wait and read it.

    Args:
        factory: pytest's ``tmp_path_factory``.
        name: Tells it from other such work.
        make: What raises or skips is tried again by the next one.
    """
    folder = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent  # the run's, which holds the workers' own
    made = Path(folder) / f"{name}.json"
    with made.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            made.write_text(json.dumps(make()), encoding="utf-8")
    return json.loads(made.read_text(encoding="utf-8"))
