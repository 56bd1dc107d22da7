"""What time does to a notebook, idle or scheduled; and what the control API makes go wrong."""

from datetime import UTC, datetime

import pytest
from sandbox_server import COMPUTE, NOTEBOOKS, PROJECT, ZONE, Local

from notebook_provisioner.sandbox.server.faults import Fault

NB = f"{NOTEBOOKS}/nb"
INSTANCE = f"projects/{PROJECT}/locations/{ZONE}/instances/nb"
HOUR = 3600


@pytest.fixture
def sandbox(tmp_path):
    local = Local(tmp_path, operation_seconds=60)
    local.moment = datetime(2026, 11, 20, 12, tzinfo=UTC).timestamp()  # a Friday
    local.network()
    local.moment += 61
    yield local
    local.engine.context.store.close()


def make(sandbox, **metadata):
    sandbox.notebook(metadata=metadata)
    sandbox.moment += 60


def state(sandbox):
    return sandbox.do("GET", NB)["state"]


def control(sandbox, **settings):
    return sandbox.control({"instance": INSTANCE, **settings})["guests"][0]


def history(sandbox):
    return [(entry["action"], entry["state"]) for entry in sandbox.do("GET", NB).get("upgradeHistory", [])]


def test_an_idle_notebook_is_stopped_at_its_time_and_not_before(sandbox):
    make(sandbox, **{"idle-timeout-seconds": "3600"})
    assert state(sandbox) == "ACTIVE"
    sandbox.moment += HOUR - 1
    assert state(sandbox) == "ACTIVE"
    sandbox.moment += 2
    assert state(sandbox) == "STOPPING"
    sandbox.moment += 60
    assert state(sandbox) == "STOPPED"
    vm = sandbox.do("GET", f"{COMPUTE}/zones/{ZONE}/instances/nb")
    assert vm["status"] == "TERMINATED"
    assert vm["lastStopTimestamp"] == "2026-11-20T05:03:01.000-08:00"


def test_it_is_stopped_at_its_time_also_when_nobody_asks_for_a_week(sandbox):
    make(sandbox, **{"idle-timeout-seconds": "3600"})
    sandbox.moment += 7 * 24 * HOUR
    assert state(sandbox) == "STOPPED"
    stopped = sandbox.do("GET", f"{COMPUTE}/zones/{ZONE}/instances/nb")["lastStopTimestamp"]
    assert stopped.startswith("2026-11-20T05:03")


def test_without_the_key_it_runs_for_ever(sandbox):
    make(sandbox)
    sandbox.moment += 365 * 24 * HOUR
    assert state(sandbox) == "ACTIVE"


def test_activity_puts_it_off_and_busy_kernels_keep_it_running(sandbox):
    make(sandbox, **{"idle-timeout-seconds": "3600"})
    sandbox.moment += HOUR // 2
    control(sandbox, last_activity=sandbox.moment)
    sandbox.moment += HOUR - 1
    assert state(sandbox) == "ACTIVE"
    control(sandbox, busy_kernels=2)
    sandbox.moment += 100 * HOUR
    assert state(sandbox) == "ACTIVE"
    control(sandbox, busy_kernels=0)
    sandbox.moment += HOUR - 1
    assert state(sandbox) == "ACTIVE"
    sandbox.moment += 2
    assert state(sandbox) == "STOPPING"


def test_a_timer_that_runs_does_not_hear_of_a_cleared_key(sandbox):
    make(sandbox, **{"idle-timeout-seconds": "3600"})
    body = {"gceSetup": {"metadata": {"idle-timeout-seconds": ""}}}
    sandbox.do("PATCH", f"{NB}?updateMask=gce_setup.metadata", body)
    sandbox.moment += HOUR + 61
    assert state(sandbox) == "STOPPED"
    sandbox.do("POST", f"{NB}:start")
    sandbox.moment += 100 * HOUR
    assert state(sandbox) == "ACTIVE"


