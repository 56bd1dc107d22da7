"""A lease on this machine alone: a locked file."""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from notebook_provisioner.core.errors import Refused
from notebook_provisioner.core.leases import overlap


class LeaseHeld(Refused):
    """Another run is at it."""

    code = "lease-held"


class FileLease:
    """Holds a lock on *path* while it is entered; the kernel gives it back when the process ends.

    Whoever takes it then looks at the leases that must not be held beside it, so that of two that come at
    once no more than one goes on.

    Args:
        path: The file of a job's lease; made with its folder.
        part: What tells the lease of a part of the fleet from the whole's, as in ``-1-of-8``.
    """

    def __init__(self, path: Path, part: str = "") -> None:
        self._job = path
        self._path = path.with_stem(f"{path.stem}{part}")
        self._descriptor = -1

    def __enter__(self) -> Self:
        """Take the lease.

        Raises:
            LeaseHeld: Another process has it.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._descriptor = _lock(self._path, fcntl.LOCK_EX)
        for path in self._path.parent.glob(f"*{self._path.suffix}"):
            if overlap(self._job.stem, self._path.stem, path.stem):
                try:
                    os.close(_lock(path, fcntl.LOCK_SH))
                except LeaseHeld:
                    os.close(self._descriptor)
                    raise
        return self

    def renew(self, *, at_once: bool = False) -> None:
        """A lock needs no renewal."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the lease back."""
        os.close(self._descriptor)


def _lock(path: Path, kind: int) -> int:
    """Lock a file; returns its descriptor, which holds the lock until it is closed."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise LeaseHeld(f"another run holds {path}", hint="wait for it to end") from None
    return descriptor
