"""Single cases of the calendar: who is left out and why, who goes first, what it says."""

from datetime import UTC, datetime, timedelta

import pytest
from upgrade_facts import CURRENT, NOW, OFFER, REFUSED, SILENT, ZONE, entry, notebook, policy, rollout, sight

from notebook_provisioner.core.fleet import model
from notebook_provisioner.core.retention import Span
from notebook_provisioner.core.upgrades import calendar, support
from notebook_provisioner.core.upgrades.durations import AROUND, UNMEASURED, Durations
from notebook_provisioner.core.upgrades.facts import LegacyMachine, Sample, Upgradability
from notebook_provisioner.core.upgrades.plan import Why
from notebook_provisioner.core.upgrades.policy import Policy, Rollout


def plan_of(look, *, policies=None, days=56, now=NOW, **rules):
    given = {item.key: policy() for item in look.notebooks} if policies is None else policies
    return calendar.make(look, given, rollout(**rules), now, now + timedelta(days=days))


def reason(item, **changed):
    (left,) = plan_of(sight(item), **changed).left_out
    return left


@pytest.mark.parametrize(
    ("changed", "why", "words"),
    [
        ({"upgradability": CURRENT}, Why.CURRENT, "Current and latest available image are the same"),
        ({"upgradability": REFUSED}, Why.NOT_UPGRADABLE, "invalid state"),
        ({"upgradability": SILENT}, Why.UNKNOWN, "no answer"),
        ({"state": "UPGRADING"}, Why.UNSETTLED, "it is UPGRADING"),
        ({"state": "SUSPENDED"}, Why.UNSETTLED, "it is SUSPENDED"),
        ({"health": "UNHEALTHY"}, Why.UNSETTLED, "it is UNHEALTHY"),
        ({"history": (entry(1, state="STARTED"),)}, Why.UNSETTLED, "its last upgrade is STARTED"),
        (
            {"history": (entry(9, target_version="m144"), entry(8, "ROLLBACK"))},
            Why.ROLLED_BACK,
            "rolled back from m144, which is still the newest",
        ),
    ],
)
def test_who_cannot_be_upgraded_is_named_with_the_reason(changed, why, words):
    left = reason(notebook(**changed))
    assert left.why is why
    assert words in left.message


def test_an_answer_without_a_sentence_is_no_reason_to_invent_one():
    silent = Upgradability(upgradable=False, version="", image="", message="")
    assert reason(notebook(upgradability=silent)).message == "the Notebooks API gives no reason"


def test_a_stopped_notebook_is_asked_for_no_health():
    assert plan_of(sight(notebook(state="STOPPED", health="HEALTH_STATE_UNSPECIFIED"))).upgrades


def test_a_rollback_from_an_older_version_does_not_stop_the_next_upgrade():
    item = notebook(history=(entry(40, target_version="m141"), entry(39, "ROLLBACK")))
    assert plan_of(sight(item)).upgrades


def test_the_fleet_file_has_the_last_word():
    item = notebook()
    assert reason(item, policies={}).why is Why.UNLISTED
    assert reason(item, policies={item.key: None}).why is Why.NO_WINDOW


def test_what_is_not_there_is_named():
    here, gone, dark = ("z-a", "here"), ("z-a", "gone"), ("z-b", "dark")
    look = sight(notebook("here", zone="z-a"), unreachable=frozenset({"z-b"}))
    found = plan_of(look, policies={here: policy(), gone: policy(), dark: None})
    assert [(item.name, item.why) for item in found.left_out] == [("dark", Why.UNKNOWN), ("gone", Why.ABSENT)]


def test_former_user_managed_notebooks_are_named_with_the_way_out():
    look = sight(legacy=(LegacyMachine("z", "old", "TERMINATED"),))
    (left,) = plan_of(look).left_out
    assert left.why is Why.LEGACY
    assert "nbp apply" in left.remedy


@pytest.mark.parametrize(
    ("given", "days", "why", "words"),
    [
        (policy("Sat 02:00-02:30 UTC"), 56, Why.WINDOW_TOO_SHORT, "expected to take 60 min"),
        (policy("Sat 02:00-06:00 UTC", "monthly", "2026-11-01/2027-03-01"), 56, Why.BLACKOUT, "2027-01-17"),
        (policy("Sat 02:00-06:00 UTC"), 3, Why.FULL, "does not open before 2026-11-25"),
    ],
)
def test_windows_that_lead_nowhere_are_told(given, days, why, words):
    item = notebook()
    left = reason(item, policies={item.key: given}, days=days)
    assert left.why is why
    assert words in left.message


def test_the_month_of_the_last_upgrade_is_over_before_the_next_one():
    item = notebook(history=(entry(20),))  # on 2 November
    assert reason(item, days=7).why is Why.CADENCE
    (found,) = plan_of(sight(item)).upgrades
    assert found.start == datetime(2026, 12, 5, 2, tzinfo=UTC)


