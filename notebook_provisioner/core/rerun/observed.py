"""A notebook as a re-run sees it, and what a re-run asks of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from notebook_provisioner.core.post_startup.reports import Report


@dataclass(frozen=True, slots=True)
class Flags:
    """c2d-startup's flag files, as somebody on the machine sees them.

    Attributes:
        present: Those that are there; None where the machine could not be asked.
        problem: Why it could not; empty where it could.
    """

    present: frozenset[str] | None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """One look.

    Attributes:
        state: The Notebooks API's word, as in ``ACTIVE``.
        metadata: Its metadata.
        report: Reads the last run's report; None where there is none. Raises ``TargetUnreachable`` where
            nobody can tell.
        flags: Reads c2d-startup's flag files over SSH: only while it runs, and dear.
    """

    state: str
    metadata: Mapping[str, str]
    report: Callable[[], Report | None]
    flags: Callable[[], Flags]


class Requests(Protocol):
    """What is asked of a notebook. All return an operation's name, or None, and raise as a step's ``ask``."""

    def start(self) -> str | None:
        """Start it."""

    def stop(self) -> str | None:
        """Stop it."""

    def change_metadata(self, seen: Mapping[str, str], changes: Mapping[str, str | None]) -> str | None:
        """Change some keys of its metadata as just *seen*; None takes a key away."""

    def set_flag(self, *, present: bool) -> str | None:
        """Lay c2d-startup's flag, or take every one away; over SSH."""
