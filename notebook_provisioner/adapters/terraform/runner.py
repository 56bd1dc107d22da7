"""Run Terraform, through python-terraform, in a workspace.

Every Terraform run of the project passes here.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Final, cast

from python_terraform import IsFlagged

from notebook_provisioner.adapters.terraform import launcher
from notebook_provisioner.adapters.terraform.provider import REATTACH, Resident, StandIn
from notebook_provisioner.adapters.terraform.streaming import StreamingTerraform
from notebook_provisioner.adapters.terraform.workspace import Inputs, Workspace
from notebook_provisioner.core import unread
from notebook_provisioner.core.errors import AlreadyExists, InvalidInput, TerraformFailed
from notebook_provisioner.core.terraform_plan import Change

LOCK_TIMEOUT: Final = "600s"  # a killed run's Terraform may still be finishing a notebook's creation
PENDING: Final = 2  # what `terraform plan -detailed-exitcode` returns when there are changes

# What an API says of a name that is taken, and of the place of a rule in a policy, which has no name; and
# what the provider says of a part of another resource, as a NAT is of its router.
_TAKEN: Final = (
    r"(?i:already[ _]?exists|already own it|rules with the same priorities|existing object already found)"
)
# With the address that Terraform prints below it.
_EXISTING: Final = re.compile(_TAKEN + r"[^╵]*?with (\S+),$", re.MULTILINE)


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
        stand_in: StandIn | None = None,
    ) -> None:
        """Bind Terraform to *workspace*.

        Args:
            workspace: Where it runs.
            inputs: What the workspace is made from.
            environment: Variables on top of the process's own: endpoints, a token, the CLI configuration.
            say: Where Terraform's words go, a line or more at a time.
            stand_in: The provider to keep for a whole session; Terraform would start it for every run.
        """
        self.workspace = workspace
        self._inputs = inputs
        self._say = say
        self._stand_in = stand_in
        self._incomplete: tuple[Change, ...] = ()
        self._terraform = StreamingTerraform(workspace, environment, say)

    @contextmanager
    def session(self) -> Iterator[None]:
        """Hold the workspace, brought up to date and initialized.

        Raises:
            WorkspaceBusy: Another run holds it, and does not end.
            TerraformFailed: ``terraform init`` failed.
        """
        with self.workspace.locked(self._say):
            self.workspace.prepare(self._inputs)
            with self._resident() as resident:  # starts while Terraform initializes
                self.init()
                self._terraform.resident = resident
                try:
                    yield
                finally:
                    self._terraform.resident = None

    def _resident(self) -> AbstractContextManager[Resident | None]:
        environment = self._terraform.environment
        if self._stand_in is None or REATTACH in environment:  # somebody keeps one already
            return nullcontext()
        return self._stand_in.serving(environment, self.workspace.provider_log_file)

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
            The plan as in ``terraform show -json`` (format 1.x); of what it imports, also what `adopt`
            completes.

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
        document = cast("dict[str, Any]", json.loads(result[1]))
        return unread.believed(document, self._incomplete) if self._incomplete else document

    def apply(self) -> None:
        """Carry out the plan that ``plan`` kept, streaming Terraform's progress.

        Raises:
            TerraformFailed: It failed, wholly or in part; what was done is in the state.
        """
        try:
            result = self._terraform.apply(
                str(self.workspace.plan_file),
                skip_plan=True,
                input=False,
                var=None,
                lock_timeout=LOCK_TIMEOUT,
                show=True,
            )
        finally:  # after an interrupt too: Terraform has ended, and would not take the plan again
            self.workspace.plan_file.unlink(missing_ok=True)
            self._complete_imports()
        self._check(result, "apply", shown=True)
        self._incomplete = ()
        self.workspace.end_imports(unread.OVERRIDES)

    def adopt(self, ids: Mapping[str, str], incomplete: Sequence[Change] = ()) -> None:
        """Have the next plans of this session take over what exists.

        Args:
            ids: Address to import id.
            incomplete: Of these, the creations that `core.unread` completes, after each apply.
        """
        self._incomplete += tuple(incomplete)
        self.workspace.write_imports(ids, unread.OVERRIDES if self._incomplete else {})

    def _complete_imports(self) -> None:
        if not self._incomplete:
            return
        result = self._terraform.state_cmd("pull", show=False, capture=True)
        self._check(result, "state pull", shown=False)
        state = json.loads(result[1])
        completed = unread.complete(state, self._incomplete)
        if completed["resources"] == state["resources"]:
            return
        with self.workspace.state_copy(json.dumps(completed)) as path:
            result = self._terraform.state_cmd("push", str(path), show=False)
        self._check(result, "state push", shown=False)

    def _check(
        self, result: tuple[int, str, str], what: str, *, shown: bool, good: tuple[int, ...] = (0,)
    ) -> None:
        status, _, words = result
        if status in good:
            return
        if status == launcher.NO_TERRAFORM:
            raise InvalidInput(
                words.strip(), hint=f"nbp doctor says which one is used; {launcher.OVERRIDE} may name one"
            )
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


def _hint(words: str, workspace: Workspace) -> str:
    if "Error acquiring the state lock" in words:
        return (
            "another run holds the state. If none is alive, release the lock with its ID from above: "
            f"terraform -chdir={workspace.root} force-unlock ID"
        )
    return f"Terraform's words are above and in {workspace.log_file}; what was done so far is in the state"
