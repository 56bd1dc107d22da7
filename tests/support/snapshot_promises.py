"""What a bad day's end is held to: what is gone, what was reported, and what people did in time."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from snapshot_calls import CallLog, Moment
from snapshot_documents import PROJECT, ZONE, Control, claim
from snapshot_people import HOLDS, MARK, Act, Deed
from snapshot_processes import intended

from notebook_provisioner.core.snapshots.sweep import Result

SEPARATE = frozenset({"kill", "two jobs"})  # kinds of days that run processes of their own
POINTS = 2  # rollback points that stay
_HOLD_LABELS = frozenset(label for labels in HOLDS for label in labels)
_ORPHANS_STAY = timedelta(days=90)


@dataclass(slots=True)
class Day:
    """What one day came to.

    Attributes:
        kind: What happens on such a day.
        seed: What is random about it.
        results: What the runs reported.
        acts: What people did.
        gone: Snapshots that were gone when the runs were over, or killed.
        kept: Snapshots that would have gone, if nobody had done anything about them.
        too_late: Snapshots that somebody wanted between the last look and the deletion.
        refused: Whether the run gave up with an error of its own.
        mid_sweep: Whether it was killed while it deleted.
        wrong: Broken promises.
    """

    kind: str
    seed: int = 0
    results: list[tuple[str, Result]] = field(default_factory=list)
    acts: list[Act] = field(default_factory=list)
    gone: int = 0
    kept: int = 0
    too_late: int = 0
    refused: bool = False
    mid_sweep: bool = False
    wrong: list[str] = field(default_factory=list)

    def told(self, result: Result) -> list[str]:
        """The snapshots that were reported so."""
        return [name for name, found in self.results if found is result]

    @property
    def deleted(self) -> int:
        """How many snapshots were reported deleted."""
        return len(set(self.told(Result.DELETED)))


@dataclass(frozen=True, slots=True)
class Start:
    """What was there in the morning.

    Attributes:
        notebook_of: The notebook of each snapshot.
        created: When each notebook that was there was made, as the API says it.
        candidates: Snapshots that no rule keeps.
        ripe: What a run may delete: candidates whose grace is over, or that have none.
        ripe_orphans: What it may delete once the notebook is gone.
        lists_lie: Whether a list may leave notebooks out without a word.
        answers_lost: Whether a call whose connection broke may have taken effect.
        ambiguous: Whether two runs may both believe that a deletion was theirs: who deletes again after a
            lost answer cannot tell.
    """

    notebook_of: Mapping[str, str]
    created: Mapping[str, str]
    candidates: frozenset[str]
    ripe: frozenset[str]
    ripe_orphans: frozenset[str]
    lists_lie: bool
    answers_lost: bool
    ambiguous: bool


def removable(snapshots: Iterable[dict[str, Any]], notebooks: Iterable[dict[str, Any]]) -> frozenset[str]:
    """The snapshots that no rule keeps, by the documents; whatever their marks, and who holds them.

    Of a notebook, all that its upgrades left but for the newest; of one that is gone or was made anew, all
    that bears its labels and is old.
    """
    living = {_name(item): item for item in notebooks}
    of_upgrades = {name: _upgrades(item) for name, item in living.items()}
    left = dict.fromkeys(living, POINTS)
    found = set()
    for item in sorted(snapshots, key=lambda item: str(item["creationTimestamp"]), reverse=True):
        of = item["sourceDisk"].rpartition("/")[2].removesuffix("-boot")
        if item["name"] in of_upgrades.get(of, ()):
            left[of] -= 1
            if left[of] < 0:
                found.add(item["name"])
        elif is_old_orphan(item, of) and (
            of not in living or _moment(item["creationTimestamp"]) < _moment(living[of]["createTime"])
        ):
            found.add(item["name"])
    return frozenset(found)


def is_old_orphan(snapshot: dict[str, Any], notebook: str) -> bool:
    """Whether it goes once its notebook is gone: labelled as an upgrade's, and old."""
    old = datetime.now(UTC) - _moment(snapshot["creationTimestamp"]) >= _ORPHANS_STAY
    return old and claim(notebook).items() <= snapshot.get("labels", {}).items()


def notebooks_of(control: Control) -> list[dict[str, Any]]:
    """The notebooks that are there."""
    place = f"notebooks/v2/projects/{PROJECT}/locations/{ZONE}/instances"
    found: list[dict[str, Any]] = control.ask("GET", place).get("instances", [])
    return found


def _name(notebook: dict[str, Any]) -> str:
    return str(notebook["name"]).rpartition("/")[2]


