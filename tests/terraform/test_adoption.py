"""A fleet whose state is lost: what exists is imported under ids that follow from the plan."""

import json
import re
import shutil
import urllib.request
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from notebook_provisioner.adapters.terraform.runner import TerraformRunner
from notebook_provisioner.adapters.terraform.workspace import Inputs, Workspace, local_backend
from notebook_provisioner.core import adoption, terraform_plan, unread
from notebook_provisioner.core.adoption import IMPORT_IDS, WITHOUT_IMPORT
from notebook_provisioner.core.impact import NOTEBOOK
from notebook_provisioner.core.terraform_plan import Action
from notebook_provisioner.sandbox import environment
from notebook_provisioner.sandbox.process import SandboxProcess

TERRAFORM = Path(__file__).resolve().parents[2] / "terraform"
FLEETS = TERRAFORM / "fleet" / "tests" / "fleets"
WHOLE = {
    "observability": {"locked": False, "notify": ["security@example.com"]},
    "maintenance": {
        "image": f"europe-west1-docker.pkg.dev/p/nbp/nbp@sha256:{'0' * 64}",
        "prune": {"schedule": "30 3 * * *"},
    },
}
"""What the fleet file of the tests lacks."""


def test_every_type_of_the_modules_has_an_import_id_or_a_reason():
    declared = {
        found[1]
        for file in TERRAFORM.rglob("*.tf")
        for found in re.finditer(r'^resource "(google_\w+)"', file.read_text(), re.MULTILINE)
    }
    assert not IMPORT_IDS.keys() & WITHOUT_IMPORT.keys()
    assert IMPORT_IDS.keys() | WITHOUT_IMPORT.keys() == declared


def test_the_override_hides_nothing_that_the_module_says_itself():
    text = "".join(file.read_text() for file in (TERRAFORM / "modules" / "notebook").glob("*.tf"))
    assert text.count('resource "google_workbench_instance" "this"') == 1
    assert "ignore_changes" not in text


class Fleet:
    """A fleet in a workspace of its own, and a sandbox for it."""

    def __init__(self, environment, folder, text):
        ours = shutil.ignore_patterns(".terraform*", "*.tfstate*", "tests")
        self.workspace = Workspace(folder / ".nbp" / "fleet-sandbox")
        self.said = []
        self._inputs = Inputs(
            source=Path(shutil.copytree(TERRAFORM, folder / "terraform", ignore=ours)),
            fleet_text=text,
            backend=local_backend(self.workspace),
            variables={},
            scripts={name["name"]: "#!/bin/bash\n" for name in yaml.safe_load(text)["notebooks"]},
            provider="the fixture's",
        )
        self._environment = environment

    @contextmanager
    def session(self, **variables):
        inputs = replace(self._inputs, variables=variables)
        runner = TerraformRunner(self.workspace, inputs, self._environment, say=self.said.append)
        with runner.session():
            yield runner


def changes(runner):
    return terraform_plan.read(runner.plan()).changes


def post(connection, path, body):
    request = urllib.request.Request(  # noqa: S310  # the sandbox, on 127.0.0.1
        f"{connection.url}/{path}",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310  # as above
        return json.load(answer)


def whole(connection):
    """Everything but the proxy. An access policy is there, and a key ring that a killed apply has made."""
    organization = {"parent": "organizations/123456789012", "title": "acme"}
    policy = post(connection, "accesscontextmanager/v1/accessPolicies", organization)["response"]["name"]
    place = "projects/created-project/locations/europe-west1"
    post(connection, f"cloudkms/v1/{place}/keyRings?keyRingId=notebooks", {})
    document = yaml.safe_load((FLEETS / "created.yaml").read_text()) | WHOLE
    document["network"]["egress"]["fqdns"] = ["pypi.org"]
    del document["perimeter"]["organization"]
    document["perimeter"]["access_policy"] = policy.rpartition("/")[2]
    return yaml.safe_dump(document)


def proxy(_):
    return (FLEETS / "proxy.yaml").read_text()


@pytest.fixture
def made(serving, installed_terraform, tmp_path, request):
    sandbox = SandboxProcess(tmp_path / "sandbox")
    try:
        connection = sandbox.start()
        variables = environment.for_terraform(connection, project="unused", region="unused")
        with serving(variables) as resident:
            everything = {**installed_terraform.environment, **variables, **resident}
            yield Fleet(everything, tmp_path, request.param(connection))
    finally:
        sandbox.stop()


@pytest.mark.terraform
@pytest.mark.network
@pytest.mark.usefixtures("socket_enabled")
@pytest.mark.long
@pytest.mark.timeout(1200)  # hashicorp/google waits for ten seconds here and there
@pytest.mark.parametrize("made", [whole, proxy], indirect=True)
def test_a_lost_state_is_found_again(made):
    with made.session(adopt_key_ring=True) as terraform:
        terraform.plan()
        terraform.apply()
    made.workspace.state_file.unlink()

    with made.session(adopt_key_ring=True, adopt_key=True) as terraform:
        planned = changes(terraform)
        ids = adoption.import_ids([change.address for change in planned], planned)
        terraform.adopt(ids, unread.creations(ids, planned))
        planned = changes(terraform)
        assert {change.type for change in planned if change.action is Action.CREATE} <= WITHOUT_IMPORT.keys()
        destructive = {Action.REPLACE, Action.DELETE}
        lost = {one.address: one.replace_paths for one in planned if one.action in destructive}
        assert lost == {}
        notebooks = [one for one in planned if one.type == NOTEBOOK]
        assert notebooks
        assert all(one.planned("instance_owners") for one in notebooks), "guardrails ask whose each is"
        terraform.apply()
        assert changes(terraform) == (), made.said
