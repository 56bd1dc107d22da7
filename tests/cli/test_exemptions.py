"""What an exemption's end stops: changes to the cloud; and what it does not stop: work with what is there."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fake_app import FakeDirectory, FakeProvisioner, live, run
from plan_documents import change, document, notebook

QUICKSTART = (Path(__file__).parents[2] / "examples/quickstart/fleet.yaml").read_text(encoding="utf-8")
FLEET = FakeDirectory(live("ana-research"), live("ben-research"))
DELETE = document(change("google_workbench_instance", ["delete"], before=notebook()))


@pytest.fixture
def fleet_file(tmp_path):
    """Write the quickstart with an exemption that ends in so many days."""
    path = tmp_path / "fleet.yaml"

    def write(days):
        day = datetime.now(UTC).date() + timedelta(days)
        exemption = f"control: notebook-disable-terminal, reason: Driven from a shell., expires: {day}"
        path.write_text(f"{QUICKSTART}    exemptions: [{{{exemption}}}]\n", encoding="utf-8")
        return str(path)

    return write


@pytest.mark.parametrize("command", ["plan", "apply"])
def test_an_expired_exemption_stops_what_would_change_the_cloud(fleet_file, command):
    terraform = FakeProvisioner(DELETE)
    result = run(terraform, FLEET, command, "--fleet", fleet_file(-1))
    assert result.exit_code == 1
    assert result.stderr.count("[exemption-expired]") == 1
    assert "error: notebooks[2].exemptions[0].expires" in result.stderr
    assert terraform.calls == []


def test_an_expired_exemption_stops_the_check(fleet_file):
    assert run(FakeProvisioner({}), FLEET, "check", "--fleet", fleet_file(-1)).exit_code == 3


@pytest.mark.parametrize("command", [("list",), ("show", "ana-research"), ("destroy",)])
def test_an_expired_exemption_is_told_by_commands_that_work_with_what_is_there(fleet_file, command):
    options = ("--fleet", fleet_file(-1))
    told = run(FakeProvisioner(DELETE), FLEET, *command, *options)
    assert told.exit_code == 0
    assert told.stderr.count("warning: notebooks[2].exemptions[0].expires") == 1
    envelope = json.loads(run(FakeProvisioner(DELETE), FLEET, *command, *options, "--format", "json").stdout)
    assert [(one["code"], one["severity"]) for one in envelope["findings"]] == [
        ("exemption-expired", "warning")
    ]


@pytest.mark.parametrize(("command", "status"), [("plan", 0), ("apply", 0), ("list", 0)])
def test_a_plan_says_what_is_about_to_expire(fleet_file, command, status):
    result = run(FakeProvisioner(document()), FLEET, command, "--fleet", fleet_file(30))
    assert result.exit_code == status
    assert ("[exemption-expiring]" in result.stderr) == (command != "list")


def test_the_plan_is_an_envelope_with_what_is_about_to_expire(fleet_file):
    command = ("plan", "--format", "json", "--fleet", fleet_file(0))
    envelope = json.loads(run(FakeProvisioner(document()), FLEET, *command).stdout)
    assert [one["code"] for one in envelope["findings"]] == ["exemption-expiring"]
