"""How fast requests go out, so that Google does not refuse them.

Compute Engine counts requests by the minute, in groups, and answers 403 ``rateLimitExceeded`` to what is
above the quota (https://cloud.google.com/compute/api-quota, read 2026-11-22). What a project's quota is, and
who else uses it up, only shows then: the pace halves at every such answer, and grows slowly while there is
none, as TCP's does.
"""

import threading
import time
from collections.abc import Callable
from typing import Final

_SLOWEST: Final = 0.2  # requests a second
_GROWTH: Final = 0.02  # of the ceiling, for every answered request at the present pace's second
_QUIET: Final = 1.0  # seconds in which refusals of requests already on their way count once


class Pace:
    """A token bucket whose rate adapts. Safe to share between threads.

    Args:
        per_second: Requests a second at most; 0 or less sets no limit.
    """

    def __init__(self, per_second: float) -> None:
        self._ceiling = per_second
        self._rate = per_second
        self._tokens = 1.0
        self._filled = time.monotonic()
        self._slowed = float("-inf")
        self._lock = threading.Lock()

    @property
    def per_second(self) -> float:
        """The present pace."""
        return self._rate

    def wait(self, pause: Callable[[float], object] = time.sleep) -> None:
        """Return when the next request may go out, or earlier where *pause*, given seconds, does."""
        if self._ceiling <= 0:
            return
        with self._lock:
            now = time.monotonic()
            # What a pause saved up is spent afterwards, up to a second's worth.
            self._tokens = min(max(self._rate, 1.0), self._tokens + (now - self._filled) * self._rate)
            self._filled = now
            self._tokens -= 1
            debt = -self._tokens / self._rate
        if debt > 0:
            pause(debt)

    def slow_down(self) -> None:
        """Google refused a request: halve the pace."""
        with self._lock:
            now = time.monotonic()
            if now - self._slowed >= _QUIET:
                self._slowed = now
                self._rate = max(self._rate / 2, _SLOWEST)

    def speed_up(self) -> None:
        """Google answered: grow the pace a little, up to the ceiling."""
        with self._lock:
            if self._rate < self._ceiling:
                self._rate = min(self._ceiling, self._rate + self._ceiling * _GROWTH / self._rate)
