"""Caps, the last look, and the order of things in a sweep, over a world in memory."""

import json
import tracemalloc
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from snapshot_facts import NOW, ZONE, ago, claimed, entry, register, rules, snapshot, upgraded

from notebook_provisioner.core.errors import Interrupted, ProvisionerError, Refused
from notebook_provisioner.core.fleet.model import Snapshots
from notebook_provisioner.core.snapshots import plan as planning
from notebook_provisioner.core.snapshots import sweep as module
from notebook_provisioner.core.snapshots.caps import Caps
from notebook_provisioner.core.snapshots.decisions import Verdict, newest_first
from notebook_provisioner.core.snapshots.facts import Seen
from notebook_provisioner.core.snapshots.journal import stated
from notebook_provisioner.core.snapshots.rules import KEEP_OPTIONS, Rules
from notebook_provisioner.core.snapshots.sweep import Outcome, Result, sweep

RULES = rules()


class World:
    """Implements sweep.SnapshotChanges and sweep.Journal over dictionaries."""

    def __init__(self, notebooks, snapshots):
        self.notebooks = {item.key: item for item in notebooks}
        self.snapshots = {item.name: item for item in snapshots}
        self.events = []
        self.between = lambda: None
        self.pending = set()
        self.now = NOW
        self.before_send = lambda _: False  # whether it was sent before
        self.settling = self.end
        self.stopped = False
        self.clock_ahead = timedelta(0)
        self.policies = {}
        self.unreachable = set()
        self.unread = {}

    def plan(self, ruling=None, caps=None):
        return planning.make(
            newest_first(self.snapshots.values()),
            register(*self.notebooks.values()),
            lambda _: ruling or rules(),
            caps or Caps(share=1),
            NOW,
        )

    def sweep(self, ruling=None, plan=None, lease=None):
        plan = plan or self.plan(ruling)
        return sweep(
            plan,
            self,
            lambda _: ruling or rules(),
            journal=self,
            clock=lambda: self.now,
            lease=lease,
            stopped=lambda: self.stopped,
            clock_ahead=lambda: self.clock_ahead,
        )

    def again(self, names, notebooks):
        self.between()
        lost = {key for key in notebooks if key in self.unread or key[0] in self.unreachable}
        return Seen(
            {name: self.snapshots[name] for name in names if name in self.snapshots},
            {key: self.notebooks[key] for key in notebooks if key in self.notebooks and key not in lost},
            frozenset(self.unreachable),
            {key: self.unread[key] for key in notebooks if key in self.unread},
        )

    def delete(self, snapshots, look):
        for item in snapshots:
            if stop := look(item, self.before_send(item.name)):
                yield stop
                continue
            self.events.append(("delete", item.name))
            if item.name in self.pending:
                yield Outcome(item.name, Result.PENDING)
            else:
                del self.snapshots[item.name]
                yield Outcome(item.name, Result.DELETED, operation="op", user="ana")

    def label(self, changes, done, look):
        for item, changed in changes:
            if stop := look(item, self.before_send(item.name)):
                yield stop
                continue
            wanted = {**item.labels, **changed}
            labels = {name: value for name, value in wanted.items() if value is not None}
            self.snapshots[item.name] = replace(item, labels=labels)
            self.events.append(("label", item.name, changed))
            yield Outcome(item.name, Result.PENDING if item.name in self.pending else done)

    def settle(self, pending):
        return self.settling(pending)

    def end(self, pending):
        return (Outcome(item.name, Result.FAILED, "in use") for item in pending)

    def write(self, entries):
        for item in entries:
            if item["event"] == "policy":
                self.policies[item["policy"]] = item["rules"]
            else:
                assert item["policy"] in self.policies
                self.events.append((item["event"], item["snapshot"], item.get("result")))


def results(report):
    return {outcome.name: outcome.result for _, outcome in report.results}


def test_what_is_from_the_future_is_none_of_the_points_that_are_read_again():
    owner, made = upgraded(3)
    history = (*owner.history, entry("ahead", 0.5))
    world = World([replace(owner, history=history)], [snapshot("ahead", -0.2), *made])
    assert world.plan(rules(rollback_points=1, soak="1h")).points == {owner.key: ("nb-0",)}


@pytest.mark.parametrize("change", [{"status": "FAILED"}, None])
def test_without_the_newest_snapshot_nothing_goes_where_no_rollback_point_is_asked_for(change):
    owner, made = upgraded(4)
    world, ruling = World([owner], made), Rules.read(Snapshots(), {"rollback_points": 0, "keep_last": 1})
    assert world.plan(ruling).points == {owner.key: ("nb-0",)}

    def lose():
        if change:
            world.snapshots["nb-0"] = replace(made[0], **change)
        else:
            world.snapshots.pop("nb-0", None)

    world.between = lose
    assert set(results(world.sweep(ruling)).values()) == {Result.SKIPPED}
    assert {"nb-1", "nb-2", "nb-3"} <= set(world.snapshots)


