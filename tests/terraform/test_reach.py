"""What the modules take is within reach of the fleet file, as sets."""

import re
from pathlib import Path

import pytest

TERRAFORM = Path(__file__).resolve().parents[2] / "terraform"
CALLS = re.findall(
    r'^module "(\w+)" \{\n  source += "\.\./modules/([\w-]+)"\n(.*?)^\}$',
    (TERRAFORM / "fleet" / "fleet.tf").read_text(),
    re.MULTILINE | re.DOTALL,
)
# Modules that fleets are made without: what calls them stands elsewhere.
APART = {
    "applier": "terraform/bootstrap calls it, before there is a fleet",
    "org-guardrails": "whoever owns the organization calls it",
    "private-bucket": "the modules with a bucket call it",
    "service-agents": "the module project calls it, and terraform/bootstrap",
    "services": "the module project calls it",
}
# Variables that the root leaves alone, and why.
LEFT = {
    (
        "network",
        "flow_logs",
    ): "CIS 3.8 asks for its defaults, and the control flow-logs for logs",
    ("notebook", "disable_public_ip"): "it shows in plans what cannot be switched off",
}


def variables(module):
    text = (TERRAFORM / "modules" / module / "variables.tf").read_text()
    return set(re.findall(r'^variable "(\w+)"', text, re.MULTILINE))


def test_every_module_is_called_or_stands_apart():
    modules = {path.parent.name for path in (TERRAFORM / "modules").glob("*/versions.tf")}
    assert {module for _, module, _ in CALLS} == modules - set(APART)


@pytest.mark.parametrize(("name", "module", "body"), CALLS, ids=[name for name, _, _ in CALLS])
def test_every_variable_is_passed_or_left_with_a_reason(name, module, body):
    passed = set(re.findall(r"^  (\w+) += ", body, re.MULTILINE)) - {"count", "depends_on", "for_each"}
    left = {variable for owner, variable in LEFT if owner == module}
    assert passed == variables(module) - left, name
