"""``nbp upgrade run`` over a fleet in every state there is, on a clock that only waiting moves."""

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from snapshot_documents import Control
from upgrade_chaos import OPERATION_SECONDS, VirtualTime
from upgrade_fleet import INSTANCES, NEW_IMAGE, OLD_IMAGE, Fleet, write_fleet_file

from notebook_provisioner.adapters.lock import FileLease
from notebook_provisioner.cli.app import App
from notebook_provisioner.cli.main import Settings, nbp
from notebook_provisioner.cli.procedures import Pauses

pytestmark = [pytest.mark.network, pytest.mark.usefixtures("socket_enabled")]

KINDS = {
    "idle": 6,  # five minutes before idle shutdown
    "active": 10,
    "stopped": 10,
    "busy": 4,
    "upgrading": 2,
    "provisioning": 2,
    "unwell": 3,
    "refused": 3,  # not upgradable, says Workbench
    "newest": 3,
    "failing": 3,  # the upgrade fails
    "sick": 2,  # the upgrade goes well, and the notebook is unhealthy after it
    "container": 2,
}
NAMES = [f"{kind}-{number}" for kind, count in KINDS.items() for number in range(count)]
UPGRADED = {"idle", "active", "stopped"}
LEFT = {"busy", "upgrading", "provisioning", "unwell"}
EXPECTED = {
    **dict.fromkeys(UPGRADED, "upgraded"),
    **dict.fromkeys(LEFT, "left"),
    **dict.fromkeys(("refused", "newest", "container"), "current"),
    **dict.fromkeys(("failing", "sick"), "failed"),
}


@dataclass
class World:
    fleet: Fleet
    time: VirtualTime
    home: Path
    file: str

    def run(self, *arguments):
        """``nbp upgrade`` in this process, with the virtual time in place of the real one."""
        virtual, home = self.time, self.home

        class VirtualPauses(Pauses):
            def sleep(self, seconds):
                super().sleep(0)
                virtual.sleep(seconds)

        class VirtualApp(App):
            work_folder = home

            def clock(self):
                return virtual.clock

            def pauses(self):
                return VirtualPauses()

        command = ["--fleet", self.file, "upgrade", *arguments, "--format", "json"]
        done = CliRunner().invoke(nbp, command, obj=Settings(app_type=VirtualApp))
        assert done.stdout.startswith("{"), done.output
        return done.exit_code, json.loads(done.stdout), done.stderr


@pytest.fixture
def world(home, connection, tmp_path, monkeypatch):
    monkeypatch.setenv("NBP_HOME", str(home))
    fleet = Fleet(Control(connection.url, connection.token))
    return World(
        fleet,
        VirtualTime(fleet.control),
        tmp_path / "work",
        str(write_fleet_file(tmp_path / "fleet.yaml", NAMES)),
    )


def populate(world):
    fleet, now = world.fleet, world.time.now
    for name in NAMES:
        kind = name.split("-")[0]
        setup = {}
        if kind == "container":
            setup = {"containerImage": {"repository": "example.com/notebooks", "tag": "1"}}
        elif kind == "newest":
            setup = {"vmImage": {"project": "cloud-notebooks-managed", "name": NEW_IMAGE}}
        fleet.add(name, state="STOPPED" if kind == "stopped" else "ACTIVE", **setup)
        in_use = {"last_activity": now - 3300 if kind == "idle" else now + 10 * 86_400}
        fleet.guest(name, **(in_use if kind != "stopped" else {}))
    for number in range(KINDS["busy"]):
        at = datetime.fromtimestamp(now + 86_400, UTC).isoformat()
        fleet.says(f"busy-{number}", "activity", {"kernels": 2, "busy": 1, "at": at})
    for kind, fields in {
        "upgrading": {"state": "UPGRADING"},
        "provisioning": {"state": "PROVISIONING"},
        "unwell": {"healthState": "UNHEALTHY", "healthInfo": {"jupyterlab_status": "-1"}},
    }.items():
        for number in range(KINDS[kind]):
            fleet.change(f"{kind}-{number}", **fields)
    fleet.guest("refused-*", upgradability="Instance is not eligible for upgrade")
    fleet.guest("failing-*", upgrade={"outcome": "fails", "message": "image could not be fetched"})
    fleet.guest("sick-*", upgrade={"outcome": "unhealthy"})
    fleet.control.ask("POST", "sandbox/v1/settings", {"operation_seconds": OPERATION_SECONDS})