def test_a_newest_snapshot_that_is_no_rollback_point_is_read_again_beside_them():
    owner, made = upgraded(4)
    history = (*owner.history[:-1], replace(owner.history[-1], state="FAILED"), entry("", 20))
    assert World([replace(owner, history=history)], made).plan().points == {
        owner.key: ("nb-0", "nb-1", "nb-2")
    }


def test_what_no_rule_keeps_is_deleted_once():
    owner, made = upgraded(4)
    world = World([owner], made)
    report = world.sweep()
    assert results(report) == {"nb-2": Result.DELETED, "nb-3": Result.DELETED}
    assert report.bytes_at_most == 2 * 2**30
    assert not report.failed
    assert set(world.snapshots) == {"nb-0", "nb-1"}
    assert results(world.sweep()) == {}


def test_every_deletion_is_written_down_before_and_after():
    owner, made = upgraded(3)
    world = World([owner], made)
    world.sweep()
    assert world.events == [("intent", "nb-2", None), ("delete", "nb-2"), ("outcome", "nb-2", "deleted")]


def test_a_policy_is_written_down_before_what_it_decides():
    owner, made = upgraded(4)
    world = World([owner], made)
    ruling = rules(keep_last=2, keep_within="30d")
    world.sweep(ruling)
    assert world.policies == {
        ruling.digest: {
            "rollback_points": 2,
            "keep_last": 2,
            "keep_within": "30d",
            "keep_labels": ["hold"],
            "min_age": "1d",
            "soak": "7d",
            "orphans_keep_within": "90d",
        }
    }


SPANS = st.builds("{}{}".format, st.integers(1, 99), st.sampled_from(["y", "m", "d", "h", "y2m", "d3h"]))
KEYS = {name: st.integers(1, 99) for name in KEEP_OPTIONS if "within" not in name}
KEYS |= dict.fromkeys([*(name for name in KEEP_OPTIONS if "within" in name), "grace"], SPANS)


@given(
    given=st.fixed_dictionaries(
        {"min_age": SPANS, "soak": SPANS, "orphans_keep_within": SPANS},
        optional={**KEYS, "keep_labels": st.sampled_from([(), ("hold", "legal")])},
    )
)
def test_a_policy_that_is_written_down_has_the_digest_of_the_lines_below_it(given):
    told = rules(**given)
    assert Rules.read(Snapshots.model_validate_json(json.dumps(stated(told)))).digest == told.digest


def test_an_intent_is_written_when_its_request_is_about_to_be_sent_and_once():
    owner, made = upgraded(5)
    world = World([owner], made)
    sent_before = iter([False, True, False])
    world.before_send = lambda _: next(sent_before)
    world.sweep()
    assert [(event[0], event[1]) for event in world.events] == [
        (word, name) for name in ("nb-4", "nb-3", "nb-2") for word in ("intent", "delete", "outcome")
    ]


def test_what_is_not_sent_after_all_was_never_intended():
    owner, made = upgraded(4)
    world = World([owner], made)
    world.between = lambda: hold(world, "nb-2")
    world.sweep()
    assert [event[1] for event in world.events if event[0] == "intent"] == ["nb-3"]


def test_a_run_that_is_told_to_end_sends_nothing_more_and_waits_for_what_it_sent():
    owner, made = upgraded(6)
    world = World([owner], unclaimed(made))
    world.pending = {"nb-5", "nb-4"}

    def interrupted(snapshots, look):
        for outcome in World.delete(world, snapshots, look):
            world.stopped = world.stopped or outcome.name == "nb-4"
            yield outcome

    world.delete = interrupted
    report = world.sweep()
    assert results(report) == {
        "nb-5": Result.FAILED,
        "nb-4": Result.FAILED,
        "nb-3": Result.SKIPPED,
        "nb-2": Result.SKIPPED,
    }
    assert isinstance(report.error, Interrupted)
    assert [event[1] for event in world.events if event[0] == "intent"] == ["nb-5", "nb-4"]
    assert [event[1] for event in world.events if event[0] == "settled"] == ["nb-5", "nb-4"]


def test_what_was_sent_and_nobody_waited_for_is_written_down_as_pending_and_looked_for():
    owner, made = upgraded(4)
    world = World([owner], made)

    def cut_off(snapshots, look):
        for item in snapshots:
            look(item, world.before_send(item.name))
        raise ProvisionerError("no connection")
        yield

    world.delete = cut_off
    world.settling = lambda pending: (Outcome(item.name, Result.DELETED) for item in pending)
    report = world.sweep()
    assert results(report) == {"nb-3": Result.DELETED, "nb-2": Result.DELETED}
    assert str(report.error) == "no connection"
    assert [event[2] for event in world.events] == [None] * 2 + ["pending"] * 2 + ["deleted"] * 2


