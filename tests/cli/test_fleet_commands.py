"""list, show and doctor tell the fleet as it is."""

import json

import pytest
from fake_app import FakeDirectory, FakeProvisioner, live, run

from notebook_provisioner.core.diagnosis import Facts, Verdict, diagnose_machine, is_healthy

NO_TERRAFORM = FakeProvisioner({})


def ask(directory, *arguments):
    return run(NO_TERRAFORM, directory, *arguments)


def test_list_has_what_scripts_need():
    directory = FakeDirectory(live("ana-research"), live("somebody-elses", labels={}), live("old-one"))
    result = ask(directory, "list", "--format", "json")
    assert result.exit_code == 0
    rows = {row["name"]: row for row in json.loads(result.stdout)["data"]["notebooks"]}
    assert set(rows) == {"ana-research", "ana-training", "ben-research", "old-one"}
    assert rows["ana-research"]["external_ip"] is None
    assert rows["ana-research"]["state"] == "ACTIVE"
    assert rows["ana-training"]["state"] == "ABSENT"
    assert not rows["old-one"]["in_fleet_file"]


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (["--all"], {"ana-research", "ana-training", "ben-research", "old-one"}),
        (["ben-research", "ana-research"], {"ana-research", "ben-research"}),
        (["--label", "workload=training"], {"ana-training"}),
    ],
)
def test_list_takes_a_selection(arguments, names):
    result = ask(FakeDirectory(live("ana-research"), live("old-one")), "list", *arguments, "--format", "json")
    assert {row["name"] for row in json.loads(result.stdout)["data"]["notebooks"]} == names


def test_a_table_shows_an_address_that_should_not_be_there():
    directory = FakeDirectory(live("ana-research", external_ip="203.0.113.7"))
    assert "203.0.113.7" in ask(directory, "list").stdout


def test_show_tells_one_notebook_and_its_wishes():
    result = ask(FakeDirectory(live("ana-research")), "--format", "json", "show", "ana-research")
    data = json.loads(result.stdout)["data"]
    assert data["metadata"] == {"notebook-disable-root": "true"}
    assert data["fleet_file"]["idle_timeout_seconds"] == 3600


def test_show_names_the_notebooks_there_are():
    result = ask(FakeDirectory(), "show", "nobody")
    assert result.exit_code == 1
    assert "ana-research" in result.stderr


def test_doctor_says_what_terraform_gets():
    result = ask(FakeDirectory(), "doctor", "--format", "json")
    checks = {check["name"]: check for check in json.loads(result.stdout)["data"]["checks"]}
    assert "stand-in" in checks["provider"]["detail"]
    assert checks["terraform"]["verdict"] == "ok"


def test_doctor_finds_an_absent_notebook_and_a_public_one():
    assert ask(FakeDirectory(), "doctor", "ana-research").exit_code == 3
    assert ask(FakeDirectory(live("ana-research")), "doctor", "ana-research").exit_code == 0
    assert (
        ask(
            FakeDirectory(live("ana-research", external_ip="203.0.113.7")), "doctor", "ana-research"
        ).exit_code
        == 3
    )
    assert ask(FakeDirectory(live("ana-research", owner=None)), "doctor", "ana-research").exit_code == 3
    assert (
        ask(FakeDirectory(live("ana-research", health="UNHEALTHY")), "doctor", "ana-research").exit_code == 3
    )


def facts(**changed):
    values = {
        "target": "sandbox",
        "python": "3.11.0",
        "terraform": "/usr/bin/terraform",
        "terraform_why": "1.9.0, found on PATH",
        "provider": "the stand-in",
        "provider_problem": None,
        "sandbox_url": None,
        "gcloud": None,
        "credentials": None,
        "home": "/home/ana",
        "home_problem": None,
    }
    return Facts(**{**values, **changed})


def test_only_what_the_target_needs_is_missing():
    assert is_healthy(diagnose_machine(facts()))
    assert is_healthy(diagnose_machine(facts(target="google", credentials="a file")))
    missing = [
        check for check in diagnose_machine(facts(target="google")) if check.verdict is Verdict.MISSING
    ]
    assert [check.name for check in missing] == ["credentials"]
    assert not is_healthy(diagnose_machine(facts(provider_problem="no folder")))
    assert not is_healthy(diagnose_machine(facts(home_problem="cannot be written")))
    assert not is_healthy(diagnose_machine(facts(terraform=None, terraform_why="put one on PATH")))
    assert all(check.remedy for check in missing)