@pytest.mark.timeout(600)
def test_a_fleet_of_fifty_is_upgraded_or_explained_and_is_as_it_was(world):
    populate(world)
    assert len(NAMES) == 50
    before = {name: world.fleet.kept(name) for name in NAMES}
    status, answer, _ = world.run("run", "--all", "--now", "--parallel", "12", "--failure-budget", "9")
    assert status == 1  # some failed
    rows = {row["notebook"]: row for row in answer["data"]["notebooks"]}
    assert sorted(rows) == sorted(NAMES)
    for name in NAMES:
        kind, row = name.split("-")[0], rows[name]
        expected = EXPECTED[kind]
        assert row["result"] == expected, row
        assert row["reason"] or expected == "upgraded", row
        assert world.fleet.kept(name) == before[name], name
        image = world.fleet.boot_disk(name)["sourceImage"].rpartition("/")[2]
        if kind in UPGRADED:
            assert image == NEW_IMAGE
            assert world.fleet.upgrades(name) == ["SUCCEEDED"]
        elif kind in LEFT | {"refused", "failing"}:
            assert image == OLD_IMAGE
    assert rows["failing-0"]["reason"] == "upgrade: image could not be fetched"
    assert "its health is UNHEALTHY" in rows["sick-0"]["reason"]
    assert "1 of 2 kernels busy" in rows["busy-0"]["reason"]
    assert rows["refused-0"]["reason"] == "Workbench says: Instance is not eligible for upgrade"
    assert answer["data"]["counts"] == {"upgraded": 26, "current": 8, "left": 11, "failed": 5}

    # A second run finds only what is left to do, and repeats no upgrade.
    status, answer, _ = world.run("run", "--all", "--now", "--parallel", "12", "--dry-run")
    again = {row["notebook"] for row in answer["data"]["notebooks"] if row["result"] == "would-upgrade"}
    assert {name.split("-")[0] for name in again} == {"failing"}


SATURDAY = datetime(2026, 11, 28, 2, 0, tzinfo=UTC).timestamp()  # the window of the fleet file opens


def at(world, moment):
    """Move the clock; what is due until then happens."""
    world.time.sleep(moment - world.time.now)


def small(world, tmp_path, *names, **more):
    """A fleet of these, made on the Friday before the window."""
    world.file = str(write_fleet_file(tmp_path / "small.yaml", list(names), **more))
    world.fleet.control.ask("POST", "sandbox/v1/settings", {"now": SATURDAY - 8 * 3600})
    world.time.now = SATURDAY - 8 * 3600
    for name in names:
        world.fleet.add(name, metadata={"notebook-upgrade-schedule": "0 2 * * SAT"})
    world.fleet.control.ask("POST", "sandbox/v1/settings", {"operation_seconds": OPERATION_SECONDS})


def schedules(world):
    guests = world.fleet.control.ask("GET", "sandbox/v1/guests")["guests"]
    return [item["schedule"] for item in guests]


def test_idle_shutdown_makes_the_own_schedule_miss_and_the_job_does_not(world, tmp_path):
    small(world, tmp_path, "ana")
    at(world, SATURDAY + 600)
    assert world.fleet.get("ana")["state"] == "STOPPED"  # idle shutdown, on Friday evening
    assert schedules(world) == [{"fired": 0, "missed": 1}]
    assert world.fleet.upgrades("ana") == []
    before = world.fleet.kept("ana")

    status, answer, log = world.run("run", "--due", "--yes")
    assert status == 0, answer
    assert answer["data"]["counts"] == {"upgraded": 1}
    assert world.fleet.upgrades("ana") == ["SUCCEEDED"]
    assert world.fleet.kept("ana") == before
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    assert [line["event"] for line in lines][:: len(lines) - 1] == ["begins", "ended"]
    assert all(line["severity"] == "INFO" and line["message"] and line["notebook"] == "ana" for line in lines)

    status, answer, _ = world.run("run", "--due", "--yes")
    assert (status, answer["data"]["counts"]) == (0, {"current": 1})