def test_what_does_not_end_well_is_said():
    owner, made = upgraded(4)
    world = World([owner], made)
    world.pending = {"nb-3"}
    report = world.sweep()
    assert results(report) == {"nb-2": Result.DELETED, "nb-3": Result.FAILED}
    assert report.failed
    assert ("settled", "nb-3", "failed") in world.events


def test_marking_comes_a_run_before_deleting():
    owner, made = upgraded(3)
    world = World([owner], made)
    assert results(world.sweep(rules(grace="7d"))) == {"nb-2": Result.MARKED}
    assert results(world.sweep(rules(grace="7d"))) == {}
    world.snapshots["nb-2"] = replace(world.snapshots["nb-2"], labels={"nbp-prune": "2026-06-01"})
    assert results(world.sweep(rules(grace="7d"))) == {"nb-2": Result.DELETED}


def change_snapshot(name, **changed):
    return lambda world: world.snapshots.update({name: replace(world.snapshots[name], **changed)})


def change_notebook(**changed):
    def change(world):
        key = (ZONE, "nb")
        world.notebooks[key] = replace(world.notebooks[key], **changed)

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (change_snapshot("nb-2", labels={"hold": ""}), "it got the label hold"),
        (change_snapshot("nb-2", labels={"retain-until": "2027-01-01"}), "it got the label retain-until"),
        (change_snapshot("nb-2", labels={"nbp-prune": "2026-01-01"}), "its mark changed"),
        (change_snapshot("nb-2", status="UPLOADING"), "it is UPLOADING and STANDARD now"),
        (change_snapshot("nb-2", kind="ARCHIVE"), "it is READY and ARCHIVE now"),
        (
            change_snapshot("nb-2", disk_id="other"),
            "another disk now: sourceDiskId was disk-nb-2, is other",
        ),
        (change_snapshot("nb-1", status="DELETING"), "nb-1, which was to stay, is gone"),
        (change_snapshot("nb-1", kind="ARCHIVE"), "nb-1, which was to stay, is gone"),
        (lambda world: world.snapshots.pop("nb-0"), "nb-0, which was to stay, is gone"),
        (lambda world: world.notebooks.clear(), "its notebook is gone"),
        (change_notebook(state="UPGRADING"), "the notebook is UPGRADING"),
        (change_notebook(health="UNHEALTHY"), "the notebook is UNHEALTHY"),
        (change_notebook(created=ago(1)), "upgraded, rolled back or made anew"),
        (change_notebook(history=(entry("", 0, action="ROLLBACK"),)), "rolled back"),
    ],
)
@pytest.mark.parametrize("grace", [None, "7d"])
def test_what_changed_since_the_plan_is_left_alone(change, words, grace):
    owner, made = upgraded(3)
    world = World([owner], made)
    world.between = lambda: change(world)
    report = world.sweep(rules(grace=grace))
    ((_, outcome),) = report.results
    assert outcome.result is Result.SKIPPED
    assert words in outcome.message
    assert "nb-2" in world.snapshots
    assert not any(event[0] in {"delete", "label"} for event in world.events)
    assert not report.failed


def hold(world, name):
    world.snapshots[name] = replace(world.snapshots[name], labels={"hold": ""})


def test_what_cannot_be_sent_soon_after_the_look_is_looked_at_again():
    owner, made = upgraded(5)
    world = World([owner], made)

    def late(name):
        world.now += timedelta(seconds=11)  # the second one is sent 22 seconds after the look
        hold(world, name)
        return False

    world.before_send = late
    found = results(world.sweep())
    assert sorted(found.values()) == [Result.DELETED, Result.SKIPPED, Result.SKIPPED]
    assert set(world.snapshots) == {"nb-0", "nb-1", *(name for name in found if found[name] == "skipped")}


def test_what_a_clock_that_was_set_back_lets_seem_recent_is_looked_at_again():
    owner, made = upgraded(4)
    world = World([owner], made)

    def late(name):
        world.now -= timedelta(minutes=1)
        hold(world, name)
        return False

    world.before_send = late
    assert set(results(world.sweep()).values()) == {Result.SKIPPED}


