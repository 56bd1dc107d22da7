"""What pruning snapshots costs, against what it must cost: wall time, API calls, memory, growth.

The sandbox answers every call 20 ms late, and half of the snapshots are to go. The bound is what nobody can
beat at the same rate limit, latency and number of calls at a time. ``--quick`` leaves the large project out.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

import custodian
from snapshot_documents import PROJECT, Control, project

from notebook_provisioner.sandbox import environment
from notebook_provisioner.sandbox.process import SandboxProcess

NBP = str(Path(sys.executable).with_name("nbp"))
FLEET = str(Path(__file__).parents[1] / "examples" / "quickstart" / "fleet.yaml")
DELAY = 0.02  # seconds that each answer is late
PER_SECOND = (
    50.0  # deletions a second: the rate limit; more, and the sandbox itself is the limit on two cores
)
WORKERS = 16  # calls at a time, as the adapter has it
EACH = 10  # snapshots of a notebook, half of them to go
GCLOUD_SAMPLE = 6
CUSTODIAN_NOTEBOOKS = 100
LIST_RUNS = 5
LISTED = 500  # snapshots in the comparison of lists
BOUND_GOAL = 1.25  # wall time by what nobody can beat
LIST_GOAL = 0.5  # wall time of a list by gcloud's


def prune(home: Path, control: Control, notebooks: int) -> dict[str, Any]:
    """Fill the sandbox, prune it, and measure."""
    control.ask("POST", "sandbox/v1/reset", {})
    control.load(project(notebooks, EACH, datetime.now(UTC)))
    control.clear()
    control.fault(method="compute.*", kind="delay", seconds=DELAY)
    control.fault(method="notebooks.*", kind="delay", seconds=DELAY)
    command = [NBP, "snapshots", "prune", "--yes", "--rollback-points", "5", "--format", "json"]
    command += ["--max-deletions", "1000000", "--max-share", "1", "--per-second", str(PER_SECOND)]
    variables = {**os.environ, "NBP_HOME": str(home), "NBP_FLEET": FLEET}
    with tempfile.TemporaryFile() as answer:
        started = time.perf_counter()
        process = subprocess.Popen(command, env=variables, stdout=answer)
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        answer.seek(0)
        data = json.load(answer)["data"]
    assert process.returncode == 0, process.returncode
    deleted = sum(1 for item in data["results"] if item["result"] == "deleted")
    total = notebooks * EACH
    assert deleted == total // 2, (deleted, total)
    counts = control.counts()
    control.clear()
    assert len(control.names()) == total - deleted
    pages = -(-total // 500) + -(-notebooks // 500)
    bound = max(deleted / PER_SECOND, deleted * DELAY / WORKERS) + pages * DELAY
    return {
        "snapshots": total,
        "deleted": deleted,
        "wall": wall,
        "bound": bound,
        "calls": sum(counts.values()),
        "least": pages + deleted,
        "peak": used.ru_maxrss / 1024,
        "counts": counts,
    }


def gcloud_seconds(variables: dict[str, str], control: Control) -> float | None:
    """Seconds for one ``gcloud compute snapshots delete``, from a sample."""
    gcloud = shutil.which("gcloud")
    if gcloud is None:
        return None
    names = sorted(control.names())[:GCLOUD_SAMPLE]
    control.fault(method="compute.*", kind="delay", seconds=DELAY)
    started = time.perf_counter()
    for name in names:
        subprocess.run(
            [gcloud, "compute", "snapshots", "delete", name, "--quiet"],
            env={**os.environ, **variables},
            check=True,
            capture_output=True,
        )
    control.clear()
    return (time.perf_counter() - started) / len(names)


def custodian_seconds(folder: Path, control: Control) -> tuple[float, int] | None:
    """Seconds for Cloud Custodian's policy on the small project, and how many snapshots it deleted."""
    if not custodian.PROGRAM.exists():
        return None
    control.ask("POST", "sandbox/v1/reset", {})
    control.load(project(CUSTODIAN_NOTEBOOKS, EACH, datetime.now(UTC)))
    control.clear()
    control.fault(method="compute.*", kind="delay", seconds=DELAY)
    days = 30 * EACH // 2 + 45  # between the fifth of a notebook's snapshots and the sixth
    wall = custodian.prune(folder, control.url, control.token, project=PROJECT, days=days)
    control.clear()
    deleted = CUSTODIAN_NOTEBOOKS * EACH - len(control.names())
    assert deleted == CUSTODIAN_NOTEBOOKS * EACH // 2, deleted
    return wall, deleted


