"""What becomes of each snapshot: examples, and laws over random histories."""

from dataclasses import replace
from datetime import UTC, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from snapshot_facts import NOW, ago, claimed, entry, notebook, register, rules, snapshot, upgraded

from notebook_provisioner.core.errors import Refused
from notebook_provisioner.core.fleet.model import Snapshots
from notebook_provisioner.core.retention import Span
from notebook_provisioner.core.snapshots.decisions import OutOfOrder, Verdict, decide, newest_first
from notebook_provisioner.core.snapshots.rules import Rules


def verdicts(snapshots, notebooks, ruling=None, now=NOW, **options):
    ruling = ruling or rules()
    known = register(*notebooks, **options)
    return {
        decision.snapshot.name: decision
        for decision in decide(newest_first(snapshots), known, lambda _: ruling, now)
    }


def deleted(*arguments, **options):
    return {name for name, item in verdicts(*arguments, **options).items() if item.verdict is Verdict.DELETE}


def test_only_the_newest_rollback_points_stay():
    owner, made = upgraded(5)
    assert deleted(made, [owner]) == {"nb-2", "nb-3", "nb-4"}
    assert deleted(made, [owner], rules(rollback_points=4)) == {"nb-4"}


def test_every_decision_says_why():
    owner, made = upgraded(3)
    found = verdicts(made, [owner])
    assert found["nb-0"].reasons == ("the notebook's newest snapshot", "rollback point 1 of 2")
    assert found["nb-1"].reasons == ("rollback point 2 of 2",)
    assert found["nb-2"].reasons == ("no rule keeps it",)
    assert found["nb-2"].rollback_point


def test_the_rules_of_restic_keep_more():
    owner, made = upgraded(6)
    found = verdicts(made, [owner], rules(keep_monthly=4))
    assert found["nb-3"].reasons == ("keep-monthly",)
    assert deleted(made, [owner], rules(keep_monthly=4)) == {"nb-4", "nb-5"}


def test_what_is_left_of_a_count_keeps_the_oldest_of_each_notebook():
    fleet = [
        upgraded(5, newest=12, name=name) for name in ("one", "two")
    ]  # the last 132 days, all of this year
    made = [item for _, items in fleet for item in items]
    owners = [owner for owner, _ in fleet]
    found = verdicts(made, owners, rules(rollback_points=1, keep_yearly=2))
    assert found["one-4"].reasons == found["two-4"].reasons == ("keep-yearly, the oldest",)
    gone = {f"{name}-{number}" for name in ("one", "two") for number in (1, 2, 3)}
    assert {name for name, item in found.items() if item.verdict is Verdict.DELETE} == gone


@pytest.mark.parametrize(
    "changed",
    [
        {"state": "UPGRADING"},
        {"state": "STARTING"},
        {"health": "UNHEALTHY"},
        {"health": "AGENT_NOT_RUNNING"},
        {"health": "HEALTH_STATE_UNSPECIFIED"},
        {"state": "STOPPED", "health": "UNHEALTHY"},
    ],
)
def test_a_notebook_that_is_not_well_keeps_everything(changed):
    owner, made = upgraded(5)
    assert deleted(made, [replace(owner, **changed)]) == set()


@pytest.mark.parametrize("changed", [{"state": "UPGRADING"}, {"health": "UNHEALTHY"}])
def test_a_notebook_that_is_not_well_keeps_its_predecessors_snapshots_too(changed):
    owner = notebook(created=ago(100))
    made = [snapshot("before", 200, labels=claimed())]
    assert deleted(made, [owner]) == {"before"}
    assert deleted(made, [replace(owner, **changed)]) == set()


def test_what_a_hand_made_outlives_its_notebook_unless_somebody_says_otherwise():
    made = [snapshot("my-backup-before-rebuild", 101, of="in-file")]
    anew = notebook(name="in-file", created=ago(100))
    for owners in ([anew], []):
        found = verdicts(made, owners)["my-backup-before-rebuild"]
        assert (found.verdict, found.reasons) == (
            Verdict.KEEP,
            ("unclaimed: nothing proves that an upgrade made it",),
        )
        assert deleted(made, owners, former=["in-file"]) == {"my-backup-before-rebuild"}


