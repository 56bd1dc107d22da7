"""State in a bucket: the bootstrap's moves into the one that it made, a fleet's lies there, a lock guards."""

import json
import os
import re
import shutil
import subprocess
import time
import urllib.request
from datetime import date
from pathlib import Path

import pytest

from notebook_provisioner.adapters.terraform import launcher
from notebook_provisioner.adapters.terraform.runner import TerraformRunner
from notebook_provisioner.adapters.terraform.workspace import Inputs, Workspace, bucket_backend
from notebook_provisioner.core import fleet
from notebook_provisioner.sandbox import environment
from notebook_provisioner.sandbox.process import SandboxProcess

REPOSITORY = Path(__file__).resolve().parents[2]
PAGE = REPOSITORY / "docs" / "operators" / "real-project.md"
BUCKET = "acme-notebooks-state"
PLACES = {"STATE_BUCKET": BUCKET, "PROJECT": "acme-notebooks", "REGION": "europe-west1"}
FLEET = f"""\
version: 1
name: research
target: google
project: acme-notebooks
region: europe-west1
zones: [europe-west1-b]
state: {{bucket: {BUCKET}, prefix: notebooks/research}}
network: {{mode: create, name: notebooks, subnet: notebooks, cidr: 10.20.0.0/24}}
perimeter: {{mode: disabled}}
encryption: {{mode: google-managed}}
profiles: {{standard: {{machine_type: e2-standard-4}}}}
notebooks:
  - {{name: ana, owner: ana@example.com, profile: standard}}
"""
pytestmark = [
    pytest.mark.terraform,
    pytest.mark.network,
    pytest.mark.usefixtures("socket_enabled"),
    pytest.mark.timeout(600),  # hashicorp/google waits for ten seconds here and there
]


class Bootstrap:
    """The bootstrap's root in a folder of its own, and a sandbox for it."""

    def __init__(self, terraform, folder, url):
        unwanted = shutil.ignore_patterns(".terraform*", "*.tfstate*")
        self.sources = Path(shutil.copytree(REPOSITORY / "terraform", folder / "terraform", ignore=unwanted))
        self.root = self.sources / "bootstrap"
        self.terraform = terraform
        self._url = url
        (variables,) = re.findall(
            r" +cat > terraform\.tfvars <<'END'\n(.+?) +END\n", PAGE.read_text(), re.DOTALL
        )
        for place, ours in PLACES.items():
            variables = variables.replace(place, ours)
        (self.root / "terraform.tfvars").write_text(variables)

    def run(self, *arguments):
        return self.terraform.run(self.root, *arguments)

    def succeed(self, *arguments):
        return self.terraform.succeed(self.root, *arguments)

    def ask(self):
        """Start a Terraform that takes the lock and then waits for an answer."""
        return subprocess.Popen(
            [*launcher.find().command, "destroy"],
            cwd=self.root,
            env={**os.environ, **self.terraform.environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def objects(self):
        """What is in the bucket: generation by name."""
        address = f"{self._url}/storage/v1/b/{BUCKET}/o"
        with urllib.request.urlopen(address, timeout=60) as answer:  # noqa: S310  # the sandbox, on 127.0.0.1
            return {item["name"]: item["generation"] for item in json.load(answer).get("items", [])}


@pytest.fixture
def bootstrap(serving, installed_terraform, tmp_path):
    """A project that is bootstrapped, with its state still in a file."""
    sandbox = SandboxProcess(tmp_path / "sandbox")
    try:
        connection = sandbox.start()
        variables = environment.for_terraform(connection, project="unused", region="unused")
        with serving(variables) as resident:
            everything = {**installed_terraform.environment, **variables, **resident, "NO_COLOR": "1"}
            made = Bootstrap(type(installed_terraform)(everything), tmp_path, connection.url)
            made.succeed("init", "-input=false")
            made.succeed("apply", "-auto-approve", "-input=false")
            yield made
    finally:
        sandbox.stop()


def migrate(bootstrap):
    """Follow the page that tells how the state is moved."""
    override, steps = re.search(
        r" +cat > backend_override\.tf <<'END'\n(.+?) +END\n((?: {7}\S[^\n]*\n)+)",
        PAGE.read_text(),
        re.DOTALL,
    ).groups()
    (bootstrap.root / "backend_override.tf").write_text(override.replace("STATE_BUCKET", BUCKET))
    init, plan, remove = (step.split() for step in steps.splitlines())
    bootstrap.succeed(*init[1:], "-force-copy")  # answers yes, as a person would
    bootstrap.succeed(*plan[1:], "-detailed-exitcode", "-input=false")
    for left in bootstrap.root.glob(remove[1]):
        left.unlink()


def test_the_state_lies_in_the_bucket_that_it_describes(bootstrap, tmp_path):
    before = bootstrap.succeed("state", "list")
    assert "google_storage_bucket.this" in before
    migrate(bootstrap)
    assert set(bootstrap.objects()) == {"bootstrap/default.tfstate"}
    assert bootstrap.succeed("state", "list") == before
    bootstrap.succeed("plan", "-detailed-exitcode", "-input=false")

    a_lock_keeps_others_out(bootstrap)
    a_fleet_keeps_its_state_beside_it(bootstrap, tmp_path)


def a_lock_keeps_others_out(bootstrap):
    lock = "bootstrap/default.tflock"
    first = bootstrap.ask()
    try:
        deadline = time.monotonic() + 120
        while lock not in bootstrap.objects():
            assert first.poll() is None, first.communicate()[0]
            assert time.monotonic() < deadline
            time.sleep(0.2)
        identity = bootstrap.objects()[lock]
        refused = bootstrap.run("apply", "-auto-approve", "-input=false")
        assert refused.returncode == 1
        assert "Error acquiring the state lock" in refused.stderr
        assert re.search(rf"ID: +{identity}\b", refused.stderr)  # read by the XML API
        assert "OperationTypeApply" in refused.stderr
    finally:
        first.kill()
        first.communicate()
    assert bootstrap.run("plan", "-input=false").returncode == 1  # a dead Terraform's lock stays

    wrong = bootstrap.run("force-unlock", "-force", "1")
    assert wrong.returncode == 1
    assert "conditionNotMet" in wrong.stderr
    bootstrap.succeed("force-unlock", "-force", identity)
    bootstrap.succeed("plan", "-detailed-exitcode", "-input=false")
    assert lock not in bootstrap.objects()


def a_fleet_keeps_its_state_beside_it(bootstrap, folder):
    ours = fleet.parse(FLEET, file="fleet.yaml", today=date(2026, 11, 22))
    inputs = Inputs(
        source=bootstrap.sources,
        fleet_text=FLEET,
        backend=bucket_backend(ours.state.bucket, ours.state.prefix),
        variables={"target": "google"},
        scripts={"ana": "#!/bin/bash\n"},
        provider="the fixture's",
    )
    said = []
    workspace = Workspace(folder / ".nbp" / "research-google")
    runner = TerraformRunner(workspace, inputs, bootstrap.terraform.environment, say=said.append)

    def changes():
        return [
            change["address"]
            for change in runner.plan()["resource_changes"]
            if change["change"]["actions"] not in (["no-op"], ["read"])
        ]

    with runner.session():
        assert 'module.notebook["ana"].google_workbench_instance.this' in changes()
        runner.apply()
        assert changes() == [], said
    assert not workspace.state_file.exists()
    assert set(bootstrap.objects()) == {"bootstrap/default.tfstate", "notebooks/research/default.tfstate"}
