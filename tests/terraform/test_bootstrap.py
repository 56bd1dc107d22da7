"""The project before its first fleet, made against the sandbox."""

import json
import re
import shutil
from pathlib import Path

import pytest

from notebook_provisioner.sandbox import environment
from notebook_provisioner.sandbox.process import SandboxProcess

REPOSITORY = Path(__file__).resolve().parents[2]
VARIABLES = {
    "project_id": "acme-notebooks",
    "location": "europe-west1",
    "state_bucket": "acme-notebooks-state",
    "labels": {"cost-centre": "42"},
    "impersonators": ["group:platform@example.com"],
    "pipeline": {"issuer": "https://token.example.com", "subject": "repo:acme/notebooks:ref:refs/heads/main"},
}
KEY = "projects/acme-keys/locations/europe-west1/keyRings/terraform/cryptoKeys/state"
BUCKET = "module.state.google_storage_bucket.this"
pytestmark = [
    pytest.mark.terraform,
    pytest.mark.network,
    pytest.mark.long,
    pytest.mark.usefixtures("socket_enabled"),
    pytest.mark.timeout(1200),  # hashicorp/google waits for ten seconds here and there
]


@pytest.fixture
def bootstrap(installed_terraform, tmp_path):
    """The root in a folder of its own, and Terraform to run there."""
    sandbox = SandboxProcess(tmp_path / "sandbox")
    connection = sandbox.start()
    try:
        ours = shutil.ignore_patterns(".terraform*", "*.tfstate*")
        shutil.copytree(REPOSITORY / "terraform", tmp_path / "terraform", ignore=ours)
        folder = tmp_path / "terraform" / "bootstrap"
        variables = environment.for_terraform(connection, project="unused", region="unused")
        terraform = type(installed_terraform)(
            {**installed_terraform.environment, **variables, "NO_COLOR": "1"}
        )
        terraform.succeed(folder, "init", "-no-color", "-input=false")
        yield lambda *arguments: terraform.run(folder, *arguments), folder
    finally:
        sandbox.stop()


def test_the_project_is_made_ready(bootstrap):
    run, folder = bootstrap

    def succeed(*arguments):
        done = run(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    (folder / "terraform.tfvars.json").write_text(json.dumps(VARIABLES))
    succeed("apply", "-auto-approve", "-input=false")
    succeed("plan", "-detailed-exitcode", "-input=false")
    assert re.search(r'"cost-centre" += "42"', succeed("state", "show", BUCKET))
    made = {name: one["value"] for name, one in json.loads(succeed("output", "-json")).items()}
    assert made["applier"] == "nbp-apply@acme-notebooks.iam.gserviceaccount.com"
    assert made["pipeline_provider"].endswith("/workloadIdentityPools/nbp-apply-pipelines/providers/pipeline")

    changed = {**VARIABLES, "impersonators": ["user:ana@example.com"], "features": ["maintenance"]}
    (folder / "terraform.tfvars.json").write_text(json.dumps(changed))
    succeed("apply", "-auto-approve", "-input=false")
    succeed("plan", "-detailed-exitcode", "-input=false")
    assert 'google_project_iam_member.role["roles/dns.admin"]' not in succeed("state", "list")

    succeed("plan", "-input=false", "-out=keyed", f"-var=state_kms_key={KEY}")
    planned = json.loads(succeed("show", "-json", "keyed"))["resource_changes"]
    bucket = next(one["change"]["after"] for one in planned if one["address"] == BUCKET)
    assert bucket["encryption"][0]["default_kms_key_name"] == KEY

    succeed("destroy", "-auto-approve", "-input=false")
    assert succeed("state", "list") == ""
    hidden = run("apply", "-auto-approve", "-input=false")  # a deleted pool keeps its id, as at Google
    assert hidden.returncode != 0
    assert "already exists" in hidden.stderr
