"""What a procedure is made of, and what it needs of the world."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Generic, Protocol, TypeVar

from notebook_provisioner.core.errors import ProvisionerError, Refused
from notebook_provisioner.core.procedures.record import Record

F = TypeVar("F")  # what is observed of a notebook
Seen_co = TypeVar("Seen_co", covariant=True)


class Busy(Exception):
    """The request was not taken now: another operation runs, or there are too many requests."""


class Unanswered(Exception):
    """Whether the request was taken is unknown; only looking tells."""


class Declined(Exception):
    """The request was refused, and asking again does not help."""


class Gone(Exception):
    """There is no such notebook any more."""


class RecordOpen(Refused):
    """A notebook has an open record of another run."""

    code = "procedure-open"


class RecordLost(ProvisionerError):
    """The record of a notebook that was under way is another run's now."""

    code = "procedure-lost"


@dataclass(frozen=True, slots=True)
class Operation:
    """A long-running operation.

    Attributes:
        done: Whether it ended.
        error: Why it failed; None where it did not.
    """

    done: bool
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step(Generic[F]):
    """One change, or one thing to wait for.

    Attributes:
        name: Its stable name; the record's key.
        done: Whether the notebook is as the step wants it.
        lacks: What is not so yet, as a clause for "… did not come about: ".
        timeout: How long it may take, on the target's clock.
        ask: Sends the request; returns the operation's name where there is one. None for a step that only
            waits. Raises ``Busy``, ``Unanswered`` or ``Declined``.
        ready: Whether a request may be sent in this state. One whose answer was lost is sent again after some
            looks; where that would do harm, this must tell from what is seen that the first one arrived.
        hopeless: Why it will never be done; None while it may.
        failures: How many operations may fail before the step does.
    """

    name: str
    done: Callable[[F, Record], bool]
    lacks: Callable[[F, Record], str]
    timeout: timedelta
    ask: Callable[[F, Record], str | None] | None = None
    ready: Callable[[F, Record], bool] = lambda _seen, _record: True
    hopeless: Callable[[F, Record], str | None] = lambda _seen, _record: None
    failures: int = 3


@dataclass(frozen=True, slots=True)
class Procedure(Generic[F]):
    """Steps in order, and what is put back after them.

    Attributes:
        steps: Until the first one that fails.
        restore: All of them, whatever happened; ``done`` compares with ``record.before``.
    """

    steps: Sequence[Step[F]]
    restore: Sequence[Step[F]]


class World(Protocol[Seen_co]):
    """One notebook, as a procedure sees it."""

    def observe(self) -> Seen_co:
        """Read it.

        Raises:
            Gone: It was deleted.
        """

    def operation(self, name: str) -> Operation:
        """Read an operation."""


class Records(Protocol):
    """Where records are kept, durably: a change is there when a method returns."""

    def open(self, record: Record) -> None:
        """Add a record.

        Raises:
            RecordOpen: The notebook has one.
        """

    def save(self, record: Record) -> None:
        """Replace the notebook's record.

        Raises:
            RecordLost: Another run's record stands there.
        """

    def close(self, record: Record) -> None:
        """Take the notebook's record away. Raises as `save`."""

    def pending(self) -> tuple[Record, ...]:
        """Every open record, by notebook; others may be opened and closed meanwhile."""
