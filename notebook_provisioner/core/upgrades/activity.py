"""What a notebook says of its kernels and its data disk.

It stands in the guest attribute ``notebook-provisioner/activity``. As a post-startup report it is a claim:
whoever is on the notebook can write guest attributes.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

_LONGEST = 4096  # bytes; more is none of ours


@dataclass(frozen=True, slots=True)
class Activity:
    """A notebook's own word about itself.

    Attributes:
        kernels: How many kernels there are.
        busy: How many of them are at work.
        data_free_mib: What is left on the data disk; None where it was not reported.
        at: When this was so, by the notebook's clock, UTC.
    """

    kernels: int
    busy: int
    data_free_mib: int | None
    at: datetime


def read_activity(text: str) -> Activity | None:
    """Read a report; None for what the post-startup script's reporter did not write."""
    if len(text) > _LONGEST:
        return None
    try:
        found = json.loads(text)
        at = datetime.fromisoformat(found["at"])
        free = found.get("data_free_mib")
        if at.tzinfo is None:
            return None
        return Activity(
            kernels=_count(found["kernels"]),
            busy=_count(found["busy"]),
            data_free_mib=None if free is None else _count(free),
            at=at.astimezone(UTC),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _count(value: Any) -> int:  # noqa: ANN401  # whatever JSON holds
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{value!r} is no count")
    return value