def test_a_mark_comes_off_what_turns_out_to_be_unclaimed():
    made = [snapshot("a", 200, of="in-file", labels={"nbp-prune": "2026-01-01"})]
    assert verdicts(made, [])["a"].verdict is Verdict.UNMARK


@pytest.mark.parametrize("back", [89.75, 60])
def test_a_rollback_takes_no_snapshot_out_of_the_rollback_points(back):
    history = [entry("s1", 90), entry("s1", back, action="ROLLBACK"), entry("s2", 30), entry("s3", 20)]
    made = [snapshot(name, days) for name, days in (("s3", 20), ("s2", 30), ("s1", 90))]
    assert deleted(made, [notebook(*history)], rules(rollback_points=3)) == set()
    assert deleted(made, [notebook(*history)]) == {"s1"}


def test_a_stopped_notebook_need_not_prove_its_health():
    owner, made = upgraded(5)
    stopped = replace(owner, state="STOPPED", health="HEALTH_STATE_UNSPECIFIED")
    assert deleted(made, [stopped]) == {"nb-2", "nb-3", "nb-4"}


@pytest.mark.parametrize(
    "last",
    [
        entry("", 3, action="ROLLBACK"),
        entry("", 3),
        entry("", 3, action="ACTION_UNSPECIFIED"),
        entry("", 30, state="FAILED"),
        entry("", 30, state="STARTED"),
        replace(entry("", 30), created=None),
    ],
)
def test_a_notebook_whose_last_upgrade_is_not_settled_keeps_everything(last):
    owner, made = upgraded(5)
    assert deleted(made, [replace(owner, history=(*owner.history, last))]) == set()


@pytest.mark.parametrize(
    "changed",
    [
        {"labels": {"hold": ""}},
        {"labels": {"hold": "false"}},
        {"labels": {"retain-until": "2026-06-15"}},
        {"labels": {"retain-until": "when-ana-says"}},
        {"status": "UPLOADING"},
        {"status": "DELETING"},
        {"kind": "ARCHIVE"},
        {"by_schedule": True},
    ],
)
def test_what_is_marked_or_not_plain_is_kept(changed):
    owner, made = upgraded(5)
    made[4] = replace(made[4], **changed)
    assert "nb-4" not in deleted(made, [owner])


def test_a_retention_day_that_is_over_keeps_no_longer():
    owner, made = upgraded(5)
    made[4] = replace(made[4], labels={"retain-until": "2026-06-14"})
    assert "nb-4" in deleted(made, [owner])


@pytest.mark.parametrize("changed", [{"status": "FAILED"}, {"kind": "ARCHIVE"}, {"kind": "UNKNOWN"}])
@pytest.mark.parametrize("ruling", [{}, {"rollback_points": 0, "keep_last": 2}])
def test_what_cannot_be_rolled_back_to_takes_nobodys_place(changed, ruling):
    owner, made = upgraded(5)
    made[:2] = [replace(item, **changed) for item in made[:2]]
    found = verdicts(made, [owner], Rules.read(Snapshots(), ruling))
    assert {name for name, item in found.items() if item.verdict is Verdict.DELETE} == {"nb-4"}
    assert [item.rollback_point for item in found.values()].count(True) == 3


def test_a_failed_upgrades_snapshot_is_no_rollback_point():
    owner, made = upgraded(4)
    history = list(owner.history)
    history[2] = replace(history[2], state="FAILED")  # nb-1's
    found = verdicts(made, [replace(owner, history=tuple(history))])
    assert found["nb-1"].verdict is Verdict.DELETE
    assert found["nb-2"].reasons == ("rollback point 2 of 2",)


def test_min_age_keeps_the_young():
    owner, made = upgraded(5, newest=10)
    assert deleted(made, [owner], rules(min_age="101d")) == {"nb-4"}


def test_orphans_have_a_rule_of_their_own():
    labels = claimed("in-file")
    made = [snapshot(name, days, of="in-file", labels=labels) for name, days in (("young", 89), ("old", 91))]
    assert deleted(made, []) == {"old"}
    assert deleted(made, [], rules(orphans_keep_within="1y")) == set()


