"""What a start does inside a notebook's VM: the boot's simulation, its faults, who may read the script."""

import dataclasses
import json
from pathlib import Path

import pytest
from sandbox_server import COMPUTE, NOTEBOOKS, PROJECT, ZONE, Local

from notebook_provisioner.sandbox.server import crud
from notebook_provisioner.sandbox.server.errors import ApiError
from notebook_provisioner.sandbox.server.guests.scripts import parse
from notebook_provisioner.sandbox.server.store import Key

NB = f"{NOTEBOOKS}/nb"
VM = f"{COMPUTE}/zones/{ZONE}/instances/nb"
INSTANCE = f"projects/{PROJECT}/locations/{ZONE}/instances/nb"
URL = "gs://scripts/post-startup/nb/1.sh"
ACCOUNT = "notebook@lab.iam.gserviceaccount.com"
STANDARD = (Path(__file__).parents[2] / "core" / "post_startup" / "golden" / "standard.sh").read_bytes()
EVERY_START = {"post-startup-script": URL, "post-startup-script-behavior": "download_and_run_every_start"}


@pytest.fixture
def sandbox(local):
    prepare(local)
    local.grant("scripts", f"serviceAccount:{ACCOUNT}", "roles/storage.objectViewer")
    return local


def prepare(sandbox):
    sandbox.network()
    sandbox.do("POST", f"iam/v1/projects/{PROJECT}/serviceAccounts", {"accountId": "notebook"})
    sandbox.script(URL, STANDARD)


def make(sandbox, **metadata):
    sandbox.notebook(metadata={**EVERY_START, **metadata}, serviceAccounts=[{"email": ACCOUNT}])


def attributes(sandbox):
    status, answer = sandbox.ask("GET", f"{VM}/getGuestAttributes")
    if status == 404:
        return {}
    assert status == 200, answer
    return {f"{item['namespace']}/{item['key']}": item["value"] for item in answer["queryValue"]["items"]}


def report(sandbox):
    text = attributes(sandbox).get("notebook-provisioner/status")
    return text and json.loads(text)


def serial(sandbox):
    return sandbox.do("GET", f"{VM}/serialPort")["contents"]


def restart(sandbox):
    sandbox.do("POST", f"{NB}:stop")
    sandbox.do("POST", f"{NB}:start")


def test_a_start_leaves_what_the_script_would_say_and_says_that_it_is_simulated(sandbox):
    make(sandbox)
    said = report(sandbox)
    script = parse(STANDARD)
    assert (said["state"], said["step"], said["version"]) == ("COMPLETE", "end", "1.2.3")
    assert (said["script_sha256"], said["fleet_sha256"]) == (script.sha256, script.fleet_sha256)
    assert list(said["steps"]) == [step.id for step in script.steps]
    assert said["at"] == "2027-01-15T08:00:00Z"
    found = attributes(sandbox)
    assert found["nbp-sandbox/boot"] == "simulated"
    assert found["notebooks/handle_post_startup_script"] == "DONE"
    assert found["notebooks/system_status"] == "GOOGLE_C2D_COMPLETED"
    assert "boot 1 of nb is simulated: no program runs" in serial(sandbox)
    assert f"notebook-provisioner: {found['notebook-provisioner/status']}\r\n" in serial(sandbox)


@pytest.mark.parametrize(
    ("behavior", "heard"),
    [("run_once", "111"), ("run_every_start", "111"), ("download_and_run_every_start", "123"), ("", "111")],
)
def test_each_behaviour_over_three_boots(sandbox, behavior, heard):
    make(sandbox, **{"post-startup-script-behavior": behavior})
    runs, versions = [report(sandbox)["run"]], [report(sandbox)["version"]]
    for number in (2, 3):
        sandbox.script(URL, STANDARD.replace(b"VERSION=1.2.3", b"VERSION=%d" % number))
        restart(sandbox)
        runs.append(report(sandbox)["run"])
        versions.append(report(sandbox)["version"])
    again = len(set(runs)) > 1
    assert again == (behavior in {"run_every_start", "download_and_run_every_start"})
    assert "".join(version[0] for version in versions) == heard


