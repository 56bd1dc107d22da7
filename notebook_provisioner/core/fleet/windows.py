"""Maintenance windows, blackouts and working hours: their syntax, and what it means."""

import functools
import re
import zoneinfo
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, time
from typing import Final, Self

from notebook_provisioner.core.fleet.text import shown

WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

_WINDOW: Final = re.compile(r"(\S+) (\d\d:\d\d)-(\d\d:\d\d) (\S+)")
_WORKING_HOURS: Final = re.compile(r"([^\s-]+)(?:-([^\s-]+))? (\d\d:\d\d)-(\d\d:\d\d) (\S+)")


@dataclass(frozen=True, slots=True)
class Window:
    """A weekly stretch of time in which notebooks may be interrupted.

    Attributes:
        weekday: The day it opens on; 0 is Monday.
        start: When it opens, wall-clock time in *time_zone*.
        end: When it closes; at or before *start*, on the next day.
        time_zone: IANA name.
    """

    weekday: int
    start: time
    end: time
    time_zone: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``Sat 02:00-06:00 Europe/London``.

        Raises:
            ValueError: Says all that is wrong with *text*.
        """
        found = _WINDOW.fullmatch(text)
        if not found:
            raise ValueError("a window is a weekday, two times and a time zone")
        weekday, start, end, time_zone = found.groups()
        opens, closes = _clock(start), _clock(end)
        wrong = _unknown((weekday,), (start, end), time_zone)
        if start == end:
            wrong.append("it opens and closes at the same time")
        if wrong or opens is None or closes is None:
            raise ValueError("; ".join(dict.fromkeys(wrong)))
        return cls(WEEKDAYS.index(weekday), opens, closes, time_zone)

    @property
    def crosses_midnight(self) -> bool:
        """Whether it closes on the day after it opened."""
        return self.end < self.start

    def __str__(self) -> str:
        """As it is written: ``Sat 02:00-06:00 Europe/London``."""
        return f"{WEEKDAYS[self.weekday]} {self.start:%H:%M}-{self.end:%H:%M} {self.time_zone}"


@dataclass(frozen=True, slots=True)
class Blackout:
    """Days on which nothing is interrupted, *first* and *last* included."""

    first: date
    last: date

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``2026-12-20/2027-01-03``, or one day alone.

        Raises:
            ValueError: Says what is wrong with *text*.
        """
        first, slash, last = text.partition("/")
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", first) or (
            slash and not re.fullmatch(r"\d{4}-\d{2}-\d{2}", last)
        ):
            raise ValueError("a blackout is two dates with a slash between, or one date")
        begins = date.fromisoformat(first)
        ends = date.fromisoformat(last) if slash else begins
        if ends < begins:
            raise ValueError("it ends before it begins")
        return cls(begins, ends)


@dataclass(frozen=True, slots=True)
class WorkingHours:
    """Hours of the week in which a notebook's owner works.

    Attributes:
        first: The first weekday; 0 is Monday.
        last: The last weekday, included; before *first* where the days reach over Sunday.
        start: When work begins, wall-clock time in *time_zone*.
        end: When it ends, on the same day.
        time_zone: IANA name.
    """

    first: int
    last: int
    start: time
    end: time
    time_zone: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``Mon-Fri 09:00-17:30 Europe/London``; one weekday may stand alone.

        Raises:
            ValueError: Says all that is wrong with *text*.
        """
        found = _WORKING_HOURS.fullmatch(text)
        if not found:
            raise ValueError("working hours are one or two weekdays, two times and a time zone")
        first, last, start, end, time_zone = found.groups()
        last = last or first
        begins, ends = _clock(start), _clock(end)
        wrong = _unknown((first, last), (start, end), time_zone)
        if begins is not None and ends is not None and ends <= begins:
            wrong.append("they end before they begin")
        if wrong or begins is None or ends is None:
            raise ValueError("; ".join(dict.fromkeys(wrong)))
        return cls(WEEKDAYS.index(first), WEEKDAYS.index(last), begins, ends, time_zone)

    def includes(self, weekday: int) -> bool:
        """Whether there is work on *weekday*; 0 is Monday."""
        if self.first <= self.last:
            return self.first <= weekday <= self.last
        return weekday >= self.first or weekday <= self.last

    def __str__(self) -> str:
        """As it is written: ``Mon-Fri 09:00-17:30 Europe/London``."""
        days = (
            WEEKDAYS[self.first]
            if self.first == self.last
            else f"{WEEKDAYS[self.first]}-{WEEKDAYS[self.last]}"
        )
        return f"{days} {self.start:%H:%M}-{self.end:%H:%M} {self.time_zone}"


@functools.cache
def is_time_zone(name: str) -> bool:
    """Whether *name* is in the IANA database. It is asked one by one: listing it reads 600 files."""
    if not re.fullmatch(r"[A-Z][A-Za-z0-9_+-]*(/[A-Z][A-Za-z0-9_+-]*)*", name):
        return False
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):  # OSError: a folder of the database
        return False
    return True


def _unknown(weekdays: Iterable[str], times: Iterable[str], time_zone: str) -> list[str]:
    """What is no weekday, no time, no time zone."""
    days = ", ".join(WEEKDAYS)
    wrong = [f"there is no weekday {shown(day)} ({days})" for day in weekdays if day not in WEEKDAYS]
    wrong += [f"there is no time {text} (00:00 to 23:59)" for text in times if _clock(text) is None]
    return wrong if is_time_zone(time_zone) else [*wrong, f"there is no time zone {shown(time_zone)}"]


def _clock(text: str) -> time | None:
    try:
        return time.fromisoformat(text)
    except ValueError:
        return None
