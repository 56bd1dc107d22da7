"""Which of a series of snapshots are kept: the rules of restic's ``forget``.

People know these rules from restic (https://restic.readthedocs.io/en/stable/060_forget.html); a test runs
the real program beside this module. The rules are those of releases from 0.16 on
(https://github.com/restic/restic/issues/3624). One rule that keeps is
enough. Counting rules walk from the newest snapshot to the oldest and keep the newest of each hour, day, ISO
week, month or year until their number is used up. What is left of it keeps the oldest snapshot, too, so that
the history reaches back as far as it can. Spans reach back from the newest snapshot, not from today, so that
a notebook that rests for a year loses nothing by resting.

Unlike restic's, an empty policy keeps nothing here: the callers have rules of their own besides.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

_SPAN: Final = re.compile(r"(?=.)(?:(\d+)y)?(?:(\d+)m)?(?:(\d+)d)?(?:(\d+)h)?")


@dataclass(frozen=True, slots=True)
class Span:
    """A length of time in calendar units, as restic writes it: ``1y6m``, ``90d``, ``36h``."""

    years: int = 0
    months: int = 0
    days: int = 0
    hours: int = 0

    @classmethod
    def parse(cls, text: str) -> "Span":
        """Read ``1y6m10d2h``; every part but one may be left out.

        Raises:
            ValueError: *text* is no such span.
        """
        found = _SPAN.fullmatch(text)
        if found is None:
            raise ValueError(f"{text!r} is no span: write years, months, days, hours, as in 1y6m or 90d")
        return cls(*(int(part or 0) for part in found.groups()))

    def before(self, moment: datetime) -> datetime:
        """The moment that lies this span before *moment*, in *moment*'s zone.

        A day that the month does not have runs over into the next month, as Go's ``AddDate`` has it: one
        month before 31 March is 3 March. What lies before the year 1 is the year 1.
        """
        months = moment.year * 12 + moment.month - 1 - self.years * 12 - self.months
        if months < 12:  # noqa: PLR2004  # before January of the year 1
            return datetime.min.replace(tzinfo=moment.tzinfo)
        first = moment.replace(year=months // 12, month=months % 12 + 1, day=1)
        try:
            local = first + timedelta(days=moment.day - 1 - self.days)
            return (local.astimezone(UTC) - timedelta(hours=self.hours)).astimezone(moment.tzinfo)
        except OverflowError:
            return datetime.min.replace(tzinfo=moment.tzinfo)

    def after(self, moment: datetime) -> datetime:
        """The moment that lies this span after *moment*. What lies after the year 9999 is its last moment."""
        months = moment.year * 12 + moment.month - 1 + self.years * 12 + self.months
        try:
            first = moment.replace(year=months // 12, month=months % 12 + 1, day=1)
            return first + timedelta(days=moment.day - 1 + self.days, hours=self.hours)
        except (OverflowError, ValueError):  # `replace` raises this one
            return datetime.max.replace(tzinfo=moment.tzinfo)

    def __str__(self) -> str:
        """As it is written: ``1y6m``."""
        parts = zip((self.years, self.months, self.days, self.hours), "ymdh", strict=True)
        return "".join(f"{number}{unit}" for number, unit in parts if number) or "0h"


@dataclass(frozen=True, slots=True)
class Policy:
    """What is kept. Counts are of at least 1; None leaves a rule out.

    Attributes:
        last: Newest snapshots.
        hourly: Hours of which the newest snapshot is kept; so on up to ``yearly``.
        daily: Days.
        weekly: ISO weeks.
        monthly: Months.
        yearly: Years.
        within: Everything that is younger than this, counted from the newest snapshot.
        within_hourly: The newest of every hour within this; so on up to ``within_yearly``.
        within_daily: The newest of every day within this.
        within_weekly: The newest of every ISO week within this.
        within_monthly: The newest of every month within this.
        within_yearly: The newest of every year within this.
    """

    last: int | None = None
    hourly: int | None = None
    daily: int | None = None
    weekly: int | None = None
    monthly: int | None = None
    yearly: int | None = None
    within: Span | None = None
    within_hourly: Span | None = None
    within_daily: Span | None = None
    within_weekly: Span | None = None
    within_monthly: Span | None = None
    within_yearly: Span | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is no rule at all."""
        return all(getattr(self, field.name) is None for field in fields(self))


