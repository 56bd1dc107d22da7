"""Pruning on a bad day, over real HTTP: faults, people in between, other runs, kill -9.

`run` plays one random day and says what went wrong against the two promises: nothing protected is ever
deleted, and nothing is reported deleted that is not. Afterwards a quiet run must finish the work.
"""

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from snapshot_documents import NOTEBOOKS, PROJECT, SNAPSHOTS, Control, project

from notebook_provisioner.adapters.google.rest import Rest
from notebook_provisioner.adapters.google.session import Target
from notebook_provisioner.adapters.google.snapshots import GoogleSnapshots
from notebook_provisioner.adapters.journal import FileJournal, read
from notebook_provisioner.core.errors import ProvisionerError
from notebook_provisioner.core.fleet.model import Snapshots
from notebook_provisioner.core.snapshots import plan as planning
from notebook_provisioner.core.snapshots.caps import Caps
from notebook_provisioner.core.snapshots.origin import Register
from notebook_provisioner.core.snapshots.rules import Rules
from notebook_provisioner.core.snapshots.sweep import Result, sweep

KINDS = ("faults", "hold", "rollback", "two runs", "kill")
RULES = Rules.read(Snapshots(rollback_points=2))
FLEET = Path(__file__).parents[2] / "examples" / "quickstart" / "fleet.yaml"
NBP = str(Path(sys.executable).with_name("nbp"))
_FAULTS: tuple[dict[str, Any], ...] = (
    {"kind": "status", "status": 503},
    {"kind": "status", "status": 429},
    {"kind": "status", "status": 403, "reason": "rateLimitExceeded"},
    {"kind": "status", "status": 403, "reason": "forbidden"},
    {"kind": "drop-before"},
    {"kind": "drop-after"},
    {"kind": "failed-operation", "status": 400},
    {"kind": "delay", "seconds": 0.01},
)


@dataclass(frozen=True, slots=True)
class Day:
    """What one day came to."""

    kind: str
    deleted: int
    survived: int  # candidates that something protected in between
    refused: bool  # the run gave up with an error of its own
    wrong: tuple[str, ...]  # broken promises


class Meddler(GoogleSnapshots):
    """The adapter, with somebody else acting right before it looks again."""

    meddle: Callable[[list[str]], None] = staticmethod(lambda _: None)

    def again(self, names: Any, notebooks: Any) -> Any:
        self.meddle(list(names))
        return super().again(names, notebooks)


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
    control.ask("POST", "sandbox/v1/settings", {"operation_seconds": chance.choice([0, 0, 0.2])})
    each, notebooks = chance.randint(3, 6), chance.randint(1, 3)
    dump = project(notebooks, each, datetime.now(UTC))
    control.load(dump)
    world = _World(control, dump, each, chance)
    journal = FileJournal(folder / f"{seed}.jsonl", {})
    refused = False
    try:
        reports = world.play(kind, journal)
    except ProvisionerError:
        reports, refused = [], True
    control.ask("DELETE", "sandbox/v1/faults")
    if kind == "kill":
        reports = [_journalled()]
    time.sleep(0.25 if refused or kind == "kill" else 0)  # operations that were under way
    there = control.names()
    told = [name for report in reports for name in report]
    wrong = [f"{name} was protected and is deleted" for name in sorted(world.protected - there)]
    wrong += [f"{name} is reported deleted and is there" for name in sorted(set(told) & there)]
    wrong += [f"{name} is reported deleted twice" for name in sorted(set(told)) if told.count(name) > 1]
    world.sweep(world.store(), journal)
    left = control.names()
    wrong += [f"{name} should be gone by now" for name in sorted(left - world.protected)]
    wrong += [f"{name} was protected and is gone now" for name in sorted((world.protected & there) - left)]
    return Day(kind, len(set(told)), len(world.meddled), refused, tuple(wrong))


