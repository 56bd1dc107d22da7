"""The clean-up's job: its role holds what it calls, and nothing besides."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from snapshot_documents import PROJECT, SNAPSHOTS, Control, project

from notebook_provisioner.adapters.google.rest import Rest
from notebook_provisioner.adapters.google.session import Target
from notebook_provisioner.adapters.google.snapshots import GoogleSnapshots
from notebook_provisioner.core.snapshots.sweep import Outcome, Result

REPOSITORY = Path(__file__).parents[2]
NBP = str(Path(sys.executable).with_name("nbp"))
FLEET = str(REPOSITORY / "examples" / "quickstart" / "fleet.yaml")
LEASE = "gs://leases-of-the-job/leases/snapshots-prune"
[JOB] = [
    job
    for job in json.loads((REPOSITORY / "terraform/modules/maintenance/jobs.json").read_text("utf-8"))
    if job["name"] == "prune"
]

pytestmark = [pytest.mark.network, pytest.mark.usefixtures("socket_enabled")]


def permission(method: str) -> str:
    """What IAM calls the permission for a method: the same without the place of the resource."""
    service, _, rest = method.partition(".")
    return f"{service}.{rest.removeprefix('projects.locations.')}"


def test_the_job_may_do_what_it_does_and_no_more(connection, home, monkeypatch):
    """Storage is the bucket's own role: the calls of a lease."""
    monkeypatch.setenv("NBP_HOME", str(home))
    control = Control(connection.url, connection.token)
    control.ask("POST", "sandbox/v1/reset", {})
    control.ask("POST", "storage/v1/b?project=p-one", {"name": "leases-of-the-job"})
    now = datetime.now(UTC)
    documents = project(1, 5, now)  # a single notebook is read by its name
    # The grace of the oldest is over; that of the next one begins.
    documents[SNAPSHOTS][0]["labels"]["nbp-prune"] = f"{now - timedelta(days=30):%Y-%m-%d}"
    control.load(documents)
    control.clear()
    # Google's client asks for the bucket, which the roles for objects do not show, and does without.
    unheld = "storage.buckets.get"
    control.fault(method=unheld, kind="status", status=403, reason="forbidden")
    command = [NBP, *JOB["arguments"], "--fleet", FLEET, "--grace", "7d", "--lease", LEASE]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    # A deletion that was taken, and does not show: what became of it is asked of its operation.
    store = GoogleSnapshots(Rest(Target(url=connection.url, token=connection.token)), PROJECT)
    kept = documents[SNAPSHOTS][-1]["name"]
    assert [item.result for item in store.settle([Outcome(kept, Result.PENDING, operation="gone")])] == [
        Result.FAILED
    ]
    called = {method for method in control.counts() if not method.startswith("storage.")}
    stored = {method for method in control.counts() if method.startswith("storage.")}
    held = {row["permission"] for row in JOB["permissions"]}
    large = {"compute.snapshots.get"}  # of projects with more snapshots than a filter may pass over
    assert {permission(method) for method in called} | large == held
    assert stored <= {f"storage.objects.{verb}" for verb in ("delete", "get", "insert", "list")} | {unheld}
