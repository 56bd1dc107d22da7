"""What planning upgrades costs: time, growth and memory of the calendar, API calls of reading the fleet.

The calendar is pure: it is measured in this process, at the median of some runs, with room for most notebooks
and with room for few. The least number of calls is one for each notebook, since nothing but
checkUpgradability knows whether there is something to upgrade to, and the pages of two lists; a plan also
lists the operations of each zone. ``--quick`` reads the small fleet alone.
"""

import gc
import statistics
import sys
import tempfile
import time
import tracemalloc
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

from snapshot_documents import NOTEBOOKS, PROJECT, Control, notebook
from upgrade_facts import CURRENT, NOW, entry, policy, rollout, sight
from upgrade_facts import notebook as fact

from notebook_provisioner.adapters.google.rest import Rest
from notebook_provisioner.adapters.google.session import Target
from notebook_provisioner.adapters.google.upgrades import UpgradeFacts
from notebook_provisioner.core.upgrades import calendar
from notebook_provisioner.core.upgrades.plan import UpgradePlan
from notebook_provisioner.sandbox.process import SandboxProcess

SIZES = (100, 1_000, 10_000)
RUNS = 5
WINDOWS = (
    "Sat 02:00-06:00 Europe/London",
    "Sun 01:00-05:00 Europe/Amsterdam",
    "Sat 22:00-02:00 America/New_York",
    "Wed 18:00-23:00 Asia/Kolkata",
)
PAGE = 500


def plan(number: int, parallelism: int) -> tuple[UpgradePlan, float, float]:
    """Plan for so many notebooks: the plan, CPU seconds, MiB at the peak."""
    books = tuple(
        fact(
            f"nb-{index:05}",
            state="STOPPED" if index % 3 else "ACTIVE",
            history=(entry(20 + index % 50),),
            **({"upgradability": CURRENT} if index % 10 == 0 else {}),
        )
        for index in range(number)
    )
    several = [
        policy(window, "monthly", "2026-12-20/2027-01-03", hours="Mon-Fri 09:00-17:30 Europe/London")
        for window in WINDOWS
    ]
    policies = {book.key: several[index % len(several)] for index, book in enumerate(books)}
    look, rules = sight(*books), rollout(parallelism=parallelism)
    until = NOW + timedelta(weeks=8)
    times = []
    for _ in range(RUNS):
        gc.collect()
        started = time.process_time()
        made = calendar.make(look, policies, rules, NOW, until)
        times.append(time.process_time() - started)
    tracemalloc.start()
    calendar.make(look, policies, rules, NOW, until)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(made.upgrades) + len(made.left_out) == number
    return made, statistics.median(times), peak / 2**20


def calls(facts: UpgradeFacts, control: Control, number: int) -> dict[str, int]:
    """Read a fleet of so many notebooks, with how long upgrades took; the calls by method."""
    control.ask("POST", "sandbox/v1/reset", {})
    created = datetime(2026, 1, 1, tzinfo=UTC)
    documents: list[dict[str, Any]] = [notebook(f"nb-{index:05}", [], created) for index in range(number)]
    control.load({NOTEBOOKS: documents})
    control.clear()
    assert len(facts.look(lambda *_: True, durations=True).notebooks) == number
    return control.counts()


def report_planning() -> None:
    """Print how planning grows."""
    print(
        f"{'notebooks':>9} {'at a time':>9} {'planned':>8} {'left out':>9} {'CPU s':>8} {'us each':>8} "
        f"{'peak MiB':>9}"
    )
    for share in (100, None):
        results = []
        for number in SIZES:
            parallelism = max(5, number // share) if share else 5
            made, seconds, peak = plan(number, parallelism)
            results.append((seconds, peak))
            print(
                f"{number:9} {parallelism:9} {len(made.upgrades):8} {len(made.left_out):9} {seconds:8.3f} "
                f"{seconds / number * 1e6:8.1f} {peak:9.1f}"
            )
        (middle, less), (most, more) = results[1], results[2]
        print(
            f"ten times the notebooks: {most / middle:.1f} times the time, {more / less:.1f} times the memory"
        )


def report_calls(sizes: tuple[int, ...]) -> None:
    """Print how many calls reading takes."""
    with tempfile.TemporaryDirectory() as folder:
        sandbox = SandboxProcess(Path(folder) / ".sandbox")
        connection = sandbox.start()
        try:
            control = Control(connection.url, connection.token)
            target = Target(url=connection.url, token=connection.token)
            facts = UpgradeFacts(Rest(target), PROJECT, per_second=0)
            print(f"{'notebooks':>9} {'calls':>7} {'least':>7} {'ratio':>6} {'each':>6}")
            for number in sizes:
                counts = calls(facts, control, number)
                total = sum(counts.values())
                least = number + -(-number // PAGE) + 1 + 1  # checks, instances, machines (none), operations
                print(f"{number:9} {total:7} {least:7} {total / least:6.2f} {total / number:6.2f}")
                print("          " + ", ".join(f"{name} {count}" for name, count in counts.items()))
        finally:
            sandbox.stop()


def main() -> None:
    """Measure and print."""
    report_planning()
    report_calls((100,) if "--quick" in sys.argv else (100, 1_000))


if __name__ == "__main__":
    main()
