"""What stands against an upgrade, and what is only said."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from upgrade_instance import INSTANCE

from notebook_provisioner.core.findings import Severity
from notebook_provisioner.core.rerun.planning import Use
from notebook_provisioner.core.upgrades import preflight
from notebook_provisioner.core.upgrades.activity import Activity, read_activity
from notebook_provisioner.core.upgrades.facts import Upgradability
from notebook_provisioner.core.upgrades.preflight import Facts, Quota, Rules, Surroundings

NOW = datetime(2026, 11, 28, 2, 30, tzinfo=UTC)
FRESH = {("europe-west1-b", "ana-data-workspace"): NOW - timedelta(hours=20)}
FACTS = Facts(
    instance=INSTANCE,
    upgradability=Upgradability(
        upgradable=True, version="m144", image="…/i", message="A new image is available"
    ),
    family=None,
    use=Use.IDLE,
    use_words="0 of 1 kernels busy",
    data_free_mib=50_000,
    around=Surroundings(missing=frozenset(), quota=Quota(1000, 10), backups=FRESH),
    now=NOW,
)


def codes(facts, rules=Rules()):  # noqa: B008  # frozen
    return [(finding.code, finding.severity) for finding in preflight.check(facts, rules)]


def with_instance(**changed):
    return replace(FACTS, instance=replace(INSTANCE, **changed))


def test_a_notebook_that_is_well_and_quiet_and_backed_up_has_nothing_against_it():
    assert codes(FACTS) == []
    assert codes(with_instance(state="STOPPED", health="HEALTH_STATE_UNSPECIFIED")) == []


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"state": "UPGRADING"}, "upgrade-state"),
        ({"state": "PROVISIONING"}, "upgrade-state"),
        ({"state": "SUSPENDED"}, "upgrade-state"),
        ({"health": "UNHEALTHY"}, "upgrade-unwell"),
        ({"health": "AGENT_NOT_RUNNING"}, "upgrade-unwell"),
        ({"health_info": {"jupyterlab_status": "-1"}}, "upgrade-unwell"),
        ({"data_disks": 0}, "upgrade-one-disk"),
    ],
)
def test_what_keeps_a_notebook_as_it_is(changed, code):
    facts = with_instance(**changed)
    assert codes(facts) == [(code, Severity.ERROR)]
    assert preflight.obstacle(preflight.check(facts, Rules())).code == code


def test_kernels_at_work_are_an_obstacle_unless_that_is_accepted():
    facts = replace(FACTS, use=Use.BUSY, use_words="2 of 3 kernels busy at 02:29 UTC")
    [finding] = preflight.check(facts, Rules())
    assert finding.severity is Severity.ERROR
    assert finding.message.endswith("kernels would be lost: 2 of 3 kernels busy at 02:29 UTC")
    assert codes(facts, Rules(even_if_busy=True)) == [("upgrade-busy", Severity.WARNING)]


def test_what_cannot_be_known_is_said_and_is_no_obstacle():
    facts = replace(FACTS, use=Use.UNKNOWN, use_words="nobody says", data_free_mib=None)
    assert codes(facts) == [
        ("upgrade-use-unknown", Severity.NOTE),
        ("upgrade-space-unknown", Severity.NOTE),
    ]


def test_a_full_disk_and_an_old_backup_are_warned_of():
    full = replace(FACTS, data_free_mib=10)
    assert codes(full) == [("upgrade-space", Severity.WARNING)]
    bare = replace(FACTS, around=replace(FACTS.around, backups={}))
    assert codes(bare) == [("upgrade-backup", Severity.WARNING)]
    assert codes(bare, Rules(data_snapshot=True)) == []
    assert preflight.needs_data_snapshot(bare, Rules(data_snapshot=True))
    assert not preflight.needs_data_snapshot(FACTS, Rules(data_snapshot=True))
    blind = replace(FACTS, around=replace(FACTS.around, backups=None))
    assert codes(blind) == [("upgrade-backup-unknown", Severity.WARNING)]


def test_workbench_is_quoted_and_not_interpreted():
    no = replace(
        FACTS,
        upgradability=Upgradability(upgradable=False, version="", image="", message="Ask again in spring."),
    )
    assert preflight.nothing_to_do(no) == "Workbench says: Ask again in spring."
    silent = replace(FACTS, upgradability=Upgradability(None, "", "", "503: backend error"))
    assert codes(silent) == [("upgrade-unknown", Severity.ERROR)]
    assert preflight.nothing_to_do(silent) is None


def test_a_stopped_notebook_that_workbench_does_not_judge_is_woken_to_find_out():
    silent = Upgradability(None, "", "", "The instance is in invalid state STOPPED")
    facts = replace(with_instance(state="STOPPED"), upgradability=silent)
    assert codes(facts) == [("upgrade-unknown", Severity.NOTE)]


def test_another_family_is_warned_of():
    facts = replace(FACTS, family="workbench-instances-2603")
    [finding] = preflight.check(facts, Rules())
    assert finding.severity is Severity.WARNING
    assert "Terraform replaces" in finding.remedy


@pytest.mark.parametrize(
    ("around", "found"),
    [
        (Surroundings(frozenset(), Quota(100, 95), {}), []),
        (Surroundings(frozenset(), Quota(100, 96), {}), [("upgrade-quota", Severity.ERROR)]),
        (Surroundings(frozenset(), None, {}), [("upgrade-quota-unknown", Severity.NOTE)]),
        (
            Surroundings(frozenset({"notebooks.instances.upgrade"}), Quota(9, 0), {}),
            [("upgrade-permissions", Severity.ERROR)],
        ),
        (Surroundings(None, Quota(9, 0), {}), [("upgrade-permissions-unknown", Severity.WARNING)]),
    ],
)
def test_the_project(around, found):
    told = preflight.check_project(around, "p-one", 5)
    assert [(finding.code, finding.severity) for finding in told] == found


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        '{"kernels": 1, "busy": -1, "at": "2026-11-28T02:00:00Z"}',
        '{"kernels": 1, "busy": true, "at": "2026-11-28T02:00:00Z"}',
        '{"kernels": 1, "busy": 0, "at": "2026-11-28T02:00:00"}',
        '{"kernels": 1, "busy": 0, "at": "yesterday"}',
        '{"kernels": 1, "busy": 0, "at": "2026-11-28T02:00:00Z"' + " " * 5000 + "}",
        "[" * 4000,
    ],
)
def test_what_is_no_report_of_activity_is_passed_over(text):
    assert read_activity(text) is None


def test_a_report_of_activity():
    text = '{"kernels": 3, "busy": 1, "data_free_mib": 90000, "at": "2026-11-28T03:00:00+01:00"}'
    at = datetime(2026, 11, 28, 2, 0, tzinfo=UTC)
    assert read_activity(text) == Activity(kernels=3, busy=1, data_free_mib=90_000, at=at)
