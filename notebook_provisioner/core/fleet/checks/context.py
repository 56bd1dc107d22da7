"""What a check gets to see, and how it says where something is wrong."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from notebook_provisioner.core.findings import Finding, Severity
from notebook_provisioner.core.fleet.model import Defaults, Fleet, Notebook
from notebook_provisioner.core.fleet.resolve import ResolvedNotebook, resolve
from notebook_provisioner.core.fleet.source import Path, Source, spelled


@dataclass(frozen=True)
class Context:
    """A fleet of the right shape, perhaps with broken parts taken out.

    Attributes:
        fleet: What is checked.
        source: Where its values stand.
        today: The day to hold dates against, in UTC.
        replaced: Sections that were broken; stand-ins are in their place.
        partial: ``profiles`` or ``notebooks``, where broken entries are missing.
        kept: The file's indexes of the notebooks that are left; None for all.
    """

    fleet: Fleet
    source: Source
    today: date
    replaced: frozenset[str] = frozenset()
    partial: frozenset[str] = frozenset()
    kept: tuple[int, ...] | None = None

    def notebooks(self) -> Iterator[tuple[Path, Notebook]]:
        """The notebooks, each with its path in the file."""
        for index, notebook in enumerate(self.fleet.notebooks):
            yield ("notebooks", self.kept[index] if self.kept is not None else index), notebook

    @cached_property
    def resolved(self) -> tuple[tuple[Path, Notebook, ResolvedNotebook], ...]:
        """The notebooks whose profile is there, each with its path and with every value filled in."""
        return tuple(
            (path, notebook, resolve(self.fleet, notebook))
            for path, notebook in self.notebooks()
            if (notebook.profile or self.fleet.defaults.profile) in self.fleet.profiles
        )

    def settings(self) -> Iterator[tuple[Path, Notebook | Defaults]]:
        """The defaults and the notebooks: everything that may hold a notebook's settings."""
        yield ("defaults",), self.fleet.defaults
        yield from self.notebooks()

    def written_at(self, path: Path, notebook: Notebook, key: str) -> Path:
        """Where a resolved value was written: at the notebook, in the defaults, or nowhere (the notebook)."""
        if key in notebook.model_fields_set:
            return (*path, key)
        return ("defaults", key) if key in self.fleet.defaults.model_fields_set else path

    def error(self, code: str, path: Path, message: str, remedy: str, *, key: bool = False) -> Finding:
        """Something that stops; *key* points at the key in place of the value."""
        return self._finding(Severity.ERROR, code, path, message, remedy, key=key)

    def warning(self, code: str, path: Path, message: str, remedy: str, *, key: bool = False) -> Finding:
        """Something to think about."""
        return self._finding(Severity.WARNING, code, path, message, remedy, key=key)

    def _finding(
        self, severity: Severity, code: str, path: Path, message: str, remedy: str, *, key: bool
    ) -> Finding:
        return Finding(code, severity, spelled(path), message, remedy, self.source.location(path, key=key))