@pytest.mark.parametrize("grace", [None, "7d"])
@pytest.mark.parametrize("hours", [-3, 3])
def test_a_clock_that_goes_wrong_on_the_way_ends_the_run(monkeypatch, hours, grace):
    monkeypatch.setattr(module, "WAVE", 2)
    owner, made = upgraded(8)
    world = World([owner], made)
    looks = iter([0, 0])
    world.between = lambda: setattr(world, "clock_ahead", timedelta(hours=next(looks, hours)))
    report = world.sweep(rules(grace=grace))
    assert report.count(Result.DELETED, Result.MARKED) == len(report.results) == 4
    assert isinstance(report.error, planning.ClockWentWrong)
    assert (report.error.exit_code, report.failed) == (1, True)  # 4 would say that nothing was changed


def test_a_clock_that_goes_wrong_before_one_request_ends_the_run():
    owner, made = upgraded(6)
    world = World([owner], made)
    world.between = lambda: world.events and setattr(world, "clock_ahead", timedelta(hours=1))
    world.before_send = lambda name: name == "nb-4"

    def careful(snapshots, look):  # as the adapter, which takes a look that fails for its own snapshot's
        def asked(item, sent):
            try:
                return look(item, sent)
            except ProvisionerError as error:
                return Outcome(item.name, Result.FAILED, str(error))

        return World.delete(world, snapshots, asked)

    world.delete = careful
    report = world.sweep()
    assert results(report) == {
        "nb-5": Result.DELETED,
        "nb-4": Result.FAILED,
        "nb-3": Result.SKIPPED,
        "nb-2": Result.SKIPPED,
    }
    assert isinstance(report.error, planning.ClockWentWrong)


@pytest.mark.parametrize(
    ("change", "result"),
    [
        (lambda world: hold(world, "nb-2"), Result.SKIPPED),
        (lambda world: world.notebooks.clear(), Result.SKIPPED),
        (lambda world: world.snapshots.pop("nb-0"), Result.SKIPPED),
        (lambda world: world.snapshots.pop("nb-2"), Result.GONE),
        (lambda _: None, Result.DELETED),
    ],
)
def test_what_is_sent_once_more_is_looked_at_again(change, result):
    owner, made = upgraded(3)
    world = World([owner], made)
    world.before_send = lambda _: change(world) or True
    assert results(world.sweep()) == {"nb-2": result}


@pytest.mark.parametrize(
    "change",
    [
        change_notebook(history=(entry("nb-3", 0, action="ROLLBACK"),)),
        change_notebook(state="UPGRADING"),
        change_notebook(health="UNHEALTHY"),
        lambda world: world.notebooks.pop((ZONE, "nb")),
        lambda world: world.snapshots.pop("nb-1"),  # a rollback point
    ],
)
@pytest.mark.parametrize("grace", [None, "7d"])
def test_what_one_look_says_against_a_notebook_holds_back_all_that_is_left_of_it(change, grace):
    owner, made = upgraded(6)
    other, more = upgraded(4, name="other")
    world = World([owner, other], [*made, *more])

    def second_time(name):
        if name == "nb-3":  # its answer got lost, and it is looked at once more
            change(world)
        return name == "nb-3"

    world.before_send = second_time
    found = results(world.sweep(rules(grace=grace)))
    done = Result.MARKED if grace else Result.DELETED
    before, after = ("nb-5", "nb-4", "other-3", "other-2"), ("nb-3", "nb-2")
    assert found == {**dict.fromkeys(before, done), **dict.fromkeys(after, Result.SKIPPED)}


def test_what_one_look_says_against_a_snapshot_holds_back_no_other():
    owner, made = upgraded(6)
    world = World([owner], made)
    world.before_send = lambda name: name == "nb-3" and (hold(world, name) or True)
    assert results(world.sweep()) == {
        "nb-2": Result.DELETED,
        "nb-3": Result.SKIPPED,
        "nb-4": Result.DELETED,
        "nb-5": Result.DELETED,
    }


@pytest.mark.parametrize("when", ["at the look of a wave", "at the look of one request"])
@pytest.mark.parametrize(
    ("lose", "result", "words"),
    [
        (lambda world: world.unread.update({(ZONE, "nb"): "503"}), Result.FAILED, "could not be read: 503"),
        (lambda world: world.unreachable.add(ZONE), Result.SKIPPED, f"{ZONE} did not answer"),
    ],
)
@pytest.mark.parametrize("gone", [False, True])
def test_a_notebook_that_cannot_be_read_on_the_way_is_held_back_alone(lose, result, words, when, gone):
    owner, made = upgraded(4, newest=100)
    other, more = upgraded(4, name="other")
    other = replace(other, zone="us-east1-b")
    more = [replace(item, disk=("us-east1-b", "other-boot")) for item in more]
    world = World([other] if gone else [owner, other], [*made, *more])
    plan = world.plan()
    at_once = when == "at the look of a wave"

    def before_send(name):
        if name == "nb-3":
            lose(world)
        return name == "nb-3"

    if at_once:
        world.between = lambda: lose(world)
    else:
        world.before_send = before_send
    report = world.sweep(plan=plan)
    found = results(report)
    assert {found.pop("other-2"), found.pop("other-3")} == {Result.DELETED}
    assert set(found) <= {name for name in world.snapshots if name.startswith("nb-")}
    assert set(found.values()) == ({result} if at_once else {result, Result.SKIPPED})
    assert all(words in outcome.message for _, outcome in report.results if outcome.message)
    assert (report.error, report.failed) == (None, result is Result.FAILED)


