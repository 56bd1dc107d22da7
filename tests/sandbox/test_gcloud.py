"""The real gcloud and gsutil show, read and change what the sandbox holds."""

import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from sandbox_server import REGION, ZONE, Served

from notebook_provisioner.sandbox.environment import Connection, configure_gsutil, for_gcloud

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PROJECT = "gcloud-test"

pytestmark = [
    pytest.mark.gcloud,
    pytest.mark.network,
    pytest.mark.usefixtures("socket_enabled"),
    pytest.mark.skipif(shutil.which("gcloud") is None, reason="gcloud is absent: its view is not checked"),
]


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Served]":
    served = Served(tmp_path_factory.mktemp("gcloud"), "--check-answers")
    yield served
    assert served.stop() == 0


@pytest.fixture(scope="module")
def run(sandbox: Served) -> "Callable[..., str]":
    """Run gcloud or gsutil against the sandbox and return what it printed; it must succeed."""
    connection = Connection(sandbox.url, sandbox.token, sandbox.folder / "token", sandbox.folder)
    configure_gsutil(connection)
    environment = {**os.environ, **for_gcloud(connection, project=PROJECT)}

    def call(*command: str) -> str:
        done = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
        assert "Some requests did not succeed" not in done.stderr, done.stderr
        return done.stdout

    return call


def _listed(run: "Callable[..., str]", *command: str) -> list[str]:
    return [entry["name"].rpartition("/")[2] for entry in json.loads(run(*command, "--format=json"))]


@pytest.fixture(scope="module")
def fleet(sandbox: Served) -> str:
    """One notebook in a network of its own."""
    compute = f"compute/v1/projects/{PROJECT}"
    network = {"name": "net", "autoCreateSubnetworks": False}
    subnetwork = {
        "name": "sub",
        "network": f"projects/{PROJECT}/global/networks/net",
        "ipCidrRange": "10.0.0.0/24",
    }
    notebook = {
        "gceSetup": {
            "disablePublicIp": True,
            "networkInterfaces": [{"subnet": f"projects/{PROJECT}/regions/{REGION}/subnetworks/sub"}],
        }
    }
    for path, body in (
        (f"{compute}/global/networks", network),
        (f"{compute}/regions/{REGION}/subnetworks", subnetwork),
        (f"notebooks/v2/projects/{PROJECT}/locations/{ZONE}/instances?instanceId=card-models", notebook),
    ):
        status, answer = sandbox.ask("POST", path, body)
        assert status == 200, answer
    return "card-models"


def test_the_fleet_is_listed(fleet, run):
    assert _listed(run, "gcloud", "workbench", "instances", "list", "--location=-") == [fleet]
    assert _listed(run, "gcloud", "compute", "instances", "list") == [fleet]
    assert _listed(run, "gcloud", "compute", "disks", "list") == [f"{fleet}-boot", f"{fleet}-data-workspace"]


def test_files_go_up_and_come_back(run, tmp_path):
    bucket = "gs://gcloud-bucket"
    source, target = tmp_path / "script.sh", tmp_path / "back.sh"
    source.write_text("echo ready\n")
    run(
        "gcloud",
        "storage",
        "buckets",
        "create",
        bucket,
        "--location=europe-west4",
        "--uniform-bucket-level-access",
    )
    run("gcloud", "storage", "cp", str(source), f"{bucket}/scripts/script.sh")
    assert f"{bucket}/" in run("gcloud", "storage", "ls").split()
    assert run("gcloud", "storage", "ls", "-r", f"{bucket}/**").split() == [f"{bucket}/scripts/script.sh"]
    run("gcloud", "storage", "buckets", "update", bucket, "--versioning", "--public-access-prevention")
    run("gcloud", "storage", "cp", str(source), f"{bucket}/scripts/script.sh")
    assert len(run("gcloud", "storage", "ls", "-a", f"{bucket}/scripts/").split()) == 2
    run("gcloud", "storage", "cp", f"{bucket}/scripts/script.sh", str(target))
    assert target.read_text() == "echo ready\n"
    run("gcloud", "storage", "rm", "-r", bucket)
    assert bucket not in run("gcloud", "storage", "buckets", "list")


@pytest.mark.skipif(shutil.which("gsutil") is None, reason="gsutil is absent: its view is not checked")
def test_gsutil_lists_and_copies(run, tmp_path):
    source = tmp_path / "note.txt"
    source.write_text("from gsutil\n")
    run("gcloud", "storage", "buckets", "create", "gs://gsutil-bucket")
    run("gsutil", "cp", str(source), "gs://gsutil-bucket/note.txt")
    assert run("gsutil", "ls", "gs://gsutil-bucket").split() == ["gs://gsutil-bucket/note.txt"]
    assert run("gsutil", "cat", "gs://gsutil-bucket/note.txt") == "from gsutil\n"


def test_zones_and_records_are_made_and_listed(run):
    run(
        *("gcloud", "dns", "managed-zones", "create", "googleapis", "--dns-name=googleapis.com."),
        *("--visibility=private", f"--networks=projects/{PROJECT}/global/networks/net", "--description=VIP"),
    )
    assert _listed(run, "gcloud", "dns", "managed-zones", "list") == ["googleapis"]
    record = ("restricted.googleapis.com.", "--zone=googleapis", "--type=A")
    run("gcloud", "dns", "record-sets", "create", *record, "--ttl=60", "--rrdatas=199.36.153.4")
    assert "199.36.153.4" in run("gcloud", "dns", "record-sets", "list", "--zone=googleapis")


def test_accounts_policies_and_logs(run):
    run("gcloud", "iam", "service-accounts", "create", "notebook-runner")
    member = f"serviceAccount:notebook-runner@{PROJECT}.iam.gserviceaccount.com"
    assert _listed(run, "gcloud", "iam", "service-accounts", "list") == [member.partition(":")[2]]
    bound = ("add-iam-policy-binding", PROJECT, f"--member={member}", "--role=roles/logging.logWriter")
    assert member in run("gcloud", "projects", *bound, "--condition=None")
    run("gcloud", "logging", "write", "nbp", "lock removed", "--severity=ERROR")
    assert "lock removed" in run("gcloud", "logging", "read", "severity>=WARNING", "--limit=5")