def test_nothing_begins_outside_its_window_or_too_late_in_it(world, tmp_path):
    small(world, tmp_path, "ana")
    for moment in (SATURDAY - 60, SATURDAY + 3.5 * 3600, SATURDAY + 5 * 3600):
        at(world, moment)
        status, answer, _ = world.run("run", "--due", "--yes")
        [row] = answer["data"]["notebooks"]
        assert (status, row["result"]) == (0, "left"), row
        assert row["reason"].startswith("planned for Sat 2026-"), row
    assert world.fleet.upgrades("ana") == []


def test_the_others_wait_for_the_canary_to_soak(world, tmp_path):
    small(world, tmp_path, "ana", "ben", rollout={"canaries": ["ben"], "soak": "1d"})
    at(world, SATURDAY + 60)
    _, answer, _ = world.run("run", "--due", "--yes")
    assert {row["notebook"]: row["result"] for row in answer["data"]["notebooks"]} == {
        "ben": "upgraded",
        "ana": "left",
    }
    at(world, SATURDAY + 7 * 86_400 + 60)
    _, answer, _ = world.run("run", "--due", "--yes")
    assert {row["notebook"]: row["result"] for row in answer["data"]["notebooks"]} == {
        "ben": "current",
        "ana": "upgraded",
    }


def test_who_waits_for_a_soak_is_told_until_when(world, tmp_path):
    small(world, tmp_path, "ana", "ben", rollout={"canaries": ["ben"], "soak": "1d"})
    at(world, SATURDAY + 60)
    world.run("run", "--due", "--yes")
    _, answer, _ = world.run("run", "--due", "--yes")
    [reason] = [row["reason"] for row in answer["data"]["notebooks"] if row["notebook"] == "ana"]
    assert "those that have it soak until Sun 2026-11-29 02:0" in reason


def test_two_runs_at_once_are_impossible(world, tmp_path):
    small(world, tmp_path, "ana")
    with FileLease(world.home / "upgrade.lock"):
        status, answer, _ = world.run("run", "--all", "--now")
    assert (status, answer["errors"][0]["code"]) == (4, "lease-held")
    assert world.fleet.upgrades("ana") == []


def test_a_failing_canary_keeps_the_others_as_they_are(world, tmp_path):
    small(world, tmp_path, "ana", "ben", "cleo")
    world.fleet.guest("ben", upgrade={"outcome": "fails"})
    _, answer, _ = world.run("run", "--all", "--now", "--canary", "ben", "--failure-budget", "5")
    rows = {row["notebook"]: row for row in answer["data"]["notebooks"]}
    assert {name: row["result"] for name, row in rows.items()} == {
        "ana": "left",
        "ben": "failed",
        "cleo": "left",
    }
    assert "budget of 0" in rows["ana"]["reason"]


def test_the_fleet_files_canaries_go_first_now_too(world, tmp_path):
    small(world, tmp_path, "ana", "ben", rollout={"canaries": ["ben"]})
    world.fleet.guest("ben", upgrade={"outcome": "fails"})
    _, answer, _ = world.run("run", "--all", "--now", "--failure-budget", "5")
    assert {row["notebook"]: row["result"] for row in answer["data"]["notebooks"]} == {
        "ana": "left",
        "ben": "failed",
    }


@pytest.mark.parametrize(
    "options",
    [
        ("ana", "--now", "--canary", "ben"),
        ("--all", "--now", "--canary", "bne"),
        ("--all", "--canary", "bne"),
    ],
)
def test_a_canary_that_is_none_of_them_is_refused(world, tmp_path, options):
    small(world, tmp_path, "ana", "ben")
    assert CliRunner().invoke(nbp, ["--fleet", world.file, "upgrade", "run", *options]).exit_code == 2
    assert world.fleet.upgrades("ana") == []