def test_what_somebody_wants_of_a_notebook_that_cannot_be_read_has_not_failed():
    owner, made = upgraded(4)
    world = World([owner], made)
    world.unread = {owner.key: "503"}
    world.between = lambda: hold(world, "nb-3")
    assert results(world.sweep()) == {"nb-2": Result.FAILED, "nb-3": Result.SKIPPED}


def test_what_cannot_be_read_of_a_notebook_takes_no_mark_from_being_taken_off():
    owner, made = upgraded(3)
    held = replace(made[0], labels={"hold": "", "nbp-prune": "2026-06-01"})
    world = World([owner], [held, *made[1:]])
    world.unread = {owner.key: "503"}
    assert results(world.sweep(rules(grace="7d"))) == {"nb-0": Result.UNMARKED, "nb-2": Result.FAILED}


class Reluctant:
    """A lease that is lost at the so-and-so-many-th renewal."""

    def __init__(self, lost_at):
        self.lost_at = lost_at
        self.calls = []

    def renew(self, *, at_once=False):
        self.calls.append(at_once)
        if len(self.calls) >= self.lost_at:
            raise ProvisionerError("another run took over")


def test_without_the_lease_nothing_is_sent():
    owner, made = upgraded(4)
    world = World([owner], made)
    report = world.sweep(lease=Reluctant(1))
    assert (report.results, str(report.error), report.failed) == ([], "another run took over", True)
    assert world.events == []


def test_a_lease_that_is_lost_during_a_look_lets_nothing_be_sent():
    owner, made = upgraded(6)
    world, lease = World([owner], made), Reluctant(1_000)
    world.between = lambda: setattr(lease, "lost_at", 0)
    report = world.sweep(lease=lease)
    assert set(results(report).values()) == {Result.SKIPPED}
    assert {event[0] for event in world.events} == {"outcome"}
    assert str(report.error) == "another run took over"


def test_a_lease_that_is_lost_during_a_look_at_one_request_holds_it_back():
    owner, made = upgraded(6)
    world, lease = World([owner], made), Reluctant(1_000)
    world.between = lambda: world.events and setattr(lease, "lost_at", 0)
    world.before_send = lambda name: name == "nb-4"
    report = world.sweep(lease=lease)
    assert [event[1] for event in world.events if event[0] == "delete"] == ["nb-5"]
    assert report.count(Result.SKIPPED) == 3


def test_the_lease_is_renewed_before_each_wave_for_each_request_and_each_answer():
    owners = [upgraded(52, name=f"n{number}") for number in range(7)]
    world = World([owner for owner, _ in owners], [item for _, made in owners for item in made])
    lease = Reluctant(1_000)
    report = world.sweep(plan=world.plan(caps=Caps(share=1)), lease=lease)
    assert report.count(Result.DELETED) == 350
    assert [number for number, at_once in enumerate(lease.calls) if at_once] == [0, 601]
    assert len(lease.calls) == 702


def test_a_lease_lost_on_the_way_stops_the_rest_and_what_was_done_is_told():
    owner, made = upgraded(6)
    world = World([owner], made)
    report = world.sweep(lease=Reluctant(5))
    assert sorted(results(report).values()) == [Result.DELETED] * 2 + [Result.SKIPPED] * 2
    assert {outcome.message for _, outcome in report.results} == {
        "",
        "the run ended early: another run took over",
    }
    assert [event[2] for event in world.events if event[0] == "outcome"] == ["deleted"] * 2 + ["skipped"] * 2
    assert len(world.snapshots) == 4


def test_what_was_done_is_told_when_the_next_wave_cannot_be_read(monkeypatch):
    monkeypatch.setattr(module, "WAVE", 2)
    owner, made = upgraded(8)
    world = World([owner], made)
    world.pending = {"nb-7"}
    looks = iter([None, None])

    def unreadable():
        if next(looks, "over") == "over":
            raise ProvisionerError("403: no permission")

    world.between = unreadable
    report = world.sweep()
    assert sorted(results(report).values()) == [Result.DELETED] * 3 + [Result.FAILED]
    assert (str(report.error), report.failed) == ("403: no permission", True)
    assert ("settled", "nb-7", "failed") in world.events