def test_a_marked_snapshot_waits_for_its_grace():
    owner, made = upgraded(4)
    ruling = rules(grace="7d")
    assert verdicts(made, [owner], ruling)["nb-3"].verdict is Verdict.MARK
    for day, verdict in (("2026-06-08", "wait"), ("2026-06-07", "delete"), ("soon", "mark")):
        made[3] = replace(made[3], labels={"nbp-prune": day})
        assert verdicts(made, [owner], ruling)["nb-3"].verdict == verdict


spans = st.builds(Span, months=st.integers(0, 2), days=st.integers(0, 40), hours=st.integers(0, 50))
present = st.datetimes(NOW.replace(tzinfo=None), NOW.replace(2030, tzinfo=None), timezones=st.just(UTC))


@given(present, spans)
def test_a_grace_is_never_shorter_than_it_says(marked_at, grace):
    """And a day longer at most: the mark tells no more than the day."""
    owner, made = upgraded(3)
    made[2] = replace(made[2], labels={"nbp-prune": f"{marked_at:%Y-%m-%d}"})
    ruling, over = replace(rules(), grace=grace), grace.after(marked_at)
    moments = [over - timedelta(seconds=1), over + timedelta(days=1)]
    found = [verdicts(made, [owner], ruling, now=now)["nb-2"].verdict for now in moments]
    assert found == [Verdict.WAIT, Verdict.DELETE]


def test_a_mark_comes_off_what_is_kept_after_all():
    owner, made = upgraded(4)
    made[0] = replace(made[0], labels={"nbp-prune": "2026-06-01"})
    assert verdicts(made, [owner], rules(grace="7d"))["nb-0"].verdict is Verdict.UNMARK


def test_another_order_than_newest_first_is_refused():
    owner, made = upgraded(2)
    with pytest.raises(OutOfOrder):
        list(decide(reversed(made), register(owner), lambda _: rules(), NOW))


def test_a_snapshot_on_two_pages_takes_one_place():
    days = {"s0": 30, "s1": 60, "s2": 60, "s3": 90}  # the two that come again are not in a row
    owner = notebook(*(entry(name, age) for name, age in reversed(days.items())))
    shifted = [snapshot(name, days[name]) for name in ("s0", "s1", "s2", "s1", "s2", "s3")]
    found = [*decide(shifted, register(owner), lambda _: rules(rollback_points=3), NOW)]
    assert [item.verdict for item in found] == [*[Verdict.KEEP] * 3, Verdict.DELETE]


def test_a_policy_that_keeps_nothing_is_refused():
    with pytest.raises(Refused, match="keeps nothing"):
        Rules.read(Snapshots(), {"rollback_points": 0})
    assert Rules.read(Snapshots(), {"rollback_points": 0, "keep_last": 1}).policy.last == 1


def test_a_digest_tells_policies_apart():
    assert rules().digest == rules().digest
    assert rules().digest != rules(keep_last=3).digest


notebooks = st.integers(1, 3)
ages = st.lists(st.integers(1, 900), min_size=0, max_size=12, unique=True)
rulings = st.fixed_dictionaries(
    {"rollback_points": st.integers(1, 4)},
    optional={
        "keep_last": st.integers(1, 6),
        "keep_monthly": st.integers(1, 6),
        "keep_within": st.sampled_from(["40d", "1y"]),
        "min_age": st.sampled_from(["1d", "100d"]),
        "soak": st.sampled_from(["1h", "30d"]),
    },
)


@st.composite
def worlds(draw):
    """Notebooks with histories of any state, and snapshots of any kind."""
    found, made = [], []
    for number in range(draw(notebooks)):
        name, history = f"nb{number}", []
        for days in sorted(draw(ages), reverse=True):
            state = draw(st.sampled_from(["SUCCEEDED"] * 5 + ["FAILED"]))
            labels = draw(st.sampled_from([{}, {}, claimed(name), {"hold": ""}, {"nbp-prune": "2026-01-01"}]))
            item = snapshot(f"{name}-{days}", days, of=name, labels=labels)
            if draw(st.integers(0, 5)):
                history.append(entry(item.name, days, state=state))
            made.append(item)
            if history and not draw(st.integers(0, 2)):  # back to one of the last, some hours later
                back = entry(draw(st.sampled_from(history[-2:])).snapshot, days - 0.25, action="ROLLBACK")
                history.append(back)
        if draw(st.integers(0, 5)):
            found.append(notebook(*history, name=name))
    return found, made