def test_a_start_of_a_running_notebook_is_no_boot_and_a_reset_is_one(sandbox):
    make(sandbox)
    first = report(sandbox)["run"]
    sandbox.do("POST", f"{NB}:start")
    assert report(sandbox)["run"] == first
    sandbox.do("POST", f"{NB}:reset")
    assert report(sandbox)["run"] != first


def test_a_changed_script_fails_at_once_as_the_real_one_does(sandbox):
    sandbox.script(URL, STANDARD + b"# more\n")
    make(sandbox)
    said = report(sandbox)
    assert (said["state"], said["step"], said["steps"]) == ("ERROR", "start", {"start": "error"})
    assert b"this script was changed" in STANDARD.splitlines()[said["line"] - 1]


def test_a_script_of_another_make_reports_nothing_and_is_done(sandbox):
    sandbox.script(URL, b"#!/bin/bash\ntrue\n")
    make(sandbox)
    assert report(sandbox) is None
    assert attributes(sandbox)["notebooks/handle_post_startup_script"] == "DONE"


@pytest.mark.parametrize(
    ("role", "condition"),
    [
        ("roles/storage.legacyBucketReader", None),
        (
            "roles/storage.objectViewer",
            'resource.name.startsWith("projects/_/buckets/scripts/objects/other/")',
        ),
        ("roles/storage.objectViewer", "request.time < timestamp('2030-01-01T00:00:00Z')"),
    ],
)
def test_without_permission_the_script_is_not_run_and_the_console_says_why(local, role, condition):
    prepare(local)
    local.grant("scripts", f"serviceAccount:{ACCOUNT}", role, condition)
    make(local)
    assert report(local) is None
    assert attributes(local)["notebooks/handle_post_startup_script"] == "DONE"
    words = f"{URL} cannot be downloaded: HTTP 403: {ACCOUNT} does not have storage.objects.get access"
    assert words in serial(local)


@pytest.mark.parametrize(
    ("member", "role", "condition"),
    [
        (
            f"serviceAccount:{ACCOUNT}",
            "roles/storage.objectViewer",
            'resource.name.startsWith("projects/_/buckets/scripts/objects/post-startup/nb/")',
        ),
        ("allAuthenticatedUsers", "roles/storage.objectAdmin", None),
    ],
)
def test_who_may_read_the_script_runs_it(local, member, role, condition):
    prepare(local)
    local.grant("scripts", member, role, condition)
    make(local)
    assert report(local)["state"] == "COMPLETE"


def test_an_editor_of_the_project_reads_by_the_buckets_first_policy(local):
    prepare(local)
    editors = {"role": "roles/editor", "members": [f"serviceAccount:{ACCOUNT}"]}
    policy = crud.policy_key(Key("cloudresourcemanager", "projects", PROJECT))
    local.engine.context.store.put(policy, {"bindings": [editors]})
    make(local)
    assert report(local)["state"] == "COMPLETE"


@pytest.mark.parametrize(("url", "status"), [("gs://nowhere/x.sh", 404), ("#! /bin/bash", 400)])
def test_a_script_that_is_not_there_is_told(sandbox, url, status):
    make(sandbox, **{"post-startup-script": url})
    assert f"post-startup-script {url} cannot be downloaded: HTTP {status}" in serial(sandbox)
    assert report(sandbox) is None


