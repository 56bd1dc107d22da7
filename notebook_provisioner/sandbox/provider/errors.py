"""What goes wrong between Terraform and the sandbox; importing it loads no HTTP client."""

from typing import Final

from notebook_provisioner.sandbox.provider.values import Object

CONFLICT: Final = 409
_NOT_FOUND: Final = 404


class ApiError(Exception):
    """A request was answered with an error, or not at all.

    Attributes:
        status: HTTP status; 0 where no answer came.
        lost: An earlier attempt of the same request got no answer, so that it may have been carried out.
    """

    def __init__(self, message: str, status: int = 0, *, lost: bool = False) -> None:
        super().__init__(message)
        self.status = status
        self.lost = lost

    @property
    def not_found(self) -> bool:
        """Whether the thing is not there."""
        return self.status == _NOT_FOUND

    @property
    def exists(self) -> bool:
        """Whether the thing was there before."""
        return self.status == CONFLICT


class Failed(Exception):
    """A resource could not be brought into its planned state.

    Attributes:
        state: What is known of it now; None where it does not exist.
    """

    def __init__(self, message: str, state: Object | None = None) -> None:
        super().__init__(message)
        self.state = state
