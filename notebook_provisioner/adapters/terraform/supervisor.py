"""See Terraform out whatever happens to the caller.

    python -I -S supervisor.py COMMAND…

Terraform loses track of what it was creating when it is killed, and stops half-way when it is told
twice to stop. So it runs in a session of its own, where a terminal's Ctrl-C does not reach it, and gets
exactly one SIGINT: when this program is told to stop, or when the caller is gone. The caller proves
that it lives by holding the other end of a pipe (``NBP_LIFELINE_FD``), which the kernel closes even
after SIGKILL. Terraform then finishes the calls in flight, writes its state and ends.

Terraform's output goes wherever this program's goes. A caller that may be killed must give files, not
pipes: a pipe without a reader kills Terraform with SIGPIPE.

Standard library only, and without ``site``: this starts with every Terraform run.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Final

LIFELINE: Final = "NBP_LIFELINE_FD"  # the pipe whose end-of-file says that the caller is gone
HELD: Final = "NBP_HELD_FD"  # a descriptor that Terraform holds open for as long as it runs
STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run(command: Sequence[str]) -> int:
    """Run *command* to its end in a session of its own; stop it gently, once, when told or orphaned.

    Returns:
        The exit status; 128 plus the signal's number where a signal ended it.
    """
    lifeline, held = (os.environ.pop(name, None) for name in (LIFELINE, HELD))
    process = subprocess.Popen(command, start_new_session=True, pass_fds=[int(held)] if held else [])
    stop = once(lambda: process.send_signal(signal.SIGINT))
    for signal_number in STOP_SIGNALS:
        signal.signal(signal_number, lambda *_: stop())
    if lifeline is not None:
        threading.Thread(target=_watch, args=(int(lifeline), stop), daemon=True).start()
    status = process.wait()
    return 128 - status if status < 0 else status


def once(action: Callable[[], object]) -> Callable[[], None]:
    """Make a function that performs *action* when it is first called, from whichever thread; never again."""
    lock = threading.Lock()

    def act() -> None:
        if lock.acquire(blocking=False):  # never released: the second call finds it taken
            action()

    return act


def _watch(lifeline: int, stop: Callable[[], None]) -> None:
    with contextlib.suppress(OSError):
        while os.read(lifeline, 1):
            pass
    stop()


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
