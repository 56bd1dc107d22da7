"""What running 200 notebooks' scripts again costs, against what it must cost.

The sandbox answers every call 50 ms late, and each simulated boot takes 2 s. The bound is the slowest of
three notebooks that had nobody beside them, times the notebooks, by those that run at a time; the plan's own
time is taken off both. ``--quick`` takes 40 notebooks.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

from workbench_fleet import QUICKSTART, WorkbenchFleet

from notebook_provisioner.sandbox.process import SandboxProcess

NBP = str(Path(sys.executable).with_name("nbp"))
DELAY = 0.05  # seconds that each answer is late
BOOT = 2.0  # seconds of a boot
PARALLEL = 10
ALONE = 3
GOAL = 1.5


def fleet_file(folder: Path, notebooks: int) -> Path:
    """The quickstart with so many notebooks."""
    fleet: dict[str, Any] = yaml.safe_load(QUICKSTART.read_text("utf-8"))
    fleet["network"]["cidr"] = "10.0.0.0/16"
    fleet["notebooks"] = [{"name": f"nb-{n:03}", "owner": "ana@example.com"} for n in range(notebooks)]
    path = folder / "fleet.yaml"
    path.write_text(yaml.safe_dump(fleet), "utf-8")
    return path


def wall(*arguments: str, status: int = 0) -> tuple[float, Any, float]:
    """Seconds and results of one ``rerun``, and its peak memory in MiB."""
    command = [NBP, "post-startup", "rerun", *arguments, "--format", "json"]
    with tempfile.TemporaryFile() as answer:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=answer, stderr=subprocess.DEVNULL)
        _, ended, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(ended)
        assert process.returncode == status, process.returncode
        answer.seek(0)
        return seconds, json.load(answer)["data"], used.ru_maxrss / 1024


def measure(fleet: WorkbenchFleet, notebooks: int) -> None:
    """Run alone, run all, print."""
    fleet.build()
    fleet.control.ask("POST", "sandbox/v1/settings", {"boot_seconds": BOOT})
    for api in ("notebooks.*", "compute.*", "storage.*"):
        fleet.control.fault(method=api, kind="delay", seconds=DELAY)
    plan_one, _, _ = wall("nb-000", "--dry-run", status=3)
    slowest = max(wall(f"nb-{n:03}")[0] for n in range(ALONE)) - plan_one
    plan_all, _, _ = wall("--all", "--dry-run", status=3)
    fleet.control.ask("DELETE", "sandbox/v1/requests")
    seconds, data, peak = wall("--all", "--parallel", str(PARALLEL))
    assert {item["result"] for item in data["results"]} == {"succeeded"}
    assert len(data["results"]) == notebooks
    calls = fleet.control.counts()
    bound = slowest * notebooks / PARALLEL
    print(
        f"{notebooks} notebooks, {PARALLEL} at a time: {seconds:.1f} s, of which {plan_all:.1f} s plan\n"
        f"slowest of {ALONE} alone: {slowest:.1f} s; bound {bound:.1f} s; "
        f"ratio {(seconds - plan_all) / bound:.2f} (goal {GOAL})\n"
        f"calls a notebook: {sum(calls.values()) / notebooks:.1f}; peak {peak:.0f} MiB"
    )
    print("  " + ", ".join(f"{name} {count}" for name, count in sorted(calls.items())))


def main() -> None:
    """Measure and print."""
    notebooks = 40 if "--quick" in sys.argv else 200
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        os.environ |= {"NBP_HOME": str(home), "NBP_FLEET": str(fleet_file(home, notebooks))}
        sandbox = SandboxProcess(home / ".sandbox")
        try:
            measure(WorkbenchFleet(sandbox.start(), home / "fleet.yaml"), notebooks)
        finally:
            sandbox.stop()


if __name__ == "__main__":
    main()
