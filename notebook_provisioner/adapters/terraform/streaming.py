"""python-terraform's arguments, our own process handling: live output, and an end in good order.

``Terraform.cmd`` is replaced: the original buffers the output to the end, closes the pipe that the launcher
needs, and deserts the child on Ctrl-C. docs/adr/0003 lists these quirks.
"""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from python_terraform import Terraform

from notebook_provisioner.adapters.terraform import launcher
from notebook_provisioner.adapters.terraform.workspace import Workspace

_POLL_SECONDS: Final = 0.05
_OUTPUTS: Final = b"\nOutputs:\n"  # from here on, what apply prints is for other Terraform roots
_UNWANTED: Final = ("TF_CLI_ARGS", "TF_VAR_", "TF_WORKSPACE", "TF_DATA_DIR")


class StreamingTerraform(Terraform):  # type: ignore[misc]  # python-terraform has no types
    """Terraform in one workspace, under the launcher."""

    def __init__(
        self, workspace: Workspace, environment: Mapping[str, str], say: Callable[[str], None]
    ) -> None:
        self._workspace = workspace
        self._environment = _environment(workspace, environment)
        self._say = say
        super().__init__(working_dir=str(workspace.root), terraform_bin_path=sys.executable)

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
        """Run a Terraform command under the launcher.

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
        words = self.generate_cmd_string(cmd, *args, **kwargs)
        command = [words[0], "-m", launcher.MODULE, *words[1:]]
        captured = self._workspace.directory / "captured"
        log = self._workspace.log_file
        position = log.stat().st_size if log.exists() else 0
        try:
            # Files, not pipes: Terraform must be able to write after this process is gone.
            with log.open("ab") as errors, captured.open("wb") if capture else log.open("ab") as output:
                status = self._run(command, output.fileno(), errors.fileno(), position if show else None)
            words = log.read_bytes()[position:].decode("utf-8", errors="replace")
            return status, captured.read_text(encoding="utf-8") if capture else "", words
        finally:
            captured.unlink(missing_ok=True)

    def _run(self, command: list[str], stdout: int, stderr: int, position: int | None) -> int:
        reader, writer = os.pipe()
        with _stoppable(writer, self._say) as interrupted:
            process = subprocess.Popen(  # the lifeline is left to the launcher, and so is the lock
                command,
                cwd=self.working_dir,
                env={**self._environment, launcher.LIFELINE: str(reader)},
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                pass_fds=(reader, *self._workspace.lock_descriptors),
                umask=0o077,
            )
            os.close(reader)
            while True:
                try:
                    process.wait(_POLL_SECONDS)
                except subprocess.TimeoutExpired:
                    position = self._tail(position)
                    continue
                self._tail(position)
                break
        if interrupted():
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
        if progress:
            self._say(progress.decode("utf-8", errors="replace").rstrip("\n"))
        return None if outputs else position + len(complete)


@contextmanager
def _stoppable(lifeline: int, say: Callable[[str], None]) -> Iterator[Callable[[], bool]]:
    """Close *lifeline* on the first signal to stop, in place of dying; yield whether that happened."""
    closed = threading.Event()

    def stop(*_: object) -> None:
        if closed.is_set():
            say("still stopping: killing Terraform now would lose track of what it is creating")
            return
        closed.set()
        os.close(lifeline)
        say("stopping: Terraform finishes what is in flight and writes its state")

    stop_signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    in_main_thread = threading.current_thread() is threading.main_thread()
    previous = {number: signal.signal(number, stop) for number in stop_signals} if in_main_thread else {}
    try:
        yield closed.is_set
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
        if not closed.is_set():
            os.close(lifeline)


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
