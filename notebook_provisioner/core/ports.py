"""What the core's decisions need of the world. Adapters implement these; so do the tests' fakes."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from notebook_provisioner.core.notebooks import LiveNotebook
from notebook_provisioner.core.terraform_plan import Change


class Provisioner(Protocol):
    """Terraform, over one fleet."""

    def session(self) -> AbstractContextManager[None]:
        """Hold the fleet's workspace, and bring it up to date, while the other methods are called."""

    def plan(self, *, destroy: bool = False, show: bool = False) -> Mapping[str, Any]:
        """Compare the fleet with the cloud; return the plan as in ``terraform show -json``."""

    def apply(self) -> None:
        """Carry out the last plan.

        Raises:
            AlreadyExists: Resources that it would create are there.
        """

    def adopt(self, ids: Mapping[str, str], incomplete: Sequence[Change] = ()) -> None:
        """Have the next plans of this session take over what exists.

        Args:
            ids: Address to import id.
            incomplete: Of these, the creations that `core.unread` completes, after each apply.
        """


class NotebookDirectory(Protocol):
    """The notebooks of one project."""

    def list(self) -> tuple[LiveNotebook, ...]:
        """Every notebook of the project, in every zone, by name."""
