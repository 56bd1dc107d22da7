"""What fleet files say of each other: whose jobs serve whom. Both sides say it, in files of their own."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from notebook_provisioner.core.findings import Finding, Severity
from notebook_provisioner.core.fleet import source
from notebook_provisioner.core.fleet.maintenance import JOBS, ServedBy
from notebook_provisioner.core.fleet.model import Fleet
from notebook_provisioner.core.fleet.source import Path, Source, spelled

if TYPE_CHECKING:
    from notebook_provisioner.core.fleet.surroundings import State


@dataclass(frozen=True, slots=True)
class FleetFile:
    """A fleet file of the right shape.

    Attributes:
        file: Its name, for messages.
        text: What it says.
        fleet: What that means.
    """

    file: str
    text: str
    fleet: Fleet


def check_together(files: Sequence[FleetFile]) -> tuple[Finding, ...]:
    """What fleet files say of each other and do not mean alike. Fleets that are not among them may be.

    Returns:
        The findings, in the order of the files.
    """
    return tuple(_findings([_Side(one) for one in files]))


class _Side:
    """One file, and what it says of jobs."""

    def __init__(self, one: FleetFile) -> None:
        self.file, self.fleet = one.file, one.fleet
        self.key = (one.fleet.project, one.fleet.name)
        self.named = f"the fleet {one.fleet.name} of {one.fleet.project}"
        self.origin: Source = source.read(one.text, file=one.file)

    @property
    def served_by(self) -> ServedBy | None:
        return self.fleet.maintenance.served_by if self.fleet.maintenance is not None else None

    def lets(self, other: "_Side") -> frozenset[str]:
        """The jobs of *other* that this fleet lets serve it."""
        by = self.served_by
        return frozenset(by.jobs) if by is not None and (by.project, by.fleet) == other.key else frozenset()

    def serves(self, other: "_Side") -> frozenset[str]:
        """The jobs of this fleet that serve *other*."""
        maintenance = self.fleet.maintenance
        if maintenance is None:
            return frozenset()
        found = [one for one in maintenance.serves if (one.project, one.fleet) == other.key]
        return frozenset(job for one in found for job in one.jobs or JOBS if job in maintenance.jobs)

    def error(self, code: str, path: Path, message: str, remedy: str, *, key: bool = False) -> Finding:
        place = self.origin.location(path, key=key)
        return Finding(code, Severity.ERROR, spelled(path), message, remedy, place)


def _findings(sides: Sequence[_Side]) -> Iterator[Finding]:
    by_key: dict[tuple[str, str], _Side] = {}
    by_state: dict[State, _Side] = {}
    for side in sides:
        first = by_key.setdefault(side.key, side)
        if first is not side:
            yield side.error(
                "same-fleet", ("name",), f"{side.named} is that of {first.file} too", "give each a name"
            )
            continue
        keeps = by_state.setdefault(side.fleet.state, side) if side.fleet.state is not None else side
        if keeps is not side:
            yield side.error(
                "same-state",
                ("state",),
                f"{keeps.named} ({keeps.file}) has its state there: each apply would replace the other fleet",
                "give each a prefix",
                key=True,
            )
    for side in sides:
        yield from _as_server(side, by_key)
        by = side.served_by
        server = by_key.get((by.project, by.fleet)) if by is not None else None
        if server is not None and (lacking := side.lets(server) - server.serves(side)):
            yield side.error(
                "not-served",
                ("maintenance", "served_by"),
                f"{server.named} ({server.file}) does not serve it with {_words(lacking)}",
                f"name it there under maintenance.serves, or take {_words(lacking)} out of jobs here",
            )


def _as_server(side: _Side, by_key: dict[tuple[str, str], _Side]) -> Iterator[Finding]:
    maintenance = side.fleet.maintenance
    for index, one in enumerate(maintenance.serves if maintenance is not None else ()):
        other = by_key.get((one.project, one.fleet))
        if other is None or other is side:
            continue
        serves = side.serves(other)
        own = serves & (other.fleet.maintenance.jobs.keys() if other.fleet.maintenance is not None else set())
        for job in sorted(own):
            yield other.error(
                "served-twice",
                ("maintenance", job),
                f"the fleet has a job {job} of its own, and that of {side.named} ({side.file}) serves it",
                "keep one of them",
                key=True,
            )
        if lacking := serves - other.lets(side) - own:
            yield side.error(
                "not-agreed",
                ("maintenance", "serves", index),
                f"{other.named} ({other.file}) does not let {_words(lacking)} of this one serve it",
                f"write there under maintenance: served_by: {{project: {side.fleet.project}, "
                f"fleet: {side.fleet.name}, jobs: [{', '.join(sorted(serves))}]}}",
            )


def _words(jobs: frozenset[str]) -> str:
    return " and ".join(sorted(jobs))
