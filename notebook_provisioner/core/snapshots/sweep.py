"""Carries out a plan: look again, write down what is about to happen, do it, and read what came of it.

Wave by wave: the snapshots of a wave and their notebooks are read again together, so that looking costs few
calls. A request that cannot be sent soon after that look, or is sent once more, has a look of its own. What
any look says against a notebook as a whole holds for all that is left to be deleted of it.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final, Protocol

from notebook_provisioner.core.errors import Interrupted, ProvisionerError
from notebook_provisioner.core.notebooks import NotebookKey
from notebook_provisioner.core.snapshots.decisions import Decision, RulesOf, Verdict
from notebook_provisioner.core.snapshots.facts import Seen, Snapshot
from notebook_provisioner.core.snapshots.journal import journal_entry, policies, policy_entry
from notebook_provisioner.core.snapshots.plan import PrunePlan, require_clock_still_right
from notebook_provisioner.core.snapshots.recheck import (
    GONE,
    HARMFUL,
    Fresh,
    objection,
    objection_to_all,
)

WAVE: Final = 300  # snapshots that are looked at together
LOOK_HOLDS: Final = timedelta(seconds=20)  # from a wave's look to a request's first sending
MARKED_WITHIN: Final = timedelta(hours=1)  # a mark that is sent past midnight must not tell the day before


class Result(StrEnum):
    """What came of one snapshot."""

    DELETED = "deleted"
    MARKED = "marked"
    UNMARKED = "unmarked"
    CLAIMED = "claimed"  # got the labels that prove its origin; a mark brings them along
    SKIPPED = "skipped"  # it, or its notebook, changed since the plan
    GONE = "gone"  # somebody else deleted it
    FAILED = "failed"
    PENDING = "pending"  # Compute Engine took the request, or may have, and has not finished


_LABELLED: Final = {Verdict.MARK: Result.MARKED, Verdict.UNMARK: Result.UNMARKED}


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


# Asked right before each sending of a request; the flag says whether it was sent before, without a word that
# it had an effect. Returns what becomes of it instead; None where it may be sent. Safe to call from threads.
Look = Callable[[Snapshot, bool], Outcome | None]


class SnapshotChanges(Protocol):
    """What a sweep needs of Compute Engine and Workbench."""

    def again(self, names: Sequence[str], notebooks: Sequence[NotebookKey]) -> Seen:
        """Read these snapshots and notebooks as they are now.

        Raises:
            ProvisionerError: The snapshots cannot be read, or not one notebook.
        """

    def delete(self, snapshots: Sequence[Snapshot], look: Look) -> Iterator[Outcome]:
        """Delete; an outcome each, in any order."""

    def label(
        self, changes: Sequence[tuple[Snapshot, Mapping[str, str | None]]], done: Result, look: Look
    ) -> Iterator[Outcome]:
        """Set labels, None taking one off; an outcome each, *done* where they show, in any order."""

    def settle(self, pending: Sequence[Outcome]) -> Iterator[Outcome]:
        """Wait for deletions to end; a final outcome each, ``PENDING`` for what does not end in time.

        Raises:
            ProvisionerError: Nothing can be read any more.
        """


class Journal(Protocol):
    """Where a run writes down what it is about to do and what came of it."""

    def write(self, entries: Iterable[Mapping[str, Any]]) -> None:
        """Add entries; they are on disk when this returns."""


class Lease(Protocol):
    """What keeps other runs away."""

    def renew(self, *, at_once: bool = False) -> None:
        """Hold it for longer: every few minutes, or *at_once*.

        Raises:
            ProvisionerError: It is lost, or nobody knows.
        """


class Alone:
    """The lease of a run that no other can meet."""

    def renew(self, *, at_once: bool = False) -> None:
        """There is nothing to renew."""


@dataclass(slots=True)
class Report:
    """What a run did.

    Attributes:
        results: What came of each snapshot that the run got to, with its decision.
        error: What ended the run early; None where it got to all of them.
    """

    results: list[tuple[Decision, Outcome]] = field(default_factory=list)
    error: ProvisionerError | None = None

    def count(self, *results: Result) -> int:
        """How many ended so."""
        return sum(1 for _, outcome in self.results if outcome.result in results)

    @property
    def failed(self) -> bool:
        """Whether the run ended early, or something failed or did not end."""
        return self.error is not None or self.count(Result.FAILED, Result.PENDING) > 0

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
    lease: Lease | None = None,
    stopped: Callable[[], bool] = lambda: False,
    clock_ahead: Callable[[], timedelta | None] = lambda: None,
) -> Report:
    """Carry out *plan*. An error on the way ends the run, and what was done until then is reported.

    Whatever ends it early, nothing more is sent, and what was sent is waited for as long as it is allowed.

    Args:
        plan: The plan.
        changes: Compute Engine and Workbench.
        rules_of: The rules of a notebook.
        journal: Gets a line for each policy, then one right before each request is sent, and one when its
            outcome is known.
        clock: The present.
        lease: Renewed before each wave, each request and at each answer; without it, nothing more is sent.
        stopped: Whether somebody asked the run to end. *changes* does not wait for long any more then.
        clock_ahead: How far *clock* is ahead of Google's by the latest answer; None where nobody knows.
    """
    run = _Run(plan, changes, rules_of, journal, clock, lease or Alone(), stopped, clock_ahead)
    actions = sorted(plan.actions, key=lambda item: item.belonging.notebook)  # a notebook's together
    known = policies(actions, rules_of)
    journal.write(policy_entry(digest, rules, clock()) for digest, rules in known.items())
    run.waves([item for item in actions if not item.only_claims])
    run.waves([item for item in actions if item.only_claims])  # nobody waits for them
    return run.report


@dataclass(slots=True)
class _Run:
    plan: PrunePlan
    changes: SnapshotChanges
    rules_of: RulesOf
    journal: Journal
    clock: Callable[[], datetime]
    lease: Lease
    stopped: Callable[[], bool]
    clock_ahead: Callable[[], timedelta | None]
    report: Report = field(default_factory=Report)
    sent: dict[str, Decision] = field(default_factory=dict)  # written down, and no outcome known yet
    pending: dict[str, tuple[Decision, Outcome]] = field(default_factory=dict)
    held: dict[NotebookKey, str] = field(default_factory=dict)  # why nothing of it is deleted or marked
    lock: threading.RLock = field(default_factory=threading.RLock)  # looks come from threads

    def waves(self, actions: Sequence[Decision]) -> None:
        """Carry out *actions*, and wait for their end; nothing once the run has to end."""
        try:
            for start in range(0, len(actions), WAVE):
                if self._ends() is None:
                    self._wave(actions[start : start + WAVE])
        except ProvisionerError as error:
            self.report.error = self.report.error or error
        if self.pending:
            self._settle()
            self._ends()

    def _ends(self) -> ProvisionerError | None:
        """Why the run has to end before all is done; None while it may go on."""
        if self.report.error is None and self.stopped():
            self.report.error = Interrupted(
                "interrupted", hint="run the same command again: what is done is not done twice"
            )
        return self.report.error

    def _wave(self, wave: Sequence[Decision]) -> None:
        """Look at some snapshots together, and do to them what was decided."""
        self.lease.renew(at_once=True)
        left: dict[Verdict, dict[str, Decision]] = {}
        looked, found = self.clock(), self._look(wave)
        self._take([(decision, stop) for decision, stop in found if stop is not None])
        for decision, stop in found:
            if stop is None:
                left.setdefault(decision.verdict, {})[decision.snapshot.name] = decision
        try:
            for verdict, items in left.items():
                for outcome in self._act(verdict, items, looked):
                    self._take([(items[outcome.name], outcome)])
                    self._keep_lease()
        finally:  # what was sent, and nobody waited for
            lost = "the run ended before its answer was read"
            unknown = [(item, Outcome(name, Result.PENDING, lost)) for name, item in self.sent.items()]
            self._take(unknown)

    def _take(self, results: Sequence[tuple[Decision, Outcome]]) -> None:
        """Write down what came of snapshots, and remember which deletions are to be waited for."""
        with self.lock:
            self._log("outcome", results)
            for decision, outcome in results:
                self.sent.pop(outcome.name, None)
                if _settles_later(decision, outcome):
                    self.pending[outcome.name] = (decision, outcome)
                else:
                    self.report.results.append((decision, outcome))

    def _settle(self) -> None:
        """Read what came of the requests that had no end yet."""
        try:
            for outcome in self.changes.settle([outcome for _, outcome in self.pending.values()]):
                decision, _ = self.pending.pop(outcome.name)
                self._end([(decision, outcome)])
        except ProvisionerError as error:
            self.report.error = self.report.error or error
        finally:
            left = list(self.pending.values())
            self.pending.clear()
            self._end(left)

    def _end(self, settled: Sequence[tuple[Decision, Outcome]]) -> None:
        """Write down what came of deletions in the end."""
        self._log("settled", settled, final=True)
        self.report.results += settled

    def _look(self, decisions: Sequence[Decision]) -> list[tuple[Decision, Outcome | None]]:
        """Read again: each decision, with its snapshot as it is now where nothing speaks against it."""
        keys = list(dict.fromkeys(item.belonging.notebook for item in decisions))
        points = {key: self.plan.points.get(key, ()) for key in keys}
        names = [item.snapshot.name for item in decisions]
        seen = self.changes.again([*names, *(name for key in keys for name in points[key])], keys)
        self._require_right_clock()  # a run takes hours, and clocks are set, and machines sleep
        fresh = Fresh(seen, self.clock())
        unread: dict[NotebookKey, str] = {}
        for key in keys:
            before, rules = self.plan.notebooks.get(key), self.rules_of(key)
            if against_all := objection_to_all(key, before, points[key], rules, fresh):
                self.held.setdefault(key, against_all)
                if key in seen.unread:
                    unread[key] = against_all
        found: list[tuple[Decision, Outcome | None]] = []
        for item in decisions:
            key, name = item.belonging.notebook, item.snapshot.name
            why = objection(item, self.plan.notebooks.get(key), points[key], self.rules_of(key), fresh)
            why = why or self._held(item)
            if why is None:
                found.append((replace(item, snapshot=seen.snapshots[name]), None))
            elif why == GONE:
                found.append((item, Outcome(name, Result.GONE, why)))
            else:
                result = Result.FAILED if why == unread.get(key) else Result.SKIPPED
                found.append((item, Outcome(name, result, why)))
        return found

    def _require_right_clock(self) -> None:
        try:
            require_clock_still_right(self.clock_ahead())
        except ProvisionerError as error:
            self.report.error = self.report.error or error
            raise

    def _act(self, verdict: Verdict, items: Mapping[str, Decision], looked: datetime) -> Iterator[Outcome]:
        def look(snapshot: Snapshot, sent: bool) -> Outcome | None:
            item, why = items[snapshot.name], None
            if error := self._ends():
                why = f"the run ended early: {error}"
            elif (sent or abs(self.clock() - looked) > LOOK_HOLDS) and (stop := self._look([item])[0][1]):
                return stop
            why = why or self._held(item) or self._to_send(item)
            return Outcome(snapshot.name, Result.SKIPPED, why) if why else None

        if verdict is Verdict.DELETE:
            return self.changes.delete([item.snapshot for item in items.values()], look)
        day = f"{self.clock().astimezone(UTC) + MARKED_WITHIN:%Y-%m-%d}"
        wanted = [(item.snapshot, item.label_changes(day)) for item in items.values()]
        return self.changes.label(wanted, _LABELLED.get(verdict, Result.CLAIMED), look)

    def _to_send(self, item: Decision) -> str | None:
        """Why a request must not be sent after all; where it may, that is written down, but once."""
        with self.lock:
            if self._ends() is None:
                self._keep_lease()  # a look may have taken longer than the lease lives
            if error := self._ends():
                return f"the run ended early: {error}"
            if item.snapshot.name not in self.sent:
                self.journal.write([journal_entry("intent", item, self.rules_of, self.clock())])
                self.sent[item.snapshot.name] = item
        return None

    def _held(self, item: Decision) -> str | None:
        return self.held.get(item.belonging.notebook) if item.verdict in HARMFUL else None

    def _keep_lease(self) -> None:
        try:
            with self.lock:
                self.lease.renew()
        except ProvisionerError as error:  # what is on its way is still waited for
            self.report.error = self.report.error or error

    def _log(self, event: str, results: Iterable[tuple[Decision, Outcome]], *, final: bool = False) -> None:
        now = self.clock()
        self.journal.write(
            {
                **journal_entry(event, decision, self.rules_of, now),
                "result": outcome.result.value,
                "message": outcome.message,
                "operation": outcome.operation,
                "user": outcome.user,
                "final": final or not _settles_later(decision, outcome),
            }
            for decision, outcome in results
        )


def _settles_later(decision: Decision, outcome: Outcome) -> bool:
    """Whether this is no outcome yet: a deletion takes its time, and is waited for when all are sent."""
    return outcome.result is Result.PENDING and decision.verdict is Verdict.DELETE
