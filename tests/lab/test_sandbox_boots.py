"""``nbp sandbox start --boot lab``: a notebook that starts in the sandbox runs its script for real."""

import json
import os
import time
import urllib.error

import pytest
from click.testing import CliRunner
from workbench_fleet import WorkbenchFleet

from notebook_provisioner.cli.main import nbp
from notebook_provisioner.core.errors import TargetUnreachable
from notebook_provisioner.sandbox.lab import host
from notebook_provisioner.sandbox.process import SandboxProcess

pytestmark = [pytest.mark.lab, pytest.mark.network]
NAME = "ana-research"
SECONDS = 300  # until a boot is over, on a machine with much else to do


@pytest.fixture(scope="module")
def process(tmp_path_factory):
    folder = tmp_path_factory.mktemp("home") / ".sandbox"
    try:
        host.place(folder / "lab")
    except host.LabUnavailable as error:
        pytest.skip(str(error))
    pytest.importorskip("pytest_socket").enable_socket()
    process = SandboxProcess(folder)
    process.start(boot="lab")
    yield process
    process.stop()


@pytest.fixture
def fleet(process, socket_enabled):  # noqa: ARG001  # asked for its effect
    fleet = WorkbenchFleet(process.connection())
    fleet.build(NAME)
    return fleet


def request(fleet, method, path, body=None):
    """Status and answer, refused or not."""
    try:
        return 200, fleet.control.ask(method, path, body)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def vm(fleet):
    return fleet.path(NAME).replace("notebooks/v2", "compute/v1").replace("/locations/", "/zones/")


def attributes(fleet):
    status, answer = request(fleet, "GET", f"{vm(fleet)}/getGuestAttributes")
    items = answer["queryValue"]["items"] if status == 200 else []
    return {f"{item['namespace']}/{item['key']}": item["value"] for item in items}


def serial(fleet):
    return fleet.control.ask("GET", f"{vm(fleet)}/serialPort")["contents"]


def report(fleet):
    return json.loads(attributes(fleet).get("notebook-provisioner/status", "{}"))


def booting(fleet):
    return sum(fleet.control.ask("GET", "sandbox/v1/status")["boots"].values())


def settled(fleet, boot):
    """Wait until so many boots are over."""
    deadline = time.monotonic() + SECONDS
    while serial(fleet).count("Shutting down") < boot or booting(fleet):
        assert time.monotonic() < deadline, serial(fleet)
        time.sleep(0.3)
    return report(fleet)


def change(fleet, **metadata):
    fleet.patch(NAME, {key.replace("_", "-"): value for key, value in metadata.items()})


def restart(fleet):
    fleet.stop(NAME)
    fleet.control.ask("POST", f"{fleet.path(NAME)}:start", {})


def upload(fleet, body):
    """A script of one's own; returns its address."""
    url = f"upload/storage/v1/b/{fleet.bucket}/o?uploadType=media&name=own.sh"
    fleet.control.send("POST", url, f"#!/bin/bash\n{body}\n".encode(), "text/x-shellscript")
    return f"gs://{fleet.bucket}/own.sh"


def test_the_rendered_script_really_runs_and_says_what_only_a_run_can(fleet):
    said = settled(fleet, 1)
    assert "state" in said, serial(fleet) + str(attributes(fleet))
    assert (said["state"], said["script_sha256"]) == ("COMPLETE", fleet.wanted(NAME).sha256)
    assert said["steps"]["jupyter-server"] == "skipped"  # a simulated boot has it done: there is no Jupyter
    assert said["steps"]["account"] == "done"
    assert attributes(fleet)["nbp-sandbox/boot"] == "lab"
    assert attributes(fleet)["notebooks/handle_post_startup_script"] == "DONE"
    assert "boot 1 of ana-research is real, in the lab" in serial(fleet)
    assert "post-startup-script exit status 0" in serial(fleet)
    first = said["run"]
    restart(fleet)
    assert settled(fleet, 2)["run"] == first  # run_once
    assert "post-startup-script has already run (run_once)" in serial(fleet)
    change(fleet, post_startup_script_behavior="download_and_run_every_start")
    fleet.control.ask("POST", f"{fleet.path(NAME)}:reset", {})
    said = settled(fleet, 3)
    assert (said["state"], said["run"] == first) == ("COMPLETE", False)