def test_a_label_that_does_not_show_is_never_taken_for_a_deletion():
    owner, made = upgraded(3)
    world = World([owner], made)
    world.pending = {"nb-2"}
    world.settling = lambda pending: (Outcome(item.name, Result.DELETED) for item in pending)
    report = world.sweep(rules(grace="7d"))
    assert results(report)["nb-2"] is Result.PENDING
    assert report.failed
    assert report.bytes_at_most == 0


def test_what_cannot_be_read_in_the_end_is_pending_and_the_rest_told():
    owner, made = upgraded(6)
    world = World([owner], made)
    world.pending = {"nb-4", "nb-5"}

    def half(pending):
        yield Outcome(pending[0].name, Result.DELETED)
        raise ProvisionerError("403: no permission")

    world.settling = half
    report = world.sweep()
    assert sorted(results(report).values()) == [Result.DELETED] * 3 + [Result.PENDING]
    assert str(report.error) == "403: no permission"


@pytest.mark.parametrize(
    "change",
    [
        lambda world: world.snapshots.pop("nb-2"),
        change_snapshot("nb-2", status="DELETING"),
        change_snapshot("nb-2", id="of another snapshot with this name"),
    ],
)
def test_what_somebody_else_deleted_is_not_reported_as_deleted(change):
    owner, made = upgraded(3)
    world = World([owner], made)
    world.between = lambda: change(world)
    assert results(world.sweep()) == {"nb-2": Result.GONE}


def test_a_former_notebook_that_is_back_keeps_its_snapshots():
    world = World([], [snapshot("old", 400, of="in-file", labels=claimed("in-file"))])
    plan = world.plan()
    back, _ = upgraded(0, name="in-file")
    world.notebooks[back.key] = back
    ((_, outcome),) = world.sweep(plan=plan).results
    assert (outcome.result, outcome.message) == (Result.SKIPPED, "its notebook is back")


def test_caps_leave_the_youngest_to_the_next_run():
    owner, made = upgraded(8)
    plan = World([owner], made).plan(caps=Caps(number=2, share=1))
    assert [item.snapshot.name for item in plan.actions] == ["nb-7", "nb-6"]
    assert plan.counts[Verdict.DEFER] == 4
    other, more = upgraded(8, name="two")
    plan = World([owner, other], [*made, *more]).plan(caps=Caps(per_notebook=1, share=1))
    assert sorted(item.snapshot.name for item in plan.actions) == ["nb-7", "two-7"]


def unclaimed(snapshots):
    return [replace(item, labels={}) for item in snapshots]


def test_what_stays_is_claimed_once():
    owner, made = upgraded(4)
    world = World([owner], unclaimed(made))
    plan = world.plan()
    assert (plan.pending, plan.claims) == (2, 2)
    assert results(world.sweep()) == {
        "nb-0": Result.CLAIMED,
        "nb-1": Result.CLAIMED,
        "nb-2": Result.DELETED,
        "nb-3": Result.DELETED,
    }
    assert {item.name: item.labels for item in world.snapshots.values()} == {
        "nb-0": claimed(),
        "nb-1": claimed(),
    }
    assert results(world.sweep()) == {}


def test_a_mark_and_a_claim_are_one_request():
    owner, made = upgraded(3)
    world = World([owner], unclaimed(made))
    assert results(world.sweep(rules(grace="7d")))["nb-2"] is Result.MARKED
    changes = [event for event in world.events if event[:2] == ("label", "nb-2")]
    assert changes == [("label", "nb-2", {**claimed(), "nbp-prune": "2026-06-15"})]


def test_a_mark_that_is_sent_past_midnight_does_not_shorten_the_grace():
    owner, made = upgraded(3)
    world = World([owner], made)
    world.now = NOW.replace(hour=23, minute=30)
    world.sweep(rules(grace="7d"))
    assert world.snapshots["nb-2"].labels["nbp-prune"] == "2026-06-16"


def test_what_waits_or_is_deferred_is_claimed_and_stays_as_it_is():
    owner, made = upgraded(4)
    waits = replace(made[3], labels={"nbp-prune": "2026-06-14"})
    world = World([owner], [*unclaimed(made[:3]), waits])
    plan = world.plan(rules(grace="7d"), Caps(per_notebook=1, share=1))
    assert results(world.sweep(rules(grace="7d"), plan))["nb-3"] is Result.CLAIMED
    assert world.snapshots["nb-3"].labels == {**claimed(), "nbp-prune": "2026-06-14"}
    world = World([owner], unclaimed(made))
    assert results(world.sweep(plan=world.plan(caps=Caps(per_notebook=1, share=1))))["nb-2"] is Result.CLAIMED