def test_a_failing_step_is_reported_with_its_line_for_as_long_as_it_is_asked(sandbox):
    fate = {"outcome": "error", "step": "git", "exit_status": 3, "count": 1}
    sandbox.control({"instance": INSTANCE, "post_startup": fate})
    make(sandbox)
    said = report(sandbox)
    assert (said["state"], said["step"], said["exit"]) == ("ERROR", "git", 3)
    assert list(said["steps"].values())[-1] == "error"
    assert STANDARD.splitlines()[said["line"] - 2].startswith(b"step_git()")
    assert "post-startup-script exit status 3" in serial(sandbox)
    restart(sandbox)
    assert report(sandbox)["state"] == "COMPLETE"


@pytest.mark.parametrize(
    ("outcome", "state", "done"),
    [("never-runs", None, False), ("unreadable", None, True), ("hangs", "RUNNING", False)],
)
def test_the_other_fates(sandbox, outcome, state, done):
    sandbox.control({"instance": INSTANCE, "post_startup": {"outcome": outcome}})
    make(sandbox)
    said = report(sandbox)
    assert (said and said["state"]) == state
    assert ("notebooks/handle_post_startup_script" in attributes(sandbox)) == done
    sandbox.control({"instance": INSTANCE, "post_startup": None})
    restart(sandbox)
    assert report(sandbox)["state"] == "COMPLETE"


def test_what_is_said_takes_the_time_that_boots_take_and_a_new_boot_silences_the_old(tmp_path):
    sandbox = Local(tmp_path, boot_seconds=110)
    prepare(sandbox)
    sandbox.grant("scripts", "allUsers", "roles/storage.objectViewer")
    make(sandbox)
    assert report(sandbox) is None
    sandbox.moment += 60
    first = report(sandbox)
    assert first["state"] == "RUNNING"
    sandbox.do("POST", f"{NB}:reset")
    sandbox.moment += 109
    assert report(sandbox)["run"] != first["run"]
    sandbox.moment += 1_000
    last = report(sandbox)
    assert last["state"] == "COMPLETE"
    assert "2027-01-15T08:02:40Z" < last["at"] <= "2027-01-15T08:02:50Z"
    sandbox.do("POST", f"{NB}:reset")
    sandbox.do("POST", f"{NB}:stop")
    sandbox.moment += 1_000
    assert report(sandbox) == last  # the one before: a stopped guest says nothing
    sandbox.engine.context.store.close()


def test_the_lock_flag_is_the_boot_disks_and_an_upgrade_takes_it(sandbox):
    make(sandbox, **{"post-startup-script-behavior": "run_once"})
    first = report(sandbox)["run"]
    restart(sandbox)
    assert "To run startup scripts again, delete /root/google_vm_config.lock" in serial(sandbox)
    [guest] = sandbox.control({"instance": INSTANCE, "lock": False})["guests"]
    assert (guest["lock"], guest["boots"]) == (False, 2)
    restart(sandbox)
    assert serial(sandbox).count("Starting Google C2D startup config") == 2
    assert report(sandbox)["run"] == first
    sandbox.do("POST", f"{NB}:upgrade", {})
    assert serial(sandbox).count("Starting Google C2D startup config") == 3
    assert report(sandbox)["run"] != first


def test_a_notebook_of_the_same_name_does_not_say_what_the_one_before_had_still_to_say(sandbox):
    sandbox.engine.context.settings = dataclasses.replace(sandbox.engine.context.settings, boot_seconds=100)
    make(sandbox)
    sandbox.moment += 50
    run = report(sandbox)["run"]
    sandbox.do("DELETE", NB)
    make(sandbox)
    sandbox.moment += 99
    assert serial(sandbox).count("boot 1 of nb") == 1
    assert run not in serial(sandbox)


def test_a_deleted_notebook_leaves_no_guest(sandbox):
    make(sandbox)
    sandbox.do("DELETE", NB)
    make(sandbox)
    assert "boot 1 of nb" in serial(sandbox)


def test_guest_attributes_that_are_off_take_nothing(sandbox):
    make(sandbox, **{"enable-guest-attributes": "false"})
    assert sandbox.ask("GET", f"{VM}/getGuestAttributes")[0] == 412
    assert "post-startup-script exit status 0" in serial(sandbox)


