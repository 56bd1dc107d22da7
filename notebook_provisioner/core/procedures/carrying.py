"""Carries a procedure out, from its beginning or from wherever a record says that it came."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Generic

from notebook_provisioner.core.procedures.record import Failure, Outcome, Record
from notebook_provisioner.core.procedures.steps import (
    Busy,
    Declined,
    F,
    Gone,
    Operation,
    Procedure,
    Records,
    Step,
    Unanswered,
    World,
)


@dataclass(frozen=True, slots=True)
class Patience:
    """Pauses between two looks at a notebook, in seconds of real time.

    Attributes:
        first: After a request.
        growth: Each further pause is so many times the last.
        longest: No pause is longer.
        unanswered: Looks before a request whose answer was lost is sent again.
    """

    first: float = 0.25
    growth: float = 1.4
    longest: float = 10.0
    unanswered: int = 4


_LANDING: Final = timedelta(minutes=15)  # ours: how long requests under way are waited for


class _Failed(Exception):
    """A step does not come to its end."""


def carry_out(
    procedure: Procedure[F],
    record: Record,
    world: World[F],
    *,
    records: Records,
    clock: Callable[[], datetime],
    sleep: Callable[[float], None],
    say: Callable[[Record, str], None] = lambda _record, _what: None,
    patience: Patience | None = None,
) -> Record:
    """Carry *procedure* out.

    Args:
        procedure: What is to be done.
        record: A new record, already opened in *records*, or the one that an earlier run left.
        world: The notebook.
        records: Holds the record; it is closed unless something could not be put back.
        clock: The target's present, UTC.
        sleep: Waits, in seconds.
        say: Told what happens, step by step; nothing of a step that was to ask for what was so already.
        patience: Pauses.

    Returns:
        The record at its end.
    """
    conduct = _Conduct(record, world, records, clock, sleep, say, patience or Patience())
    try:
        conduct.run(procedure)
    except Gone:
        conduct.end(Outcome.GONE)
    return conduct.record


@dataclass(slots=True)
class _Conduct(Generic[F]):
    record: Record
    world: World[F]
    records: Records
    clock: Callable[[], datetime]
    sleep: Callable[[float], None]
    say: Callable[[Record, str], None]
    patience: Patience
    seen: F | None = None  # the last look, as long as nothing was asked or waited for since

    def run(self, procedure: Procedure[F]) -> None:
        """All steps, then all that is to be put back."""
        for step in procedure.steps:
            if self.record.failure is not None:
                break
            try:
                self._bring_about(step)
            except _Failed as error:
                self.record = replace(self.record, failure=Failure(step.name, str(error)))
                self.records.save(self.record)
                self.say(self.record, f"{step.name} failed: {error}")
        self._let_land({step.name for step in procedure.restore})
        unrestored = []
        for step in procedure.restore:
            try:
                self._bring_about(step)
            except _Failed as error:
                unrestored.append(Failure(step.name, str(error)))
                self.say(self.record, f"{step.name} failed: {error}")
        self.record = replace(self.record, unrestored=tuple(unrestored))
        if unrestored:
            self.end(Outcome.UNRESTORED)
        else:
            self.end(Outcome.FAILED if self.record.failure else Outcome.SUCCEEDED)

    def _let_land(self, restoring: set[str]) -> None:
        """Wait for requests that are still under way: what lands after it was put back would stay.

        Args:
            restoring: Names of the steps that put back; they look after their own requests.
        """
        began = self.clock()
        for name, asked in self.record.asked.items():
            if name in restoring or name in self.record.finished:
                continue
            for looks in itertools.count():
                operation = self.world.operation(asked.operation) if asked.operation else None
                landed = looks >= self.patience.unanswered if operation is None else operation.done
                if landed or self.clock() - began > _LANDING:
                    break
                self.sleep(min(self.patience.first * self.patience.growth**looks, self.patience.longest))
            self.seen = None

    def end(self, outcome: Outcome) -> None:
        """Close the record, or keep it where something is left to be put back."""
        self.record = replace(self.record, outcome=outcome)
        if outcome is Outcome.UNRESTORED:
            self.records.save(self.record)
        else:
            self.records.close(self.record)

    def _bring_about(self, step: Step[F]) -> None:
        """Look, ask where that is needed, and look until it is so.

        Raises:
            _Failed: It will not be so, or not in time.
        """
        if step.name in self.record.finished:
            return
        began, pause, failures, looks = self.clock(), self.patience.first, 0, 0
        next_request = self._first_request(step)
        seen, self.seen = self.world.observe() if self.seen is None else self.seen, None
        while not step.done(seen, self.record):
            operation = self._operation(step)
            if operation is not None and operation.error is not None:
                failures += 1
                if failures >= step.failures:
                    raise _Failed(operation.error)
                self.record = self.record.answered(step.name, None)
            if (why := step.hopeless(seen, self.record)) is not None:
                raise _Failed(why)
            # A machine that slept gets some looks before its time is said to be over.
            if looks > self.patience.unanswered and self.clock() - began > step.timeout:
                raise _Failed(f"{step.lacks(seen, self.record)} within {step.timeout}")
            running = operation is not None and not operation.done
            may_ask = not running and looks >= next_request and step.ready(seen, self.record)
            if step.ask is not None and may_ask and self._ask(step.name, step.ask, seen):
                next_request, pause = looks + self.patience.unanswered, self.patience.first
            looks += 1
            self.sleep(pause)
            pause = min(pause * self.patience.growth, self.patience.longest)
            seen = self.world.observe()
        self.seen = seen
        self.record = self.record.with_finished(step.name)
        if step.ask is None or step.name in self.record.asked:
            self.say(self.record, step.name)

    def _ask(self, step: str, ask: Callable[[F, Record], str | None], seen: F) -> bool:
        """Send a step's request; returns whether it may have been taken."""
        self.record = self.record.about_to_ask(step, self.clock())
        self.records.save(self.record)
        try:
            operation = ask(seen, self.record)
        except Busy:
            return False
        except Unanswered:
            return True
        except Declined as error:
            raise _Failed(str(error)) from error
        self.record = self.record.answered(step, operation)
        return True

    def _operation(self, step: Step[F]) -> Operation | None:
        asked = self.record.asked.get(step.name)
        return self.world.operation(asked.operation) if asked and asked.operation else None

    def _first_request(self, step: Step[F]) -> int:
        """Looks to be had first: a run that died may have sent a request whose answer it never wrote down."""
        asked = self.record.asked.get(step.name)
        return self.patience.unanswered if asked and asked.operation is None else 0