def _upgrades(notebook: dict[str, Any]) -> set[str]:
    history = notebook.get("upgradeHistory", ())
    return {entry["snapshot"].rpartition("/")[2] for entry in history if entry["action"] == "UPGRADE"}


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def judge(day: Day, start: Start, control: Control) -> None:
    """Hold what happened against the promises."""
    there = _labels(control)
    gone = start.notebook_of.keys() - there.keys()
    day.gone = len(gone)
    told = day.told(Result.DELETED)
    changed = _changed_hands(start, control)
    left = frozenset(name for name in start.ripe_orphans if start.notebook_of[name] in changed)
    day.wrong += [f"{name} was protected and is deleted" for name in sorted(gone - start.ripe - left)]
    day.wrong += [f"{name} is reported deleted and is there" for name in sorted(there.keys() & set(told))]
    if not start.ambiguous:
        twice = {name for name in told if told.count(name) > 1}
        day.wrong += [f"{name} is reported deleted twice" for name in sorted(twice)]
    if day.kind in SEPARATE:
        unsaid = sorted(gone - intended())
        day.wrong += [f"{name} is gone, and no intent was written down" for name in unsaid]
        return
    _judge_marks(day, there)
    log = CallLog(control)
    unseen = [name for name in sorted(start.candidates) if log.sent_again_unseen(name)]
    day.wrong += [f"the deletion of {name} was sent again without a look" for name in unseen]
    for act in day.acts:
        _judge_act(act, day, start, there, log)


def _judge_marks(day: Day, there: Mapping[str, Mapping[str, str]]) -> None:
    touched = {act.snapshot for act in day.acts}
    for result, marked in ((Result.MARKED, True), (Result.UNMARKED, False)):
        names = there.keys() & set(day.told(result)) - touched
        wrong = [name for name in sorted(names) if (MARK in there[name]) is not marked]
        day.wrong += [f"{name} is reported {result} and is not" for name in wrong]


def _changed_hands(start: Start, control: Control) -> set[str]:
    """The notebooks of the morning that are gone, or were made anew."""
    now = {_name(item): item["createTime"] for item in notebooks_of(control)}
    return {name for name, created in start.created.items() if now.get(name) != created}


def _judge_act(
    act: Act, day: Day, start: Start, there: Mapping[str, Mapping[str, str]], log: CallLog
) -> None:
    """Whether what somebody did in time protected, and is still there."""
    moment = log.act(act.person)
    names = [act.snapshot] if act.snapshot else _snapshots_of(act.notebook, start)
    for name in names:
        if name in there:
            lost = sorted(act.labels - there[name].keys() - {MARK})
            day.wrong += [f"{name} lost the label {label} that somebody set" for label in lost]
            day.kept += name in start.ripe
            continue
        deletion = log.deletion(name, answers_lost=start.answers_lost)
        if moment is None or deletion is None:
            day.wrong.append(f"{name} is gone, or {act} is done, without a call")
            continue
        seen = log.moment(moment, deletion, name, notebook=act.notebook)
        day.too_late += seen is Moment.TOO_LATE
        if seen is Moment.IN_TIME and _protects(act, name, start, planned_before=log.planned() < moment):
            day.wrong.append(f"{name} is deleted although a look showed what keeps it: {act}")
        if seen is not Moment.IN_TIME and act.deed is Deed.DELETE and name not in start.ripe:
            day.wrong.append(f"{name} is deleted although no look had shown that its notebook is gone: {act}")


def _protects(act: Act, name: str, start: Start, *, planned_before: bool) -> bool:
    """Whether an act that a look showed keeps a snapshot: who plans after it may know an orphan by it."""
    if act.deed is Deed.DELETE:
        return name not in start.ripe_orphans or (planned_before and not start.lists_lie)
    return planned_before or act.deed is not Deed.CREATE


def _snapshots_of(notebook: str, start: Start) -> list[str]:
    return [name for name, found in start.notebook_of.items() if found == notebook]


@dataclass(frozen=True, slots=True)
class Evening:
    """What is left before a quiet run.

    Attributes:
        there: The snapshots and their labels.
        due: Those of them that are to go, now or after their grace.
        deletable: Those that the quiet run must delete.
    """

    there: Mapping[str, Mapping[str, str]]
    due: frozenset[str]
    deletable: frozenset[str]

    @classmethod
    def read(cls, start: Start, control: Control, *, grace: bool) -> "Evening":
        """From the sandbox as it is now."""
        there, notebooks = _labels(control), notebooks_of(control)
        unsettled = {
            _name(item)
            for item in notebooks
            if any(entry["action"] == "ROLLBACK" for entry in item.get("upgradeHistory", ())[-1:])
            or (item["state"], item["healthState"]) != ("ACTIVE", "HEALTHY")
        }
        due = frozenset(
            name
            for name in removable(control.items(), notebooks)
            if start.notebook_of[name] not in unsettled and not _HOLD_LABELS & there[name].keys()
        )
        # Where somebody took the mark off, a run has put today's on, and the grace begins anew.
        over = f"{datetime.now(UTC) - timedelta(days=7):%Y-%m-%d}"
        ripe = frozenset(name for name in due if not grace or there[name].get(MARK, "none") <= over)
        return cls(there, due, ripe)

    def judge(self, day: Day, control: Control, *, grace: bool) -> None:
        """Hold what the quiet run left against what it had to do, and no more."""
        after = _labels(control)
        left, lost = self.deletable & after.keys(), self.there.keys() - self.deletable - after.keys()
        day.wrong += [f"{name} should be gone by now" for name in sorted(left)]
        day.wrong += [f"{name} was kept and is gone now" for name in sorted(lost)]
        if grace:
            day.wrong += [
                f"{name} should {'' if name in self.due else 'not '}bear the mark"
                for name in sorted(after)
                if (MARK in after[name]) is not (name in self.due)
            ]


def _labels(control: Control) -> dict[str, dict[str, str]]:
    return {item["name"]: item.get("labels", {}) for item in control.items()}