def test_what_protects_a_snapshot_hinders_no_claim_and_no_unmarking():
    owner, made = upgraded(3)
    unwell = replace(owner, health="UNHEALTHY")
    held = replace(made[0], labels={"hold": "", "nbp-prune": "2026-06-01"})
    world = World([unwell], [held, *unclaimed(made[1:])])
    assert results(world.sweep(rules(grace="7d"))) == {
        "nb-0": Result.UNMARKED,
        "nb-1": Result.CLAIMED,
        "nb-2": Result.CLAIMED,
    }
    assert world.snapshots["nb-0"].labels == {**claimed(), "hold": ""}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            change_snapshot("nb-0", labels={"nbp-fleet": "two"}),
            "somebody else claimed it",
        ),
        (change_notebook(history=()), "made anew"),
    ],
)
def test_a_claim_is_not_made_on_facts_that_changed(change, words):
    owner, made = upgraded(1)
    world = World([owner], unclaimed(made))
    world.between = lambda: change(world)
    ((_, outcome),) = world.sweep().results
    assert (outcome.result, words in outcome.message) == (Result.SKIPPED, True)


def test_a_claim_outlives_its_notebook_and_what_a_hand_made_is_left():
    owner, made = upgraded(2, newest=95)
    world = World([owner], [*unclaimed(made), snapshot("my-backup", 100)])
    world.sweep()
    world.notebooks.clear()  # and nothing in the fleet file either
    assert results(world.sweep()) == {"nb-0": Result.DELETED, "nb-1": Result.DELETED}
    assert set(world.snapshots) == {"my-backup"}


def test_claims_above_the_cap_are_left_to_later_runs_the_newest_first():
    owner, made = upgraded(30)
    world = World([owner], unclaimed(made))
    plan = world.plan(rules(rollback_points=30), Caps(number=12, per_notebook=1, share=0.01))
    assert (plan.pending, plan.claims, plan.claims_left) == (0, 12, 18)
    assert set(results(world.sweep(rules(rollback_points=30), plan))) == {f"nb-{age}" for age in range(12)}
    plan = world.plan(rules(rollback_points=30), Caps(number=30))
    assert (plan.claims, plan.claims_left) == (18, 0)


def test_claims_come_when_all_deletions_are_at_their_end():
    fleet = [upgraded(6, name=f"nb{index}") for index in range(80)]
    world = World([owner for owner, _ in fleet], unclaimed(item for _, items in fleet for item in items))
    world.pending = {"nb3-5"}
    report = world.sweep()
    order = [(event[0], event[2]) for event in world.events if event[0] in {"outcome", "settled"}]
    assert (report.count(Result.DELETED), report.count(Result.CLAIMED)) == (319, 160)
    assert order.index(("settled", "failed")) == 320  # the deletion that was pending
    assert {result for _, result in order[321:]} == {"claimed"}


def test_nothing_is_claimed_once_the_run_has_to_end():
    owner, made = upgraded(4)
    world = World([owner], unclaimed(made))
    report = world.sweep(lease=Reluctant(2))
    assert Result.CLAIMED not in results(report).values()
    assert report.failed


@given(
    counts=st.lists(st.integers(0, 6), max_size=3),
    grace=st.sampled_from([None, "7d"]),
    number=st.integers(1, 5),
)
@settings(deadline=None)
def test_after_some_runs_all_that_is_proven_is_claimed_and_nothing_else(counts, grace, number):
    fleet = [upgraded(count, name=f"nb{index}") for index, count in enumerate(counts)]
    made = unclaimed(item for _, items in fleet for item in items)
    by_hand = [snapshot(f"hand-{index}", 50, of=owner.name) for index, (owner, _) in enumerate(fleet)]
    world = World([owner for owner, _ in fleet], [*made, *by_hand])
    caps = Caps(number=number, share=1)
    left = 1
    while left:
        plan = world.plan(rules(grace=grace), caps)
        report = world.sweep(rules(grace=grace), plan)
        left = plan.claims_left
        requests = report.count(Result.CLAIMED)
        assert requests == number if left else requests <= number
        assert not report.failed
    for item in world.snapshots.values():
        name = item.disk[1].removesuffix("-boot")
        labels = {key: value for key, value in item.labels.items() if key != "nbp-prune"}
        assert labels == ({} if item in by_hand else claimed(name))
    plan = world.plan(rules(grace=grace), caps)
    assert (plan.claims, plan.claims_left) == (0, 0)


def test_caps_hold_marks_too():
    owner, made = upgraded(8)
    ruling = rules(grace="7d")
    plan = World([owner], made).plan(ruling, Caps(number=2, share=1))
    assert [item.snapshot.name for item in plan.actions] == ["nb-7", "nb-6"]
    assert (plan.counts[Verdict.MARK], plan.counts[Verdict.DEFER]) == (2, 4)
    assert len(World([owner], made).plan(ruling, Caps(per_notebook=3, share=1)).actions) == 3


