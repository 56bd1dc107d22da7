"""``nbp post-startup status`` against the sandbox over real HTTP."""

import json

import pytest
from click.testing import CliRunner
from workbench_fleet import QUICKSTART

from notebook_provisioner.cli.main import nbp

pytestmark = [pytest.mark.network, pytest.mark.usefixtures("socket_enabled")]


def status(*arguments, exit_code):
    done = CliRunner().invoke(nbp, ["post-startup", "status", "--format", "json", *arguments])
    assert done.exit_code == exit_code, done.stdout + done.stderr
    return {one["name"]: one for one in json.loads(done.stdout)["data"]["notebooks"]}


def report(fleet, name, **changed):
    """A report of the wanted script."""
    wanted = fleet.wanted(name)
    return {
        "run": "a-run",
        "state": "COMPLETE",
        "step": "end",
        "line": 0,
        "exit": 0,
        "version": wanted.version,
        "fleet_sha256": wanted.fleet_sha256,
        "script_sha256": wanted.sha256,
        "image": "debian-12",
        "steps": {"account": "done"},
        "at": "2026-01-02T03:04:05Z",
        **changed,
    }


def everywhere(fleet, **changed):
    for name in ("ana-research", "ana-training", "ben-research"):
        fleet.say(name, {"notebook-provisioner/status": report(fleet, name, **changed)})


def test_all_is_well_and_costs_a_call_a_notebook(fleet):
    everywhere(fleet)
    fleet.control.clear()
    found = status(exit_code=0)
    assert {one["verdict"] for one in found.values()} == {"current"}
    assert fleet.control.counts() == {
        "notebooks.projects.locations.instances.list": 1,
        "compute.instances.aggregatedList": 1,
        "compute.instances.getGuestAttributes": 3,
    }
    shown = CliRunner().invoke(nbp, ["post-startup", "status"]).stdout
    assert "ana-research" in shown
    assert "current" in shown
    assert "1 done" in shown


def test_each_trouble_has_its_words(fleet):
    everywhere(fleet)
    old = "0" * 64
    fleet.say(
        "ana-research", {"notebook-provisioner/status": report(fleet, "ana-research", script_sha256=old)}
    )
    failed = report(fleet, "ben-research", state="ERROR", step="git", line=71, exit=3)
    fleet.say(
        "ben-research",
        {"notebook-provisioner/status": failed, "notebooks/handle_post_startup_script": "DONE"},
        serial="notebook-provisioner: ERROR in step git: no branch\r\n"
        f"notebook-provisioner: {json.dumps(failed)}\r\n",
    )
    found = status(exit_code=3)
    assert {name: one["verdict"] for name, one in found.items()} == {
        "ana-research": "outdated",
        "ana-training": "current",
        "ben-research": "failed",
    }
    codes = [finding["code"] for finding in found["ben-research"]["findings"]]
    assert codes == ["post-startup-failed", "post-startup-done-all-the-same"]
    assert (
        "line 71, with exit status 3; it said: git: no branch"
        in found["ben-research"]["findings"][0]["message"]
    )
    assert status("ana-training", exit_code=0).keys() == {"ana-training"}
    assert status("--label", "workload=training", exit_code=0).keys() == {"ana-training"}


def test_a_script_that_is_not_in_the_bucket(fleet):
    everywhere(fleet)
    fleet.say("ana-research", {"notebook-provisioner/status": "gone"}, serial="")
    gone = f"gs://{fleet.bucket}/post-startup/ana-research/gone.sh"
    fleet.patch("ana-research", {"post-startup-script": gone})
    found = status("ana-research", exit_code=3)["ana-research"]
    assert found["verdict"] == "unreadable"
    assert [one["code"] for one in found["findings"]] == ["post-startup-missing", "post-startup-not-applied"]


@pytest.mark.parametrize(
    ("bindings", "verdict"),
    [
        ([], "unreadable"),
        ([{"role": "roles/storage.objectViewer", "members": ["allUsers"]}], "never-ran"),
        ([{"role": "projects/p/roles/own", "members": ["allUsers"]}], "never-ran"),
    ],
)
def test_an_account_that_may_not_read_its_script(fleet, bindings, verdict):
    fleet.say("ana-research", {"notebook-provisioner/status": "gone"}, serial="")
    fleet.control.ask("PUT", f"storage/v1/b/{fleet.bucket}/iam", {"bindings": bindings})
    assert status("ana-research", exit_code=3)["ana-research"]["verdict"] == verdict


def test_a_perimeter_is_told_from_a_missing_permission(fleet):
    fleet.say("ana-research", {"notebook-provisioner/status": "gone"}, serial="")
    words = "Request is prohibited by organization's policy. vpcServiceControlsUniqueIdentifier: x"
    fleet.say("ana-research", {}, serial=f"AccessDeniedException: 403 {words}\r\n")
    fleet.control.fault(method="storage.objects.get", kind="status", status=403, message=words)
    found = status("ana-research", exit_code=3)["ana-research"]
    assert [one["code"] for one in found["findings"]] == ["post-startup-perimeter"]


def test_a_notebook_without_a_script_is_noted(fleet, tmp_path, monkeypatch):
    everywhere(fleet)
    file = tmp_path / "fleet.yaml"
    text = QUICKSTART.read_text("utf-8").replace(
        "  - name: ben-research\n", "  - name: ben-research\n    managed_euc: true\n"
    )
    file.write_text(text, "utf-8")
    monkeypatch.setenv("NBP_FLEET", str(file))
    done = CliRunner().invoke(nbp, ["post-startup", "status", "--format", "json"])
    assert done.exit_code == 0, done.stdout
    shown = json.loads(done.stdout)
    assert [one["name"] for one in shown["data"]["notebooks"]] == ["ana-research", "ana-training"]
    assert [one["code"] for one in shown["findings"]] == ["post-startup-none", "post-startup-simulated"]
    done = CliRunner().invoke(nbp, ["post-startup", "rerun", "ben-research", "--format", "json"])
    assert done.exit_code == 0, done.stdout
    assert json.loads(done.stdout)["data"]["plan"] == []


def test_a_name_that_is_not_in_the_fleet(fleet):
    del fleet
    done = CliRunner().invoke(nbp, ["post-startup", "status", "nobody"])
    assert done.exit_code == 1
    assert "ana-research" in done.stderr


def test_a_report_that_the_sandbox_wrote_is_called_so(fleet):
    del fleet
    words = "no script ran"
    assert words in CliRunner().invoke(nbp, ["post-startup", "status"]).stderr
    assert words in CliRunner().invoke(nbp, ["post-startup", "rerun", "--all"]).stderr