@settings(deadline=None)
@given(worlds(), rulings)
def test_a_rollback_point_inside_n_is_never_deleted(world, ruling):
    found, made = world
    gone = deleted(made, found, rules(**ruling))
    for owner in found:
        points = [
            item.snapshot
            for item in reversed(owner.history)
            if (item.action, item.state) == ("UPGRADE", "SUCCEEDED")
        ]
        assert not set(points[: ruling["rollback_points"]]) & gone


@settings(deadline=None)
@given(worlds(), rulings, st.dictionaries(st.sampled_from(["nb0", "nb1", "nb2"]), st.booleans()))
def test_only_what_an_upgrade_is_proven_to_have_made_is_deleted(world, ruling, lost):
    """Also of notebooks that are lost, or made anew since."""
    found, made = world
    left = [owner for owner in found if owner.name not in lost]
    anew = [notebook(name=name, created=ago(0.5)) for name, again in lost.items() if again]
    in_history = {item.snapshot for owner in left for item in owner.history if item.action == "UPGRADE"}
    labelled = {item.name for item in made if item.labels.get("nbp-origin") == "upgrade"}
    gone = deleted(made, [*left, *anew], rules(**ruling), file=["nb0", "nb1", "nb2"])
    assert gone <= in_history | labelled


@settings(deadline=None)
@given(worlds(), rulings, st.sampled_from(["keep_daily", "keep_yearly", "keep_weekly"]), st.integers(1, 5))
def test_another_rule_never_deletes_more(world, ruling, rule, count):
    found, made = world
    assert deleted(made, found, rules(**ruling, **{rule: count})) <= deleted(made, found, rules(**ruling))


@settings(deadline=None)
@given(worlds(), rulings, st.randoms(use_true_random=False), st.integers(1, 4))
def test_neither_order_nor_repetition_of_input_matters(world, ruling, chance, times):
    found, made = world
    mixed, owners = made * times, list(found)
    chance.shuffle(mixed)
    chance.shuffle(owners)
    assert verdicts(mixed, owners, rules(**ruling)) == verdicts(made, found, rules(**ruling))


@settings(deadline=None)
@given(worlds(), rulings)
def test_applying_twice_changes_nothing(world, ruling):
    found, made = world
    gone = deleted(made, found, rules(**ruling))
    left = [item for item in made if item.name not in gone]
    assert deleted(left, found, rules(**ruling)) == set()


@settings(deadline=None)
@given(worlds(), rulings, st.integers(1, 400))
def test_what_is_from_the_future_is_kept_and_takes_nobodys_place(world, ruling, days):
    found, made = world
    early = ago(days)
    future = {item.name for item in made if item.created > early}
    gone = deleted(made, found, rules(**ruling), now=early)
    assert not gone & future
    past = [item for item in made if item.name not in future]
    assert gone == deleted(past, found, rules(**ruling), now=early)


@settings(deadline=None)
@given(worlds(), rulings, st.integers(0, 48))
def test_a_clock_that_is_behind_never_deletes_more(world, ruling, hours):
    found, made = world
    old = [item for item in made if item.created < ago(3)]
    behind = NOW - timedelta(hours=hours)
    assert deleted(old, found, rules(**ruling), now=behind) <= deleted(old, found, rules(**ruling))


@given(
    age=st.floats(2, 4_000), mark=st.booleans(), fleet=st.sampled_from([None, "two"]), theirs=st.booleans()
)
def test_strangers_are_kept_whatever_the_rules_say(age, mark, fleet, theirs):
    labels = {**({"nbp-prune": "2020-01-01"} if mark else {}), **({"nbp-fleet": fleet} if fleet else {})}
    owners = [notebook(name="x", fleet="two")] if theirs else []
    found = verdicts([snapshot("a", age, of="x", labels=labels)], owners, strangers=True)
    assert found["a"].verdict is Verdict.KEEP
    assert ("not this fleet's" if theirs or fleet else "--former x") in found["a"].reasons[0]
