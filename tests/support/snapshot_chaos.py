"""Pruning on a bad day, over real HTTP: faults, people in between, other runs, kill -9.

Some notebooks are gone, and some were deleted and made anew: what they left is an orphan, if its labels say
so.

`run` plays one random day and says what went wrong against the promises: nothing protected is ever deleted,
and nothing is reported done that is not. A snapshot is protected from the start, or from the moment on at
which somebody labelled it or rolled its notebook back, if the program looked between that and the deletion:
the sandbox's own log of calls tells. Afterwards a quiet run must finish the work.
"""

import json
import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from snapshot_documents import FLEET, NOTEBOOKS, PROJECT, SNAPSHOTS, ZONE, Control, project
from snapshot_people import MARK, People, machines, network
from snapshot_processes import journalled_deletions, kill_in_mid_sweep, two_jobs
from snapshot_promises import POINTS, Day, Evening, Start, is_old_orphan, judge, removable

from notebook_provisioner.adapters.google.rest import Rest
from notebook_provisioner.adapters.google.session import Target
from notebook_provisioner.adapters.google.snapshots import GoogleSnapshots
from notebook_provisioner.adapters.journal import FileJournal
from notebook_provisioner.core.errors import ProvisionerError
from notebook_provisioner.core.fleet.model import Snapshots
from notebook_provisioner.core.snapshots import plan as planning
from notebook_provisioner.core.snapshots.caps import Caps
from notebook_provisioner.core.snapshots.origin import Register
from notebook_provisioner.core.snapshots.rules import Rules
from notebook_provisioner.core.snapshots.sweep import Result, sweep

IN_PROCESS = ("faults", "hold", "rollback", "grace", "two runs", "orphans", "anew")
KINDS = (*IN_PROCESS, "two jobs", "kill")
RULES = Rules.read(Snapshots(rollback_points=POINTS))
GRACE = Rules.read(Snapshots(rollback_points=POINTS, grace="7d"))
_FAULTS: tuple[dict[str, Any], ...] = (
    {"kind": "status", "status": 503},
    {"kind": "status", "status": 429},
    {"kind": "status", "status": 403, "reason": "rateLimitExceeded"},
    {"kind": "status", "status": 403, "reason": "forbidden"},
    {"kind": "drop-before"},
    {"kind": "drop-after"},
    {"kind": "failed-operation", "status": 400},
    {"kind": "delay", "seconds": 0.01},
    {"kind": "unreachable", "place": "us-east1-b"},
    {"kind": "unreachable", "place": ZONE},
    {"kind": "unreachable"},
)


def run(control: Control, kind: str, seed: int, folder: Path) -> Day:
    """Play one day.

    Args:
        control: A sandbox of one's own.
        kind: One of `KINDS`.
        seed: What is random about the day.
        folder: For the journal.
    """
    chance = random.Random(seed)  # noqa: S311  # to be repeatable, not secret
    control.ask("POST", "sandbox/v1/reset", {})
    seconds = chance.choice([0.1, 0.3] if kind == "rollback" else [0, 0, 0.2])
    control.ask("POST", "sandbox/v1/settings", {"operation_seconds": seconds})
    world = _World(control, kind, chance, FileJournal(folder / f"{kind}-{seed}.jsonl", {}))
    day = Day(kind, seed)
    try:
        world.play(day)
    except ProvisionerError:
        day.refused = True
    control.ask("DELETE", "sandbox/v1/faults")
    slow = kind in {"kill", "rollback", "orphans", "anew"}
    time.sleep(0.4 if day.refused or slow else 0)  # operations that were under way
    start = world.start()
    judge(day, start, control)
    evening = Evening.read(start, control, grace=world.grace)
    world.sweep()
    evening.judge(day, control, grace=world.grace)
    return day