class _World:
    def __init__(self, control: Control, dump: dict[str, Any], each: int, chance: random.Random) -> None:
        self.control, self.chance = control, chance
        self.documents = {item["name"]: item for item in dump[SNAPSHOTS]}
        self.instances = dump[NOTEBOOKS]
        names = [item["name"] for item in dump[SNAPSHOTS]]
        self.protected = {
            name for start in range(0, len(names), each) for name in names[start : start + each][-2:]
        }
        self.meddled: set[str] = set()

    def store(self) -> Meddler:
        target = Target(url=self.control.url, token=self.control.token)
        return Meddler(
            Rest(target, patience=1.5, first_pause=0.01), PROJECT, per_second=0, workers=4, patience=2
        )

    def sweep(self, store: Meddler, journal: FileJournal) -> list[str]:
        notebooks = store.notebooks()
        now = datetime.now(UTC)
        known = Register("quickstart", {}, notebooks)
        plan = planning.make(store.snapshots(), known, lambda _: RULES, Caps(share=1), now)
        report = sweep(plan, store, lambda _: RULES, journal=journal, clock=lambda: datetime.now(UTC))
        return [outcome.name for _, outcome in report.results if outcome.result is Result.DELETED]

    def play(self, kind: str, journal: FileJournal) -> list[list[str]]:
        if kind == "faults":
            for _ in range(self.chance.randint(1, 3)):
                method = self.chance.choice(
                    ["compute.*", "compute.snapshots.delete", "notebooks.*", "*.list"]
                )
                probability = self.chance.choice([0.1, 0.3, 0.6])
                self.control.fault(method=method, probability=probability, **self.chance.choice(_FAULTS))
        if kind == "two runs":
            with ThreadPoolExecutor(2) as pool:
                return list(pool.map(lambda store: self.sweep(store, journal), [self.store(), self.store()]))
        if kind == "kill":
            self.kill()
            return []
        store = self.store()
        store.meddle = {"hold": self.hold, "rollback": self.roll_back}.get(kind, lambda _: None)
        return [self.sweep(store, journal)]

    def hold(self, names: list[str]) -> None:
        """Somebody labels some of the candidates."""
        for name in self.chance.sample(names, self.chance.randint(1, len(names))):
            label = self.chance.choice([{"hold": ""}, {"retain-until": "2099-01-01"}])
            fingerprint = self.documents[name]["labelFingerprint"]
            url = f"compute/v1/projects/{PROJECT}/global/snapshots/{name}/setLabels"
            self.control.ask("POST", url, {"labels": label, "labelFingerprint": fingerprint})
            self.protected.add(name)
            self.meddled.add(name)

    def roll_back(self, _: list[str]) -> None:
        """Somebody rolls a notebook back."""
        instance = self.chance.choice(self.instances)
        entry = {"action": "ROLLBACK", "state": self.chance.choice(["STARTED", "SUCCEEDED"])}
        entry["createTime"] = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        history = [*instance["upgradeHistory"], entry]
        self.control.load({NOTEBOOKS: [instance | {"upgradeHistory": history}]})
        names = {item["snapshot"].rsplit("/", 1)[-1] for item in instance["upgradeHistory"]}
        self.meddled |= names - self.protected
        self.protected |= names

    def kill(self) -> None:
        """A run in a process of its own is killed somewhere on its way."""
        self.control.fault(method="compute.snapshots.delete", kind="delay", seconds=0.05)
        home = Path(os.environ["NBP_HOME"])
        (home / ".nbp" / "quickstart-sandbox" / "snapshots-prune.jsonl").unlink(missing_ok=True)
        command = [NBP, "--fleet", str(FLEET), "snapshots", "prune", "--yes", "--max-share", "1"]
        process = subprocess.Popen([*command, "--per-second", "20"], stdout=subprocess.DEVNULL)
        time.sleep(self.chance.uniform(0.5, 2.5))
        process.kill()
        process.wait()


def _journalled() -> list[str]:
    """What the killed run wrote down as deleted."""
    path = Path(os.environ["NBP_HOME"]) / ".nbp" / "quickstart-sandbox" / "snapshots-prune.jsonl"
    return [item["snapshot"] for item in read(path) if item.get("result") == "deleted"]


def table(days: list[Day]) -> str:
    """Days by kind."""
    lines = [
        f"{'kind':10} {'runs':>5} {'deleted':>8} {'protected meanwhile':>20} {'gave up':>8} {'wrong':>6}"
    ]
    for kind in KINDS:
        found = [day for day in days if day.kind == kind]
        lines.append(
            f"{kind:10} {len(found):5} {sum(day.deleted for day in found):8} "
            f"{sum(day.survived for day in found):20} {sum(day.refused for day in found):8} "
            f"{sum(bool(day.wrong) for day in found):6}"
        )
    return "\n".join([*lines, *(json.dumps(day.wrong) for day in days if day.wrong)])
