"""``nbp lock`` against the sandbox, whose machines are simulated: so is the way to them."""

import json

import pytest
from click.testing import CliRunner

from notebook_provisioner.cli.main import nbp

pytestmark = [pytest.mark.network, pytest.mark.usefixtures("socket_enabled")]


def run(*arguments, exit_code=0):
    done = CliRunner().invoke(nbp, ["lock", *arguments, "--format", "json"])
    assert done.exit_code == exit_code, done.stdout + done.stderr
    return json.loads(done.stdout)


def flags(*arguments):
    return {one["notebook"]: (one["flag"], one["source"]) for one in run("show", *arguments)["data"]["locks"]}


def test_the_console_is_believed_until_somebody_looks(fleet):
    del fleet
    assert set(flags().values()) == {("present", "console")}
    run("clear", "ana-research")
    assert flags("ana-research") == {"ana-research": ("present", "console")}
    assert flags("ana-research", "--transport", "iap-ssh") == {"ana-research": ("absent", "iap-ssh")}
    run("set", "ana-research")
    assert flags("ana-research", "--transport", "iap-ssh") == {"ana-research": ("present", "iap-ssh")}


def test_a_dry_run_shows_the_plan_and_changes_nothing(fleet):
    del fleet
    plan = run("clear", "--all", "--dry-run", exit_code=3)["data"]["plan"]
    assert [step["action"] for step in plan] == ["remove both flags over iap-ssh"] * 3
    assert set(flags("--transport", "iap-ssh").values()) == {("present", "iap-ssh")}


def test_a_machine_that_is_off_cannot_be_reached_and_nothing_is_changed(fleet):
    fleet.stop("ben-research")
    refused = run("clear", "--all", exit_code=4)
    assert [(one["subject"], one["code"]) for one in refused["findings"]] == [("ben-research", "lock-off")]
    fleet.control.ask("POST", f"{fleet.path('ben-research')}:start", {})
    assert flags("ana-research", "--transport", "iap-ssh") == {"ana-research": ("present", "iap-ssh")}


def test_a_silent_console_leaves_it_unknown(fleet):
    fleet.say("ana-research", {}, serial="")
    found = run("show", "ana-research")["data"]["locks"][0]
    assert (found["flag"], found["way"]) == ("unknown", "iap-ssh")
    assert "iap-ssh can tell" in CliRunner().invoke(nbp, ["lock", "show", "ana-research"]).stdout