class _World:
    def __init__(self, control: Control, kind: str, chance: random.Random, journal: FileJournal) -> None:
        self.control, self.kind, self.chance, self.journal = control, kind, chance, journal
        self.grace = kind == "grace" or (kind in {"orphans", "anew"} and chance.random() < 0.5)
        self.rules = GRACE if self.grace else RULES
        self.faulty = kind in {"faults", "grace", "two jobs"} or chance.random() < 0.5  # half of the others
        self.answers_lost = self.lists_lie = False
        # A kill needs a sweep that takes some time.
        self.each, notebooks = (6, 4) if kind == "kill" else (chance.randint(3, 6), chance.randint(1, 3))
        if kind in {"orphans", "anew"}:
            notebooks += 1
        dump = project(notebooks, self.each, datetime.now(UTC))
        self.snapshots = dump[SNAPSHOTS]
        self.names = [item["name"] for item in self.snapshots]
        self.notebook_of = {name: f"nb-{at // self.each:05}" for at, name in enumerate(self.names)}
        self.instances = [item for at, item in enumerate(dump[NOTEBOOKS]) if self.lives(at, item)]
        if self.grace:
            self.mark_some()
        self.candidates = sorted(removable(self.snapshots, self.instances))
        control.load({NOTEBOOKS: self.instances, SNAPSHOTS: self.snapshots, **machines(self.instances)})
        if kind in {"orphans", "anew"}:
            network(control)

    def lives(self, number: int, instance: dict[str, Any]) -> bool:
        """Let a notebook be there, be gone, or have been made anew; the first one is as it was.

        Of some snapshots no run has written down whose they are.
        """
        wanted = {"orphans": "gone", "anew": "anew"}.get(self.kind) if number == 1 else None
        fate = (wanted or self.chance.choice(["there", "there", "gone", "anew"])) if number else "there"
        snapshots = self.snapshots[number * self.each : (number + 1) * self.each]  # oldest first
        own = {"there": self.each, "gone": 0, "anew": self.chance.randint(1, self.each - 1)}[fate]
        left, known = snapshots[: self.each - own], snapshots[self.each - own :]
        unclaimed = {"nbp-fleet": FLEET}
        for item in left:
            theirs = {**item["labels"], "nbp-fleet": "another"}
            item["labels"] = self.chance.choice([item["labels"]] * 3 + [unclaimed, theirs]).copy()
        for item in known:
            item["labels"] = self.chance.choice([item["labels"], item["labels"], unclaimed]).copy()
        if fate == "anew":
            born = datetime.fromisoformat(known[0]["creationTimestamp"]) - timedelta(days=1)
            instance["createTime"] = born.isoformat().replace("+00:00", "Z")
            instance["upgradeHistory"] = instance["upgradeHistory"][-own:]
        return fate != "gone"

    def mark_some(self) -> None:
        """Some bear the mark of an earlier run, old or young; so do some that are kept now."""
        today = datetime.now(UTC)
        old, young = f"{today - timedelta(days=10):%Y-%m-%d}", f"{today - timedelta(days=1):%Y-%m-%d}"
        for snapshot in self.snapshots:
            mark = self.chance.choice([None, old, old, young])
            ours = snapshot["labels"]["nbp-fleet"] == FLEET
            snapshot["labels"] |= {"team": "a"} | ({MARK: mark} if mark and ours else {})

    def is_ripe(self, snapshot: dict[str, Any]) -> bool:
        """Whether the grace of what no rule keeps is over."""
        over = f"{datetime.now(UTC) - timedelta(days=7):%Y-%m-%d}"
        return not self.grace or snapshot["labels"].get(MARK, "none") <= over

    def start(self) -> Start:
        ripe = {item["name"]: item for item in self.snapshots if self.is_ripe(item)}
        return Start(
            notebook_of=self.notebook_of,
            created={item["name"].rpartition("/")[2]: item["createTime"] for item in self.instances},
            candidates=frozenset(self.candidates),
            ripe=frozenset(self.candidates) & ripe.keys(),
            ripe_orphans=frozenset(
                name for name, item in ripe.items() if is_old_orphan(item, self.notebook_of[name])
            ),
            lists_lie=self.lists_lie,
            answers_lost=self.answers_lost,
            ambiguous=self.faulty and self.kind == "two runs",
        )

    def sweep(self) -> list[tuple[str, Result]]:
        """What the program does, with less patience, and no pace."""
        target = Target(url=self.control.url, token=self.control.token)
        rest = Rest(target, patience=1.5, first_pause=0.01)
        store = GoogleSnapshots(rest, PROJECT, per_second=0, workers=4, patience=2)
        notebooks, now = store.notebooks(), datetime.now(UTC)
        known = Register("quickstart", {}, notebooks)
        plan = planning.make(store.snapshots(), known, lambda _: self.rules, Caps(share=1), now)
        report = sweep(
            plan, store, lambda _: self.rules, journal=self.journal, clock=lambda: datetime.now(UTC)
        )
        return [(outcome.name, outcome.result) for _, outcome in report.results]

    def play(self, day: Day) -> None:
        """The day itself."""
        if self.kind == "kill":
            day.mid_sweep = kill_in_mid_sweep(self.control, self.chance, len(self.candidates))
        elif self.kind == "two jobs":
            faults = [*self.faults("compute.*"), *self.faults("storage.objects.*")]
            # Only some strike: a process has more patience than a thousand days have.
            wrong, statuses = two_jobs(self.control, [fault | {"count": 3} for fault in faults])
            day.wrong += wrong
            day.refused = all(statuses)
        else:
            self.play_here(day)
            return
        day.results = [(name, Result.DELETED) for name in journalled_deletions()]

    def play_here(self, day: Day) -> None:
        """A day of this process: calls are slow now and then, so that there is a window to meddle in."""
        if self.faulty:
            for fault in self.faults("compute.*", "compute.snapshots.delete", "notebooks.*", "*.list"):
                self.control.fault(**fault)
        slow = {"seconds": self.chance.uniform(0.005, 0.05), "probability": 0.5}
        self.control.fault(method="compute.snapshots.*", kind="delay", **slow)
        if self.kind == "two runs":
            with ThreadPoolExecutor(2) as pool:
                day.results = [item for found in pool.map(lambda _: self.sweep(), range(2)) for item in found]
            return
        people = self.people()
        try:
            with people or nullcontext():
                day.results = self.sweep()
        finally:
            day.acts = people.acts if people else []

    def people(self) -> People | None:
        """Who is there on such a day."""
        labelled = self.chance.sample(self.candidates, self.chance.randint(1, len(self.candidates)))
        some = self.chance.sample(self.instances, self.chance.randint(1, len(self.instances)))
        cut = self.chance.randint(1, len(some))
        there = {item["name"].rpartition("/")[2] for item in self.instances}
        found: dict[str, Any] | None = {
            "hold": {"snapshots": labelled},
            "grace": {"snapshots": labelled[: self.chance.randint(1, 3)]},
            "rollback": {"notebooks": some},
            "orphans": {
                "snapshots": labelled[: self.chance.randint(0, 2)],
                "coming": sorted({*self.notebook_of.values()} - there),
            },
            "anew": {
                "leaving": [item["name"].rpartition("/")[2] for item in some[:cut]],
                "notebooks": some[cut:],
            },
        }.get(self.kind)
        span = self.chance.choice([0.02, 0.05, 0.15])
        chance = random.Random(self.chance.random())  # noqa: S311  # a thread's own
        return People(self.control, chance, span=span, **found) if found else None

    def faults(self, *methods: str) -> Iterator[dict[str, Any]]:
        """Some random faults."""
        for _ in range(self.chance.randint(1, 3)):
            fault = {**self.chance.choice(_FAULTS), "probability": self.chance.choice([0.1, 0.3, 0.6])}
            self.answers_lost |= fault["kind"] == "drop-after"
            self.lists_lie |= fault["kind"] == "unreachable" and "place" not in fault
            yield {"method": self.chance.choice(methods), **fault}


