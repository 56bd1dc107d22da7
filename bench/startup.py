"""What starting ``nbp`` costs, as a ratio to starting Python: wall time, memory, modules.

Prints the median of interleaved runs, so that a machine whose speed drifts does not favour either side.
"""

import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence

RUNS = 15
COMMANDS: dict[str, Sequence[str]] = {
    "python -c pass": ("-c", "pass"),
    "nbp --help": ("-c", "from notebook_provisioner.cli.main import main; main()", "--help"),
    "nbp check": ("-c", "from notebook_provisioner.cli.main import main; main()", "check"),
}
COUNT_MODULES = "import sys; from notebook_provisioner.cli.main import nbp; print(len(sys.modules))"


def run(arguments: Sequence[str]) -> tuple[float, int]:
    """Return wall seconds and the peak memory in KiB of all children so far."""
    started = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
    elapsed = time.perf_counter() - started
    return elapsed, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss


def main() -> None:
    """Measure and print."""
    walls: dict[str, list[float]] = {name: [] for name in COMMANDS}
    peaks: dict[str, int] = {}
    for _ in range(RUNS):
        for name, arguments in COMMANDS.items():
            wall, peak = run(arguments)
            walls[name].append(wall)
            peaks.setdefault(name, peak)  # commands run from lightest to heaviest: the first peak is its own
    base = statistics.median(walls["python -c pass"])
    print(f"{'command':18} {'median s':>9} {'x python':>9} {'peak MiB':>9}")
    for name, values in walls.items():
        median = statistics.median(values)
        print(f"{name:18} {median:9.3f} {median / base:9.1f} {peaks[name] / 1024:9.1f}")
    counted = subprocess.run(
        [sys.executable, "-c", COUNT_MODULES], check=True, capture_output=True, text=True
    )
    print(f"modules loaded by nbp --help: {counted.stdout.strip()}")


if __name__ == "__main__":
    main()
