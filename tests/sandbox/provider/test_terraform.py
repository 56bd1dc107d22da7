"""The stand-in under real Terraform, against a sandbox that checks every request strictly."""

import itertools
import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

pytestmark = [pytest.mark.terraform, pytest.mark.network]

EVERY_TYPE = Path(__file__).with_name("every_type.tf").read_text()
HEAD = """
terraform {
  required_providers {
    google = { source = "hashicorp/google" }
  }
}
"""
NETWORK = (
    HEAD
    + """
resource "google_compute_network" "n" {
  name                    = "n"
  auto_create_subnetworks = false
}
"""
)
BUCKET = (
    HEAD
    + """
variable "policy" { default = "DELETE" }
resource "google_storage_bucket" "b" {
  name                        = "demo-project-b"
  location                    = "us-central1"
  uniform_bucket_level_access = true
  deletion_policy             = var.policy
}
"""
)


def clean(workspace, *arguments):
    status, said = workspace.pending(*arguments)
    assert status == 0, said


def changes(workspace, *arguments):
    """Address to actions, of what a plan would do."""
    workspace.succeed("plan", "-input=false", "-out=plan", *arguments)
    document = json.loads(workspace.succeed("show", "-json", "plan"))
    found = {one["address"]: one["change"]["actions"] for one in document.get("resource_changes", [])}
    return {address: actions for address, actions in found.items() if actions not in (["no-op"], ["read"])}


def call(sandbox, method, path, body=None):
    status, document = sandbox.ask(method, path, body, Authorization=f"Bearer {sandbox.token}")
    assert status == 200, document
    return document


def test_every_type_is_made_changed_and_removed_and_each_plan_after_is_empty(workspace):
    space = workspace(EVERY_TYPE)
    space.succeed("apply", "-auto-approve", "-input=false")
    clean(space)
    planned = changes(space, "-var=v=2")
    replaced = {address for address, actions in planned.items() if len(actions) > 1}
    assert replaced == {"google_compute_route.r"}
    space.succeed("apply", "-auto-approve", "-input=false", "-var=v=2")
    clean(space, "-var=v=2")
    space.succeed("destroy", "-auto-approve", "-input=false", "-var=v=2")


def test_what_is_changed_or_deleted_elsewhere_shows(lasting_workspace, sandbox):
    space = lasting_workspace(NETWORK + BUCKET.removeprefix(HEAD))
    space.succeed("apply", "-auto-approve", "-input=false")
    call(
        sandbox,
        "PATCH",
        "storage/v1/b/demo-project-b",
        {
            "iamConfiguration": {
                "publicAccessPrevention": "inherited",
                "uniformBucketLevelAccess": {"enabled": False},
            }
        },
    )
    call(sandbox, "DELETE", "compute/v1/projects/demo-project/global/networks/n")
    assert changes(space) == {
        "google_compute_network.n": ["create"],
        "google_storage_bucket.b": ["update"],
    }
    space.succeed("apply", "-auto-approve", "-input=false")
    clean(space)


def test_import_then_nothing_to_do(lasting_workspace):
    space = lasting_workspace(NETWORK)
    space.succeed("apply", "-auto-approve", "-input=false")
    space.succeed("state", "rm", "google_compute_network.n")
    space.succeed("import", "-input=false", "google_compute_network.n", "demo-project/n")
    clean(space)
    status, said = space.run("import", "-input=false", "google_compute_network.n", "demo-project/none")
    assert status == 1
    assert "already managed" in said or "non-existent" in said


def test_deletion_policy_prevent_holds(lasting_workspace):
    space = lasting_workspace(BUCKET)
    space.succeed("apply", "-auto-approve", "-input=false", "-var=policy=PREVENT")
    status, said = space.run("destroy", "-auto-approve", "-input=false", "-var=policy=PREVENT")
    assert status == 1
    assert 'without setting deletion_policy="DELETE"' in said
    space.succeed("apply", "-auto-approve", "-input=false")
    space.succeed("destroy", "-auto-approve", "-input=false")


