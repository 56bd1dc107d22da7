"""A calendar of upgrades: which notebook when, in which wave, and whom it leaves out and why.

`calendar.make` makes it; ``nbp upgrade plan`` shows it; ``nbp upgrade run`` carries out what is due.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from notebook_provisioner.core.notebooks import NotebookKey
from notebook_provisioner.core.plan import Impact

UPGRADE_IMPACT: Final = Impact.RESTART  # the boot disk is replaced; the data disk stays, kernels do not


@dataclass(frozen=True, slots=True)
class Cost:
    """What an upgrade costs besides somebody's time.

    Attributes:
        machine_hours: Hours for which the machine runs for the upgrade alone: those of a notebook that was
            stopped; 0 for one that runs anyway.
        gpu_hours: The same, times its GPUs.
        snapshot_gib: Size of the boot disk, which its snapshot cannot exceed.
        usd_per_month: What that snapshot costs a month at most, until it is pruned.
    """

    machine_hours: float
    gpu_hours: float
    snapshot_gib: int
    usd_per_month: float


@dataclass(frozen=True, slots=True)
class ScheduledUpgrade:
    """One notebook's place in the calendar. Moments are in UTC.

    Attributes:
        zone: Its zone.
        name: Its name.
        family: The image family that the upgrade stays in; empty where the API tells none.
        version: The version it has now; empty where nobody knows.
        target_version: What the API says it will be upgraded to, in the API's words.
        start: When it is planned to begin.
        start_not_after: The last moment at which it may begin: later, it is not expected to end in time.
        deadline: When its window closes, or a blackout begins. Nothing may be under way then.
        expected: How long it is expected to take, from waking the notebook to putting it back.
        time_zone: The zone of its window, for showing the moments above.
        canary: Whether it goes before the others.
        lane: Which of the parallel places it takes, from 0.
        reason: Why it is upgraded, and why it is expected to take so long.
        interrupts: What it interrupts, in plain words; empty where it disturbs nobody that is known of.
        cost: What it costs.
    """

    zone: str
    name: str
    family: str
    version: str
    target_version: str
    start: datetime
    start_not_after: datetime
    deadline: datetime
    expected: timedelta
    time_zone: str
    canary: bool
    lane: int
    reason: str
    interrupts: tuple[str, ...]
    cost: Cost

    @property
    def key(self) -> NotebookKey:
        """What the notebook is told apart by in its project."""
        return (self.zone, self.name)

    @property
    def end(self) -> datetime:
        """When it is expected to be over."""
        return self.start + self.expected


@dataclass(frozen=True, slots=True)
class Wave:
    """Notebooks that are upgraded together: none begins before the wave before it is over.

    Attributes:
        number: From 1.
        canary: Whether these go first so that the others learn from them.
        not_before: The moment before which none begins: the end of the last wave, and its soak.
        upgrades: Its notebooks, by start.
    """

    number: int
    canary: bool
    not_before: datetime
    upgrades: tuple[ScheduledUpgrade, ...]


class Why(StrEnum):
    """Why a notebook is not in the calendar."""

    CURRENT = "current"  # it has the newest image
    NO_WINDOW = "no-window"  # the fleet file gives it none
    WINDOW_TOO_SHORT = "window-too-short"  # an upgrade does not fit into any of its windows
    BLACKOUT = "blackout"  # blackouts take every window up to the horizon
    CADENCE = "cadence"  # it was upgraded in this week or month, which reaches to the horizon
    FULL = "full"  # the windows up to the horizon are taken
    NOT_UPGRADABLE = "not-upgradable"  # the API says so
    UNKNOWN = "unknown"  # the API does not say
    ROLLED_BACK = "rolled-back"  # somebody took this very upgrade back
    HELD = "held"  # another one of its image family was rolled back, and none shows that the image works
    UNSETTLED = "unsettled"  # it is being changed, or is not well
    LATER = "later"  # its time has not come
    ABSENT = "absent"  # it stands in the fleet file, and is not there
    UNLISTED = "unlisted"  # it bears the fleet's label, and does not stand in the fleet file
    LEGACY = "legacy"  # a former user-managed notebook: a mere virtual machine


HARMLESS: Final = frozenset({Why.CURRENT, Why.CADENCE, Why.LATER})


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A notebook that is not upgraded.

    Attributes:
        zone: Its zone.
        name: Its name.
        why: The kind of reason.
        message: The reason in plain words; the API's own where it gave one.
        remedy: What would help; None where there is nothing to do.
    """

    zone: str
    name: str
    why: Why
    message: str
    remedy: str | None = None

    @property
    def key(self) -> NotebookKey:
        """What the notebook is told apart by in its project."""
        return (self.zone, self.name)


@dataclass(frozen=True, slots=True)
class UpgradePlan:
    """Everything that one look at the fleet leads to.

    Attributes:
        made: The moment that it was made for, UTC.
        until: How far it looks ahead, UTC.
        parallelism: How many upgrades run at a time at most.
        waves: In their order; the canaries, where there are any, first.
        left_out: Every other notebook of the fleet, by name.
    """

    made: datetime
    until: datetime
    parallelism: int
    waves: tuple[Wave, ...]
    left_out: tuple[LeftOut, ...]

    @property
    def upgrades(self) -> tuple[ScheduledUpgrade, ...]:
        """Every planned upgrade, by start."""
        planned = (upgrade for wave in self.waves for upgrade in wave.upgrades)
        return tuple(sorted(planned, key=lambda item: (item.start, item.name, item.zone)))

    @property
    def stranded(self) -> tuple[LeftOut, ...]:
        """Those left out for a reason that somebody should do something about."""
        return tuple(item for item in self.left_out if item.why not in HARMLESS)

    def wave_of(self) -> Mapping[NotebookKey, Wave]:
        """The wave of every notebook in the calendar."""
        return {upgrade.key: wave for wave in self.waves for upgrade in wave.upgrades}
