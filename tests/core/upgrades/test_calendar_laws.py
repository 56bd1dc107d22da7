"""The calendar's laws, over fleets, windows, histories and moments of every kind."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st
from upgrade_facts import CURRENT, OFFER, REFUSED, SILENT, notebook, rollout, sight

from notebook_provisioner.core.fleet.windows import Blackout, Window, WorkingHours
from notebook_provisioner.core.retention import Span
from notebook_provisioner.core.upgrade_history import HistoryEntry
from notebook_provisioner.core.upgrades import calendar
from notebook_provisioner.core.upgrades.facts import LegacyMachine, Sample
from notebook_provisioner.core.upgrades.plan import Why
from notebook_provisioner.core.upgrades.policy import Policy

# Each is right before something that calendars do: clocks forward and back, a leap day, the turn of a year
# with 53 weeks, the turn of one with 52.
SPECIAL_DAYS = (
    datetime(2027, 3, 26, 13, 5, tzinfo=UTC),
    datetime(2026, 10, 23, 13, 5, tzinfo=UTC),
    datetime(2028, 2, 25, 0, 0, tzinfo=UTC),
    datetime(2026, 12, 26, 23, 59, tzinfo=UTC),
    datetime(2027, 12, 27, 6, 30, tzinfo=UTC),
)
moments = st.sampled_from(SPECIAL_DAYS) | st.integers(0, 16 * 366 * 24 * 60).map(
    lambda minutes: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
zones = st.sampled_from(
    ["Europe/London", "Europe/Amsterdam", "America/New_York", "Australia/Lord_Howe", "UTC"]
)
clocks = st.builds(time, st.integers(0, 23), st.sampled_from([0, 30]))


@st.composite
def policies(draw, now):
    start = draw(clocks)
    end = draw(clocks.filter(lambda clock: clock != start))
    first = now.date() + timedelta(days=draw(st.integers(-5, 40)))
    dark = Blackout(first, first + timedelta(days=draw(st.integers(0, 15))))
    zone = draw(zones)
    return Policy(
        Window(draw(st.integers(0, 6)), start, end, zone),
        draw(st.sampled_from(["weekly", "monthly"])),
        draw(st.sampled_from([(), (dark,)])),
        draw(st.sampled_from([None, WorkingHours(0, 4, time(9), time(17), zone)])),
    )


@st.composite
def fleets(draw):
    now = draw(moments)
    several = draw(st.lists(policies(now), min_size=1, max_size=3))
    books, given_policies = [], {}
    for index in range(draw(st.integers(0, 14))):
        age = draw(st.none() | st.integers(0, 60))
        done = now - timedelta(days=age or 0, hours=1)
        ending = draw(st.sampled_from(["SUCCEEDED", "SUCCEEDED", "FAILED", "STARTED"]))
        action = draw(st.sampled_from(["UPGRADE", "UPGRADE", "UPGRADE", "ROLLBACK"]))
        target = draw(st.sampled_from(["m141", "m144"]))
        offer = draw(
            st.sampled_from(
                [OFFER] * 4
                + [
                    CURRENT,
                    REFUSED,
                    SILENT,
                ]
            )
        )
        item = notebook(
            f"nb-{index:02}",
            zone=draw(st.sampled_from(["europe-west1-b", "europe-west1-c"])),
            state=draw(st.sampled_from(["ACTIVE", "ACTIVE", "STOPPED", "UPGRADING", "PROVISIONING"])),
            health=draw(st.sampled_from(["HEALTHY", "HEALTHY", "HEALTHY", "UNHEALTHY"])),
            family=draw(st.sampled_from(["workbench-instances", "workbench-instances-2603"])),
            created=now - timedelta(days=100 + index),
            history=() if age is None else (HistoryEntry(action, ending, done, "m139", target),),
            upgradability=offer,
        )
        books.append(item)
        given_policies[item.key] = draw(st.sampled_from([*several, None]))
    for index in range(draw(st.integers(0, 2))):
        given_policies["europe-west1-d", f"missing-{index}"] = several[0]
    unlisted = draw(st.sets(st.sampled_from([item.key for item in books]), max_size=2)) if books else set()
    for key in unlisted:
        del given_policies[key]
    keys = [item.key for item in books]
    took = st.integers(1, 200).map(lambda minutes: timedelta(minutes=minutes))
    samples = draw(st.lists(st.builds(Sample, st.sampled_from(keys), took), max_size=6)) if keys else []
    look = sight(
        *books,
        legacy=tuple(
            LegacyMachine("europe-west1-b", f"old-{n}", "RUNNING") for n in range(draw(st.integers(0, 2)))
        ),
        unreachable=frozenset(draw(st.sampled_from([(), ("europe-west1-d",)]))),
        samples=tuple(samples),
    )
    rules = rollout(
        canaries=frozenset(
            draw(st.lists(st.sampled_from([item.name for item in books]), max_size=2)) if books else ()
        ),
        soak=Span(hours=draw(st.sampled_from([1, 24, 24 * 8]))),
        parallelism=draw(st.integers(1, 4)),
        wave_size=draw(st.none() | st.integers(1, 4)),
    )
    return look, given_policies, rules, now, now + timedelta(days=draw(st.integers(5, 60)))


def nothing_is_outside_its_window_or_in_a_blackout(fleet, plan):
    _, given_policies, _, now, until = fleet
    for item in plan.upgrades:
        policy = given_policies[item.key]
        window, zone = policy.window, ZoneInfo(policy.window.time_zone)
        assert now <= item.start <= item.start_not_after
        assert item.end <= item.deadline <= until
        assert item.start_not_after == item.deadline - item.expected
        moment = item.start
        while moment < item.deadline:
            local = moment.astimezone(zone)
            day, clock = local.date(), local.time()
            assert not any(dark.first <= day <= dark.last for dark in policy.blackouts)
            if window.start < window.end:
                assert window.start <= clock < window.end
            else:
                assert clock >= window.start or clock < window.end
                day -= timedelta(days=clock < window.end)
            assert day.weekday() == window.weekday
            moment += timedelta(minutes=30)


def never_more_at_a_time_than_allowed(plan):
    edges = sorted([(item.start, 1) for item in plan.upgrades] + [(item.end, -1) for item in plan.upgrades])
    running = 0
    for _, change in edges:
        running += change
        assert running <= plan.parallelism
    by_lane = {}
    for item in plan.upgrades:
        assert 0 <= item.lane < plan.parallelism
        assert by_lane.get(item.lane, item.start) <= item.start
        by_lane[item.lane] = item.end


def every_notebook_is_placed_or_named_exactly_once(fleet, plan):
    look, given_policies, *_ = fleet
    mentioned = Counter([item.key for item in plan.upgrades] + [item.key for item in plan.left_out])
    everybody = {item.key for item in look.notebooks} | given_policies.keys()
    everybody |= {(item.zone, item.name) for item in look.legacy}
    assert mentioned == Counter(everybody)
    assert all(item.message for item in plan.left_out)


def canaries_go_first_and_waves_follow_each_other(fleet, plan):
    look, _, rules, *_ = fleet
    assert [wave.canary for wave in plan.waves] == sorted((wave.canary for wave in plan.waves), reverse=True)
    assert sum(wave.canary for wave in plan.waves) <= 1
    over = None
    for wave in plan.waves:
        assert wave.upgrades
        assert all(item.start >= wave.not_before for item in wave.upgrades)
        assert all(item.canary == wave.canary for item in wave.upgrades)
        if over is not None:
            assert wave.not_before >= over
        over = max(item.end for item in wave.upgrades)
        if wave.canary:
            over = rules.soak.after(over)
        elif rules.wave_size:
            assert len(wave.upgrades) <= rules.wave_size
    first = {item.key for item in plan.waves[0].upgrades} if plan.waves and plan.waves[0].canary else set()
    named = {item.key for item in plan.upgrades if item.name in rules.canaries}
    assert named <= first
    # A release that nobody has yet goes to one notebook, or to the named ones, before the others get it.
    proven = {
        (item.family, item.history[-1].target_version)
        for item in look.notebooks
        if item.history
        and (item.history[-1].action, item.history[-1].state) == ("UPGRADE", "SUCCEEDED")
        and not (item.state == "ACTIVE" and item.health != "HEALTHY")
    }
    for release in {(item.family, item.target_version) for item in plan.upgrades} - proven:
        members = [item for item in plan.upgrades if (item.family, item.target_version) == release]
        leaders = [item for item in members if item.key in first]
        if len(members) > len(leaders):
            assert all(
                rules.soak.after(leader.end) <= item.start
                for leader in leaders
                for item in members
                if item not in leaders
            )


def no_week_or_month_has_two_upgrades_of_a_notebook(fleet, plan):
    look, given_policies, *_ = fleet
    before = {item.key: item.upgraded for item in look.notebooks}
    for item in plan.upgrades:
        policy = given_policies[item.key]
        if before[item.key] is not None:
            assert policy.period_of(item.start) > policy.period_of(before[item.key])


def the_order_of_the_facts_does_not_matter(fleet, plan, random):
    look, given_policies, rules, now, until = fleet
    shuffled = list(look.notebooks)
    random.shuffle(shuffled)
    legacy = tuple(reversed(look.legacy))
    mixed = dict(random.sample(list(given_policies.items()), len(given_policies)))
    again = calendar.make(replace(look, notebooks=tuple(shuffled), legacy=legacy), mixed, rules, now, until)
    assert again == plan


def who_is_said_to_find_no_room_finds_none(fleet, plan):
    look, given_policies, rules, now, until = fleet
    books = {item.key: item for item in look.notebooks}
    for item in plan.left_out:
        if item.why in {Why.WINDOW_TOO_SHORT, Why.BLACKOUT, Why.CADENCE}:
            alone = calendar.make(
                replace(look, notebooks=(books[item.key],), legacy=()),
                {item.key: given_policies[item.key]},
                rules,
                now,
                until,
            )
            assert [left.why for left in alone.left_out] == [item.why]
        if item.why is Why.FULL:
            assert books[item.key].upgradability.upgradable


@settings(max_examples=250, deadline=None)
@given(fleets(), st.randoms(use_true_random=False))
def test_the_laws_of_the_calendar(fleet, random):
    plan = calendar.make(*fleet)
    nothing_is_outside_its_window_or_in_a_blackout(fleet, plan)
    never_more_at_a_time_than_allowed(plan)
    every_notebook_is_placed_or_named_exactly_once(fleet, plan)
    canaries_go_first_and_waves_follow_each_other(fleet, plan)
    no_week_or_month_has_two_upgrades_of_a_notebook(fleet, plan)
    who_is_said_to_find_no_room_finds_none(fleet, plan)
    the_order_of_the_facts_does_not_matter(fleet, plan, random)


def test_a_year_of_53_weeks_has_53_weekly_upgrades():
    """2026 has 53 weeks of ISO 8601; each of them has its Saturday and its upgrade, and no two have one."""
    policy = Policy(Window.parse("Sat 02:00-06:00 Europe/London"), "weekly")
    moment, weeks = datetime(2025, 12, 28, tzinfo=UTC), []
    item = notebook(created=moment - timedelta(days=9))
    end = datetime(2027, 1, 10, tzinfo=UTC)
    while moment < end:
        (found,) = calendar.make(
            sight(item), {item.key: policy}, rollout(), moment, moment + timedelta(days=30)
        ).upgrades
        weeks.append(found.start.date().isocalendar()[:2])
        item = replace(item, history=(HistoryEntry("UPGRADE", "SUCCEEDED", found.start, "m1", "m2"),))
        moment = found.end
    assert [week for week in weeks if week[0] == 2026] == [(2026, number) for number in range(1, 54)]


def test_monthly_means_each_month_once_leap_years_too():
    policy = Policy(
        Window.parse("Tue 02:00-06:00 UTC"), "monthly", (Blackout(date(2028, 2, 1), date(2028, 2, 28)),)
    )
    moment, days = datetime(2027, 12, 30, tzinfo=UTC), []
    item = notebook(created=moment - timedelta(days=9))
    while len(days) < 4:
        (found,) = calendar.make(
            sight(item), {item.key: policy}, rollout(), moment, moment + timedelta(days=60)
        ).upgrades
        days.append(found.start.date())
        item = replace(item, history=(HistoryEntry("UPGRADE", "SUCCEEDED", found.start, "m1", "m2"),))
        moment = found.end
    assert days == [date(2028, 1, 4), date(2028, 2, 29), date(2028, 3, 7), date(2028, 4, 4)]
