"""Whether Workbench's own upgrade schedule can ever fire.

It upgrades running notebooks only, and idle shutdown stops notebooks
(https://cloud.google.com/vertex-ai/docs/workbench/instances/upgrade and …/idle-shutdown, both read 2026-07):
a schedule at night and an idle timeout together upgrade nothing, and nobody is told.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from itertools import islice, takewhile
from typing import Final

from cronsim import CronSim, CronSimError

from notebook_provisioner.core.counting import counted
from notebook_provisioner.core.fleet.windows import WEEKDAYS, WorkingHours
from notebook_provisioner.core.upgrades import support
from notebook_provisioner.core.upgrades.facts import SCHEDULE_KEY, Notebook
from notebook_provisioner.core.upgrades.stretches import at_work

_AHEAD: Final = 60  # times that are looked at: five years of months, a year of weeks, over every clock change
_BACK: Final = timedelta(days=366)  # before that, nobody knows how the notebook was used
_COUNTED: Final = 1_000  # Google documents weekly and monthly schedules: nobody has more in a year
_GRACE: Final = timedelta(hours=1)  # a time so recent may still be acted upon
_LONGEST_OFF: Final = timedelta(days=8)  # working hours come back within a week


class Verdict(StrEnum):
    """What can be said of a schedule."""

    NONE = "none"  # there is none
    INVALID = "invalid"  # it is no cron expression
    NEVER = "never"  # the notebook is stopped at every one of its times
    DEPENDS = "depends"  # on whether somebody uses the notebook then
    FIRES = "fires"  # the notebook runs then


@dataclass(frozen=True, slots=True)
class NativeSchedule:
    """A notebook's own upgrade schedule, and what comes of it.

    Attributes:
        expression: The cron expression; empty where there is none.
        verdict: What can be said of it.
        missed: Times since there has been something to upgrade to, or since the last upgrade, that it let
            pass; 0 where there is nothing to upgrade to.
        next: When it is to fire next, UTC; None where it never does.
        message: All that in a sentence; empty where there is no schedule.
    """

    expression: str
    verdict: Verdict
    missed: int
    next: datetime | None
    message: str


def assess(notebook: Notebook, working_hours: WorkingHours | None, now: datetime) -> NativeSchedule:
    """Look at *notebook*'s own upgrade schedule.

    Args:
        notebook: The notebook.
        working_hours: When its owner works; None where the fleet file does not say.
        now: The present.
    """
    expression = notebook.metadata.get(SCHEDULE_KEY, "").strip()
    if not expression:
        return NativeSchedule("", Verdict.NONE, 0, None, "")
    try:
        ahead = times(expression, now, _AHEAD)
    except CronSimError as error:
        said = f"{expression!r} is no cron expression of five fields: {error}"
        return NativeSchedule(expression, Verdict.INVALID, 0, None, said)
    scheduled = f"scheduled {_spoken(expression, ahead)}"
    if not ahead:
        return NativeSchedule(expression, Verdict.NEVER, 0, None, f"{scheduled}: a time that never comes")
    verdict, because = _power(notebook, working_hours, ahead)
    missed, since = _missed(notebook, expression, now)
    sentence = f"{scheduled}, {because}"
    if missed:
        sentence += f": has missed {counted(missed, 'window')} since {since}"
    return NativeSchedule(expression, verdict, missed, ahead[0], sentence)


@functools.lru_cache(maxsize=1_024)  # a fleet has few schedules, and many notebooks
def times(expression: str, after: datetime, count: int) -> tuple[datetime, ...]:
    """The next times of *expression*, in GMT, as Debian's cron reads it.

    Raises:
        CronSimError: It is none. A sixth field, which cronsim would read as seconds, is none of cron's.
    """
    if len(expression.split()) != 5:  # noqa: PLR2004  # minute, hour, day, month, weekday
        raise CronSimError("it has not five fields")
    return tuple(islice(CronSim(expression, after.astimezone(UTC)), count))


def _spoken(expression: str, ahead: Sequence[datetime]) -> str:
    """The schedule in words where they are simple."""
    _, _, day, month, weekday = expression.split()
    clocks = {moment.time() for moment in ahead}
    weekdays, days = {moment.weekday() for moment in ahead}, {moment.day for moment in ahead}
    if len(clocks) == 1 and month == "*":
        [clock] = clocks
        if day == "*" and weekday != "*" and len(weekdays) == 1:
            return f"{WEEKDAYS[weekdays.pop()]} {clock:%H:%M} GMT"
        if day != "*" and weekday == "*" and len(days) == 1:
            return f"on day {days.pop()} of the month {clock:%H:%M} GMT"
    return f"{expression!r} GMT"


def _power(
    notebook: Notebook, hours: WorkingHours | None, ahead: tuple[datetime, ...]
) -> tuple[Verdict, str]:
    """Whether the notebook runs at the times *ahead*."""
    timeout = notebook.idle_timeout
    if timeout is None:
        if notebook.state == "ACTIVE":
            return Verdict.FIRES, "and the notebook runs all the time: it has no idle shutdown"
        return Verdict.DEPENDS, f"but the notebook is {notebook.state}, and nothing starts it"
    minutes = f"idle shutdown after {timeout.total_seconds() / 60:.0f} min"
    if hours is None:
        latest = ahead[0] - timeout
        return Verdict.DEPENDS, f"but with {minutes} only if somebody uses it after {latest:%H:%M} GMT"
    running = _running(hours, timeout, ahead)
    if not running:
        return Verdict.NEVER, f"but {minutes} stops it before, every time"
    if running < len(ahead):
        return (
            Verdict.DEPENDS,
            f"but {minutes} stops it before, {len(ahead) - running} of {counted(len(ahead), 'time')}",
        )
    return (
        Verdict.FIRES,
        f"which is within {timeout.total_seconds() / 60:.0f} min of the owner's working hours",
    )


@functools.lru_cache(maxsize=1_024)
def _running(hours: WorkingHours, timeout: timedelta, ahead: tuple[datetime, ...]) -> int:
    """At how many of *ahead* somebody who works at these hours, to their end, may have left it running."""
    return sum(
        any(start <= moment < end + timeout for start, end in at_work(hours, moment - _LONGEST_OFF, moment))
        for moment in ahead
    )


def _missed(notebook: Notebook, expression: str, now: datetime) -> tuple[int, str]:
    """How many times came and went although there was something to upgrade to, and since when."""
    if not notebook.upgradability.upgradable:
        return 0, ""
    day = support.offered(notebook.upgradability)
    new = datetime.combine(day, time(0), UTC) + timedelta(days=1) if day else None
    started = notebook.upgraded or notebook.created
    known = [
        (moment, said)
        for moment, said in (
            (new, f"the image of {day}"),
            (started, "its last upgrade" if notebook.upgraded else "it was made"),
        )
        if moment is not None
    ]
    if not known:
        return 0, ""
    since, said = max(known)
    if since < now - _BACK:
        since, said = now - _BACK, f"{now - _BACK:%Y-%m-%d}"
    return _between(expression, since.astimezone(UTC), now - _GRACE), said


@functools.lru_cache(maxsize=1_024)
def _between(expression: str, since: datetime, until: datetime) -> int:
    """How many times of *expression* there were; not more than can matter."""
    past = takewhile(lambda moment: moment < until, CronSim(expression, since))
    return sum(1 for _ in islice(past, _COUNTED))