def test_disks_stay_between_boots_and_an_upgrade_replaces_the_boot_disk_alone(fleet, process):
    settled(fleet, 1)
    uri = upload(
        fleet, "ls /root/mark /home/jupyter/mark >/dev/ttyS0 2>&1; touch /root/mark /home/jupyter/mark"
    )
    every = "download_and_run_every_start"
    change(fleet, post_startup_script=uri, post_startup_script_behavior=every)
    for boot in (2, 3):
        restart(fleet)
        settled(fleet, boot)
    second, third = serial(fleet).split("boot 2 of")[1].split("boot 3 of")
    assert "cannot access '/root/mark'" in second
    assert "\n/home/jupyter/mark" in third
    assert "\n/root/mark" in third
    fleet.control.load({"compute/projects/cloud-notebooks-managed/global/images": [newer(fleet)]})
    fleet.control.ask("POST", f"{fleet.path(NAME)}:upgrade", {})
    settled(fleet, 4)
    fourth = serial(fleet).split("boot 4 of")[1]
    assert "cannot access '/root/mark'" in fourth
    assert "\n/home/jupyter/mark" in fourth
    assert "Starting Google C2D startup config" in fourth
    assert "Starting Google C2D startup config" not in third
    assert len(list((process.directory / "lab").iterdir())) == 1
    fleet.control.ask("DELETE", fleet.path(NAME))
    deadline = time.monotonic() + SECONDS
    while list((process.directory / "lab").iterdir()):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def newer(fleet):
    family = fleet.control.ask(
        "GET", "compute/v1/projects/cloud-notebooks-managed/global/images/family/workbench-instances-2603"
    )
    name = "workbench-instances-2603-v20991231"
    link = family["selfLink"].rpartition("/")[0] + f"/{name}"
    return family | {"name": name, "selfLink": link, "creationTimestamp": "2099-12-31T00:00:00.000-08:00"}


def test_what_iam_denies_the_console_tells(fleet):
    settled(fleet, 1)
    fleet.control.ask("PUT", f"storage/v1/b/{fleet.bucket}/iam", {"bindings": []})
    change(fleet, post_startup_script_behavior="download_and_run_every_start")
    restart(fleet)
    settled(fleet, 2)
    one = next(one for one in fleet.fleet.resolved_notebooks if one.name == NAME)
    words = f"cannot be downloaded: HTTP 403: {fleet.account(one)} does not have storage.objects.get access"
    assert words in serial(fleet)


def test_a_script_may_do_in_storage_what_its_account_may(fleet):
    settled(fleet, 1)
    place = f"http://storage.googleapis.com/upload/storage/v1/b/{fleet.bucket}/o"
    url = f"{place}?uploadType=media&name=from-inside"
    tokens = "http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/token"
    body = f"""
answer=$(curl --silent --header 'Metadata-Flavor: Google' {tokens})
token=$(sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/' <<<"${{answer}}")
for authorization in "Bearer ${{token}}" "Bearer forged"; do
  curl --silent --output /dev/null --write-out 'upload %{{http_code}}\\n' \\
    --header "Authorization: ${{authorization}}" --data-binary hello '{url}' >/dev/ttyS0
done
curl --silent --max-time 5 --output /dev/null --write-out 'control %{{http_code}}\\n' \\
  http://storage.googleapis.com/sandbox/v1/status >/dev/ttyS0"""
    change(
        fleet,
        post_startup_script=upload(fleet, body),
        post_startup_script_behavior="download_and_run_every_start",
    )
    restart(fleet)
    settled(fleet, 2)
    assert "upload 403" in serial(fleet)
    one = next(one for one in fleet.fleet.resolved_notebooks if one.name == NAME)
    binding = {"role": "roles/storage.objectUser", "members": [f"serviceAccount:{fleet.account(one)}"]}
    fleet.control.ask("PUT", f"storage/v1/b/{fleet.bucket}/iam", {"bindings": [binding]})
    restart(fleet)
    settled(fleet, 3)
    third = serial(fleet).split("boot 3 of")[1]
    assert "upload 200" in third
    assert "upload 401" in third
    assert "control 404" in third
    assert fleet.control.ask("GET", f"storage/v1/b/{fleet.bucket}/o/from-inside")["size"] == "5"


