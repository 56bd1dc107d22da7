"""A lease on this machine alone: a locked file."""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from notebook_provisioner.core.errors import Refused


class LeaseHeld(Refused):
    """Another run is at it."""

    code = "lease-held"


class FileLease:
    """Holds a lock on *path* while it is entered; the kernel gives it back when the process ends.

    Args:
        path: The file; made with its folder.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = -1

    def __enter__(self) -> Self:
        """Take the lease.

        Raises:
            LeaseHeld: Another process has it.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._descriptor)
            raise LeaseHeld(f"another run holds {self._path}", hint="wait for it to end") from None
        return self

    def renew(self, *, at_once: bool = False) -> None:
        """A lock needs no renewal."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the lease back."""
        os.close(self._descriptor)
