"""When a weekly window is open, on the clock of its time zone.

Daylight saving moves clocks under a window. A stretch never reaches beyond what the wall clock says, at any
moment in it: where a time is skipped or comes twice, the stretch is the shorter reading.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from notebook_provisioner.core.fleet.windows import Blackout, Window, WorkingHours

_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)

Moments = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Stretch:
    """One time that a window is open. Moments are in UTC.

    Attributes:
        start: When it opens.
        end: When it closes.
        day: The day it opens on, in the window's time zone; weeks and months are counted by it.
    """

    start: datetime
    end: datetime
    day: date


@dataclass(frozen=True, slots=True)
class Openings:
    """When a window is open between two moments.

    Attributes:
        stretches: By start; none overlaps another.
        blacked_out: How many times it would have opened, were it not for a blackout.
    """

    stretches: tuple[Stretch, ...]
    blacked_out: int


def openings(window: Window, blackouts: Sequence[Blackout], begin: datetime, until: datetime) -> Openings:
    """When *window* is open from *begin* to *until*, blackouts taken out.

    A blackout's days are days of the window's time zone. A window that is open at *begin* counts from then
    on, and one that is open at *until* counts up to then.
    """
    zone = ZoneInfo(window.time_zone)
    found: list[Stretch] = []
    blacked_out = 0
    day = begin.astimezone(zone).date() - _WEEK
    day += timedelta(days=(window.weekday - day.weekday()) % 7)
    while True:
        opened = _opening(window, day, zone)
        if opened is not None and opened[0] >= until:
            return Openings(tuple(found), blacked_out)
        if opened is not None and opened[1] > begin:
            left = list(_without(opened, window, day, blackouts, zone))
            blacked_out += not left
            clipped = ((max(start, begin), min(end, until)) for start, end in left)
            found += [Stretch(start, end, day) for start, end in clipped if start < end]
        day += _WEEK


def opening_day(window: Window, moment: datetime) -> date:
    """The day that *moment* counts for: after midnight, in an open window, the day that it opened on."""
    local = moment.astimezone(ZoneInfo(window.time_zone))
    before = local.date() - _DAY
    late = window.crosses_midnight and local.time() < window.end and before.weekday() == window.weekday
    return before if late else local.date()


def at_work(hours: WorkingHours, begin: datetime, until: datetime) -> Iterator[Moments]:
    """The working hours that overlap *begin* to *until*, whole, in UTC, by start."""
    zone = ZoneInfo(hours.time_zone)
    day, last = begin.astimezone(zone).date() - _DAY, until.astimezone(zone).date()
    while day <= last:
        if hours.includes(day.weekday()):
            moments = _between(day, hours.start, day, hours.end, zone)
            if moments is not None and moments[0] < until and moments[1] > begin:
                yield moments
        day += _DAY


def _opening(window: Window, day: date, zone: ZoneInfo) -> Moments | None:
    return _between(day, window.start, day + _DAY if window.crosses_midnight else day, window.end, zone)


def _between(first: date, start: time, last: date, end: time, zone: ZoneInfo) -> Moments | None:
    """The stretch between two times on the wall; None where the clock skips it altogether."""
    early, late = _readings(first, start, zone), _readings(last, end, zone)
    if max(early) < min(late):
        return max(early), min(late)
    if early[0] < early[1] and late[0] < late[1]:  # the whole of it comes twice: the first time
        return early[0], late[0]
    return None


def _readings(day: date, clock: time, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Both readings of a time on the wall, in UTC: the same, except where a clock is put forward or back."""
    return (
        datetime.combine(day, clock.replace(fold=0), zone).astimezone(UTC),
        datetime.combine(day, clock.replace(fold=1), zone).astimezone(UTC),
    )


def _without(
    opened: Moments, window: Window, day: date, blackouts: Iterable[Blackout], zone: ZoneInfo
) -> Iterator[Moments]:
    """*Opened*, without the days that are blacked out."""
    days = (day, day + _DAY) if window.crosses_midnight else (day,)
    dark = [any(blackout.first <= one <= blackout.last for blackout in blackouts) for one in days]
    if not any(dark):
        yield opened
    elif not all(dark):
        midnight = _readings(day + _DAY, time(0), zone)
        start, end = (max(midnight), opened[1]) if dark[0] else (opened[0], min(midnight))
        if start < end:
            yield start, end
