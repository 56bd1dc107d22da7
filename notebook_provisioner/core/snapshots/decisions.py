"""What becomes of each snapshot, and why. Newest first, in memory that grows with notebooks alone."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Final, Self

from notebook_provisioner.core.notebooks import NotebookKey
from notebook_provisioner.core.retention import Walk
from notebook_provisioner.core.snapshots.facts import MARK_LABEL, RETAIN_LABEL, Notebook, Snapshot
from notebook_provisioner.core.snapshots.origin import Belonging, Origin, Register
from notebook_provisioner.core.snapshots.rules import Rules
from notebook_provisioner.core.upgrade_history import HistoryEntry

_SETTLED_STATES: Final = frozenset({"ACTIVE", "STOPPED", "SUSPENDED"})
_RESTING_HEALTH: Final = frozenset({"HEALTHY", "HEALTH_STATE_UNSPECIFIED"})  # nobody asks a stopped VM

_MARKED: Final = frozenset({Origin.UPGRADE, Origin.ORPHAN, Origin.UNCLAIMED})  # what a run may have marked
_NEVER: Final = {
    Origin.SCHEDULE: "its snapshot schedule deletes it",
    Origin.HAND: "made by hand",
    Origin.UNCLAIMED: "unclaimed: nothing proves that an upgrade made it",
    Origin.UNKNOWN: "nobody knows whether its notebook is there: not every zone answers",
    Origin.FOREIGN: "its notebook is not this fleet's",
    Origin.STRAY: "nothing ties it to this fleet; if a notebook of the fleet left it, say --former {name}",
}

RulesOf = Callable[[NotebookKey], Rules]


class Verdict(StrEnum):
    """What is to happen to a snapshot."""

    KEEP = "keep"
    MARK = "mark"  # would be deleted, and gets its mark first
    WAIT = "wait"  # bears its mark, and its grace is not over
    UNMARK = "unmark"  # bears a mark, and is kept after all
    DELETE = "delete"
    DEFER = "defer"  # would be deleted, but a cap leaves it to a later run


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of one snapshot.

    Attributes:
        snapshot: The snapshot.
        belonging: Whose it is.
        verdict: What is to happen.
        reasons: Every rule that led there, in plain words; never empty.
        rollback_point: Whether the notebook can be rolled back to it.
    """

    snapshot: Snapshot
    belonging: Belonging
    verdict: Verdict
    reasons: tuple[str, ...]
    rollback_point: bool

    @property
    def claims(self) -> bool:
        """Whether the snapshot gets the labels that prove its origin; no use for one that goes."""
        return self.verdict is not Verdict.DELETE and bool(self.belonging.claim)

    @property
    def only_claims(self) -> bool:
        """Whether it gets nothing else, so that it costs a request of its own."""
        return self.claims and self.verdict not in {Verdict.MARK, Verdict.UNMARK}

    def without_claim(self) -> Self:
        """The same, but leaving the snapshot as unproven as it is."""
        return replace(self, belonging=replace(self.belonging, claim={}))

    def label_changes(self, day: str) -> dict[str, str | None]:
        """Labels to set, with *day* as the mark, and to take off (None)."""
        marks: dict[Verdict, dict[str, str | None]] = {
            Verdict.MARK: {MARK_LABEL: day},
            Verdict.UNMARK: {MARK_LABEL: None},
        }
        return {**self.belonging.claim, **marks.get(self.verdict, {})}


class OutOfOrder(ValueError):
    """Snapshots came in another order than newest first."""


@dataclass(slots=True)
class _Undecided:
    """A snapshot, and what keeps it as far as is known."""

    snapshot: Snapshot
    belonging: Belonging
    rules: Rules
    kept: list[str]
    is_point: bool


class _Series:
    """A notebook's upgrade snapshots on their way from the newest to the oldest."""

    def __init__(self, rules: Rules) -> None:
        self._walk = Walk(rules.policy)
        self._points = 0
        self._count = 0
        self._rules = rules
        self._last: _Undecided | None = None

    def add(self, item: _Undecided) -> Iterator[_Undecided]:
        """Take the next one in; the one before it, which is not the oldest, is decided by that."""
        item.kept += self._reasons(item.snapshot, is_point=item.is_point)
        if self._last is not None:
            yield self._last
        self._last = item

    def end(self) -> Iterator[_Undecided]:
        """The oldest."""
        if self._last is not None:
            self._last.kept += self._walk.of_oldest()
            yield self._last

    def _reasons(self, snapshot: Snapshot, *, is_point: bool) -> tuple[str, ...]:
        self._count += 1
        kept = ["the notebook's newest snapshot"] if self._count == 1 else []
        if is_point:
            self._points += 1
            if self._points <= self._rules.rollback_points:
                kept.append(f"rollback point {self._points} of {self._rules.rollback_points}")
        return (*kept, *self._walk.reasons(snapshot.created))


def decide(
    snapshots: Iterable[Snapshot], register: Register, rules_of: RulesOf, now: datetime
) -> Iterator[Decision]:
    """Decide about every snapshot that belongs to somebody by *register*.

    Args:
        snapshots: A project's snapshots, newest first; what belongs to nobody is passed over, and so is what
            comes twice, as it does when pages shift while they are read.
        register: The fleet's notebooks.
        rules_of: The rules of a notebook, in being or gone.
        now: The present, with a time zone.

    Yields:
        A decision for each of them; of the same notebook and origin, newest first.

    Raises:
        OutOfOrder: A snapshot is newer than the one before it.
    """
    series: dict[NotebookKey, _Series] = {}
    rests = {key: frozen(notebook, rules_of(key), now) for key, notebook in register.notebooks.items()}
    for snapshot in _once_each(snapshots):
        belonging = register.belonging(snapshot)
        if belonging is None:
            continue
        key, rules = belonging.notebook, rules_of(belonging.notebook)
        kept = [*_kept_by_itself(snapshot, belonging, rules, now)]
        if why := rests.get(key):
            kept.append(why)
        item = _Undecided(snapshot, belonging, rules, kept, is_point=_is_point(snapshot, belonging, now))
        # What nobody can vouch for takes no place from those that can be used.
        if belonging.origin is Origin.UPGRADE and usable(snapshot, now):
            if key not in series:
                series[key] = _Series(rules)
            yield from (_decision(done, now) for done in series[key].add(item))
        else:
            yield _decision(item, now)
    yield from (_decision(done, now) for found in series.values() for done in found.end())


