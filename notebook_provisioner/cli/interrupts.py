"""Ctrl-C and SIGTERM: how a command that must not be cut off in the middle is asked to end."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any, Final, Self

_ASKING: Final = (signal.SIGINT, signal.SIGTERM)


class Interrupts:
    """Makes SIGTERM the same as Ctrl-C while it is entered: a ``KeyboardInterrupt``.

    Within `gently`, the first of them only asks: the command ends in good order. A second one is the usual
    ``KeyboardInterrupt`` again. Elsewhere than in the main thread, where nobody may handle signals, nothing
    ever asks. A signal that this process was started to ignore stays ignored.
    """

    def __init__(self) -> None:
        self._asked = False  # a flag alone: a lock that the handler wants may be held by what it interrupts
        self._gently = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        """Handle the signals."""
        if threading.current_thread() is threading.main_thread():
            for number in _ASKING:
                if signal.getsignal(number) is not signal.SIG_IGN:
                    self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Handle them as before."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def asked(self) -> bool:
        """Whether the command was asked to end. Safe to call from threads."""
        return self._asked

    def require_none(self) -> None:
        """Go on unless the command was asked to end.

        Raises:
            KeyboardInterrupt: It was.
        """
        if self._asked:
            raise KeyboardInterrupt

    @contextmanager
    def gently(self) -> Iterator[None]:
        """What must not be cut off; it looks at `asked` by itself."""
        self._gently = True
        try:
            yield
        finally:
            self._gently = False

    def _handle(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        if self._gently and not self._asked:
            self._asked = True
            return
        raise KeyboardInterrupt
