"""What a procedure has done to one notebook so far: all that a resumed run needs to know."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Self


class Outcome(StrEnum):
    """How a procedure stands."""

    OPEN = "open"  # not at its end; a crash leaves it so
    SUCCEEDED = "succeeded"
    FAILED = "failed"  # a step failed; what had to be put back is
    UNRESTORED = "unrestored"  # something could not be put back; resuming tries again
    GONE = "gone"  # somebody deleted the notebook


@dataclass(frozen=True, slots=True)
class Asked:
    """Requests of one step.

    Attributes:
        at: When the last one was about to be sent, on the target's clock, UTC.
        times: How often one was sent.
        operation: The last one's long-running operation; None while its answer is not known.
    """

    at: datetime
    times: int
    operation: str | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a step did not come to its end.

    Attributes:
        step: The step's name.
        reason: A sentence.
    """

    step: str
    reason: str


@dataclass(frozen=True, slots=True)
class Record:
    """One procedure over one notebook.

    Attributes:
        kind: The command, as in ``post-startup rerun``.
        run: The run that began it: one for all notebooks of a command.
        project: The notebook's project.
        zone: Its zone.
        notebook: Its name.
        started: When it began, on the target's clock, UTC.
        before: JSON: what was there and is to be put back, and what tells new from old.
        wanted: JSON: what the plan asked for.
        finished: Steps that were seen done, in order.
        asked: Steps to their requests.
        failure: The first failure; from then on only putting back is left.
        unrestored: What could not be put back at the last try.
        outcome: How it stands.
    """

    kind: str
    run: str
    project: str
    zone: str
    notebook: str
    started: datetime
    before: Mapping[str, Any] = field(default_factory=dict)
    wanted: Mapping[str, Any] = field(default_factory=dict)
    finished: tuple[str, ...] = ()
    asked: Mapping[str, Asked] = field(default_factory=dict)
    failure: Failure | None = None
    unrestored: tuple[Failure, ...] = ()
    outcome: Outcome = Outcome.OPEN

    @property
    def key(self) -> tuple[str, str, str]:
        """Project, zone and name: a notebook has at most one open record."""
        return self.project, self.zone, self.notebook

    def about_to_ask(self, step: str, at: datetime) -> Self:
        """With the intent to send a request for *step*."""
        times = self.asked[step].times if step in self.asked else 0
        return replace(self, asked={**self.asked, step: Asked(at, times + 1)})

    def answered(self, step: str, operation: str | None) -> Self:
        """With the answer to *step*'s last request."""
        return replace(self, asked={**self.asked, step: replace(self.asked[step], operation=operation)})

    def with_finished(self, step: str) -> Self:
        """With *step* seen done."""
        return replace(self, finished=(*self.finished, step))

    def dumps(self) -> bytes:
        """As JSON."""
        return bytes(_adapter().dump_json(self))

    @staticmethod
    def loads(text: bytes) -> "Record":
        """From JSON.

        Raises:
            ValueError: It is no record.
        """
        record: Record = _adapter().validate_json(text)
        return record


@functools.cache
def _adapter() -> Any:  # noqa: ANN401  # pydantic.TypeAdapter[Record]; importing it here keeps start-up fast
    from pydantic import TypeAdapter

    return TypeAdapter(Record)
