"""A Terraform project that needs no provider from anywhere, and a workspace that holds it."""

import json

import pytest

from notebook_provisioner.adapters.terraform.runner import TerraformRunner
from notebook_provisioner.adapters.terraform.workspace import Inputs, Workspace, local_backend

ROOT = """
variable "fleet_file" { type = string }
variable "rendered_directory" { type = string }
variable "target" { type = string }

locals { fleet = yamldecode(file(var.fleet_file)) }

module "thing" {
  source   = "../modules/thing"
  for_each = toset(local.fleet.things)
  seconds  = local.fleet.seconds
}
"""

# terraform_data is built into Terraform. An interrupt cuts its program short, which taints the resource.
MODULE = """
variable "seconds" { type = number }

resource "terraform_data" "this" {
  provisioner "local-exec" {
    command = "exec sleep ${var.seconds}"
  }
}
"""


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "source"
    for name, text in {
        "fleet/main.tf": ROOT,
        "fleet/backend.tf": 'terraform {\n  backend "gcs" {}\n}\n',
        "fleet/README.md": "not for Terraform",
        "modules/thing/main.tf": MODULE,
        "modules/thing/tests/thing.tftest.hcl": "not for Terraform",
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


@pytest.fixture
def workspace(tmp_path):
    return Workspace(tmp_path / ".nbp" / "test-sandbox")


@pytest.fixture
def inputs(workspace, source):
    def make(things=("a", "b"), seconds=0.0, **overrides):
        arguments = {
            "source": source,
            "fleet_text": json.dumps({"things": list(things), "seconds": seconds}),
            "backend": local_backend(workspace),
            "variables": {"target": "sandbox"},
            "scripts": {},
            "provider": "none",
        }
        return Inputs(**{**arguments, **overrides})

    return make


@pytest.fixture
def prepare(workspace, inputs):
    return lambda *arguments, **options: workspace.prepare(inputs(*arguments, **options))


@pytest.fixture
def said():
    return []


@pytest.fixture
def runner(workspace, inputs, said):
    return TerraformRunner(workspace, inputs(), {}, say=said.append)
