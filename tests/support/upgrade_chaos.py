"""Upgrades on a bad day, over real HTTP, on a clock that only waiting moves.

`Day` upgrades one notebook (or rolls it back) while faults strike or the process dies, carries on from its
record as often as it takes, and says what went wrong against the promises of docs/operators/upgrades.md: a
notebook is as it was, nothing was upgraded twice, no snapshot is gone, no window overrun, and nothing is
reported that is not so.
"""

import contextlib
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from snapshot_documents import Control
from upgrade_fleet import NEW_IMAGE, PROJECT, ZONE, Fleet

from notebook_provisioner.adapters.google.rest import Rest
from notebook_provisioner.adapters.google.session import Target
from notebook_provisioner.adapters.google.upgrade_preflight import UpgradePreflight
from notebook_provisioner.adapters.google.upgrading import UpgradeWorld
from notebook_provisioner.adapters.records import FileRecords
from notebook_provisioner.core.errors import ProvisionerError
from notebook_provisioner.core.procedures import Outcome, Patience, Record
from notebook_provisioner.core.upgrades.preflight import Rules, Surroundings
from notebook_provisioner.core.upgrades.running import Conductor, Task

OPERATION_SECONDS, BOOT_SECONDS = 40.0, 30.0
PATIENCE = Patience(first=5, growth=1.5, longest=60, unanswered=4)
REQUESTS = ("change", "snapshot_data_disk", "start", "upgrade", "roll_back", "stop")
METHODS = (
    "notebooks.*.get",
    "notebooks.*.patch",
    "notebooks.*.start",
    "notebooks.*.stop",
    "notebooks.*.upgrade",
    "notebooks.*.rollback",
    "notebooks.*.checkUpgradability",
    "notebooks.*.operations.*",
    "compute.disks.*",
    "compute.instances.*",
    "compute.snapshots.*",
    "notebooks.*",
)
FAULTS: dict[str, dict[str, Any]] = {
    "429": {"kind": "status", "status": 429},
    "503": {"kind": "status", "status": 503},
    "409": {"kind": "status", "status": 409, "message": "Unable to queue the operation"},
    "lost request": {"kind": "drop-before"},
    "lost response": {"kind": "drop-after"},
    "failing operation": {"kind": "failed-operation", "status": 500},
    "endless operation": {"kind": "endless-operation"},
    "forbidden": {"kind": "status", "status": 403, "message": "The caller does not have permission"},
}


class Killed(BaseException):
    """The process is gone; nothing runs after it."""


class VirtualTime:
    """The sandbox's clock, which stands still but for what is waited."""

    def __init__(self, control: Control) -> None:
        self._control = control
        settings = {"speed": 0, "now": datetime.now(UTC).timestamp()}
        self.now = control.ask("POST", "sandbox/v1/settings", settings)["now"]

    def clock(self) -> datetime:
        return datetime.fromtimestamp(self.now, UTC)

    def sleep(self, seconds: float) -> None:
        self.now = self._control.ask("POST", "sandbox/v1/settings", {"advance": seconds})["now"]


class Doomed(UpgradeWorld):
    """A notebook whose requests kill the process at a chosen moment; counts what is sent."""

    plan: Callable[[str, str], None] = staticmethod(lambda _name, _when: None)

    def __getattribute__(self, name: str) -> Any:
        found = super().__getattribute__(name)
        if name not in REQUESTS:
            return found

        def call(*arguments: Any) -> Any:
            type(self).plan(name, "before")
            answer = found(*arguments)
            type(self).plan(name, "after")
            return answer

        return call


@dataclass(frozen=True)
class Verdict:
    """What one day came to."""

    kind: str
    outcome: str
    faults: int
    resumed: int
    wrong: tuple[str, ...]


