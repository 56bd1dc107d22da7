"""``nbp post-startup test``: the rendered script is run, and its own word decides."""

import datetime as dt
import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from notebook_provisioner import __version__
from notebook_provisioner.adapters.files import post_startup_templates
from notebook_provisioner.cli.main import nbp
from notebook_provisioner.core import fleet as fleet_file
from notebook_provisioner.core import post_startup
from notebook_provisioner.sandbox.lab.rehearsal import rehearse

pytestmark = pytest.mark.lab

ROOT = Path(__file__).parents[2]
QUICKSTART = ROOT / "examples" / "quickstart" / "fleet.yaml"
TEST = ("--format", "json", "post-startup", "test", "--fleet", str(QUICKSTART))


@pytest.fixture(scope="module")
def fleet():
    today = dt.datetime.now(dt.UTC).date()
    return fleet_file.parse(QUICKSTART.read_text(), file="quickstart", today=today)


@pytest.mark.usefixtures("lab")
def test_the_quickstarts_script_completes_and_a_second_run_does_too():
    result = CliRunner().invoke(nbp, [*TEST, "ana-research", "--boots", "2"])
    runs = [entry["run"] for entry in json.loads(result.stdout)["data"]]
    assert [(run["boot"], run["state"], run["exit_status"]) for run in runs] == [
        (1, "COMPLETE", 0),
        (2, "COMPLETE", 0),
    ]
    assert runs[0]["steps"]["data-disk"] == "done"
    assert runs[0]["steps"]["account"] == "done"
    assert result.exit_code == 0


def test_without_root_the_command_ends_in_3(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    result = CliRunner().invoke(nbp, [*TEST, "ana-research"])
    shown = json.loads(result.stdout)
    assert (result.exit_code, shown["errors"][0]["code"]) == (3, "lab-unavailable")


def test_a_name_that_is_none_is_refused():
    result = CliRunner().invoke(nbp, [*TEST, "nobody"])
    assert (result.exit_code, json.loads(result.stdout)["errors"][0]["code"]) == (1, "not-found")


@pytest.mark.usefixtures("lab")
def test_a_failing_step_is_an_error_with_step_and_line(fleet):
    templates = post_startup_templates()
    templates["data-disk.sh.j2"] = templates["data-disk.sh.j2"].replace(
        "step_data_disk() {", "step_data_disk() {\n  false"
    )
    notebook = fleet.resolved_notebooks[0]
    script = post_startup.render(notebook, fleet, templates, version=__version__)
    (run,) = rehearse(notebook, script, project=fleet.project)
    assert (run.state, run.step, run.is_complete) == ("ERROR", "data-disk", False)
    assert script.splitlines()[run.line - 1].strip() == "false"


@pytest.mark.usefixtures("lab")
@pytest.mark.parametrize("body", ["exit 0", "echo 'no JSON'; exit 0"])
def test_a_script_that_reports_nothing_is_not_complete(fleet, body):
    notebook = fleet.resolved_notebooks[0]
    (run,) = rehearse(notebook, f"#!/bin/bash\n{body}\n", project=fleet.project)
    assert (run.state, run.exit_status, run.is_complete) == ("NONE", 0, False)
