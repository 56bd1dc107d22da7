"""``nbp post-startup rerun`` against the sandbox: simulated boots, real requests, real kills."""

import json
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from workbench_fleet import QUICKSTART, WorkbenchFleet

from notebook_provisioner.adapters.records import FileRecords
from notebook_provisioner.cli.main import nbp
from notebook_provisioner.core.procedures import Record
from notebook_provisioner.core.rerun.procedures import KIND, TIMEOUT

pytestmark = [pytest.mark.network, pytest.mark.usefixtures("socket_enabled")]
DYING = str(Path(__file__).parents[1] / "support" / "dying_nbp.py")
NAMES = ("ana-research", "ana-training", "ben-research")
BEHAVIOR = "post-startup-script-behavior"
OFF = "ben-research"


@pytest.fixture(scope="module")
def sandbox(home, connection):
    file = home / "fleet.yaml"
    file.write_text(QUICKSTART.read_text("utf-8"), "utf-8")
    return WorkbenchFleet(connection, file)


@pytest.fixture(autouse=True)
def _from_nothing(sandbox, home):
    sandbox.file.write_text(QUICKSTART.read_text("utf-8"), "utf-8")
    sandbox.read()
    for leftover in (home / ".nbp").rglob("records/*.json"):
        leftover.unlink()


def run(*arguments, exit_code=0):
    done = CliRunner().invoke(nbp, ["post-startup", *arguments, "--format", "json"])
    assert done.exit_code == exit_code, done.stdout + done.stderr
    return json.loads(done.stdout)


def results(envelope):
    return {item["name"]: item["result"] for item in envelope["data"]["results"]}


def run_ids(fleet):
    """The number of each notebook's last run."""
    return {one["name"]: one["executed"]["run"] for one in statuses(fleet)}


def statuses(fleet):
    del fleet
    done = CliRunner().invoke(nbp, ["post-startup", "status", "--format", "json"])
    return json.loads(done.stdout)["data"]["notebooks"]


def assert_as_before(fleet, home, off=(OFF,)):
    for name in NAMES:
        instance = fleet.instance(name)
        assert instance["gceSetup"]["metadata"][BEHAVIOR] == "run_once", name
        assert instance["gceSetup"]["metadata"]["notebook-disable-root"] == "true", name
        assert instance["state"] == ("STOPPED" if name in off else "ACTIVE"), name
    assert not list((home / ".nbp").rglob("records/*.json"))


def test_a_changed_template_shows_as_drift_until_it_has_run_everywhere(fleet, home):
    fleet.stop(OFF)
    fleet.file.write_text(
        fleet.file.read_text("utf-8").replace("defaults:\n", "defaults:\n  environment: {MOOD: new}\n", 1),
        "utf-8",
    )
    fleet.read()
    assert {one["verdict"] for one in statuses(fleet)} == {"outdated"}
    assert "run nbp apply first" in json.dumps(run("rerun", "--all", exit_code=4))
    fleet.upload()
    fleet.point()
    assert {one["state"] for one in statuses(fleet)} == {"ACTIVE", "STOPPED"}  # an apply restarts nothing
    before = {name: fleet.metadata(name) for name in NAMES}
    assert results(run("rerun", "--all", "--canary", "ana-training")) == dict.fromkeys(NAMES, "succeeded")
    assert {one["verdict"] for one in statuses(fleet)} == {"current"}
    assert {name: fleet.metadata(name) for name in NAMES} == before
    assert_as_before(fleet, home)


def test_a_dry_run_changes_nothing(fleet):
    fleet.control.clear()
    plan = run("rerun", "--all", "--canary", "ben-research", "--dry-run", exit_code=3)["data"]["plan"]
    assert [one["notebook"] for one in plan] == ["ben-research", "ana-research", "ana-training"]
    assert {one["impact"] for one in plan} == {"restart"}
    assert all("kernels are lost" in one["cost"] for one in plan)
    assert not any(name.endswith((".patch", ".stop", ".start")) for name in fleet.control.counts())


@pytest.mark.parametrize(
    ("step", "way"),
    [
        ("behavior", "--resume"),
        ("stop", "--resume"),
        ("start", "--resume"),
        ("run", "--resume"),
        ("behavior-back", "--resume"),
        ("stop", "--undo"),
    ],
)
def test_killed_after_every_step(fleet, home, step, way):
    fleet.stop(OFF)
    before = run_ids(fleet)
    fleet.control.ask("POST", "sandbox/v1/settings", {"operation_seconds": 0.1, "boot_seconds": 0.4})
    command = [sys.executable, DYING, f"ana-research: {step}"]
    command += ["post-startup", "rerun", "ana-research", OFF, "--yes"]
    process = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert process.returncode == -signal.SIGKILL
    assert list((home / ".nbp").rglob("records/*.json"))
    for options in ([], ["--dry-run"]):
        assert "is in the middle of" in json.dumps(run("rerun", "ana-research", *options, exit_code=4))
    ended = run("rerun", way)
    assert "ana-research" in results(ended)
    assert set(results(ended).values()) == {"succeeded" if way == "--resume" else "undone"}
    assert_as_before(fleet, home)
    if way == "--resume":
        after = run_ids(fleet)
        assert after["ana-research"] != before["ana-research"]
        assert after[OFF] != before[OFF]


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "status", "status": 409, "message": "unable to queue the operation"},
        {"kind": "status", "status": 429},
        {"kind": "status", "status": 503},
        {"kind": "drop-before"},
        {"kind": "drop-after"},
        {"kind": "failed-operation", "status": 503},
    ],
    ids=lambda fault: f"{fault['kind']}-{fault.get('status', '')}",
)
def test_every_change_goes_wrong_twice(fleet, home, fault):
    fleet.stop(OFF)
    before = run_ids(fleet)
    for method in ("patch", "stop", "start"):
        fleet.control.fault(method=f"notebooks.projects.locations.instances.{method}", count=2, **fault)
    assert results(run("rerun", "--all")) == dict.fromkeys(NAMES, "succeeded")
    rules = fleet.control.ask("GET", "sandbox/v1/faults")["faults"]
    assert [rule["struck"] for rule in rules] == [2, 2, 2]
    assert all(run != before[name] for name, run in run_ids(fleet).items())
    assert_as_before(fleet, home)