@dataclass
class Day:
    """One notebook's day.

    Attributes:
        control: A sandbox of one's own.
        folder: For records.
        state: The notebook's power state.
        idle: Its idle timeout; empty for none.
        rollback: Whether it is rolled back; it is upgraded before.
        data_snapshot: Whether its data disk is snapshotted first.
        kind: What strikes; for the table.
        prepare: Gets the empty fleet, and gives what else the notebook is made with.
    """

    control: Control
    folder: Path
    state: str = "STOPPED"
    idle: str = "3600"
    rollback: bool = False
    data_snapshot: bool = True
    kind: str = ""
    name: str = "nb"
    prepare: Callable[[Fleet], dict[str, Any]] = lambda _fleet: {}
    wrong: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.fleet = Fleet(self.control)
        self.fleet.add(self.name, state=self.state, idle=self.idle, **self.prepare(self.fleet))
        durations = {"operation_seconds": OPERATION_SECONDS, "boot_seconds": BOOT_SECONDS}
        self.control.ask("POST", "sandbox/v1/settings", durations)
        self.time = VirtualTime(self.control)
        self.records = FileRecords(self.folder / f"records-{random.getrandbits(64)}")
        self.resumed = 0
        if self.rollback:
            assert self.conductor().may_start(self.task()) is None
            assert self.upgrade().outcome is Outcome.SUCCEEDED
        self.before = self.fleet.kept(self.name)
        self.snapshots = self.fleet.snapshots()
        self.history = len(self.fleet.get(self.name).get("upgradeHistory", []))
        self.boot_disk = self.fleet.boot_disk(self.name)["id"]
        self.start_by = self.time.clock() + timedelta(hours=1)
        self.control.clear()

    def conductor(self) -> Conductor:
        rest = Rest(Target(url=self.control.url, token=self.control.token), patience=0.3, first_pause=0.01)
        return Conductor(
            project=PROJECT,
            run="chaos",
            notebook=lambda zone, name: Doomed(rest, PROJECT, zone, name, {"nbp-fleet": "upgrades"}),
            reader=UpgradePreflight(rest, PROJECT),
            records=self.records,
            clock=self.time.clock,
            sleep=self.time.sleep,
            around=Surroundings(missing=frozenset(), quota=None, backups={}),
            rules=Rules(data_snapshot=self.data_snapshot),
            patience=PATIENCE,
        )

    def task(self) -> Task:
        return Task(ZONE, self.name, getattr(self, "start_by", None))

    def upgrade(self) -> Record:
        conductor = self.conductor()
        why = conductor.may_start(self.task())
        if why is not None:
            raise ProvisionerError(why)
        return conductor.upgrade(self.task())

    def roll_back(self) -> Record:
        conductor = self.conductor()
        seen = conductor.notebook(ZONE, self.name).observe()
        entry = seen.instance.history[-1]
        return conductor.roll_back(seen, entry.snapshot, entry.version)

    def live(self, until_quiet: int = 6) -> Verdict:
        """Upgrade, and carry on as often as it dies or leaves something behind; then judge."""
        record, outcome = None, "refused"
        act = self.roll_back if self.rollback else self.upgrade
        for attempt in range(until_quiet):
            with contextlib.suppress(ProvisionerError, Killed):
                record = act()
            if attempt == until_quiet - 3:  # the bad day ends; what is left must come right now
                self.control.ask("DELETE", "sandbox/v1/faults")
                Doomed.plan = staticmethod(lambda _name, _when: None)
            pending = self.records.pending()
            if not pending:
                break
            self.resumed += 1
            act = lambda: self.conductor().resume(pending[0])  # noqa: E731, B023  # used before the next turn
        Doomed.plan = staticmethod(lambda _name, _when: None)
        struck = sum(rule["struck"] for rule in self.control.ask("GET", "sandbox/v1/faults")["faults"])
        self.control.ask("DELETE", "sandbox/v1/faults")
        self.time.sleep(300)  # what was under way lands
        if record is not None:
            outcome = record.outcome.value
        self.judge(record)
        return Verdict(self.kind, outcome, struck, self.resumed, tuple(self.wrong))

    def judge(self, record: Record | None) -> None:
        """Compare everything with what it was."""
        pending = self.records.pending()
        document = self.fleet.get(self.name)
        after = self.fleet.kept(self.name)
        added = document.get("upgradeHistory", [])[self.history :]
        if not pending and after != self.before:
            differing = {
                key: (self.before[key], after[key]) for key in after if after[key] != self.before[key]
            }
            self.wrong.append(f"not as it was: {differing}")
        if pending and (record is None or record.outcome is not Outcome.UNRESTORED):
            self.wrong.append("a record stays open, and the run did not say so")
        if gone := self.snapshots - self.fleet.snapshots():
            self.wrong.append(f"snapshots are gone: {gone}")
        if len(added) > 1:
            self.wrong.append(f"done {len(added)} times: {added}")
        latest = self.start_by + timedelta(minutes=10)  # for waking
        late = [item for item in added if datetime.fromisoformat(item["createTime"]) > latest]
        if late and not self.rollback:
            self.wrong.append(f"begun after the last moment: {late}")
        if record is not None and record.outcome is Outcome.SUCCEEDED:
            self.wrong += self._claims(added)
        if record is not None and record.outcome is Outcome.FAILED and record.failure is None:
            self.wrong.append("it failed, and does not say why")

    def _claims(self, added: list[dict[str, Any]]) -> list[str]:
        disk, wrong = self.fleet.boot_disk(self.name), []
        if Counter(item["state"] for item in added) != {"SUCCEEDED": 1}:
            wrong.append(f"reported done, and the history says {added}")
        if disk["id"] == self.boot_disk:
            wrong.append("reported done, and the boot disk is the old one")
        if not self.rollback and not disk.get("sourceImage", "").endswith(NEW_IMAGE):
            wrong.append(f"reported upgraded, and the boot disk was made from {disk.get('sourceImage')}")
        return wrong