def test_a_start_winds_the_timer_up_anew(sandbox):
    make(sandbox, **{"idle-timeout-seconds": "3600"})
    sandbox.moment += HOUR - 100
    sandbox.do("POST", f"{NB}:reset")
    sandbox.moment += HOUR
    assert state(sandbox) == "ACTIVE"
    sandbox.moment += 61
    assert state(sandbox) == "STOPPING"


def test_an_upgrade_outlives_the_moment_of_an_idle_shutdown(sandbox):
    make(sandbox, **{"idle-timeout-seconds": "3600"})
    sandbox.moment += HOUR - 10
    sandbox.do("POST", f"{NB}:upgrade", {})
    sandbox.moment += 20
    assert state(sandbox) == "UPGRADING"
    sandbox.moment += 60
    assert (state(sandbox), history(sandbox)) == ("ACTIVE", [("UPGRADE", "SUCCEEDED")])
    sandbox.moment += HOUR
    assert state(sandbox) == "STOPPING"


def test_a_failed_stop_does_not_end_idle_shutdown(sandbox):
    make(sandbox, **{"idle-timeout-seconds": "3600"})
    sandbox.moment += HOUR - 10
    sandbox.engine.context.register("notebooks.v2.stopped", lambda *_: 1 // 0)
    sandbox.do("POST", f"{NB}:stop")
    sandbox.moment += 61
    assert state(sandbox) == "STOPPING"  # by the timer, whose moment came while the stop was failing


def test_its_own_schedule_upgrades_it_when_it_runs(sandbox):
    make(sandbox, **{"notebook-upgrade-schedule": "00 02 * * SAT"})
    sandbox.moment = datetime(2026, 11, 21, 2, 0, 30, tzinfo=UTC).timestamp()
    assert state(sandbox) == "UPGRADING"
    sandbox.moment += 60
    assert (state(sandbox), history(sandbox)) == ("ACTIVE", [("UPGRADE", "SUCCEEDED")])
    sandbox.moment += 15 * 24 * HOUR
    assert history(sandbox) == [("UPGRADE", "SUCCEEDED")]  # there is nothing newer
    assert control(sandbox)["schedule"] == {"fired": 3, "missed": 0}


def test_its_own_schedule_misses_every_hour_at_which_it_has_idled_away(sandbox):
    make(sandbox, **{"notebook-upgrade-schedule": "00 02 * * SAT", "idle-timeout-seconds": "10800"})
    sandbox.moment += 22 * 24 * HOUR
    assert (state(sandbox), history(sandbox)) == ("STOPPED", [])
    assert control(sandbox)["schedule"] == {"fired": 0, "missed": 4}


def test_a_changed_schedule_replaces_the_one_before(sandbox):
    make(sandbox, **{"notebook-upgrade-schedule": "00 02 * * SAT"})
    for cron in ("00 02 * * SUN", ""):
        body = {"gceSetup": {"metadata": {"notebook-upgrade-schedule": cron}}}
        sandbox.do("PATCH", f"{NB}?updateMask=gce_setup.metadata", body)
        sandbox.moment += 60
        if cron:
            sandbox.moment = datetime(2026, 11, 21, 12, tzinfo=UTC).timestamp()
            assert control(sandbox)["schedule"] == {"fired": 0, "missed": 0}
    sandbox.moment += 30 * 24 * HOUR
    assert control(sandbox)["schedule"] == {"fired": 0, "missed": 0}


@pytest.mark.parametrize("cron", ["at night", "61 25 * * *", "0 0 31 2 *"])
def test_a_schedule_that_never_comes_stands_in_nobodys_way(sandbox, cron):
    make(sandbox, **{"notebook-upgrade-schedule": cron})
    sandbox.moment += 30 * 24 * HOUR
    assert state(sandbox) == "ACTIVE"


def test_an_upgrade_that_fails_leaves_a_failed_entry_and_the_old_boot_disk(sandbox):
    make(sandbox)
    boot = f"{COMPUTE}/zones/{ZONE}/disks/nb-boot"
    before = sandbox.do("GET", boot)["id"]
    control(sandbox, upgrade={"outcome": "fails", "message": "no capacity", "count": 1})
    operation = sandbox.do("POST", f"{NB}:upgrade", {})["name"]
    assert state(sandbox) == "UPGRADING"
    sandbox.moment += 61
    assert sandbox.do("GET", boot)["id"] == before
    assert (state(sandbox), history(sandbox)) == ("ACTIVE", [("UPGRADE", "FAILED")])
    status, ended = sandbox.ask("GET", f"notebooks/v2/{operation}")
    assert (status, ended["error"]["message"]) == (200, "no capacity")
    sandbox.do("POST", f"{NB}:upgrade", {})
    sandbox.moment += 61
    assert history(sandbox) == [("UPGRADE", "FAILED"), ("UPGRADE", "SUCCEEDED")]


@pytest.mark.parametrize(("verb", "between"), [("upgrade", "UPGRADING"), ("reset", "STARTING")])
def test_an_operation_that_never_ends(sandbox, verb, between):
    make(sandbox)
    control(sandbox, **{"upgrade" if verb == "upgrade" else "start": {"outcome": "hangs"}})
    operation = sandbox.do("POST", f"{NB}:{verb}", {})["name"]
    sandbox.moment += 1000 * HOUR
    assert (state(sandbox), sandbox.do("GET", f"notebooks/v2/{operation}")["done"]) == (between, False)


def test_an_endless_operation_can_be_had_of_any_method(sandbox):
    make(sandbox)
    rule = {"method": "compute.disks.createSnapshot", "kind": "endless-operation"}
    sandbox.engine.faults.rules.append(Fault.parse(rule))
    operation = sandbox.do("POST", f"{COMPUTE}/zones/{ZONE}/disks/nb-boot/createSnapshot", {"name": "s"})
    sandbox.moment += 1000 * HOUR
    path = operation["selfLink"].partition("/compute/")[2]
    assert sandbox.do("GET", f"compute/{path}")["status"] == "RUNNING"


def test_health_is_what_is_wanted_now_or_after_an_upgrade(sandbox):
    make(sandbox)
    assert sandbox.do("GET", NB)["healthState"] == "HEALTHY"
    control(sandbox, health={"state": "UNHEALTHY", "info": {"jupyterlab_status": "-1"}})
    found = sandbox.do("GET", NB)
    assert (found["healthState"], found["healthInfo"]["jupyterlab_status"]) == ("UNHEALTHY", "-1")
    control(sandbox, health=None, upgrade={"outcome": "unhealthy", "count": 1})
    assert sandbox.do("GET", NB)["healthState"] == "HEALTHY"
    sandbox.do("POST", f"{NB}:upgrade", {})
    sandbox.moment += 61
    assert (sandbox.do("GET", NB)["healthState"], history(sandbox)) == (
        "UNHEALTHY",
        [("UPGRADE", "SUCCEEDED")],
    )
    sandbox.do("POST", f"{NB}:reset")
    sandbox.moment += 61
    assert sandbox.do("GET", NB)["healthState"] == "HEALTHY"


def test_an_upgrade_can_be_said_to_be_impossible(sandbox):
    make(sandbox)
    control(sandbox, upgradability="The instance has no data disk")
    found = sandbox.do("GET", f"{NB}:checkUpgradability")
    assert (found["upgradeable"], found["upgradeInfo"]) == (False, "The instance has no data disk")
    status, answer = sandbox.ask("POST", f"{NB}:upgrade", {})
    assert (status, answer["error"]["message"]) == (400, "The instance has no data disk")
    control(sandbox, upgradability=None)
    assert sandbox.do("GET", f"{NB}:checkUpgradability")["upgradeable"] is True


def test_a_start_that_fails_leaves_it_stopped(sandbox):
    make(sandbox)
    sandbox.do("POST", f"{NB}:stop")
    sandbox.moment += 61
    control(sandbox, start={"outcome": "fails", "count": 1})
    sandbox.do("POST", f"{NB}:start")
    sandbox.moment += 61
    assert state(sandbox) == "STOPPED"
