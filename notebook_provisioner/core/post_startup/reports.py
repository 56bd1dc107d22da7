"""What a script says of its own run, read back from the notebook.

The report comes from the guest attribute ``notebook-provisioner/status``. Everybody who is on the notebook
can write guest attributes, so a report is a claim: it is read strictly, and nothing of it reaches a terminal
raw.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

_WORD: Final = re.compile(r"[\w.+-]{0,128}")
_LONGEST: Final = 256 * 1024  # bytes of one guest attribute's value; more is none of ours
_STEPS: Final = 100


class State(StrEnum):
    """How far a run came."""

    STARTED = "STARTED"
    RUNNING = "RUNNING"  # a step ended, and another follows
    COMPLETE = "COMPLETE"
    ERROR = "ERROR"

    @property
    def has_ended(self) -> bool:
        """Whether nothing follows."""
        return self in {State.COMPLETE, State.ERROR}


@dataclass(frozen=True, slots=True)
class Report:
    """One run of a post-startup script.

    Attributes:
        run: The run's own number, another one each time; empty from older scripts.
        state: How far it came.
        step: The step that failed, or the last one that ran.
        line: The script's line that failed; 0 without a failure.
        exit: Exit status of a failure; 0 without one.
        version: The version of nbp that rendered the script.
        fleet_sha256: Digest of what the fleet file said about the notebook.
        script_sha256: Digest of the script; empty where it was not started from a file.
        image: Kind of image that the script found.
        steps: Step to ``done``, ``skipped`` or ``error``.
        at: When this was reported, by the notebook's clock, UTC.
    """

    run: str
    state: State
    step: str
    line: int
    exit: int
    version: str
    fleet_sha256: str
    script_sha256: str
    image: str
    steps: Mapping[str, str]
    at: datetime


def read_report(text: str) -> Report | None:
    """Read a report.

    Returns:
        None for what no script of nbp wrote.
    """
    if len(text) > _LONGEST:
        return None
    try:
        found = json.loads(text)
        steps = {_word(step): _word(result) for step, result in found["steps"].items()}
        at = datetime.fromisoformat(found["at"])
        if len(steps) > _STEPS or at.tzinfo is None:
            return None
        return Report(
            run=_word(found.get("run", "")),
            state=State(found["state"]),
            step=_word(found["step"]),
            line=int(found["line"]),
            exit=int(found["exit"]),
            version=_word(found["version"]),
            fleet_sha256=_word(found["fleet_sha256"]),
            script_sha256=_word(found["script_sha256"]),
            image=_word(found["image"]),
            steps=steps,
            at=at.astimezone(UTC),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError):
        return None


def _word(value: Any) -> str:  # noqa: ANN401  # whatever JSON holds
    if not isinstance(value, str) or not _WORD.fullmatch(value):
        raise ValueError(f"{value!r} is no word")
    return value