Bucket = Callable[[datetime, int], tuple[int, ...]]

_BUCKETS: Final[dict[str, Bucket]] = {
    "last": lambda _moment, number: (number,),
    "hourly": lambda moment, _: (moment.year, moment.month, moment.day, moment.hour),
    "daily": lambda moment, _: (moment.year, moment.month, moment.day),
    "weekly": lambda moment, _: moment.isocalendar()[:2],
    "monthly": lambda moment, _: (moment.year, moment.month),
    "yearly": lambda moment, _: (moment.year,),
}


@dataclass(slots=True)
class _Rule:
    """One rule on its way from the newest snapshot to the oldest."""

    name: str
    bucket: Bucket
    left: int | None = None  # how many it may still keep; None without a limit
    since: datetime | None = None  # it looks at snapshots after this only
    previous: tuple[int, ...] | None = None
    keeps_oldest: bool = False  # whether it would keep the last snapshot that it saw, were that the oldest

    def keeps(self, moment: datetime, number: int) -> bool:
        self.keeps_oldest = False
        if self.left == 0 or (self.since is not None and moment <= self.since):
            return False
        bucket = self.bucket(moment, number)
        if bucket == self.previous:
            self.keeps_oldest = True
            return False
        self.previous = bucket
        if self.left is not None:
            self.left -= 1
        return True


class Walk:
    """Applies a policy to one series, newest first, in memory that does not grow with the series.

    Args:
        policy: The policy.
        zone: The time zone whose hours and days are counted.
    """

    def __init__(self, policy: Policy, zone: tzinfo = UTC) -> None:
        self._policy = policy
        self._zone = zone
        self._rules: list[_Rule] | None = None
        self._since: datetime | None = None
        self._number = 0

    def reasons(self, moment: datetime) -> tuple[str, ...]:
        """Which rules keep the next snapshot, as far as no older one matters; empty where none does.

        Args:
            moment: When it was taken, with a time zone; not after the one before it in the walk.
        """
        local = moment.astimezone(self._zone)
        if self._rules is None:
            self._start(local)
        number, self._number = self._number, self._number + 1
        kept = ["keep-within"] if self._since is not None and local > self._since else []
        kept += [rule.name for rule in self._rules or () if rule.keeps(local, number)]
        return tuple(kept)

    def of_oldest(self) -> tuple[str, ...]:
        """Which rules keep the last snapshot of the walk besides, because there is none that is older."""
        return tuple(f"{rule.name}, the oldest" for rule in self._rules or () if rule.keeps_oldest)

    def _start(self, newest: datetime) -> None:
        policy = self._policy
        self._since = policy.within.before(newest) if policy.within else None
        counted = ((name, bucket, getattr(policy, name)) for name, bucket in _BUCKETS.items())
        self._rules = [_Rule(f"keep-{name}", bucket, left=count) for name, bucket, count in counted if count]
        for name, bucket in _BUCKETS.items():
            span: Span | None = getattr(policy, f"within_{name}", None)
            if span is not None:
                self._rules.append(_Rule(f"keep-within-{name}", bucket, since=span.before(newest)))


def apply(moments: Iterable[datetime], policy: Policy, zone: tzinfo = UTC) -> Iterator[tuple[str, ...]]:
    """Which rules keep each of *moments*, which are sorted newest first."""
    walk = Walk(policy, zone)
    last: tuple[str, ...] | None = None
    for moment in moments:
        if last is not None:
            yield last
        last = walk.reasons(moment)
    if last is not None:
        yield (*last, *walk.of_oldest())