def compare_lists(home: Path, variables: dict[str, str]) -> dict[str, float]:
    """Median wall seconds of listing the snapshots, the programs taking turns, bytecode compiled."""
    programs = {"nbp snapshots list": [NBP, "snapshots", "list"]}
    if shutil.which("gcloud"):
        programs["gcloud compute snapshots list"] = ["gcloud", "compute", "snapshots", "list"]
    walls: dict[str, list[float]] = {name: [] for name in programs}
    everything = {**os.environ, **variables, "NBP_HOME": str(home), "NBP_FLEET": FLEET}
    everything.pop("PYTHONDONTWRITEBYTECODE", None)
    for _ in range(1 + LIST_RUNS):
        for name, command in programs.items():
            started = time.perf_counter()
            shown = subprocess.run(command, env=everything, check=True, capture_output=True, text=True)
            walls[name].append(time.perf_counter() - started)
            assert len(shown.stdout.splitlines()) >= LISTED, shown.stdout[:500]
    return {name: statistics.median(values[1:]) for name, values in walls.items()}


def main() -> None:
    """Measure and print."""
    sizes = [100] if "--quick" in sys.argv else [100, 2_000]
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        sandbox = SandboxProcess(home / ".sandbox")
        connection = sandbox.start()
        try:
            control = Control(connection.url, connection.token)
            variables = environment.variables(connection, project=PROJECT, region="europe-west1")
            report(home, control, variables, sizes)
        finally:
            sandbox.stop()


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table.

    Attributes:
        program: What was measured.
        did: What it did.
        figure: What it took.
        beside: What that is held against.
        ratio: The one by the other; None where nothing was measured.
        goal: The ratio that is wanted at most; None where there is none.
    """

    program: str
    did: str
    figure: str
    beside: str = ""
    ratio: float | None = None
    goal: float | None = None

    @property
    def cells(self) -> tuple[str, ...]:
        """What the table shows."""
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}"
        met = "" if self.ratio is None or self.goal is None else ("yes" if self.ratio <= self.goal else "NO")
        goal = "" if self.goal is None else f"{self.goal:.2f}"
        return (self.program, self.did, self.figure, self.beside, ratio, goal, met)


def show(rows: list[Row]) -> None:
    """Print the table."""
    lines = [("program", "did", "took", "beside", "ratio", "goal", "met"), *(row.cells for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def of_runs(runs: list[dict[str, Any]]) -> Iterator[Row]:
    """Ours against what nobody can beat, and its growth."""
    name = "nbp snapshots prune"
    for run in runs:
        did = f"{run['deleted']} of {run['snapshots']} deleted"
        bound = f"{run['bound']:.1f} s by rate and latency"
        yield Row(name, did, f"{run['wall']:.1f} s", bound, run["wall"] / run["bound"], BOUND_GOAL)
        least = f"{run['least']} at the least"
        yield Row(name, did, f"{run['calls']} calls", least, run["calls"] / run["least"])
        yield Row(name, did, f"{run['peak']:.0f} MiB")
    if len(runs) > 1:
        small, large = runs[0], runs[-1]
        times = large["snapshots"] / small["snapshots"]
        growth = large["wall"] / small["wall"]
        did, linear = f"{times:.0f} times the snapshots", f"{times:.1f} times: linear"
        yield Row(name, did, f"{growth:.1f} times the time", linear, growth / times)
        memory = large["peak"] / small["peak"]
        yield Row(name, did, f"{memory:.1f} times the memory", linear, memory / times)


def report(home: Path, control: Control, variables: dict[str, str], sizes: list[int]) -> None:
    """Run everything and print one table."""
    runs = [prune(home, control, notebooks) for notebooks in sizes]
    rows = list(of_runs(runs))
    each = gcloud_seconds(variables, control)
    loop, large = "gcloud … delete, in a loop", runs[-1]
    if each is None:
        rows.append(Row(loop, "not measured: gcloud is not here", ""))
    else:
        whole, did = each * large["deleted"], f"{GCLOUD_SAMPLE} deleted, reckoned for {large['deleted']}"
        beside = f"{large['wall']:.1f} s of nbp"
        rows.append(Row(loop, did, f"{whole:.0f} s", beside, whole / large["wall"]))
    measured = custodian_seconds(home, control)
    policy = "Custodian gcp.snapshot, by age"
    if measured is None:
        rows.append(Row(policy, "not measured: make bench installs it", ""))
    else:
        wall, deleted = measured
        beside = f"{runs[0]['wall']:.1f} s of nbp"
        rows.append(Row(policy, f"{deleted} deleted (1)", f"{wall:.1f} s", beside, wall / runs[0]["wall"]))
    control.ask("POST", "sandbox/v1/reset", {})
    control.load(project(LISTED // EACH, EACH, datetime.now(UTC)))
    ours, *others = compare_lists(home, variables).items()
    theirs = others[0] if others else None
    rows.append(
        Row(
            ours[0],
            f"{LISTED} listed",
            f"{ours[1]:.2f} s",
            f"{theirs[1]:.2f} s of {theirs[0]}" if theirs else "gcloud is not here",
            ours[1] / theirs[1] if theirs else None,
            LIST_GOAL,
        )
    )
    show(rows)
    print("(1) through a TLS proxy; it reads nothing again, and waits for no operation")
    for run in runs:
        print(f"calls for {run['snapshots']}: " + ", ".join(f"{key} {n}" for key, n in run["counts"].items()))


if __name__ == "__main__":
    main()