@pytest.mark.parametrize("kind", ["status", "drop-after"])
def test_every_read_goes_wrong_twice(fleet, home, kind):
    fleet.stop(OFF)
    for method in ("notebooks.*.get", "notebooks.*.list", "compute.*", "storage.*"):
        fleet.control.fault(method=method, kind=kind, status=503, count=2)
    assert results(run("rerun", "--all")) == dict.fromkeys(NAMES, "succeeded")
    assert_as_before(fleet, home)


def test_a_failing_canary_holds_the_rest_back(fleet, home):
    path = fleet.path("ana-research").removeprefix("notebooks/v2/")
    fate = {"outcome": "error", "step": "git", "exit_status": 9}
    fleet.control.ask("POST", "sandbox/v1/guests", {"instance": path, "post_startup": fate})
    ended = run("rerun", "--all", "--canary", "ana-research", "--failure-budget", "5", exit_code=1)
    assert results(ended) == {
        "ana-research": "failed",
        "ana-training": "held-back",
        "ben-research": "held-back",
    }
    assert ended["status"] == "partial"
    assert "failed at step git, line" in ended["data"]["results"][0]["message"]
    assert_as_before(fleet, home, off=())


@pytest.mark.parametrize("state", ["UPGRADING", "PROVISIONING"])
def test_a_notebook_in_no_state_for_it_is_refused(fleet, state):
    place = f"notebooks/{fleet.path('ana-research').removeprefix('notebooks/v2/').rpartition('/')[0]}"
    fleet.control.load({place: [fleet.instance("ana-research") | {"state": state}]})
    refused = run("rerun", "--all", exit_code=4)
    assert [one["code"] for one in refused["findings"] if one["severity"] == "error"] == ["rerun-state"]


def test_somebody_at_work_is_asked_for(fleet):
    now = datetime.now(UTC)
    busy = {"kernels": 2, "busy": 1, "data_free_mib": 9, "at": now.isoformat()}
    fleet.say("ana-research", {"notebook-provisioner/activity": busy})
    last = int((now - timedelta(minutes=5)).timestamp())
    words = f"Setting last notebook activity timestamp {last} at {int(now.timestamp())} for"
    fleet.say("ben-research", {}, serial=f"check_idle_shutdown.sh[1]: {words} the following reason: x\r\n")
    refused = run("rerun", "--all", exit_code=4)
    errors = [one["subject"] for one in refused["findings"] if one["severity"] == "error"]
    assert errors == ["ana-research", "ben-research"]
    assert run("rerun", "--all", "--accept", "live", exit_code=4)["errors"][0]["code"] == "refused"
    run("rerun", "ana-research", "--accept", "restart")
    impact = run("rerun", "ana-training", "--accept", "live", exit_code=4)
    assert impact["errors"][0]["code"] == "impact-refused"


def test_a_script_that_is_not_in_the_bucket_is_not_run(fleet):
    fleet.control.fault(
        method="storage.objects.get", kind="status", status=404, message="No such object", count=1
    )
    refused = run("rerun", "ana-research", exit_code=4)
    assert "rerun-missing" in [one["code"] for one in refused["findings"]]


@pytest.mark.parametrize(("options", "said"), [([], "0:02:00"), (["--timeout", "3"], "0:03:00")])
def test_a_resumed_run_has_the_dead_ones_time_unless_it_is_given_its_own(fleet, home, options, said):
    fleet.control.ask("POST", "sandbox/v1/settings", {"speed": 120})
    seen = fleet.instance("ana-research")
    (last,) = [one for one in statuses(fleet) if one["name"] == "ana-research"]
    FileRecords(home / ".nbp" / "nbp-quickstart" / "quickstart-sandbox" / "records").open(
        Record(
            kind=KIND,
            run="dead",
            project=seen["name"].split("/")[1],
            zone="europe-west1-b",
            notebook="ana-research",
            started=datetime.now(UTC),
            before={
                "state": "ACTIVE",
                "value": "run_once",
                "metadata_keys": [],
                "run": last["executed"]["run"],
            },
            wanted={"transport": "api", "uri": "", "sha256": "", "storage": "", TIMEOUT: 120},
            finished=("behavior", "stop", "start"),
        )
    )
    (ended,) = run("rerun", "--resume", *options, exit_code=1)["data"]["results"]
    assert ended["message"] == f"run: no new run was reported within {said}"


def test_nothing_was_left_open(fleet):
    del fleet
    assert run("rerun", "--resume")["data"]["results"] == []


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--all", "ana-research"],
        ["--resume", "--undo"],
        ["--resume", "--all"],
        ["--resume", "--dry-run"],
        ["--undo", "--dry-run"],
        ["ana-research", "--canary", OFF],
    ],
)
def test_words_that_do_not_go_together(fleet, words):
    del fleet
    assert CliRunner().invoke(nbp, ["post-startup", "rerun", *words]).exit_code == 2