def test_a_stop_pulls_the_plug_and_the_sandbox_answers_meanwhile(fleet):
    settled(fleet, 1)
    uri = upload(fleet, "echo begun >/dev/ttyS0; sleep 1000")
    change(fleet, post_startup_script=uri, post_startup_script_behavior="download_and_run_every_start")
    restart(fleet)
    deadline = time.monotonic() + SECONDS
    while "begun" not in serial(fleet):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert fleet.control.ask("GET", "sandbox/v1/status")["boots"] == {"running": 1, "waiting": 0}
    fleet.stop(NAME)
    while fleet.control.ask("GET", "sandbox/v1/status")["boots"]["running"]:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert serial(fleet).count("Shutting down") == 1


def test_a_lab_that_breaks_is_a_failed_boot(fleet, process):
    settled(fleet, 1)
    fleet.stop(NAME)
    [machine] = (process.directory / "lab").iterdir()
    home = machine / "root" / "home"
    home.rename(machine / "root" / "elsewhere")
    home.symlink_to("/etc")
    fleet.control.ask("POST", f"{fleet.path(NAME)}:start", {})
    deadline = time.monotonic() + SECONDS
    while "the boot failed: the machine's /home/jupyter is no folder any more" not in serial(fleet):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert attributes(fleet)["nbp-sandbox/boot"] == "failed"
    assert fleet.instance(NAME)["state"] == "ACTIVE"


def test_faults_are_for_simulated_boots(fleet):
    body = {"instance": fleet.path(NAME).removeprefix("notebooks/v2/"), "post_startup": {"outcome": "hangs"}}
    status, answer = request(fleet, "POST", "sandbox/v1/guests", body)
    assert (status, "boots are real here" in answer["error"]["message"]) == (400, True)


def test_a_notebook_of_the_same_name_has_disks_of_its_own_and_hears_nothing_of_the_one_before(fleet):
    settled(fleet, 1)
    uri = upload(fleet, "touch /home/jupyter/mark; echo marked >/dev/ttyS0; sleep 1000")
    change(fleet, post_startup_script=uri, post_startup_script_behavior="download_and_run_every_start")
    fleet.control.ask("POST", f"{fleet.path(NAME)}:reset", {})
    deadline = time.monotonic() + SECONDS
    while "marked" not in serial(fleet):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    fleet.control.ask("DELETE", fleet.path(NAME))
    one = next(one for one in fleet.fleet.resolved_notebooks if one.name == NAME)
    look = upload(fleet, "ls -A /home/jupyter | wc -l >/dev/ttyS0")
    fleet.create(one, **{"post-startup-script": look})
    settled(fleet, 1)
    assert serial(fleet).startswith("nbp sandbox: boot 1 of")
    assert serial(fleet).count("Booting") == 1
    assert "\n0\n" in serial(fleet)


def test_a_flag_that_is_taken_away_has_c2d_run_again(fleet):
    settled(fleet, 1)
    instance = fleet.path(NAME).removeprefix("notebooks/v2/")
    for present in (True, False):
        body = {"instance": instance, "lock": present}
        [guest] = fleet.control.ask("POST", "sandbox/v1/guests", body)["guests"]
        assert (guest["lock"], guest["how"]) == (present, "lab")
    restart(fleet)
    settled(fleet, 2)
    assert serial(fleet).count("Starting Google C2D startup config") == 2
    [guest] = fleet.control.ask("GET", "sandbox/v1/guests")["guests"]
    assert guest["lock"] is True


def test_status_tells_how_boots_are(process, fleet, monkeypatch):
    del fleet
    monkeypatch.setenv("NBP_HOME", str(process.directory.parent))
    assert "Notebooks boot for real, in the lab" in CliRunner().invoke(nbp, ["sandbox", "status"]).stdout
    with pytest.raises(TargetUnreachable, match="the sandbox runs already, with real boots in the lab"):
        process.start(boot="simulated")


def test_a_reset_forgets_the_disks_and_boots_in_the_lab_again(fleet, process):
    settled(fleet, 1)
    assert process.reset()
    assert process.status().boot == "lab"
    assert list((process.directory / "lab").iterdir()) == []


def test_without_root_the_start_ends_in_3(tmp_path, monkeypatch):
    monkeypatch.setenv("NBP_HOME", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    done = CliRunner().invoke(nbp, ["sandbox", "start", "--boot", "lab", "--format", "json"])
    assert (done.exit_code, json.loads(done.stdout)["errors"][0]["code"]) == (3, "lab-unavailable")
