"""Carries out a plan: look again, write down what is about to happen, do it, and read what came of it.

Wave by wave: the snapshots of a wave and their notebooks are read again together, so that looking costs few
calls, and at most seconds pass between the look and the act.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final, Protocol

from notebook_provisioner.core.notebooks import NotebookKey
from notebook_provisioner.core.snapshots.decisions import Decision, RulesOf, Verdict
from notebook_provisioner.core.snapshots.facts import Notebook, Snapshot
from notebook_provisioner.core.snapshots.plan import PrunePlan
from notebook_provisioner.core.snapshots.recheck import GONE, Fresh, objection

WAVE: Final = 300  # snapshots that are looked at together


class Result(StrEnum):
    """What came of one snapshot."""

    DELETED = "deleted"
    MARKED = "marked"
    UNMARKED = "unmarked"
    SKIPPED = "skipped"  # it, or its notebook, changed since the plan
    GONE = "gone"  # somebody else deleted it
    FAILED = "failed"
    PENDING = "pending"  # Compute Engine took the request, and has not finished


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one request.

    Attributes:
        name: The snapshot's name.
        result: What came of it.
        message: Why it was skipped or failed; empty otherwise.
        operation: The operation's name; empty without one.
        user: As whom Compute Engine took the request; empty where it does not say.
    """

    name: str
    result: Result
    message: str = ""
    operation: str = ""
    user: str = ""


class SnapshotChanges(Protocol):
    """What a sweep needs of Compute Engine and Workbench."""

    def again(
        self, names: Sequence[str], notebooks: Sequence[NotebookKey]
    ) -> tuple[Mapping[str, Snapshot], Mapping[NotebookKey, Notebook]]:
        """Read these snapshots and notebooks as they are now; what is gone is absent."""

    def delete(self, snapshots: Sequence[Snapshot]) -> Iterator[Outcome]:
        """Delete; an outcome each, in any order."""

    def mark(self, snapshots: Sequence[Snapshot], day: str | None) -> Iterator[Outcome]:
        """Set the mark to *day*, or take it off; an outcome each, in any order."""

    def settle(self, pending: Sequence[Outcome]) -> Iterator[Outcome]:
        """Wait for deletions to end; a final outcome each, ``PENDING`` for what does not end in time."""


class Journal(Protocol):
    """Where a run writes down what it is about to do and what came of it."""

    def write(self, entries: Iterable[Mapping[str, Any]]) -> None:
        """Add entries; they are on disk when this returns."""


@dataclass(slots=True)
class Report:
    """What a run did.

    Attributes:
        results: What came of each snapshot, with its decision.
    """

    results: list[tuple[Decision, Outcome]] = field(default_factory=list)

    def count(self, *results: Result) -> int:
        """How many ended so."""
        return sum(1 for _, outcome in self.results if outcome.result in results)

    @property
    def failed(self) -> bool:
        """Whether something failed, or did not end."""
        return self.count(Result.FAILED, Result.PENDING) > 0

    @property
    def bytes_at_most(self) -> int:
        """What the deletions freed at most."""
        return sum(
            decision.snapshot.storage_bytes
            for decision, outcome in self.results
            if outcome.result is Result.DELETED
        )


def sweep(
    plan: PrunePlan,
    changes: SnapshotChanges,
    rules_of: RulesOf,
    *,
    journal: Journal,
    clock: Callable[[], datetime],
    between: Callable[[Report], None] = lambda _: None,
) -> Report:
    """Carry out *plan*.

    Args:
        plan: The plan.
        changes: Compute Engine and Workbench.
        rules_of: The rules of a notebook.
        journal: Gets a line before each action and one after it.
        clock: The present.
        between: Called after each wave; what it raises ends the run.
    """
    report = Report()
    actions = sorted(plan.actions, key=lambda item: item.belonging.notebook)  # a notebook's together
    pending: list[tuple[Decision, Outcome]] = []
    for start in range(0, len(actions), WAVE):
        wave = actions[start : start + WAVE]
        for decision, outcome in _wave(wave, plan, changes, rules_of, journal=journal, clock=clock):
            (pending if outcome.result is Result.PENDING else report.results).append((decision, outcome))
        between(report)
    decided = {outcome.name: decision for decision, outcome in pending}
    settled = [
        (decided[outcome.name], outcome) for outcome in changes.settle([outcome for _, outcome in pending])
    ]
    _log(journal, "settled", settled, rules_of, clock)
    report.results += settled
    return report


def _wave(
    wave: Sequence[Decision],
    plan: PrunePlan,
    changes: SnapshotChanges,
    rules_of: RulesOf,
    *,
    journal: Journal,
    clock: Callable[[], datetime],
) -> list[tuple[Decision, Outcome]]:
    keys = list(dict.fromkeys(item.belonging.notebook for item in wave))
    points = {key: plan.points.get(key, ()) for key in keys}
    names = [item.snapshot.name for item in wave]
    snapshots, notebooks = changes.again([*names, *(name for key in keys for name in points[key])], keys)
    fresh = Fresh(snapshots, notebooks, clock())
    results: list[tuple[Decision, Outcome]] = []
    left: dict[Verdict, dict[str, Decision]] = {}
    for item in wave:
        key, name = item.belonging.notebook, item.snapshot.name
        why = objection(item, plan.notebooks.get(key), points[key], rules_of(key), fresh)
        if why is None:
            left.setdefault(item.verdict, {})[name] = replace(item, snapshot=snapshots[name])
        else:
            results.append((item, Outcome(name, Result.GONE if why == GONE else Result.SKIPPED, why)))
    about = [item for items in left.values() for item in items.values()]
    journal.write(_line("intent", item, rules_of, clock()) for item in about)
    for verdict, items in left.items():
        wanted = [item.snapshot for item in items.values()]
        if verdict is Verdict.DELETE:
            outcomes = changes.delete(wanted)
        else:
            day = f"{clock().astimezone(UTC):%Y-%m-%d}" if verdict is Verdict.MARK else None
            outcomes = changes.mark(wanted, day)
        results += [(items[outcome.name], outcome) for outcome in outcomes]
    _log(journal, "outcome", results, rules_of, clock)
    return results


def _log(
    journal: Journal,
    event: str,
    results: Iterable[tuple[Decision, Outcome]],
    rules_of: RulesOf,
    clock: Callable[[], datetime],
) -> None:
    now = clock()
    journal.write(
        {
            **_line(event, decision, rules_of, now),
            "result": outcome.result.value,
            "message": outcome.message,
            "operation": outcome.operation,
            "user": outcome.user,
        }
        for decision, outcome in results
    )


def _line(event: str, decision: Decision, rules_of: RulesOf, now: datetime) -> dict[str, Any]:
    zone, name = decision.belonging.notebook
    return {
        "time": now.isoformat(),
        "event": event,
        "action": decision.verdict.value,
        "snapshot": decision.snapshot.name,
        "snapshot_id": decision.snapshot.id,
        "created": decision.snapshot.created.isoformat(),
        "notebook": name,
        "zone": zone,
        "origin": decision.belonging.origin.value,
        "reasons": list(decision.reasons),
        "policy": rules_of(decision.belonging.notebook).digest,
        "storage_bytes": decision.snapshot.storage_bytes,
    }