def kill_at(number: int, when: str) -> Callable[[str, str], None]:
    """A plan that kills the process around its *number*-th request, once."""
    seen = Counter[str]()

    def plan(_name: str, moment: str) -> None:
        seen[moment] += 1
        if moment == when and seen[moment] == number:
            raise Killed

    return plan


def random_day(control: Control, folder: Path, seed: int) -> Verdict:
    """A day on which something random goes wrong, perhaps with a kill on top."""
    chance = random.Random(seed)  # noqa: S311  # to be repeatable, not secret
    names = list(FAULTS)
    kind = [*names, "kill", "kill and faults"][seed % (len(names) + 2)]
    day = Day(
        control,
        folder,
        state=chance.choice(["ACTIVE", "STOPPED"]),
        idle=chance.choice(["", "600", "3600"]),
        rollback=chance.random() < 0.25,
        data_snapshot=chance.random() < 0.5,
        kind=kind,
    )
    struck = [kind] if kind in FAULTS else chance.choices(names[:5], k=2) if "faults" in kind else []
    for fault in struck:
        endless = fault == "endless operation"
        rule = {
            "method": chance.choice(METHODS),
            "count": 1 if endless else chance.choice([1, 2, 5, 20]),
            "probability": chance.choice([0.3, 0.6, 1.0]),
        }
        control.fault(**rule, **FAULTS[fault])
    if "kill" in kind:
        Doomed.plan = staticmethod(kill_at(chance.randint(1, 7), chance.choice(["before", "after"])))
    return day.live()


def table(days: list[Verdict]) -> str:
    """Days by kind."""
    kinds = list(dict.fromkeys(day.kind for day in days))
    lines = ["kind                runs  faults  resumed  done  explained  violations"]
    for kind in kinds:
        found = [day for day in days if day.kind == kind]
        done = sum(day.outcome == "succeeded" for day in found)
        lines.append(
            f"{kind:18} {len(found):5} {sum(day.faults for day in found):7} "
            f"{sum(day.resumed for day in found):8} {done:5} {len(found) - done:10} "
            f"{sum(len(day.wrong) for day in found):11}"
        )
    return "\n".join([*lines, *(f"{day.kind}: {word}" for day in days for word in day.wrong)])
