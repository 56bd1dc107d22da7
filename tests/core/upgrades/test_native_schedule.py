"""Workbench's own schedule: read as cron reads it, and told whether it can ever fire."""

from datetime import UTC, datetime, timedelta

import pytest
from croniter import croniter
from cronsim import CronSimError
from hypothesis import given, settings
from hypothesis import strategies as st
from upgrade_facts import CURRENT, NOW, OFFER, entry, notebook

from notebook_provisioner.core.fleet.windows import WorkingHours
from notebook_provisioner.core.upgrades.facts import IDLE_KEY, SCHEDULE_KEY, Upgradability
from notebook_provisioner.core.upgrades.native_schedule import Verdict, assess, times

OFFICE = WorkingHours.parse("Mon-Fri 09:00-18:00 Europe/London")


def field(low, high, names=()):
    """A field of a cron expression."""
    one = st.integers(low, high).map(str) | (st.sampled_from(names) if names else st.nothing())
    # croniter 7 takes 1-1 for the whole range, and cron for 1
    spans = st.lists(st.integers(low, high), min_size=2, max_size=2, unique=True).map(sorted)
    ranges = spans.map(lambda ends: f"{ends[0]}-{ends[1]}")
    stepped = st.tuples(ranges, st.integers(1, 7)).map(lambda parts: f"{parts[0]}/{parts[1]}")
    return (
        st.just("*") | one | ranges | stepped | st.lists(one | ranges, min_size=2, max_size=3).map(",".join)
    )


expressions = st.tuples(
    field(0, 59),
    field(0, 23),
    field(1, 28),
    field(1, 12, ("jan", "FEB", "Dec")),
    field(0, 6, ("sun", "MON", "Sat")) | st.just("7"),
).map(" ".join)
moments = st.integers(0, 20 * 366 * 24 * 60).map(
    lambda minutes: datetime(2020, 2, 27, tzinfo=UTC) + timedelta(minutes=minutes)
)


@settings(max_examples=200, deadline=None)
@given(expressions, moments)
def test_a_cron_expression_means_what_another_library_takes_it_for(expression, moment):
    theirs = croniter(expression, moment)
    assert list(times(expression, moment, 6)) == [theirs.get_next(datetime) for _ in range(6)]


@pytest.mark.parametrize(
    "expression",
    ["0 2 * *", "0 2 * * SAT *", "60 2 * * *", "0 24 * * *", "0 2 0 * *", "@weekly", "0 2 * 13 *"],
)
def test_what_is_no_cron_expression_is_told_so(expression):
    with pytest.raises(CronSimError):
        times(expression, NOW, 1)
    found = assess(scheduled(expression), None, NOW)
    assert (found.verdict, found.missed, found.next) == (Verdict.INVALID, 0, None)
    assert repr(expression) in found.message


def scheduled(expression="0 2 * * SAT", idle=None, **changed):
    metadata = {SCHEDULE_KEY: expression} | ({IDLE_KEY: str(idle)} if idle else {})
    return notebook(metadata=metadata | changed.pop("metadata", {}), **changed)


def test_at_night_idle_shutdown_comes_first():
    offer = Upgradability(
        upgradable=True,
        version="20261002",
        image="x/workbench-instances-2603-v20261002",
        message="A new image",
    )
    found = assess(scheduled(idle=10_800, upgradability=offer), OFFICE, NOW)
    assert found.verdict is Verdict.NEVER
    assert found.missed == 8
    assert found.next == datetime(2026, 11, 28, 2, tzinfo=UTC)
    assert found.message == (
        "scheduled Sat 02:00 GMT, but idle shutdown after 180 min stops it before, every time: "
        "has missed 8 windows since the image of 2026-10-02"
    )


def test_the_count_begins_with_the_last_upgrade():
    found = assess(scheduled(idle=10_800, history=(entry(15),)), OFFICE, NOW)
    assert (found.missed, found.message.rpartition("since ")[2]) == (2, "its last upgrade")


def test_nothing_is_missed_where_there_is_nothing_to_upgrade_to():
    found = assess(scheduled(idle=10_800, upgradability=CURRENT), OFFICE, NOW)
    assert (found.verdict, found.missed) == (Verdict.NEVER, 0)


def test_a_time_that_is_just_over_is_not_missed_yet():
    before = datetime(2026, 11, 21, 2, 30, tzinfo=UTC)
    assert assess(scheduled(history=(entry(3),)), None, before).missed == 0
    assert assess(scheduled(history=(entry(3),)), None, before + timedelta(hours=1)).missed == 1


@pytest.mark.parametrize(
    ("expression", "idle", "verdict"),
    [
        ("0 2 * * SAT", 10_800, Verdict.NEVER),
        ("0 12 * * WED", 10_800, Verdict.FIRES),  # at work
        ("0 19 * * WED", 10_800, Verdict.FIRES),  # an hour or two after work
        ("0 20 * * WED", 10_800, Verdict.DEPENDS),  # in summer, that is three hours after it
        ("0 22 * * WED", 10_800, Verdict.NEVER),
        ("0 4 * * MON", 86_400, Verdict.NEVER),  # Friday evening is too long ago
        ("0 4 * * TUE", 86_400, Verdict.FIRES),
    ],
)
def test_working_hours_tell_whether_it_runs(expression, idle, verdict):
    assert assess(scheduled(expression, idle), OFFICE, NOW).verdict is verdict


def test_summer_and_winter_can_differ():
    found = assess(
        scheduled("30 17 * * WED", 1_800), WorkingHours.parse("Mon-Fri 09:00-17:30 Europe/London"), NOW
    )
    assert found.verdict is Verdict.DEPENDS
    assert "stops it before, " in found.message
    assert "of 60 times" in found.message


def test_without_working_hours_it_is_said_on_what_it_depends():
    found = assess(scheduled(idle=10_800), None, NOW)
    assert found.verdict is Verdict.DEPENDS
    assert "only if somebody uses it after 23:00 GMT" in found.message


@pytest.mark.parametrize(
    ("changed", "verdict"),
    [
        ({"state": "ACTIVE"}, Verdict.FIRES),
        ({"state": "STOPPED"}, Verdict.DEPENDS),
        # the key is there and empty, or what idle shutdown needs is off: no idle shutdown
        ({"metadata": {IDLE_KEY: ""}}, Verdict.FIRES),
        ({"metadata": {IDLE_KEY: "10800", "enable-guest-attributes": "False"}}, Verdict.FIRES),
    ],
)
def test_without_idle_shutdown_it_is_the_power_that_counts(changed, verdict):
    assert assess(scheduled(**changed), OFFICE, NOW).verdict is verdict


def test_no_schedule_is_nothing_to_say():
    found = assess(notebook(upgradability=OFFER), OFFICE, NOW)
    assert (found.verdict, found.message) == (Verdict.NONE, "")


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("0 2 * * 6", "Sat 02:00 GMT"),
        ("00 19 * * MON", "Mon 19:00 GMT"),
        ("5 3 1 * *", "on day 1 of the month 03:05 GMT"),
        ("0 2 1,15 * *", "'0 2 1,15 * *' GMT"),
        ("0 2 31 2 *", "no cron expression of five fields: Bad day-of-month"),
    ],
)
def test_simple_schedules_are_spoken(expression, words):
    assert words in assess(scheduled(expression), OFFICE, NOW).message