def test_an_upgrade_after_midnight_counts_for_the_day_the_window_opened():
    saturdays = policy("Sat 22:00-02:00 UTC")
    done = entry((NOW - datetime(2026, 11, 1, 0, 30, tzinfo=UTC)) / timedelta(days=1))
    item = notebook(history=(done,))
    (found,) = plan_of(sight(item), policies={item.key: saturdays}).upgrades
    assert found.start == datetime(2026, 11, 28, 22, tzinfo=UTC)


def test_what_finds_no_room_waits_a_week_and_is_named_in_the_end():
    books = [notebook(f"nb-{n}", history=(entry(40, target_version="m144"),)) for n in range(9)]
    proven = notebook("proven", upgradability=CURRENT, history=(entry(40, target_version="m144"),))
    found = plan_of(sight(*books, proven), parallelism=1, days=14)
    assert [f"{item.start:%d %H}" for item in found.upgrades] == [
        "28 02", "28 03", "28 04", "28 05", "05 02", "05 03", "05 04", "05 05",
    ]  # fmt: skip
    (full,) = found.stranded
    assert (full.name, full.why) == ("nb-8", Why.FULL)


def test_the_longest_without_an_upgrade_goes_first():
    books = [notebook(f"nb-{n}", history=(entry(40 + n),)) for n in range(3)]
    found = plan_of(
        sight(*books), parallelism=1, soak=Span(hours=1), canaries=frozenset({"nb-0", "nb-1", "nb-2"})
    )
    assert [item.name for item in found.upgrades] == ["nb-2", "nb-1", "nb-0"]


def test_one_of_each_release_goes_first():
    books = [notebook(f"old-{n}") for n in range(3)]
    books += [notebook(f"new-{n}", family="workbench-instances-2603") for n in range(3)]
    first, then = plan_of(sight(*books)).waves
    assert [item.name for item in first.upgrades] == ["new-0", "old-0"]
    assert first.canary
    assert then.not_before == first.upgrades[-1].end + timedelta(days=1)
    assert {item.name for item in then.upgrades} == {"new-1", "new-2", "old-1", "old-2"}


def test_a_release_that_a_notebook_runs_well_with_needs_no_canary():
    done = notebook("done", upgradability=CURRENT, version="144", history=(entry(5, target_version="M144"),))
    (wave,) = plan_of(sight(done, notebook("next"))).waves
    assert not wave.canary
    assert wave.not_before == NOW
    fresh = notebook("done", upgradability=CURRENT, history=(entry(0.5, target_version="m144"),))
    (wave,) = plan_of(sight(fresh, notebook("next"))).waves
    assert wave.not_before == NOW + timedelta(hours=12)


@pytest.mark.parametrize(
    "changed", [{"health": "UNHEALTHY"}, {"history": (entry(5, state="FAILED", target_version="m144"),)}]
)
def test_a_release_that_went_wrong_proves_nothing(changed):
    tried = notebook(
        "tried", **({"upgradability": CURRENT, "history": (entry(5, target_version="m144"),)} | changed)
    )
    first, _ = plan_of(sight(tried, notebook("a"), notebook("b"))).waves
    assert first.canary
    assert len(first.upgrades) == 1


def test_a_release_that_was_taken_back_is_held():
    back = notebook("back", history=(entry(9, target_version="m144"), entry(8, "ROLLBACK")))
    found = plan_of(sight(back, notebook("next"), notebook("other", family="workbench-instances-2603")))
    assert {item.name: item.why for item in found.left_out} == {"back": Why.ROLLED_BACK, "next": Why.HELD}
    assert "back was rolled back from m144" in next(i for i in found.left_out if i.name == "next").message
    proof = notebook("proof", upgradability=CURRENT, history=(entry(9, target_version="m144"),))
    assert [item.name for item in plan_of(sight(back, notebook("next"), proof)).upgrades] == ["next"]


def test_waves_have_their_size():
    books = [notebook(f"nb-{n}") for n in range(8)]
    waves = plan_of(sight(*books), wave_size=3, canaries=frozenset({"nb-7"})).waves
    assert [len(wave.upgrades) for wave in waves] == [1, 3, 3, 1]
    assert [wave.number for wave in waves] == [1, 2, 3, 4]
    assert waves[2].not_before == max(item.end for item in waves[1].upgrades)


