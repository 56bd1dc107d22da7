"""What the fleet file says about upgrades, as the calendar needs it."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Self

from notebook_provisioner.core.fleet import model
from notebook_provisioner.core.fleet.resolve import ResolvedNotebook
from notebook_provisioner.core.fleet.windows import Blackout, Window, WorkingHours
from notebook_provisioner.core.notebooks import NotebookKey
from notebook_provisioner.core.retention import Span
from notebook_provisioner.core.upgrades.stretches import opening_day


@dataclass(frozen=True, slots=True)
class Policy:
    """When a notebook may be upgraded.

    Attributes:
        window: The weekly window.
        cadence: ``weekly`` or ``monthly``: one upgrade in a week from Monday, or in a month, at most.
        blackouts: Days without upgrades.
        working_hours: When its owner works; None where the file does not say.
    """

    window: Window
    cadence: str
    blackouts: tuple[Blackout, ...] = ()
    working_hours: WorkingHours | None = None

    @classmethod
    def read(cls, upgrade: model.Upgrade) -> Self:
        """From the fleet file's block."""
        return cls(
            _window(upgrade.window),
            upgrade.cadence,
            tuple(_blackout(text) for text in upgrade.blackout),
            _working_hours(upgrade.working_hours) if upgrade.working_hours else None,
        )

    def period(self, day: date) -> tuple[int, int]:
        """The week or month that *day* is in; a year may have 53 weeks."""
        if self.cadence == "weekly":
            year, week, _ = day.isocalendar()
            return year, week
        return day.year, day.month

    def period_of(self, moment: datetime) -> tuple[int, int]:
        """The week or month that an upgrade at *moment* counts for."""
        return self.period(opening_day(self.window, moment))


@dataclass(frozen=True, slots=True)
class Rollout:
    """In which order notebooks are upgraded.

    Attributes:
        canaries: Names of those that go first.
        soak: After them, nothing is upgraded for so long.
        parallelism: How many at a time at most.
        wave_size: How many in each wave after the canaries; None for all in one.
    """

    canaries: frozenset[str]
    soak: Span
    parallelism: int
    wave_size: int | None

    @classmethod
    def read(cls, rollout: model.Rollout, overrides: Mapping[str, Any]) -> Self:
        """From the fleet file's block; what *overrides* has that is not None or empty wins."""
        asked = rollout.model_dump() | {key: value for key, value in overrides.items() if value}
        return cls(
            frozenset(asked["canaries"]), Span.parse(asked["soak"]), asked["parallelism"], asked["wave_size"]
        )


def policies(notebooks: tuple[ResolvedNotebook, ...]) -> dict[NotebookKey, Policy | None]:
    """The policy of each notebook of the fleet file; None for those that are never upgraded."""
    return {
        (notebook.zone, notebook.name): Policy.read(notebook.upgrade) if notebook.upgrade else None
        for notebook in notebooks
    }


# Ten thousand notebooks have a handful of windows between them.
_window = functools.cache(Window.parse)
_blackout = functools.cache(Blackout.parse)
_working_hours = functools.cache(WorkingHours.parse)