def test_a_vm_that_is_no_notebook_stays_silent(sandbox):
    body = {
        "name": "plain",
        "machineType": f"zones/{ZONE}/machineTypes/e2-small",
        "networkInterfaces": [{"subnetwork": "regions/europe-west1/subnetworks/sub"}],
        "disks": [
            {
                "boot": True,
                "initializeParams": {"sourceImage": "projects/debian-cloud/global/images/family/debian-12"},
            }
        ],
        "metadata": {"items": [{"key": "post-startup-script", "value": URL}]},
    }
    sandbox.do("POST", f"{COMPUTE}/zones/{ZONE}/instances", body)
    assert sandbox.do("GET", f"{VM[:-2]}plain/serialPort")["contents"] == ""


def test_a_former_user_managed_vm_runs_it_once_a_flag(sandbox):
    items = EVERY_START | {"notebooks-api": "PROD", "enable-guest-attributes": "true"}
    body = {
        "name": "nb",
        "machineType": f"zones/{ZONE}/machineTypes/e2-small",
        "networkInterfaces": [{"subnetwork": "regions/europe-west1/subnetworks/sub"}],
        "disks": [
            {
                "boot": True,
                "initializeParams": {"sourceImage": "projects/debian-cloud/global/images/family/debian-12"},
            }
        ],
        "metadata": {"items": [{"key": key, "value": value} for key, value in items.items()]},
        "serviceAccounts": [{"email": ACCOUNT, "scopes": []}],
    }
    sandbox.do("POST", f"{COMPUTE}/zones/{ZONE}/instances", body)
    first = report(sandbox)["run"]
    sandbox.do("POST", f"{VM}/reset")
    assert report(sandbox)["run"] == first
    sandbox.control({"instance": INSTANCE, "lock": False})
    sandbox.do("POST", f"{VM}/stop")
    sandbox.do("POST", f"{VM}/start")
    assert report(sandbox)["run"] != first


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({"instance": "nb"}, "'instance' must be projects/"),
        ({"instance": INSTANCE, "colour": "red"}, "a guest has no setting colour"),
        ({"instance": INSTANCE, "post_startup": {"outcome": "explode"}}, "outcome' is one of complete"),
        ({"instance": INSTANCE, "post_startup": {"outcome": "error", "line": "7"}}, "line' is int"),
        ({"instance": INSTANCE, "post_startup": {"outcome": "error", "count": 0}}, "from 1, or null"),
        ({"instance": INSTANCE, "post_startup": {"fate": "error"}}, "is an object with count"),
        ({"instance": f"{INSTANCE}-*", "post_startup": None}, "nb-*"),
        ({"instance": INSTANCE, "lock": True}, "instances/nb"),
    ],
)
def test_wrong_settings_are_refused_in_words(local, request_, words):
    with pytest.raises(ApiError) as refusal:
        local.control(request_)
    assert words in refusal.value.message


def test_a_pattern_means_every_vm_that_fits(sandbox):
    make(sandbox)
    sandbox.notebook("nb-two", serviceAccounts=[{"email": ACCOUNT}], metadata=EVERY_START)
    pattern = {"instance": f"{INSTANCE}*", "post_startup": {"outcome": "error"}}
    assert len(sandbox.control(pattern)["guests"]) == 2
    restart(sandbox)
    assert report(sandbox)["state"] == "ERROR"


def test_the_serial_port_keeps_its_last_mebibyte_and_counts_on(sandbox):
    make(sandbox)
    before = sandbox.do("GET", f"{VM}/serialPort")
    assert sandbox.do("GET", f"{VM}/serialPort?start={before['next']}")["contents"] == ""
    restart(sandbox)
    after = sandbox.do("GET", f"{VM}/serialPort?start={before['next']}")
    assert after["start"] == before["next"]
    assert after["contents"].startswith("nbp sandbox: boot 2")