@pytest.mark.parametrize("marked", [0, 5, 28])
def test_the_share_counts_what_waits_for_its_end(marked):
    owner, made = upgraded(30)
    waits = made[30 - marked :]
    made = [*made[: 30 - marked], *(replace(item, labels={"nbp-prune": "2026-06-14"}) for item in waits)]
    with pytest.raises(Refused, match="28 of the fleet's 30"):
        World([owner], made).plan(rules(grace="7d"), Caps(share=0.5))


@given(
    counts=st.lists(st.integers(0, 12), min_size=1, max_size=4),
    marked=st.integers(0, 12),
    grace=st.sampled_from([None, "7d"]),
    number=st.integers(1, 9),
    per_notebook=st.integers(1, 4),
)
@settings(deadline=None)
def test_no_run_does_more_than_its_caps(counts, marked, grace, number, per_notebook):
    fleet = [upgraded(count, name=f"nb{index}") for index, count in enumerate(counts)]
    made = [item for _, items in fleet for item in items]
    made[:marked] = [
        replace(item, labels={**item.labels, "nbp-prune": "2026-06-01"}) for item in made[:marked]
    ]
    world = World([owner for owner, _ in fleet], made)
    plan = world.plan(rules(grace=grace), Caps(number=number, per_notebook=per_notebook, share=1))
    free = world.plan(rules(grace=grace), Caps(number=1_000, per_notebook=1_000, share=1))
    for verdict in (Verdict.DELETE, Verdict.MARK):
        taken = Counter(item.belonging.notebook for item in plan.actions if item.verdict is verdict)
        assert taken.total() == plan.counts.get(verdict, 0) <= number
        assert all(count <= per_notebook for count in taken.values())
    assert sum(plan.counts.values()) == sum(free.counts.values()) == plan.total
    assert len(plan.actions) + plan.counts.get(Verdict.DEFER, 0) == len(free.actions)


def test_a_large_share_at_once_is_refused():
    owner, made = upgraded(30)
    with pytest.raises(Refused, match="28 of the fleet's 30"):
        World([owner], made).plan(caps=Caps(share=0.5))


def test_a_small_fleet_may_lose_most():
    owner, made = upgraded(10)
    assert len(World([owner], made).plan(caps=Caps(share=0.1)).actions) == 8


@pytest.mark.parametrize("grace", [None, "7d"])
@pytest.mark.parametrize("count", [1, 10, 11])
def test_a_fleet_loses_all_its_snapshots_only_where_that_is_said(count, grace):
    _, made = upgraded(count, newest=100)  # of a notebook that is gone, or that no answer shows
    with pytest.raises(Refused, match=f"every snapshot that the fleet has, now or later: {count}") as refused:
        World([], made).plan(rules(grace=grace), Caps(share=0.99))
    assert refused.value.hint.endswith("--max-share 1")
    assert World([], made).plan(rules(grace=grace), Caps(share=1)).pending == count
    assert World([], []).plan(rules(grace=grace), Caps()).pending == 0


@pytest.mark.parametrize(
    ("minutes", "words"), [(6, "6 minutes ahead of Google's"), (-90, "90 minutes behind")]
)
def test_a_wrong_clock_is_refused(minutes, words):
    with pytest.raises(Refused, match=words):
        planning.require_right_clock(timedelta(minutes=minutes))


@pytest.mark.parametrize("ahead", [None, timedelta(minutes=5), timedelta(minutes=-5)])
def test_a_clock_that_is_right_or_not_known_is_none(ahead):
    planning.require_right_clock(ahead)


def test_a_plan_counts_what_it_passed():
    owner, made = upgraded(4)
    plan = World([owner], [*made, snapshot("foreign", 9, of="database")]).plan()
    assert (plan.listed, plan.total, plan.bytes_at_most) == (5, 4, 2 * 2**30)


def test_stale_facts_are_refused():
    with pytest.raises(Refused, match="16 minutes") as refusal:
        planning.require_fresh(timedelta(minutes=16), timedelta(minutes=15))
    assert "shard" not in (refusal.value.hint or "")  # each shard reads all pages
    planning.require_fresh(timedelta(minutes=14), timedelta(minutes=15))


def test_memory_does_not_grow_with_the_snapshots_that_stay():
    owner, _ = upgraded(2)
    known = register(owner)

    def peak(count):
        made = (snapshot(f"by-hand-{number}", 30 + number / 1_000) for number in range(count))
        tracemalloc.start()
        plan = planning.make(made, known, lambda _: RULES, Caps(), NOW)
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert plan.total == count
        return used

    # Kept, 20,000 snapshots would take over 10 MB; a few KB come and go with the garbage collector.
    assert peak(20_000) < peak(200) + 100_000
