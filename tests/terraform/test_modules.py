import re
from collections import Counter
from pathlib import Path

import pytest

TERRAFORM = Path(__file__).resolve().parents[2] / "terraform"
ROOTS = ("bootstrap", "fleet")
MODULES = sorted(str(path.parent.relative_to(TERRAFORM)) for path in TERRAFORM.rglob("versions.tf"))


@pytest.mark.terraform
@pytest.mark.parametrize("module", MODULES)
def test_module_is_valid_and_passes_its_own_tests(terraform, sources, module):
    folder = sources / module
    terraform.succeed(folder, "init", "-backend=false", "-input=false", "-no-color")
    terraform.succeed(folder, "validate", "-no-color")
    said = terraform.succeed(folder, "test", "-no-color")
    assert re.search(r"Success! [1-9]\d* passed, 0 failed", said), said


@pytest.mark.terraform
def test_everything_is_formatted(bare_terraform):
    said = bare_terraform.run(TERRAFORM, "fmt", "-check", "-recursive", "-diff", ".")
    assert said.returncode == 0, f"{said.stdout}{said.stderr}\nrun: make format"


@pytest.mark.parametrize("module", MODULES)
def test_there_are_as_many_runs_that_trip_a_variable_as_it_has_validations(module):
    # Terraform does not say which validation failed: that each has a run of its own, a reader sees.
    variables = (TERRAFORM / module / "variables.tf").read_text()
    blocks = re.findall(r'^variable "(\w+)" \{(.*?)^\}', variables, re.MULTILINE | re.DOTALL)
    validations = {name: body.count("  validation {") for name, body in blocks}
    tests = "".join(path.read_text() for path in (TERRAFORM / module / "tests").glob("*.tftest.hcl"))
    tripped = Counter(
        name
        for expected in re.findall(r"expect_failures = \[(.*?)\]", tests, re.DOTALL)
        for name in set(re.findall(r"var\.(\w+)", expected))
    )
    assert {name: count for name, count in validations.items() if tripped[name] < count} == {}


@pytest.mark.parametrize("module", MODULES)
def test_providers_and_backend_stand_only_in_the_root(module):
    text = "".join(path.read_text() for path in (TERRAFORM / module).glob("*.tf"))
    if module in ROOTS:
        # One: the stand-in that nbp keeps for a command has one configuration (docs/adr/0012).
        assert re.findall(r"^provider .*$", text, re.MULTILINE) == ['provider "google" {']
        assert not re.search(r"^resource |^data ", text, re.MULTILINE)
    else:
        assert not re.search(r"^provider |^  backend ", text, re.MULTILINE)


@pytest.mark.parametrize("module", [module for module in MODULES if "fleet" not in module])
def test_modules_ask_for_the_same_provider(module):
    text = (TERRAFORM / module / "versions.tf").read_text()
    assert text == (TERRAFORM / "modules" / "network" / "versions.tf").read_text()


def test_no_endpoint_stands_in_the_code():
    text = "".join(path.read_text() for path in TERRAFORM.rglob("*.tf"))
    assert "_custom_endpoint" not in text
    assert "127.0.0.1" not in text