@pytest.mark.parametrize("option", ["--dry-run", "--now"])
def test_a_resume_is_no_dry_run_and_knows_no_windows(option):
    assert CliRunner().invoke(nbp, ["upgrade", "run", "--resume", option]).exit_code == 2


def test_what_stays_stuck_is_on_record_and_carried_on_later(world, tmp_path):
    small(world, tmp_path, "ana")
    world.fleet.guest("ana", upgrade={"outcome": "hangs"})
    before = world.fleet.kept("ana")
    status, answer, talk = world.run("run", "--all", "--now")
    [row] = answer["data"]["notebooks"]
    assert (status, row["result"]) == (1, "unrestored")
    assert "the upgrade did not end; the notebook is UPGRADING" in row["reason"]
    assert "nbp upgrade run --resume" in talk

    for options in ((), ("--dry-run",)):
        status, answer, _ = world.run("run", "--all", "--now", *options)  # another run does not touch it
        [row] = answer["data"]["notebooks"]
        assert (status, row["result"]) == (3, "left")
        assert "nbp upgrade run --resume" in row["reason"]
        status, answer, _ = world.run("run", "ana", "--now", *options)  # and says no to who names it
        assert (status, answer["errors"][0]["code"]) == (4, "procedure-open")
        assert "nbp upgrade run --resume" in answer["errors"][0]["hint"]
    world.fleet.guest("ana", give_up="it took too long")
    status, answer, _ = world.run("run", "--resume")
    assert answer["data"]["notebooks"][0]["result"] == "failed"
    assert world.fleet.kept("ana") == before
    status, answer, _ = world.run("run", "--resume")
    assert (status, answer["data"]["notebooks"]) == (0, [])


def test_a_dry_run_shows_from_which_version_to_which(world, tmp_path):
    small(world, tmp_path, "ana", "ben")
    world.fleet.guest("ben", upgradability="Current and latest available image are the same")
    for options in (("--now",), ()):  # as a look at each tells, and as the calendar does
        status, answer, talk = world.run("run", "--all", "--dry-run", *options)
        rows = {row["notebook"]: (row["before"], row["after"]) for row in answer["data"]["notebooks"]}
        assert rows == {"ana": ("20260419", "20260712"), "ben": ("20260419", "")}
    status, answer, talk = world.run("run", "ana", "--dry-run", "--now")
    assert (status, talk.splitlines()[0]) == (3, "1 to upgrade, 0 not now.")


def test_a_dry_run_of_the_job_looks_too(world, tmp_path):
    small(world, tmp_path, "ana")
    at(world, SATURDAY + 60)
    world.fleet.control.ask("POST", f"{INSTANCES}/ana:start", {})
    at(world, SATURDAY + 600)
    busy = {"kernels": 2, "busy": 1, "at": datetime.fromtimestamp(world.time.now, UTC).isoformat()}
    world.fleet.says("ana", "activity", busy)
    status, answer, _ = world.run("run", "--due", "--dry-run")
    [row] = answer["data"]["notebooks"]
    assert (status, row["result"], row["after"]) == (3, "left", "20260712")
    assert "somebody is at work" in row["reason"]


def test_where_all_are_current_nothing_is_said_to_be_upgraded(world, tmp_path):
    small(world, tmp_path, "ana", "ben")
    world.fleet.guest("*", upgradability="Current and latest available image are the same")
    with FileLease(world.home / "upgrade.lock"):  # which a run would need that has something to do
        status, answer, talk = world.run("run", "--all", "--now")
    assert (status, answer["data"]["counts"]) == (0, {"current": 2})
    assert "0 to upgrade, 2 not now." in talk


