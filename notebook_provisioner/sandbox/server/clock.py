"""The sandbox's clock: real time, shifted and sped up, so that a month of idle shutdowns fits into a test."""

import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_PACIFIC = timezone(
    timedelta(hours=-8)
)  # Compute writes Pacific time; the sandbox writes it without daylight saving


class Clock:
    """Seconds since the epoch, UTC, that run *speed* times as fast as real ones.

    Attributes:
        speed: Sandbox seconds per real second.
    """

    def __init__(self, *, source: "Callable[[], float]" = time.time) -> None:
        self._source = source
        self._real_origin = self._sandbox_origin = source()
        self.speed = 1.0
        self._held: float | None = None

    def now(self) -> float:
        """Sandbox time in seconds since the epoch."""
        if self._held is not None:
            return self._held
        return self._sandbox_origin + (self._source() - self._real_origin) * self.speed

    def set(self, *, now: float | None = None, speed: float | None = None) -> None:
        """Jump to *now* (seconds since the epoch) and/or run at *speed* from here on."""
        self._sandbox_origin = self.now() if now is None else now
        self._real_origin = self._source()
        if speed is not None:
            self.speed = speed

    @contextmanager
    def at(self, moment: float) -> "Iterator[None]":
        """Hold the clock at *moment*: for what was due then, and is done only now."""
        before, self._held = self._held, moment
        try:
            yield
        finally:
            self._held = before

    def to_document(self) -> dict[str, float]:
        """The clock's state, for `restore`."""
        return {"real": self._real_origin, "sandbox": self._sandbox_origin, "speed": self.speed}

    def restore(self, state: dict[str, float]) -> None:
        """Go on from a state that `to_document` gave, also in another process."""
        self._real_origin, self._sandbox_origin = state["real"], state["sandbox"]
        self.speed = state["speed"]

    def real_seconds_until(self, moment: float) -> float:
        """Real seconds until sandbox time *moment*; never negative, infinite on a stopped clock."""
        remaining = max(0.0, moment - self.now())
        return remaining / self.speed if self.speed > 0 else float("inf") if remaining else 0.0


def rfc3339(moment: float) -> str:
    """*moment* in UTC with nanosecond digits, as the newer APIs write it (``…T00:27:07.479890000Z``)."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "000Z"


def rfc3339_milliseconds(moment: float) -> str:
    """*moment* in UTC with milliseconds, as Cloud Storage and Cloud DNS write it (``…T00:27:07.479Z``)."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def rfc3339_compute(moment: float) -> str:
    """*moment* with milliseconds and a numeric offset, as Compute writes it (``…T16:27:17.206-08:00``)."""
    return datetime.fromtimestamp(moment, _PACIFIC).isoformat(timespec="milliseconds")


def moment_of(text: str) -> float:
    """Seconds since the epoch of an RFC 3339 timestamp, or of a date's midnight in UTC.

    Raises:
        ValueError: *text* is neither.
    """
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