def _once_each(snapshots: Iterable[Snapshot]) -> Iterator[Snapshot]:
    """*Snapshots* without repetition, held to their order; what comes twice has the same time."""
    previous: datetime | None = None
    seen: set[str] = set()
    for snapshot in snapshots:
        if previous is not None and snapshot.created > previous:
            raise OutOfOrder(f"snapshot {snapshot.name} is newer than the one before it")
        if snapshot.created != previous:
            previous, seen = snapshot.created, set()
        if snapshot.id not in seen:
            seen.add(snapshot.id)
            yield snapshot


def newest_first(snapshots: Iterable[Snapshot]) -> list[Snapshot]:
    """*Snapshots* in the order that `decide` needs, whatever their order was; names break ties."""
    return sorted(snapshots, key=lambda item: (item.created, item.name), reverse=True)


def frozen(notebook: Notebook, rules: Rules, now: datetime) -> str | None:
    """Why nothing of *notebook* may be deleted at present; None where something may."""
    if notebook.state not in _SETTLED_STATES:
        return f"the notebook is {notebook.state}"
    healthy = {"HEALTHY"} if notebook.state == "ACTIVE" else _RESTING_HEALTH
    if notebook.health not in healthy:
        return f"the notebook is {notebook.health}"
    return _unsettled(notebook.history[-1], rules, now) if notebook.history else None


def _unsettled(last: HistoryEntry, rules: Rules, now: datetime) -> str | None:
    action = last.word
    if last.state != "SUCCEEDED":
        return f"its last {action} is {last.state}"
    if last.created is None:
        return f"nobody knows when its last {action} was"
    return f"its last {action} is younger than {rules.soak}" if rules.soak.after(last.created) > now else None


def label_reasons(snapshot: Snapshot, rules: Rules, now: datetime) -> Iterator[str]:
    """Which labels keep *snapshot*."""
    for label in rules.keep_labels:
        if label in snapshot.labels:
            yield f"label {label}"
    if RETAIN_LABEL in snapshot.labels:
        text = snapshot.labels[RETAIN_LABEL]
        day = _day(text)
        if day is None:
            yield f"label {RETAIN_LABEL}={text} is no date"
        elif day >= now.astimezone(UTC).date():
            yield f"label {RETAIN_LABEL}={text}"


def _kept_by_itself(snapshot: Snapshot, belonging: Belonging, rules: Rules, now: datetime) -> Iterator[str]:
    if belonging.origin in _NEVER:
        yield _NEVER[belonging.origin].format(name=belonging.notebook[1])
    elif belonging.origin is Origin.ORPHAN and rules.orphans.after(snapshot.created) > now:
        yield f"an orphan younger than {rules.orphans}"
    if snapshot.status != "READY":
        yield f"it is {snapshot.status}"
    if snapshot.kind != "STANDARD":
        yield f"of type {snapshot.kind}"
    if snapshot.created > now:
        yield "from the future, by some clock"
    elif rules.min_age.after(snapshot.created) > now:
        yield f"younger than {rules.min_age}"
    yield from label_reasons(snapshot, rules, now)


def usable(snapshot: Snapshot, now: datetime) -> bool:
    """Whether it is sure to serve: done, of the plain type, and not from the future by some clock."""
    return (snapshot.status, snapshot.kind) == ("READY", "STANDARD") and snapshot.created <= now


def _is_point(snapshot: Snapshot, belonging: Belonging, now: datetime) -> bool:
    entry = belonging.entry
    succeeded = entry is not None and (entry.action, entry.state) == ("UPGRADE", "SUCCEEDED")
    return succeeded and usable(snapshot, now)


def _decision(item: _Undecided, now: datetime) -> Decision:
    verdict, reasons = (_keeping(item), item.kept) if item.kept else _removal(item, now)
    return Decision(item.snapshot, item.belonging, verdict, tuple(reasons), item.is_point)


def _keeping(item: _Undecided) -> Verdict:
    marked_by_us = MARK_LABEL in item.snapshot.labels and item.belonging.origin in _MARKED
    return Verdict.UNMARK if marked_by_us else Verdict.KEEP


def _removal(item: _Undecided, now: datetime) -> tuple[Verdict, list[str]]:
    orphan, rules = item.belonging.origin is Origin.ORPHAN, item.rules
    why = f"orphan: older than {rules.orphans}" if orphan else "no rule keeps it"
    if rules.grace is None:
        return Verdict.DELETE, [why]
    mark = item.snapshot.labels.get(MARK_LABEL)
    marked = _day(mark) if mark is not None else None
    if marked is None:
        return Verdict.MARK, [why]
    # The mark tells the day alone. Its last moment is counted from, so that the grace is never shorter.
    with_day = replace(rules.grace, days=rules.grace.days + 1)
    over = with_day.after(datetime(marked.year, marked.month, marked.day, tzinfo=UTC))
    if over > now:
        return Verdict.WAIT, [why, f"marked until {over:%Y-%m-%d %H:%M} UTC"]
    return Verdict.DELETE, [why, f"marked on {mark}"]


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
