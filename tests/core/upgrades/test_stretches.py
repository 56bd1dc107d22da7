"""When a window is open: never beyond what the wall clock says, on any day of any year."""

import itertools
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notebook_provisioner.core.fleet.windows import WEEKDAYS, Blackout, Window, WorkingHours
from notebook_provisioner.core.upgrades.stretches import at_work, opening_day, openings

# Europe, America, half an hour (Lord Howe), midnight (Beirut, Santiago), a day that was skipped (Apia), one
# with negative daylight saving (Dublin), and without any.
ZONES = (
    "Europe/London",
    "Europe/Amsterdam",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Beirut",
    "America/Santiago",
    "Pacific/Apia",
    "Europe/Dublin",
    "Asia/Kolkata",
    "UTC",
)
clocks = st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 30, 59]))


@st.composite
def windows(draw):
    start, end = draw(clocks), draw(clocks)
    if start == end:
        end = time((start.hour + 1) % 24, start.minute)
    return Window(draw(st.integers(0, 6)), start, end, draw(st.sampled_from(ZONES)))


moments = st.integers(0, 35 * 366 * 24 * 60).map(
    lambda minutes: datetime(2010, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)


@st.composite
def blackouts(draw, around):
    first = around.date() + timedelta(days=draw(st.integers(-10, 60)))
    return Blackout(first, first + timedelta(days=draw(st.integers(0, 20))))


def is_open(window, moment):
    """Whether *window* is open, told by the wall clock alone; and the day that it opened on."""
    local = moment.astimezone(ZoneInfo(window.time_zone))
    clock, today = local.time(), local.date()
    if window.start < window.end:
        return window.start <= clock < window.end and today.weekday() == window.weekday, today
    if clock >= window.start:
        return today.weekday() == window.weekday, today
    yesterday = today - timedelta(days=1)
    return clock < window.end and yesterday.weekday() == window.weekday, yesterday


@settings(max_examples=150, deadline=None)
@given(st.data(), windows(), moments)
def test_every_minute_of_a_stretch_is_inside_its_window(data, window, begin):
    until = begin + timedelta(days=40)
    dark = tuple(data.draw(st.lists(blackouts(begin), max_size=2)))
    found = openings(window, dark, begin, until).stretches
    for stretch in found:
        assert begin <= stretch.start < stretch.end <= until
        moment = stretch.start
        while moment < stretch.end:
            inside, day = is_open(window, moment)
            assert inside, (window, moment)
            assert day == stretch.day == opening_day(window, moment)
            local = moment.astimezone(ZoneInfo(window.time_zone)).date()
            assert not any(blackout.first <= local <= blackout.last for blackout in dark)
            moment += timedelta(minutes=15)
    assert all(one.end <= other.start for one, other in itertools.pairwise(found))


@settings(max_examples=100, deadline=None)
@given(windows(), moments)
def test_no_whole_window_is_forgotten(window, begin):
    """Where the clock is not moved in it, a window is open from end to end, once in seven days."""
    until = begin + timedelta(days=40)
    zone = ZoneInfo(window.time_zone)
    found = {stretch.day: stretch for stretch in openings(window, (), begin, until).stretches}
    day = begin.astimezone(zone).date() + timedelta(days=1)
    while day < (until - timedelta(days=2)).astimezone(zone).date():
        if day.weekday() == window.weekday:
            start = datetime.combine(day, window.start, zone)
            end = datetime.combine(
                day + timedelta(days=1) if window.crosses_midnight else day, window.end, zone
            )
            around = [
                datetime.combine(start.date() + timedelta(days=n), time(12), zone) for n in range(-2, 4)
            ]
            if len({moment.utcoffset() for moment in around}) == 1:
                assert (found[day].start, found[day].end) == (start, end)
        day += timedelta(days=1)


@pytest.mark.parametrize(
    ("text", "day", "start", "end"),
    [
        # the night in which London's clocks go forward: an hour shorter; back: an hour longer
        ("Sun 00:00-06:00 Europe/London", "2027-03-28", "00:00", "05:00"),
        ("Sun 00:00-06:00 Europe/London", "2026-10-25", "23:00-", "06:00"),
        # it opens at a time that is skipped: at its later reading; closes at one: at its earlier reading
        ("Sun 01:30-06:00 Europe/London", "2027-03-28", "01:30", "05:00"),
        ("Sun 00:00-01:30 Europe/London", "2027-03-28", "00:00", "00:30"),
        # it opens at a time that comes twice: at the second; closes at one: at the first
        ("Sun 01:30-06:00 Europe/London", "2026-10-25", "01:30", "06:00"),
        ("Sun 00:00-01:30 Europe/London", "2026-10-25", "23:00-", "00:30"),
        # the whole of it comes twice: the first time
        ("Sun 01:15-01:45 Europe/London", "2026-10-25", "00:15", "00:45"),
        # a leap day, and the 53rd week of 2026
        ("Tue 02:00-06:00 UTC", "2028-02-29", "02:00", "06:00"),
        ("Thu 22:00-02:00 UTC", "2026-12-31", "22:00", "02:00+"),
    ],
)
def test_days_on_which_clocks_and_calendars_do_something(text, day, start, end):
    day = date.fromisoformat(day)

    def moment(clock):
        shift = {"-": -1, "+": 1}.get(clock[-1], 0)
        return datetime.combine(
            day + timedelta(days=shift), time.fromisoformat(clock.rstrip("+-")), tzinfo=UTC
        )

    begin = datetime.combine(day, time(0), tzinfo=UTC) - timedelta(days=2)
    found = openings(Window.parse(text), (), begin, begin + timedelta(days=5)).stretches
    assert [(stretch.start, stretch.end) for stretch in found] == [(moment(start), moment(end))]


def test_a_window_that_the_clock_skips_does_not_open():
    begin = datetime(2027, 3, 26, tzinfo=UTC)
    window = Window.parse("Sun 01:15-01:45 Europe/London")
    days = [stretch.day for stretch in openings(window, (), begin, begin + timedelta(days=12)).stretches]
    assert days == [date(2027, 4, 4)]


def test_a_blackout_takes_its_part_of_a_window_over_midnight():
    begin = datetime(2026, 12, 18, tzinfo=UTC)
    window = Window.parse("Sat 22:00-02:00 UTC")
    found = openings(window, (Blackout.parse("2026-12-20/2026-12-26"),), begin, begin + timedelta(days=14))
    assert [(stretch.start, stretch.end) for stretch in found.stretches] == [
        (datetime(2026, 12, 19, 22, tzinfo=UTC), datetime(2026, 12, 20, tzinfo=UTC)),
        (datetime(2026, 12, 27, tzinfo=UTC), datetime(2026, 12, 27, 2, tzinfo=UTC)),
    ]
    assert found.blacked_out == 0


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 6), st.integers(0, 6), st.sampled_from(ZONES), moments)
def test_working_hours_are_those_of_the_wall_clock(first, last, zone, begin):
    hours = WorkingHours(first, last, time(9), time(17, 30), zone)
    until = begin + timedelta(days=9)
    for start, end in at_work(hours, begin, until):
        assert end > begin
        assert start < until
        for moment in (start, end - timedelta(minutes=1)):
            local = moment.astimezone(ZoneInfo(zone))
            assert time(9) <= local.time() < time(17, 30)
            assert WEEKDAYS[local.weekday()] in (
                WEEKDAYS[first : last + 1] if first <= last else WEEKDAYS[first:] + WEEKDAYS[: last + 1]
            )
