"""Run Terraform, through python-terraform, in a workspace.

Every Terraform run of the project passes here. python-terraform turns Python arguments into
Terraform's, and ``Terraform.cmd`` is replaced: its own buffers the output to the end, closes the pipe
that the launcher needs, and deserts the child on Ctrl-C. docs/adr/0003 lists these quirks.
"""

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, cast

from python_terraform import IsFlagged, Terraform

from notebook_provisioner.adapters.terraform import launcher
from notebook_provisioner.adapters.terraform.workspace import Inputs, Workspace
from notebook_provisioner.core.errors import AlreadyExists, TerraformFailed

LOCK_TIMEOUT: Final = "600s"  # a killed run's Terraform may still be finishing a notebook's creation
PENDING: Final = 2  # what `terraform plan -detailed-exitcode` returns when there are changes

_POLL_SECONDS: Final = 0.05
# An API's word for "this name is taken", and the address that Terraform prints below it.
_EXISTING: Final = re.compile(r"(?:already ?[eE]xists|[eE]rror 409)[^╵]*?with (\S+),$", re.MULTILINE)
_OUTPUTS: Final = b"\nOutputs:\n"  # from here on, what apply prints is for other Terraform roots
_UNWANTED: Final = ("TF_CLI_ARGS", "TF_VAR_", "TF_WORKSPACE", "TF_DATA_DIR")


class TerraformRunner:
    """Terraform in one workspace. Implements ``ports.Provisioner``.

    Attributes:
        workspace: Where it runs.
    """

    def __init__(
        self,
        workspace: Workspace,
        inputs: Inputs,
        environment: Mapping[str, str],
        *,
        say: Callable[[str], None],
    ) -> None:
        """Bind Terraform to *workspace*.

        Args:
            workspace: Where it runs.
            inputs: What the workspace is made from.
            environment: Variables on top of the process's own: endpoints, a token, the CLI configuration.
            say: Where Terraform's words go, a line or more at a time.
        """
        self.workspace = workspace
        self._inputs = inputs
        self._say = say
        self._terraform = _StreamingTerraform(workspace, _environment(workspace, environment), say)

    @contextmanager
    def session(self) -> Iterator[None]:
        """Hold the workspace, brought up to date and initialized.

        Raises:
            WorkspaceBusy: Another run holds it, and does not end.
            TerraformFailed: ``terraform init`` failed.
        """
        with self.workspace.locked(self._say):
            self.workspace.prepare(self._inputs)
            self.init()
            yield

    def init(self) -> bool:
        """Fetch providers and modules where what they depend on has changed.

        Returns:
            Whether there was something to do.

        Raises:
            TerraformFailed: Terraform could not; its words are in the message.
        """
        if self.workspace.is_initialized():
            return False
        self.workspace.forget_providers()
        result = self._terraform.init(input=False, no_color=IsFlagged, var=None, show=False)
        self._check(result, "init", shown=False)
        self.workspace.mark_initialized()
        return True

    def plan(self, *, destroy: bool = False, show: bool = False) -> dict[str, Any]:
        """Compare the fleet with the cloud, and keep the plan for ``apply``.

        Args:
            destroy: Plan the deletion of everything.
            show: Stream Terraform's own rendering of the plan.

        Returns:
            The plan as in ``terraform show -json`` (format 1.x).

        Raises:
            TerraformFailed: Terraform could not plan.
        """
        result = self._terraform.plan(
            out=str(self.workspace.plan_file),
            var=None,
            destroy=IsFlagged if destroy else None,
            lock_timeout=LOCK_TIMEOUT,
            show=show,
        )
        self._check(result, "plan", shown=show, good=(0, PENDING))
        result = self._terraform.show_cmd(
            str(self.workspace.plan_file), json=IsFlagged, no_color=IsFlagged, show=False, capture=True
        )
        self._check(result, "show", shown=False)
        return cast("dict[str, Any]", json.loads(result[1]))

    def apply(self) -> None:
        """Carry out the plan that ``plan`` kept, streaming Terraform's progress.

        Raises:
            TerraformFailed: It failed, wholly or in part; what was done is in the state.
        """
        result = self._terraform.apply(
            str(self.workspace.plan_file),
            skip_plan=True,
            input=False,
            var=None,
            lock_timeout=LOCK_TIMEOUT,
            show=True,
        )
        self.workspace.plan_file.unlink(missing_ok=True)
        self._check(result, "apply", shown=True)

    def adopt(self, ids: Mapping[str, str]) -> None:
        """Have the next plans of this session take over what exists.

        Args:
            ids: Address to import id.
        """
        self.workspace.write_imports(ids)

    def _check(
        self, result: tuple[int, str, str], what: str, *, shown: bool, good: tuple[int, ...] = (0,)
    ) -> None:
        status, _, words = result
        if status in good:
            return
        if not shown:
            self._say(words)
        message = f"terraform {what} failed (status {status})"
        existing = tuple(dict.fromkeys(_EXISTING.findall(words)))
        if existing:
            listed = ", ".join(existing)
            raise AlreadyExists(
                f"{message}: {listed} exist in the cloud, and not in the state",
                addresses=existing,
                hint="delete them if nobody needs them, or take them over with: nbp apply --adopt",
            )
        raise TerraformFailed(message, hint=_hint(words, self.workspace))


class _StreamingTerraform(Terraform):  # type: ignore[misc]  # python-terraform has no types
    """python-terraform's arguments, our own process handling."""

    def __init__(
        self, workspace: Workspace, environment: Mapping[str, str], say: Callable[[str], None]
    ) -> None:
        self._workspace = workspace
        self._environment = environment
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


def _hint(words: str, workspace: Workspace) -> str:
    if "Error acquiring the state lock" in words:
        return (
            "another run holds the state. If none is alive, release the lock with its ID from above: "
            f"terraform -chdir={workspace.root} force-unlock ID"
        )
    return f"Terraform's words are above and in {workspace.log_file}; what was done so far is in the state"
