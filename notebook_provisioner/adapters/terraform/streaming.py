"""python-terraform's arguments, our own process handling: live output, and an end in good order.

``Terraform.cmd`` is replaced: the original buffers the output to the end, closes the pipe that the supervisor
needs, and deserts the child on Ctrl-C. docs/adr/0003 lists these quirks.
"""

import contextlib
import functools
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, Self

from python_terraform import Terraform

from notebook_provisioner.adapters.terraform import launcher, supervisor
from notebook_provisioner.adapters.terraform.supervisor import STOP_SIGNALS
from notebook_provisioner.adapters.terraform.workspace import Workspace, private

if TYPE_CHECKING:
    from notebook_provisioner.adapters.terraform.provider import Resident

_POLL_SECONDS: Final = 0.05
_OUTPUTS: Final = b"\nOutputs:\n"  # from here on, what apply prints is for other Terraform roots
_STOPPING: Final = "stopping: Terraform finishes what is in flight and writes its state"
_STILL_STOPPING: Final = "still stopping: killing Terraform now would lose track of what it is creating"
_STOPPED: Final = "stopped: the rest was not begun; what was done is in the state"
_HALTED: Final = re.compile(rb"\n*Error: execution halted\n+")  # once for some of what it did not begin
_UNWANTED: Final = ("TF_CLI_ARGS", "TF_VAR_", "TF_WORKSPACE", "TF_DATA_DIR")


class StreamingTerraform(Terraform):  # type: ignore[misc]  # python-terraform has no types
    """Terraform in one workspace, under the supervisor.

    Attributes:
        environment: What it runs with.
        resident: A provider's process that its runs shall use, in place of one that each starts.
    """

    def __init__(
        self, workspace: Workspace, environment: Mapping[str, str], say: Callable[[str], None]
    ) -> None:
        self._workspace = workspace
        self.environment = _environment(workspace, environment)
        self.resident: Resident | None = None
        self._say = say
        self._halted = False
        super().__init__(working_dir=str(workspace.root))

    @functools.cached_property
    def _installation(self) -> launcher.Installation:
        return launcher.find(self.environment)

    def read_state_file(self, file_path: str | None = None) -> None:
        """Leave the state to Terraform: the original parses it after every command."""

    def cmd(
        self,
        cmd: str,
        *args: str,
        show: bool = True,
        capture: bool = False,
        **kwargs: Any,  # noqa: ANN401
    ) -> tuple[int, str, str]:
        """Run a Terraform command under the supervisor.

        Args:
            cmd: Terraform's subcommand.
            *args: Its positional arguments.
            show: Stream its output while it runs.
            capture: Return its standard output.
            **kwargs: Its options, as python-terraform spells them.

        Returns:
            Exit status, standard output if captured, and what this run wrote to the log.

        Raises:
            KeyboardInterrupt: We were told to stop; Terraform has ended in good order.
        """
        try:
            terraform = self._installation.command
        except launcher.NoTerraform as error:
            return launcher.NO_TERRAFORM, "", str(error)
        _, *arguments = self.generate_cmd_string(cmd, *args, **kwargs)
        # Isolated and without site: it starts in half the time, and needs no package.
        command = [sys.executable, "-I", "-S", supervisor.__file__, *terraform, *arguments]
        captured = self._workspace.directory / "captured"
        log = self._workspace.log_file
        captured.unlink(missing_ok=True)
        position = log.stat().st_size if log.exists() else 0
        try:
            # Files, not pipes: Terraform must be able to write after this process is gone.
            with (
                open(log, "ab", opener=private) as errors,  # Path.open() takes no opener
                open(captured if capture else log, "ab", opener=private) as output,  # as above
            ):
                status = self._run(command, output.fileno(), errors.fileno(), position if show else None)
            words = log.read_bytes()[position:].decode("utf-8", errors="replace")
            return status, captured.read_text(encoding="utf-8") if capture else "", words
        finally:
            captured.unlink(missing_ok=True)

    def _run(self, command: list[str], stdout: int, stderr: int, position: int | None) -> int:
        reader, writer = os.pipe()
        environment = {**self.environment, supervisor.LIFELINE: str(reader)}
        descriptors = [reader, *self._workspace.lock_descriptors]
        if self.resident:
            environment |= {**self.resident.variables, supervisor.HELD: str(self.resident.descriptor)}
            descriptors.append(self.resident.descriptor)
        with _Stop(writer) as stop:
            process = subprocess.Popen(  # the lifeline is left to the supervisor, and so is the lock
                command,
                cwd=self.working_dir,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                pass_fds=descriptors,
                umask=0o077,
            )
            os.close(reader)
            told, self._halted = 0, False
            while True:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(_POLL_SECONDS)
                position = self._tail(position)
                if stop.requests > told:
                    told = stop.requests
                    self._say(_STOPPING if told == 1 else _STILL_STOPPING)
                if process.returncode is not None:
                    break
        if self._halted:
            self._say(_STOPPED)
        if stop.requests:
            raise KeyboardInterrupt
        return process.returncode

    def _tail(self, position: int | None) -> int | None:
        if position is None:
            return None
        with self._workspace.log_file.open("rb") as log:
            log.seek(position)
            new = log.read()
        complete = new[: new.rfind(b"\n") + 1]
        progress, outputs, _ = complete.partition(_OUTPUTS)
        progress, halted = _HALTED.subn(b"\n", progress)
        self._halted |= halted > 0
        if progress.strip() or (progress and not halted):
            self._say(progress.decode("utf-8", errors="replace").rstrip("\n"))
        return None if outputs else position + len(complete)


class _Stop:
    """While it is entered, a signal to stop closes the lifeline in place of ending this process.

    Attributes:
        requests: How many signals came. The handler says nothing itself: it may run in the middle of a write.
    """

    def __init__(self, lifeline: int) -> None:
        self.requests = 0
        self._lifeline = lifeline
        self._previous: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():  # no other may handle signals
            self._previous = {number: signal.signal(number, self._handle) for number in STOP_SIGNALS}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        if not self.requests:
            os.close(self._lifeline)

    def _handle(self, *_: object) -> None:
        self.requests += 1
        if self.requests == 1:
            os.close(self._lifeline)


def _environment(workspace: Workspace, extra: Mapping[str, str]) -> dict[str, str]:
    """The process's environment without what would bend Terraform away from the fleet file."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_UNWANTED)}
    return {
        **kept,
        "TF_DATA_DIR": str(workspace.data_directory),
        "TF_IN_AUTOMATION": "1",
        "TF_INPUT": "0",
        "CHECKPOINT_DISABLE": "1",
        **extra,
    }
