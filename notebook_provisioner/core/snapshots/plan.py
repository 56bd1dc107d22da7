"""A run's plan: the decisions that change something, held to the caps, and a count of the rest."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from notebook_provisioner.core.errors import ProvisionerError, Refused
from notebook_provisioner.core.notebooks import NotebookKey
from notebook_provisioner.core.snapshots.caps import Caps
from notebook_provisioner.core.snapshots.decisions import Decision, RulesOf, Verdict, decide, usable
from notebook_provisioner.core.snapshots.facts import Notebook, Snapshot
from notebook_provisioner.core.snapshots.origin import Origin, Register

ACTIONS = frozenset({Verdict.DELETE, Verdict.MARK, Verdict.UNMARK})
_CAPPED = (Verdict.DELETE, Verdict.MARK, Verdict.WAIT)


_CLOCKS_APART: Final = timedelta(minutes=5)  # answers take seconds, and a clock that is kept is right to one


class WrongClock(Refused):
    """This machine's clock is not Google's, and every age is counted by it."""

    code = "wrong-clock"


class ClockWentWrong(ProvisionerError):
    """This machine's clock was Google's when a run began, and is not any more."""

    code = "clock-went-wrong"


class StaleFacts(Refused):
    """Reading took so long that what was read first may not hold any more."""

    code = "stale-facts"


@dataclass(frozen=True, slots=True)
class PrunePlan:
    """What one run is going to do.

    Attributes:
        decisions: Those that change something, and those that wait; what is to go comes first, oldest first.
        claims_left: How many snapshots could get the labels that prove their origin, and must wait for it.
        notebooks: The fleet's notebooks as they were when this was decided.
        points: Names of what stays so that others may go, by notebook: the newest snapshot that an upgrade
            left, and the rollback points.
        seen: The notebooks, in being or gone, that have snapshots.
        counts: The fleet's snapshots by verdict.
        origins: The fleet's snapshots by origin.
        total: The number of the fleet's snapshots.
        listed: The number of the project's snapshots.
        total_bytes: What the fleet's snapshots add to the bill.
    """

    decisions: tuple[Decision, ...]
    claims_left: int
    notebooks: Mapping[NotebookKey, Notebook]
    points: Mapping[NotebookKey, tuple[str, ...]]
    seen: frozenset[NotebookKey]
    counts: Mapping[Verdict, int]
    origins: Mapping[Origin, int]
    total: int
    listed: int
    total_bytes: int

    @property
    def actions(self) -> tuple[Decision, ...]:
        """The decisions that change something."""
        return tuple(item for item in self.decisions if item.verdict in ACTIONS or item.claims)

    @property
    def pending(self) -> int:
        """How many snapshots are deleted, marked, or lose their mark."""
        return sum(1 for item in self.decisions if item.verdict in ACTIONS)

    @property
    def claims(self) -> int:
        """How many snapshots get the labels that prove their origin."""
        return sum(1 for item in self.decisions if item.claims)

    @property
    def bytes_at_most(self) -> int:
        """What the deletions free at most: data that a younger snapshot needs moves on to it."""
        return sum(item.snapshot.storage_bytes for item in self.decisions if item.verdict is Verdict.DELETE)


@dataclass(slots=True)
class _Tally:
    """What is counted while snapshots stream by.

    Attributes:
        now: The present.
        room: How many more claims the run has room for.
    """

    now: datetime
    room: int
    listed: int = 0
    total: int = 0
    total_bytes: int = 0
    counts: Counter[Verdict] = field(default_factory=Counter)
    origins: Counter[Origin] = field(default_factory=Counter)
    newest: dict[NotebookKey, str] = field(default_factory=dict)
    points: dict[NotebookKey, list[str]] = field(default_factory=dict)
    claims_left: int = 0

    def watch(self, snapshots: Iterable[Snapshot]) -> Iterable[Snapshot]:
        for snapshot in snapshots:
            self.listed += 1
            yield snapshot

    def add(self, decision: Decision, rollback_points: int) -> None:
        self.total += 1
        self.total_bytes += decision.snapshot.storage_bytes
        self.counts[decision.verdict] += 1
        self.origins[decision.belonging.origin] += 1
        key, snapshot = decision.belonging.notebook, decision.snapshot
        if decision.belonging.origin is Origin.UPGRADE and usable(snapshot, self.now):
            self.newest.setdefault(key, snapshot.name)
        names = self.points.setdefault(key, [])
        if decision.rollback_point and len(names) < rollback_points:
            names.append(snapshot.name)

    def staying(self, key: NotebookKey) -> tuple[str, ...]:
        """The notebook's newest snapshot, and its rollback points."""
        newest = [self.newest[key]] if key in self.newest else []
        return tuple(dict.fromkeys([*newest, *self.points[key]]))

    def held(self, decision: Decision) -> Decision:
        """Leave a claim to a later run, where this one has no room for it."""
        if not decision.only_claims:
            return decision
        if self.room < 1:
            self.claims_left += 1
            return decision.without_claim()
        self.room -= 1
        return decision


