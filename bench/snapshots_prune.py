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


def report(home: Path, control: Control, variables: dict[str, str], sizes: list[int]) -> None:
    """Run everything and print the tables."""
    print(
        f"{'snapshots':>9} {'deleted':>8} {'wall s':>8} {'bound s':>8} {'ratio':>6} {'calls':>7} "
        f"{'least':>7} {'ratio':>6} {'peak MiB':>9}"
    )
    runs = []
    for notebooks in sizes:
        run = prune(home, control, notebooks)
        runs.append(run)
        print(
            f"{run['snapshots']:9} {run['deleted']:8} {run['wall']:8.1f} {run['bound']:8.1f} "
            f"{run['wall'] / run['bound']:6.2f} {run['calls']:7} {run['least']:7} "
            f"{run['calls'] / run['least']:6.2f} {run['peak']:9.1f}"
        )
        print("          " + ", ".join(f"{name} {count}" for name, count in run["counts"].items()))
    if len(runs) > 1:
        small, large = runs[0], runs[-1]
        print(
            f"{large['snapshots'] / small['snapshots']:.0f} times the snapshots take "
            f"{large['wall'] / small['wall']:.1f} times the time and {large['peak'] / small['peak']:.1f} "
            "times the memory"
        )
    each = gcloud_seconds(variables, control)
    if each is None:
        print("gcloud compute snapshots delete in a loop: not measured, gcloud is not here")
    else:
        whole = each * runs[-1]["deleted"]
        print(
            f"gcloud compute snapshots delete in a loop: {each:.2f} s each in a sample of {GCLOUD_SAMPLE}, "
            f"so {whole:.0f} s for {runs[-1]['deleted']}: {whole / runs[-1]['wall']:.0f} times as long"
        )
    measured = custodian_seconds(home, control)
    if measured is None:
        print("Cloud Custodian gcp.snapshot: not measured, make bench installs it")
    else:
        wall, deleted = measured
        print(
            f"Cloud Custodian gcp.snapshot, by age: {wall:.1f} s for {deleted}: {wall / runs[0]['wall']:.2f} "
            "times as long (through a TLS proxy; it reads nothing again and waits for no operation)"
        )
    control.ask("POST", "sandbox/v1/reset", {})
    control.load(project(LISTED // EACH, EACH, datetime.now(UTC)))
    medians = compare_lists(home, variables)
    print(
        f"listing {LISTED} snapshots: " + ", ".join(f"{name} {wall:.2f} s" for name, wall in medians.items())
    )
    if len(medians) > 1:
        ours, theirs = medians.values()
        print(f"that is {ours / theirs:.2f} of gcloud's time")


if __name__ == "__main__":
    main()