@pytest.mark.parametrize(
    ("method", "fault"),
    [
        ("compute.networks.insert", {"kind": "status", "status": 503, "count": 2}),
        ("compute.networks.insert", {"kind": "status", "status": 429, "count": 1}),
        ("compute.networks.insert", {"kind": "drop-before", "count": 1}),
        ("compute.networks.insert", {"kind": "drop-after", "count": 1}),  # the answer is lost
        ("compute.networks.get", {"kind": "drop-after", "count": 1}),
    ],
)
def test_a_bad_connection_is_lived_through(lasting_workspace, sandbox, fault, method):
    space = lasting_workspace(NETWORK)
    sandbox.control("POST", "faults", {"method": method, **fault})
    space.succeed("apply", "-auto-approve", "-input=false")
    clean(space)


def test_a_failed_operation_is_told(lasting_workspace, sandbox):
    space = lasting_workspace(NETWORK)
    fault = {
        "method": "compute.networks.insert",
        "kind": "failed-operation",
        "count": 1,
        "message": "no room left",
    }
    sandbox.control("POST", "faults", fault)
    status, said = space.run("apply", "-auto-approve", "-input=false")
    assert status == 1
    assert "no room left" in said
    space.succeed("apply", "-auto-approve", "-input=false")
    clean(space)


def test_what_was_made_but_could_not_be_read_is_not_lost(lasting_workspace, sandbox):
    space = lasting_workspace(NETWORK)
    fault = {"method": "compute.networks.get", "kind": "status", "status": 403, "count": 1}
    sandbox.control("POST", "faults", fault)
    status, said = space.run("apply", "-auto-approve", "-input=false")
    assert status == 1
    assert "made, but not readable" in said
    assert changes(space) == {"google_compute_network.n": ["delete", "create"]}
    space.succeed("apply", "-auto-approve", "-input=false")
    clean(space)


def test_an_unknown_type_is_named(workspace):
    space = workspace(NETWORK + 'resource "google_sql_database" "d" {\n  name = "d"\n  instance = "i"\n}\n')
    status, said = space.run("validate")
    assert status == 1
    assert "google_sql_database" in said


def test_without_an_endpoint_nothing_goes_to_google(workspace):
    space = workspace(NETWORK)
    del space.environment["GOOGLE_COMPUTE_CUSTOM_ENDPOINT"]
    status, said = space.run("apply", "-auto-approve", "-input=false")
    assert status == 1
    assert "GOOGLE_COMPUTE_CUSTOM_ENDPOINT" in " ".join(said.split())


def providers(space):
    """Provider processes of this test's Terraform, told by their TMPDIR."""
    marker = f"TMPDIR={space.environment['TMPDIR']}".encode()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            environment = (process / "environ").read_bytes().split(b"\0")
            command = (process / "cmdline").read_bytes()
        except OSError:
            continue
        if marker in environment and b"sandbox.provider" in command:
            found.append(int(process.name))
    return found


def wait_until(condition, seconds=60.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")
@pytest.mark.parametrize("blow", [signal.SIGINT, signal.SIGKILL])
def test_a_blow_to_terraform_leaves_no_process_and_no_folder(workspace, sandbox, blow):
    space = workspace(NETWORK)
    sandbox.control(
        "POST", "faults", {"method": "compute.networks.insert", "kind": "delay", "seconds": 2, "count": 1}
    )
    terraform = space.start("apply", "-auto-approve", "-input=false")
    said = "".join(itertools.takewhile(lambda line: "Creating..." not in line, terraform.stdout))
    assert providers(space), said
    os.kill(terraform.pid, blow)
    said, _ = terraform.communicate(timeout=60)
    wait_until(lambda: not providers(space))
    assert list(Path(space.environment["TMPDIR"]).glob("nbp-provider-*")) == []
    if blow == signal.SIGINT:
        assert "google_compute_network.n" in space.succeed("state", "list"), said


def test_a_person_who_starts_it_is_told(workspace):
    space = workspace(NETWORK)
    mirror_folder = Path(space.environment["TF_CLI_CONFIG_FILE"]).with_name("mirror")
    (program,) = mirror_folder.rglob("terraform-provider-google_v*")
    result = subprocess.run([program], capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert "Terraform starts it by itself" in result.stderr