def test_a_running_notebook_is_not_said_to_be_started(world, tmp_path):
    small(world, tmp_path, "ana")
    _, _, talk = world.run("run", "--all", "--now")
    told = [line.removeprefix("ana: ") for line in talk.splitlines() if line.startswith("ana: ")]
    assert told == ["hold-idle-shutdown", "upgrade", "verify", "restore-settings"]


def test_people_are_told(world, tmp_path):
    small(world, tmp_path, "ana")
    heard = tmp_path / "heard"
    program = tmp_path / "tell"
    program.write_text(f"#!/bin/sh\ncat >> {heard}\n")
    program.chmod(0o700)
    world.run("run", "--all", "--now", "--notify", str(program))
    begins, ended = map(json.loads, heard.read_text().splitlines())
    assert (begins["event"], begins["notebook"], begins["to"]) == ("begins", "ana", "20260712")
    assert (ended["event"], ended["outcome"]) == ("ended", "succeeded")


def test_a_project_that_lacks_what_upgrades_need_is_refused(world, tmp_path):
    small(world, tmp_path, "ana")
    world.fleet.control.fault(method="*.testIamPermissions", kind="status", status=403)
    status, answer, _ = world.run("run", "--all", "--now", "--dry-run")
    assert status == 3
    assert "upgrade-permissions-unknown" in [finding["code"] for finding in answer["findings"]]


def test_roll_back(world, tmp_path):
    small(world, tmp_path, "ana")
    world.run("run", "--all", "--now")
    before = world.fleet.kept("ana")
    status, answer, talk = world.run("rollback", "ana")
    [point] = answer["data"]["points"]
    assert (status, point["version"], point["problem"]) == (0, "20260419", "")
    assert "loses:" in talk
    assert world.fleet.kept("ana") == before

    status, answer, _ = world.run("rollback", "ana", "--to", "krwlzipynril")
    assert (status, answer["errors"][0]["code"]) == (1, "not-found")

    status, answer, _ = world.run("rollback", "ana", "--to", point["snapshot"])
    assert (status, answer["data"]["counts"]) == (0, {"rolled-back": 1})
    assert world.fleet.kept("ana") == before
    assert world.fleet.boot_disk("ana")["sourceSnapshot"].endswith(point["snapshot"])


def test_a_rollback_that_may_not_be_says_which_roles_may(world, tmp_path):
    small(world, tmp_path, "ana")
    world.run("run", "--all", "--now")
    words = "Permission 'notebooks.instances.rollback' denied"
    world.fleet.control.fault(method="*.rollback", kind="status", status=403, message=words)
    world.fleet.control.fault(method="*.testIamPermissions", kind="status", status=400)
    status, answer, _ = world.run("rollback", "ana", "--yes")
    [row] = answer["data"]["notebooks"]
    assert (status, row["result"]) == (1, "failed")
    assert "roles/notebooks.admin" in row["reason"]
    assert answer["findings"][0]["code"] == "upgrade-rollback-permission"


def test_another_family_only_by_name(world, tmp_path):
    small(world, tmp_path, "ana")
    legacy = {"vmImage": {"project": "cloud-notebooks-managed", "name": "workbench-instances-v20260701"}}
    world.fleet.add("ben", **legacy)
    at(world, world.time.now + 60)
    world.file = str(write_fleet_file(tmp_path / "two.yaml", ["ben"]))
    _, answer, _ = world.run("run", "ben", "--now")
    assert answer["data"]["notebooks"][0]["result"] == "current"
    _, answer, _ = world.run("run", "ben", "--now", "--family", "workbench-instances-2603")
    assert answer["data"]["notebooks"][0]["result"] == "upgraded", answer
    assert "upgrade-across-families" in [finding["code"] for finding in answer["findings"]]
    assert world.fleet.boot_disk("ben")["sourceImage"].endswith(NEW_IMAGE)


def test_a_family_that_is_not_there_is_found_before_anything_is_touched(world, tmp_path):
    small(world, tmp_path, "ana")
    world.fleet.control.clear()
    status, answer, _ = world.run("run", "ana", "--now", "--family", "nofam")
    [error] = answer["errors"]
    assert (status, error["code"]) == (1, "not-found")
    assert error["message"] == "there is no image family nofam in cloud-notebooks-managed"
    assert "workbench-instances-2603" in error["hint"]
    assert not any(name.endswith((".patch", ".upgrade", ".start")) for name in world.fleet.control.counts())


