"""The alerts find the lines that the code writes, and no others, by the sandbox's own filters."""

import json
import runpy
from pathlib import Path

import pytest

from notebook_provisioner.cli.output import Output
from notebook_provisioner.cli.pruning import _log_line
from notebook_provisioner.core.errors import Refused
from notebook_provisioner.sandbox.server.services.logging import _compiled

REPOSITORY = Path(__file__).resolve().parents[2]
ALERTS = json.loads((REPOSITORY / "terraform" / "modules" / "observability" / "alerts.json").read_text())
JOB = "nbp-research-prune"


def matches(name, entry):
    (alert,) = (alert for alert in ALERTS if alert["name"] == name)
    return _compiled(alert["filter"].replace("PROJECT", "project").replace("JOB", JOB))(
        {"severity": "DEFAULT", **entry}
    )


def of_job(line, job=JOB):
    """An entry as Cloud Logging makes it of a container's line of JSON: the severity moves to the entry."""
    payload = json.loads(line)
    resource = {"type": "cloud_run_job", "labels": {"job_name": job}}
    return {"resource": resource, "severity": payload.pop("severity"), "jsonPayload": payload}


@pytest.mark.parametrize(("result", "found"), [("failed", True), ("deleted", False)])
def test_a_failed_deletion_is_found(result, found):
    line = _log_line(json.dumps({"event": "done", "action": "delete", "snapshot": "s", "result": result}))
    assert matches("prune-failed", of_job(line)) is found
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
