"""Who is asked for, who is refused, and what it costs."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from notebook_provisioner.core.errors import ImpactRefused, Refused
from notebook_provisioner.core.plan import Impact
from notebook_provisioner.core.post_startup.console import Console
from notebook_provisioner.core.post_startup.facts import Access, Facts, Guest, Instance, ScriptObject, Wanted
from notebook_provisioner.core.rerun.planning import Use, make_plan, use_of
from notebook_provisioner.core.rerun.procedures import Transport
from notebook_provisioner.core.upgrades.activity import Activity

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
WANTED = Wanted("gs://scripts/nb.sh", "new", "1", "fleet")
INSTANCE = Instance("ACTIVE", {"post-startup-script": WANTED.uri}, "nb@p", NOW - 60 * MINUTE, NOW, None)


def facts(name="nb", *, state="ACTIVE", **changed):
    instance = replace(INSTANCE, state=state)
    return replace(
        Facts(name, "z", WANTED, instance, Guest(), NOW, script=ScriptObject(Access.FOUND, reader=True)),
        **changed,
    )


def planned(*found, canaries=(), transport=None, accepts_busy=False):
    return make_plan(found, canaries=canaries, transport=transport, accepts_busy=accepts_busy)


def codes(plan):
    return [(finding.subject, finding.code, finding.severity.value) for finding in plan.findings]


def test_canaries_go_first_and_the_rest_keeps_its_order():
    plan = planned(facts("a"), facts("b"), facts("c"), canaries=["c"])
    assert [[one.notebook for one in wave] for wave in plan.waves] == [["c"], ["a", "b"]]
    assert [len(wave) for wave in planned(facts("a")).waves] == [1]


def test_a_notebook_that_is_off_costs_nobody_anything():
    plan = planned(facts("a", state="STOPPED"), facts("b"))
    assert [one.impact for one in plan.reruns] == [Impact.NONE, Impact.RESTART]
    with pytest.raises(ImpactRefused, match="b: its script is never-ran"):
        plan.require(Impact.LIVE)
    planned(facts("a", state="STOPPED")).require(Impact.LIVE)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"instance": None}, "rerun-absent"),
        ({"instance": replace(INSTANCE, state="UPGRADING")}, "rerun-state"),
        ({"instance": replace(INSTANCE, state="PROVISIONING")}, "rerun-state"),
        ({"instance": replace(INSTANCE, state="SUSPENDED")}, "rerun-state"),
        ({"instance": replace(INSTANCE, metadata={})}, "rerun-not-applied"),
        ({"instance": replace(INSTANCE, metadata={"euc-enabled": "true"})}, "rerun-euc"),
        ({"script": ScriptObject(Access.MISSING)}, "rerun-missing"),
        ({"script": ScriptObject(Access.FOUND, reader=False)}, "rerun-denied"),
    ],
)
def test_what_cannot_run_refuses_the_whole_plan(changed, code):
    plan = planned(facts("good"), facts(**changed))
    assert ("nb", code, "error") in codes(plan)
    with pytest.raises(Refused, match="nothing was changed: nb cannot"):
        plan.require(Impact.RESTART)


def test_the_flag_of_a_container_is_none():
    container = replace(INSTANCE, container=True)
    assert ("nb", "rerun-container", "error") in codes(
        planned(facts(instance=container), transport=Transport.IAP_SSH)
    )
    assert "rerun-container" not in str(codes(planned(facts(instance=container))))


@pytest.mark.parametrize(
    ("state", "activity", "console", "use"),
    [
        ("STOPPED", None, None, Use.OFF),
        ("ACTIVE", None, None, Use.UNKNOWN),
        ("ACTIVE", None, Console(), Use.UNKNOWN),
        ("ACTIVE", Activity(3, 1, None, NOW - MINUTE), None, Use.BUSY),
        ("ACTIVE", Activity(3, 0, None, NOW - MINUTE), None, Use.IDLE),
        ("ACTIVE", Activity(3, 1, None, NOW - 60 * MINUTE), None, Use.UNKNOWN),
        ("ACTIVE", None, Console(last_activity=NOW - 9 * MINUTE, activity_seen=NOW), Use.BUSY),
        ("ACTIVE", None, Console(last_activity=NOW - 90 * MINUTE, activity_seen=NOW), Use.IDLE),
        ("ACTIVE", None, Console(last_activity=NOW, activity_seen=NOW - 60 * MINUTE), Use.UNKNOWN),
    ],
)
def test_whether_somebody_is_at_work(state, activity, console, use):
    assert use_of(state, activity, console, NOW)[0] is use


def test_somebody_at_work_is_refused_unless_it_is_said():
    busy = facts(guest=Guest(activity=Activity(1, 1, None, NOW)))
    assert codes(planned(busy)) == [("nb", "rerun-busy", "error")]
    assert codes(planned(busy, accepts_busy=True)) == [("nb", "rerun-busy", "warning")]
    assert codes(planned(facts())) == [("nb", "rerun-use-unknown", "warning")]
    planned(facts()).require(Impact.RESTART)
