"""Every foreseen failure, once, with its exit status, its stable code and the way out.

    ProvisionerError            1  something failed, wholly or in part
    ├── InvalidInput            1  a file or value of the user's is wrong; carries findings
    ├── TargetUnreachable       1  Google Cloud, or the sandbox, does not answer
    ├── TerraformFailed         1  Terraform ended with an error
    │   └── AlreadyExists       1  it would create what is there
    ├── NotFound                1  no such notebook, fleet or snapshot
    ├── ChecksFailed            3  a check found something; nothing is broken
    ├── Usage                   2  Click did not understand the command line
    ├── Interrupted           130  Ctrl-C, or SIGTERM where a command ends in good order at it
    ├── Unforeseen              1  a bug of ours
    └── Refused                 4  nothing was changed, on purpose
        ├── ImpactRefused       4  the plan interrupts more than was accepted
        ├── GuardrailRefused    4  the plan would weaken a control that cannot be switched off
        ├── ConfirmationNeeded  4  no terminal to ask at, and no --yes
        └── RecordOpen          4  another procedure over the same notebook is not at its end

Usage and Unforeseen are made by the error boundary, cli/main.py; Interrupted, too, where no command made it.
"""

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notebook_provisioner.core.findings import Finding


class ProvisionerError(Exception):
    """Shown as message, findings and hint; never as a traceback.

    Attributes:
        code: Stable identifier for the JSON envelope, documented in docs/reference/errors.md.
        exit_code: The process's exit status.
        hint: What the user can do about it, or None.
        findings: What was found, all of it.
        data: What a command that ends so has to show nevertheless, as a refused plan; or None.
    """

    code: ClassVar[str] = "failed"
    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str | None = None, findings: "Sequence[Finding]" = ()) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.findings = tuple(findings)
        self.data: object = None


class InvalidInput(ProvisionerError):
    """A file or a value that the user gave is wrong."""

    code = "invalid-input"


class TargetUnreachable(ProvisionerError):
    """Google Cloud, or the sandbox, does not answer."""

    code = "target-unreachable"


class TerraformFailed(ProvisionerError):
    """Terraform ended with an error; its own words went to stderr."""

    code = "terraform-failed"


class AlreadyExists(TerraformFailed):
    """Terraform would create what is there, without being in its state.

    Attributes:
        addresses: The resources.
    """

    code = "already-exists"

    def __init__(self, message: str, *, addresses: "Sequence[str]", hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.addresses = tuple(addresses)


class NotFound(ProvisionerError):
    """A name that the user gave is not there."""

    code = "not-found"


class ChecksFailed(ProvisionerError):
    """A check found something."""

    code = "checks-failed"
    exit_code = 3


class Usage(ProvisionerError):
    """The command line is not understood. Made of Click's own error, for the JSON envelope."""

    code = "usage"
    exit_code = 2


class Interrupted(ProvisionerError):
    """Somebody pressed Ctrl-C, or ended a clean-up of snapshots with SIGTERM."""

    code = "interrupted"
    exit_code = 130


class Unforeseen(ProvisionerError):
    """Something happened that nobody thought of. Made by the error boundary."""

    code = "unforeseen"


class Refused(ProvisionerError):
    """Nothing was changed, on purpose."""

    code = "refused"
    exit_code = 4


class ImpactRefused(Refused):
    """The plan interrupts more than the caller accepted."""

    code = "impact-refused"


class GuardrailRefused(Refused):
    """The plan would weaken a control that cannot be switched off."""

    code = "guardrail-refused"


class ConfirmationNeeded(Refused):
    """A change was asked for where nobody can confirm it."""

    code = "confirmation-needed"
