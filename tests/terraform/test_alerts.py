"""The alerts find the lines that the code writes, and no others, by the sandbox's own filters."""

import json
import runpy
from pathlib import Path

import pytest

from notebook_provisioner.adapters.google.session import Target
from notebook_provisioner.adapters.google.workbench_changes import WorkbenchInstance
from notebook_provisioner.cli.output import Output
from notebook_provisioner.cli.prune_report import log_line
from notebook_provisioner.core.errors import Refused
from notebook_provisioner.core.snapshots.sweep import Result
from notebook_provisioner.core.upgrades.facts import IDLE_KEY
from notebook_provisioner.core.upgrades.observed import UPGRADE_LABEL
from notebook_provisioner.sandbox.server.services.logging import _compiled

REPOSITORY = Path(__file__).resolve().parents[2]
ALERTS = json.loads((REPOSITORY / "terraform" / "modules" / "observability" / "alerts.json").read_text())
JOB = "nbp-research-prune"
UPGRADER = "nbp-research-upgrade@project.iam.gserviceaccount.com"
INSTANCE = "projects/project/locations/europe-west1-b/instances/ana"


def matches(name, entry):
    (alert,) = (alert for alert in ALERTS if alert["name"] == name)
    text = alert["filter"].replace("UPGRADER", UPGRADER).replace("PROJECT", "project").replace("JOB", JOB)
    return _compiled(text)({"severity": "DEFAULT", **entry})


def of_job(line, job=JOB):
    """An entry as Cloud Logging makes it of a container's line of JSON: the severity moves to the entry."""
    payload = json.loads(line)
    resource = {"type": "cloud_run_job", "labels": {"job_name": job}}
    return {"resource": resource, "severity": payload.pop("severity"), "jsonPayload": payload}


@pytest.mark.parametrize("result", Result)
@pytest.mark.parametrize("final", [True, False])
def test_what_failed_and_what_did_not_end_in_time_is_found_and_nothing_else(result, final):
    entry = {"event": "outcome", "action": "delete", "snapshot": "s", "result": result, "final": final}
    line = log_line(json.dumps(entry))
    assert matches("prune-failed", of_job(line)) is (final and result in {Result.FAILED, Result.PENDING})
    assert not matches("prune-failed", of_job(line, job="nbp-other-prune"))


@pytest.mark.parametrize(
    ("alert", "command"), [("prune-failed", "snapshots prune"), ("upgrade-run-failed", "upgrade run")]
)
def test_a_run_that_ends_in_an_error_is_found(alert, command, capsys):
    Output(command, log=True).error(Refused("another run holds the lease"))
    assert matches(alert, of_job(capsys.readouterr().err))


@pytest.mark.parametrize(("age", "found"), [(90_000, True), (60, False)])
def test_a_stale_copy_is_found(age, found):
    program = runpy.run_path(str(REPOSITORY / "post_startup" / "sync.py"))
    config = {"notebook": "ana", "fleet": "research", "bucket": "b", "stale_after_seconds": 86_400}
    now = program["time"].time()
    report = program["told"](config, {"first": now - 10**6, "success": now - age}, now, 0)
    entry = {"logName": "projects/project/logs/notebook-provisioner-sync", "jsonPayload": report}
    assert matches("sync-stale", entry) is found
    assert not matches("sync-stale", {**entry, "logName": "projects/project/logs/other"})


class Sent:
    """Takes a request down, as Cloud Audit Logs does of a call to Notebooks."""

    target = Target()

    def send(self, method, url, parameters, body):
        assert (method, url) == ("PATCH", f"https://notebooks.googleapis.com/v2/{INSTANCE}")
        self.request = {**parameters, "instance": {**body, "name": INSTANCE}}
        return {"name": "projects/project/locations/europe-west1-b/operations/one"}

    def entry(self, principal):
        return {
            "protoPayload": {
                "serviceName": "notebooks.googleapis.com",
                "methodName": "google.cloud.notebooks.v2.NotebookService.UpdateInstance",
                "authenticationInfo": {"principalEmail": principal},
                "request": self.request,
            }
        }


@pytest.mark.parametrize(("principal", "told"), [(UPGRADER, False), ("ana@example.com", True)])
def test_an_upgrade_holds_idle_shutdown_off_and_only_its_job_wakes_nobody(principal, told):
    sent = Sent()
    instance = WorkbenchInstance(sent, "project", "europe-west1-b", "ana")
    instance.change({UPGRADE_LABEL: "running"}, {IDLE_KEY: "", "notebook-disable-root": "true"})
    assert matches("idle-shutdown-off", sent.entry(principal)) is told
    assert matches("hardening-changed", sent.entry(principal))
    instance.change({}, {IDLE_KEY: "3600", "notebook-disable-root": "true"})
    assert not matches("idle-shutdown-off", sent.entry(principal))
    instance.set_labels({"team": "research"})
    assert not matches("hardening-changed", sent.entry(principal))