def test_it_says_whom_it_interrupts_and_what_it_costs():
    awake, asleep = notebook("awake"), notebook("asleep", state="STOPPED", gpus=2)
    given = policy("Mon 10:00-14:00 Europe/London", hours="Mon-Fri 09:00-17:00 Europe/London")
    found = plan_of(
        sight(awake, asleep), policies={awake.key: given, asleep.key: policy()}, canaries=frozenset({"awake"})
    )
    one, other = found.upgrades
    assert one.interrupts == (
        "in the working hours of awake@example.com",
        "kernels of awake@example.com that run then are lost",
    )
    assert one.cost.machine_hours == 0
    assert other.interrupts == ()
    assert (other.cost.machine_hours, other.cost.gpu_hours) == (1.0, 2.0)
    assert other.cost.usd_per_month == 9.75


def test_the_last_moment_to_begin_leaves_time_to_end():
    (found,) = plan_of(sight(notebook())).upgrades
    assert (found.start, found.start_not_after, found.deadline) == tuple(
        datetime(2026, 11, 28, hour, tzinfo=UTC) for hour in (2, 5, 6)
    )


def test_in_an_open_window_it_begins_now():
    now = datetime(2026, 11, 28, 3, 17, 5, tzinfo=UTC)
    (found,) = plan_of(sight(notebook()), now=now).upgrades
    assert (found.start, found.deadline) == (now, datetime(2026, 11, 28, 6, tzinfo=UTC))
    late = datetime(2026, 11, 28, 5, 0, 1, tzinfo=UTC)
    (found,) = plan_of(sight(notebook()), now=late).upgrades
    assert found.start == datetime(2026, 12, 5, 2, tzinfo=UTC)


def test_durations_come_from_the_notebook_its_family_the_project_or_nobody():
    minutes = [Sample((ZONE, "ana"), timedelta(minutes=number)) for number in (8, 12, 10)]
    families = {(ZONE, "ana"): "one", (ZONE, "ben"): "one", (ZONE, "eli"): "other"}
    known = Durations([*minutes, Sample((ZONE, "eli"), timedelta(minutes=30))], families)
    assert known.of((ZONE, "ana")).expected == timedelta(minutes=15) + AROUND
    assert known.of((ZONE, "ana")).basis == "3 upgrades of its own took 10 min in the middle, 12 at most"
    assert known.of((ZONE, "ben")).basis == "3 upgrades of one took 10 min in the middle, 12 at most"
    assert known.of((ZONE, "eli")).expected == timedelta(minutes=38) + AROUND
    assert known.of((ZONE, "fay")).basis == "4 upgrades of the project took 11 min in the middle, 30 at most"
    assert Durations([], {}).of((ZONE, "ana")).expected == UNMEASURED + AROUND


def test_only_the_newest_samples_count():
    old = [Sample((ZONE, "ana"), timedelta(minutes=90))]
    new = [Sample((ZONE, "ana"), timedelta(minutes=4))] * 20
    assert Durations(old + new, {}).of((ZONE, "ana")).expected == timedelta(minutes=5) + AROUND


@pytest.mark.parametrize(
    ("changed", "behind", "ends"),
    [
        ({}, 72, "2027-03-01"),
        ({"image": "", "version": "141"}, 72, "2027-03-01"),
        ({"image": "", "version": "140"}, None, "2027-03-01"),
        ({"family": "workbench-instances-2603", "upgradability": CURRENT}, 0, "2028-03-01"),
        ({"family": "workbench-container-host"}, 72, None),
        ({"upgradability": SILENT}, None, "2027-03-01"),
        (
            {"upgradability": Upgradability(upgradable=True, version="m150", image="", message="")},
            None,
            "2027-03-01",
        ),
    ],
)
def test_days_that_no_source_names_are_unknown(changed, behind, ends):
    found = support.age(notebook(**changed))
    assert found.days_behind == behind
    assert (found.support_ends and found.support_ends.isoformat()) == ends


def test_the_fleet_file_is_read_and_options_win():
    upgrade = model.Upgrade(
        window="Sat 02:00-06:00 Europe/London",
        cadence="weekly",
        blackout=("2026-12-20/2027-01-03",),
        working_hours="Mon-Fri 09:00-17:30 Europe/London",
    )
    assert Policy.read(upgrade) == policy(
        "Sat 02:00-06:00 Europe/London",
        "weekly",
        "2026-12-20/2027-01-03",
        hours="Mon-Fri 09:00-17:30 Europe/London",
    )
    asked = model.Rollout(canaries=("ana",), soak="36h", parallelism=3)
    assert Rollout.read(asked, {}) == Rollout(frozenset({"ana"}), Span(hours=36), 3, None)
    wanted = {"canaries": ("ben",), "soak": None, "parallelism": 9, "wave_size": 4}
    assert Rollout.read(asked, wanted) == Rollout(frozenset({"ben"}), Span(hours=36), 9, 4)


def test_the_reason_has_the_words_of_the_api_and_the_basis_of_the_estimate():
    (found,) = plan_of(sight(notebook())).upgrades
    assert found.reason == f"{OFFER.message}; no upgrade has been measured yet"
