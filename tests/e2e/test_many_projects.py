"""One job for the fleets of several projects: made by real Terraform, then run with its own arguments."""

import json
import subprocess
from datetime import UTC, datetime

import pytest
from machine import NBP, QUICKSTART
from snapshot_documents import FLEET, PROJECT, Control, project

from notebook_provisioner.core.fleet.maintenance import job_account

pytestmark = [pytest.mark.terraform, pytest.mark.network, pytest.mark.long]

REGION = "europe-west1"
IMAGE = f"{REGION}-docker.pkg.dev/acme-images/nbp/nbp@sha256:{'0' * 64}"
SERVES = f"""
observability: {{notify: [platform@example.com]}}
maintenance:
  image: {IMAGE}
  prune: {{schedule: 30 3 * * *}}
  upgrade: {{schedule: 0 * * * *}}
  serves:
    - {{project: acme-vision, fleet: vision-of-the-whole-company}}
    - {{project: acme-speech, fleet: speech, jobs: [prune]}}
"""
SERVED = "\nmaintenance:\n  served_by: {project: acme-platform, fleet: platform, jobs: [prune, upgrade]}\n"
VISION = "vision-of-the-whole-company"  # so long that its accounts' names would not fit
KEPT, ALL = 2, 4  # snapshots of a notebook


def write(machine, project_id, fleet, more):
    """A fleet file without notebooks, which costs an apply a minute less."""
    text = QUICKSTART.read_text("utf-8").replace(PROJECT, project_id)
    text = text.replace(f"name: {FLEET}\n", f"name: {fleet}\n", 1)
    path = machine.home / f"{fleet}.yaml"
    path.write_text(text[: text.index("\nnotebooks:")] + "\nnotebooks: []\n" + more, "utf-8")
    return str(path)


def load(control, project_id, fleet):
    documents = json.dumps(project(1, ALL, datetime.now(UTC))).replace(PROJECT, project_id)
    control.load(json.loads(documents.replace(f'"nbp-fleet": "{FLEET}"', f'"nbp-fleet": "{fleet}"')))


def snapshots(control, project_id):
    return len(control.ask("GET", f"compute/v1/projects/{project_id}/global/snapshots").get("items", ()))


@pytest.mark.usefixtures("one_provider")
@pytest.mark.timeout(600)
def test_one_job_serves_the_projects_that_let_it_in(machine):
    platform = write(machine, "acme-platform", "platform", SERVES)
    vision = write(machine, "acme-vision", VISION, SERVED)
    checked = machine.run("check", "--fleet", platform, "--fleet", vision)
    assert "2 files, with what they say of each other: no errors" in checked
    for fleet in (platform, vision):
        machine.run("apply", "--fleet", fleet)
        plan = json.loads(machine.run("plan", "--fleet", fleet, "--format", "json"))
        assert (plan["data"]["pending"], plan["findings"]) == (False, [])

    connection = machine.sandbox.connection()
    control = Control(connection.url, connection.token)
    jobs = f"run/v2/projects/acme-platform/locations/{REGION}/jobs"
    job = control.ask("GET", f"{jobs}/nbp-platform-prune")["template"]
    assert (job["taskCount"], job["parallelism"]) == (3, 3)
    assert control.ask("GET", f"{jobs}/nbp-platform-upgrade")["template"]["taskCount"] == 2
    assert not control.ask("GET", f"run/v2/projects/acme-vision/locations/{REGION}/jobs").get("jobs")

    # The same role as a job of its own would have, in the served project, and nothing besides.
    policy = control.ask("POST", "cloudresourcemanager/v1/projects/acme-vision:getIamPolicy", {})
    held = {binding["role"]: set(binding["members"]) for binding in policy["bindings"]}
    for name in ("prune", "upgrade"):
        account = f"serviceAccount:{job_account('acme-platform', 'platform', name)}"
        role = f"projects/acme-vision/roles/nbp_{VISION.replace('-', '_')}_{name}"
        assert [where for where, members in held.items() if account in members] == [role]
        mine = control.ask("GET", f"iam/v1/projects/acme-platform/roles/nbp_platform_{name}")
        there = control.ask("GET", f"iam/v1/{role}")
        assert there["includedPermissions"] == mine["includedPermissions"]

    for where, fleet in (("acme-platform", "platform"), ("acme-vision", VISION)):
        load(control, where, fleet)
    arguments = job["template"]["containers"][0]["args"]
    own = [platform if word == "/fleet/fleet.yaml" else word for word in arguments]
    own = ["sandbox" if word == "google" else word for word in own]  # the volume and the target, nothing else
    assert sorted(set(own) - set(arguments)) == sorted([platform, "sandbox"])
    tasks = [
        subprocess.Popen(
            [NBP, *own],
            env={**machine.environment, "CLOUD_RUN_TASK_INDEX": str(task), "CLOUD_RUN_TASK_COUNT": "3"},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for task in range(3)
    ]  # fmt: skip
    said = [task.communicate(timeout=600) for task in tasks]
    # acme-speech has not been applied yet: its task says so, and the others do their work.
    assert sorted(task.returncode for task in tasks) == [0, 0, 1], said
    lines = [json.loads(line) for _, talk in said for line in talk.splitlines() if line.startswith("{")]
    (error,) = [line for line in lines if line["severity"] == "ERROR"]
    assert (error["code"], error["file"]) == ("not-found", "gs://acme-speech-speech-operations/fleet.yaml")
    deleted = {line["project"] for line in lines if line.get("result") in {"deleted", "pending"}}
    assert deleted == {"acme-platform", "acme-vision"}
    assert {snapshots(control, where) for where in deleted} == {KEPT}

    # A project that leaves takes the rights away.
    write(machine, "acme-vision", VISION, "")
    machine.run("apply", "--fleet", vision, "--accept", "destroy")  # of the bucket of file and leases
    policy = control.ask("POST", "cloudresourcemanager/v1/projects/acme-vision:getIamPolicy", {})
    assert "acme-platform" not in json.dumps(policy)