def table(days: list[Day]) -> str:
    """Days by kind."""
    columns = (
        "runs",
        "told deleted",
        "gone",
        "kept by people",
        "too late",
        "gave up",
        "killed in mid-sweep",
        "wrong",
    )
    rows = [f"{'kind':8}" + "".join(f"  {column}" for column in columns)]
    for kind in KINDS:
        found = [day for day in days if day.kind == kind]
        values = (
            len(found),
            sum(day.deleted for day in found),
            sum(day.gone for day in found),
            sum(day.kept for day in found),
            sum(day.too_late for day in found),
            sum(day.refused for day in found),
            sum(day.mid_sweep for day in found) if kind == "kill" else "",
            sum(bool(day.wrong) for day in found),
        )
        cells = zip(columns, values, strict=True)
        rows.append(f"{kind:8}" + "".join(f"  {value:>{len(column)}}" for column, value in cells))
    return "\n".join(
        [*rows, *(f"{day.kind} {day.seed}: {json.dumps(day.wrong)}" for day in days if day.wrong)]
    )


def killed_too_seldom(days: list[Day]) -> bool:
    """Whether fewer than half of the kills met a run while it deleted."""
    kills = [day for day in days if day.kind == "kill"]
    return 2 * sum(day.mid_sweep for day in kills) < len(kills)