def test_a_family_that_nobody_may_look_for_is_tried_all_the_same(world, tmp_path):
    small(world, tmp_path, "ana")
    words = "Required 'compute.images.getFromFamily' permission"
    world.fleet.control.fault(method="*.getFromFamily", kind="status", status=403, message=words)
    status, answer, _ = world.run("run", "ana", "--now", "--family", "workbench-instances")
    found = {finding["code"]: finding["message"] for finding in answer["findings"]}
    assert words in found["upgrade-family-unknown"]
    assert (status, answer["data"]["counts"]) == (0, {"upgraded": 1})


def test_tasks_of_cloud_run_share_the_fleet(world, tmp_path, monkeypatch):
    names = [f"nb-{number}" for number in range(6)]
    small(world, tmp_path, *names)
    monkeypatch.setenv("CLOUD_RUN_TASK_COUNT", "2")
    shares = []
    for task in ("0", "1"):
        monkeypatch.setenv("CLOUD_RUN_TASK_INDEX", task)
        _, answer, _ = world.run("run", "--all", "--now", "--dry-run")
        shares.append({row["notebook"] for row in answer["data"]["notebooks"]})
    assert all(shares)
    assert sorted([*shares[0], *shares[1]]) == names


def test_a_process_that_is_killed_leaves_what_resume_carries_on(world, home, tmp_path):
    """The real program, killed by the kernel in the middle of an upgrade."""
    small(world, tmp_path, "ana")
    settings = {"speed": 1, "operation_seconds": 2}
    world.fleet.control.ask("POST", "sandbox/v1/settings", settings)
    time.sleep(0.1)
    world.fleet.control.ask("POST", f"{INSTANCES}/ana:stop", {})
    until(lambda: world.fleet.get("ana")["state"] == "STOPPED")
    before = world.fleet.kept("ana")
    variables = {**os.environ, "NBP_HOME": str(home)}
    command = [str(Path(sys.executable).with_name("nbp")), "--fleet", world.file, "upgrade", "run"]
    process = subprocess.Popen([*command, "ana", "--now"], env=variables, stderr=subprocess.DEVNULL)
    until(lambda: world.fleet.upgrades("ana") == ["STARTED"])
    process.kill()
    process.wait()
    assert world.fleet.kept("ana") != before

    done = subprocess.run([*command, "--resume"], env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert world.fleet.upgrades("ana") == ["SUCCEEDED"]
    assert world.fleet.kept("ana") == before


def test_of_two_runs_over_a_notebook_at_once_one_is_refused(world, home, tmp_path):
    """With a lease each, as two commands have, so that only the record keeps them apart."""
    small(world, tmp_path, "ana")
    control = world.fleet.control
    control.ask("POST", "sandbox/v1/settings", {"speed": 1, "operation_seconds": 2})
    control.ask("POST", "storage/v1/b?project=p-one", {"name": "leases-of-one"})
    variables = {**os.environ, "NBP_HOME": str(home)}
    command = [str(Path(sys.executable).with_name("nbp")), "--fleet", world.file, "upgrade", "run"]
    command += ["ana", "--now", "--format", "json", "--lease"]
    runs = [
        subprocess.Popen(
            [*command, f"gs://leases-of-one/{lease}"],
            env=variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        for lease in ("one", "two")
    ]
    ended = sorted((json.loads(run.communicate()[0]) for run in runs), key=lambda answer: answer["status"])
    assert sorted(run.returncode for run in runs) == [0, 4]
    assert [answer["status"] for answer in ended] == ["ok", "refused"]
    assert ended[1]["errors"][0]["code"] == "procedure-open"
    assert world.fleet.upgrades("ana") == ["SUCCEEDED"]


def until(holds):
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)