def make(
    snapshots: Iterable[Snapshot],
    register: Register,
    rules_of: RulesOf,
    caps: Caps,
    now: datetime,
) -> PrunePlan:
    """Decide about every snapshot, and hold deletions, marks and claims to the caps.

    Of the claims, those of the newest snapshots that stay are first: they have longest to live.

    Args:
        snapshots: The project's snapshots, newest first. They are read once and not kept.
        register: The fleet's notebooks.
        rules_of: The rules of a notebook.
        caps: The run's limits.
        now: The present.

    Raises:
        PolicyRefused: More would be deleted than the caps let pass.
    """
    tally = _Tally(now, room=caps.number)
    found: dict[Verdict, list[Decision]] = {}
    for decision in decide(tally.watch(snapshots), register, rules_of, now):
        tally.add(decision, rules_of(decision.belonging.notebook).rollback_points)
        if decision.verdict is not Verdict.KEEP or (decision := tally.held(decision)).claims:
            found.setdefault(decision.verdict, []).append(decision)
    wanted = [item for verdict in _CAPPED for item in found.pop(verdict, [])]
    held = caps.apply(wanted, tally.total)
    tally.counts += Counter(item.verdict for item in held)
    tally.counts -= Counter(item.verdict for item in wanted)
    held = [tally.held(item) for item in held]
    rest = [item for items in found.values() for item in items]
    touched = {item.belonging.notebook for item in (*held, *rest)}
    return PrunePlan(
        decisions=(*held, *rest),
        claims_left=tally.claims_left,
        notebooks={key: item for key, item in register.notebooks.items() if key in touched},
        points={key: tally.staying(key) for key in touched},
        seen=frozenset(tally.points),
        counts=dict(tally.counts),
        origins=dict(tally.origins),
        total=tally.total,
        listed=tally.listed,
        total_bytes=tally.total_bytes,
    )


def require_right_clock(ahead: timedelta | None) -> None:
    """Hold this machine's clock to Google's before a run.

    Args:
        ahead: How far it is ahead; negative where it is behind, None where nobody knows.

    Raises:
        WrongClock: They are more than five minutes apart.
    """
    if problem := _clock_problem(ahead):
        raise WrongClock(problem, hint="set it: soak, grace and every age are counted by it")


def require_clock_still_right(ahead: timedelta | None) -> None:
    """The same in the middle of a run: a mark bears the day, and labels may name one.

    Args:
        ahead: As for `require_right_clock`.

    Raises:
        ClockWentWrong: They are more than five minutes apart.
    """
    if problem := _clock_problem(ahead):
        raise ClockWentWrong(
            f"{problem}, and was not when the run began",
            hint="set it, and run the same command again: what is done is not done twice",
        )


def _clock_problem(ahead: timedelta | None) -> str | None:
    if ahead is None or abs(ahead) <= _CLOCKS_APART:
        return None
    minutes, way = round(abs(ahead).total_seconds() / 60), "ahead of" if ahead > timedelta(0) else "behind"
    return f"this machine's clock is {minutes} minutes {way} Google's"


def require_fresh(age: timedelta, limit: timedelta) -> None:
    """Hold the facts to an age.

    Args:
        age: Time since the notebooks were read.
        limit: The age from which on they are stale.

    Raises:
        StaleFacts: They are older than *limit*.
    """
    if age > limit:
        raise StaleFacts(
            f"reading took {age.total_seconds() / 60:.0f} minutes: what was read first may not hold any more",
            hint="nothing was changed: run it again when Compute Engine answers faster",
        )
