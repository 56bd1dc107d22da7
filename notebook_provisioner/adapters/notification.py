"""A program of the user's own that is told what happens; never through a shell."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any, Final

_TIMEOUT: Final = 30.0  # seconds


class NotificationFailed(Exception):
    """The program could not be run, or ended with an error."""


def notify(command: Sequence[str], event: Mapping[str, Any]) -> None:
    """Run *command* with *event* as one line of JSON on its standard input.

    Args:
        command: The program and its arguments, as they are passed to it.
        event: What happened.

    Raises:
        NotificationFailed: Says what went wrong.
    """
    line = json.dumps(event, ensure_ascii=False) + "\n"
    try:
        done = subprocess.run(
            list(command), input=line.encode(), timeout=_TIMEOUT, capture_output=True, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotificationFailed(f"{command[0]}: {error}") from error
    if done.returncode:
        words = done.stderr.decode("utf-8", "replace").strip()[-200:]
        raise NotificationFailed(f"{command[0]} ended with status {done.returncode}: {words}")
