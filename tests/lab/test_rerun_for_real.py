"""Drift and re-run on a sandbox whose notebooks boot in the lab: scripts, reports and flags are real."""

import json
import time

import pytest
from click.testing import CliRunner
from workbench_fleet import QUICKSTART, WorkbenchFleet

from notebook_provisioner.cli.main import nbp
from notebook_provisioner.sandbox.process import SandboxProcess

pytestmark = [
    pytest.mark.lab,
    pytest.mark.network,
    pytest.mark.long,
    pytest.mark.usefixtures("lab", "socket_enabled"),
]
PATIENCE = 300  # seconds until three machines have booted


@pytest.fixture
def fleet(tmp_path, monkeypatch):
    file = tmp_path / "fleet.yaml"
    file.write_text(QUICKSTART.read_text("utf-8"), "utf-8")
    monkeypatch.setenv("NBP_HOME", str(tmp_path))
    monkeypatch.setenv("NBP_FLEET", str(file))
    process = SandboxProcess(tmp_path / ".sandbox")
    yield WorkbenchFleet(process.start(boot="lab"), file)
    process.stop()


def run(*arguments):
    done = CliRunner().invoke(nbp, ["post-startup", *arguments, "--format", "json"])
    return json.loads(done.stdout)["data"]


def verdicts():
    return {one["name"]: one["verdict"] for one in run("status")["notebooks"]}


def wait_until_current():
    until = time.monotonic() + PATIENCE
    while set(verdicts().values()) != {"current"}:
        assert time.monotonic() < until, run("status")
        time.sleep(1)


def test_a_new_script_runs_everywhere_and_leaves_nothing_behind(fleet):
    fleet.build()
    wait_until_current()
    fleet.stop("ben-research")
    text = fleet.file.read_text("utf-8")
    fleet.file.write_text(text.replace("defaults:\n", "defaults:\n  environment: {MOOD: new}\n", 1), "utf-8")
    fleet.read()
    fleet.upload()
    fleet.point()
    assert set(verdicts().values()) == {"outdated"}
    before = {name: fleet.metadata(name) for name in fleet.scripts}
    done = run("rerun", "--all", "--canary", "ana-training", "--timeout", "5")
    assert {one["result"] for one in done["results"]} == {"succeeded"}, done
    assert set(verdicts().values()) == {"current"}
    states = {name: fleet.instance(name)["state"] for name in fleet.scripts}
    assert states == {"ana-research": "ACTIVE", "ana-training": "ACTIVE", "ben-research": "STOPPED"}
    done = run("rerun", "ana-research", "--transport", "startup-script", "--timeout", "5")
    assert [one["result"] for one in done["results"]] == ["succeeded"], done
    assert {name: fleet.metadata(name) for name in fleet.scripts} == before
