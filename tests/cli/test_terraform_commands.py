"""plan, apply and destroy decide before they act, and act only then."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fake_app import FakeDirectory, FakeProvisioner, FakeRecords, live, run
from plan_documents import ADDRESS, change, document, notebook

from notebook_provisioner.core.errors import TerraformFailed
from notebook_provisioner.core.procedures import Record

NOTEBOOK = "google_workbench_instance"
QUICKSTART = Path(__file__).parents[2] / "examples" / "quickstart" / "fleet.yaml"
NOTHING = document()
CREATE = document(change(NOTEBOOK, ["create"], after=notebook()))
RESTART = document(
    change(NOTEBOOK, ["update"], before=notebook(), after=notebook(machine_type="e2-standard-8"))
)
PUBLIC = document(change(NOTEBOOK, ["create"], after=notebook(disable_public_ip=False)))
DELETE = document(change(NOTEBOOK, ["delete"], before=notebook()))
PROTECTED = document(change(NOTEBOOK, ["delete"], before={**notebook(), "enable_deletion_protection": True}))

FLEET = FakeDirectory(live("ana-research"), live("ben-research"))


def envelope(result):
    document = json.loads(result.stdout)
    assert document["schema"] == "nbp/1"
    return document


def test_plan_ends_in_0_when_nothing_is_to_do():
    result = run(FakeProvisioner(NOTHING), FLEET, "plan")
    assert result.exit_code == 0
    assert "Nothing to do: the cloud is as the fleet file says." in result.stdout


def test_plan_ends_in_3_when_changes_are_pending_and_changes_nothing():
    terraform = FakeProvisioner(CREATE)
    result = run(terraform, FLEET, "plan")
    assert result.exit_code == 3
    assert ADDRESS in result.stdout
    assert "apply" not in terraform.calls


def test_plan_shows_what_apply_would_refuse():
    result = run(FakeProvisioner(PUBLIC), FLEET, "--format", "json", "plan")
    assert result.exit_code == 3
    shown = envelope(result)
    assert shown["data"]["refused"]
    assert [finding["code"] for finding in shown["findings"]] == ["public-ip"]


def test_what_stands_in_violation_is_loud_and_ends_in_3():
    standing = change(NOTEBOOK, ["no-op"], after=notebook(disable_public_ip=False))
    result = run(FakeProvisioner(document(standing)), FLEET, "plan")
    assert result.exit_code == 3
    assert f"standing already: 1 violation of high severity, in {ADDRESS}" in result.stderr
    assert "as the fleet file says" not in result.stdout
    for more in ((), (change("google_storage_bucket_object", ["delete"], before={"name": "old"}),)):
        terraform = FakeProvisioner(document(standing, *more))
        applied = run(terraform, FLEET, "--format", "json", "apply")
        assert applied.exit_code == 0
        assert ("apply" in terraform.calls) == bool(more)
        assert [finding["code"] for finding in envelope(applied)["findings"]] == ["public-ip"]


def test_apply_applies_and_prints_the_fleet():
    terraform = FakeProvisioner(CREATE)
    result = run(terraform, FLEET, "apply")
    assert result.exit_code == 0
    assert terraform.calls == ["session", "plan", "apply"]
    assert "ana-research" in result.stdout
    assert "What next" in result.stderr


def test_apply_leaves_alone_what_is_right():
    terraform = FakeProvisioner(NOTHING)
    result = run(terraform, FLEET, "apply")
    assert result.exit_code == 0
    assert "apply" not in terraform.calls
    assert "Nothing to do" in result.stdout


def test_apply_refuses_to_restart_unless_it_is_accepted():
    terraform = FakeProvisioner(RESTART)
    refused = run(terraform, FLEET, "apply")
    assert refused.exit_code == 4
    assert ADDRESS in refused.stderr
    assert "--accept restart" in refused.stderr
    assert "1 to update. Impact: restart." in refused.stdout
    assert "apply" not in terraform.calls
    assert "without --accept restart" in run(terraform, FLEET, "plan").stderr
    assert run(terraform, FLEET, "apply", "--accept", "restart").exit_code == 0
    assert "apply" in terraform.calls


@pytest.mark.parametrize("arguments", [(), ("--accept", "destroy"), ("--yes",)])
def test_nothing_overrides_a_guardrail(arguments):
    terraform = FakeProvisioner(PUBLIC)
    result = run(terraform, FLEET, "apply", *arguments)
    assert result.exit_code == 4
    assert ADDRESS in result.stderr
    assert "external IP" in result.stderr
    assert "apply" not in terraform.calls


def test_a_refusal_is_an_envelope_too():
    result = run(FakeProvisioner(PUBLIC), FLEET, "apply", "--format", "json")
    shown = envelope(result)
    assert shown["status"] == "refused"
    assert shown["command"] == "apply"
    assert shown["errors"][0]["code"] == "guardrail-refused"
    assert [finding["code"] for finding in shown["findings"]] == ["public-ip"]
    assert shown["data"]["refused"]


@pytest.mark.parametrize(
    ("plan", "command", "accept", "impact"),
    [(RESTART, "apply", "live", "restart"), (DELETE, "destroy", "restart", "destroy")],
)
def test_a_refusal_shows_the_plan(plan, command, accept, impact):
    result = run(FakeProvisioner(plan), FLEET, command, "--accept", accept, "--format", "json")
    assert result.exit_code == 4
    shown = envelope(result)
    assert (shown["status"], shown["errors"][0]["code"]) == ("refused", "impact-refused")
    assert shown["data"]["impact"] == impact
    assert shown["data"]["refused"]
    (step,) = shown["data"]["steps"]
    assert (step["subject"], step["impact"]) == (ADDRESS, impact)
    assert step["action"]
    assert step["reason"]


@pytest.mark.parametrize("command", ["apply", "destroy"])
def test_on_google_nothing_happens_where_nobody_can_be_asked(command, google_fleet):
    terraform = FakeProvisioner(CREATE, DELETE)
    result = run(terraform, FLEET, command, "--fleet", google_fleet)
    assert result.exit_code == 4
    assert "--yes" in result.stderr
    assert "apply" not in terraform.calls
    assert run(terraform, FLEET, command, "--fleet", google_fleet, "--yes").exit_code == 0
    assert "apply" in terraform.calls


def test_destroy_takes_everything_down():
    terraform = FakeProvisioner(CREATE, DELETE)
    result = run(terraform, FLEET, "destroy")
    assert result.exit_code == 0
    assert terraform.calls == ["session", "plan", "apply"]
    assert "Destroyed quickstart" in result.stdout


def test_destroy_stops_at_a_protected_notebook_before_anything_goes():
    terraform = FakeProvisioner(CREATE, PROTECTED)
    result = run(terraform, FLEET, "destroy", "--yes")
    assert result.exit_code == 4
    assert "ana" in result.stderr
    assert "deletion_protection: false" in result.stderr
    assert "apply" not in terraform.calls


def test_destroy_stops_at_a_notebook_that_only_the_fleet_file_protects_yet(tmp_path):
    path = tmp_path / "fleet.yaml"
    text = QUICKSTART.read_text(encoding="utf-8")
    path.write_text(text.replace("deletion_protection: false", "deletion_protection: true"), "utf-8")
    unprotected = change(NOTEBOOK, ["delete"], before={**notebook(), "name": "ana-research"})
    terraform = FakeProvisioner(CREATE, document(unprotected))
    result = run(terraform, FLEET, "destroy", "--yes", "--fleet", str(path))
    assert result.exit_code == 4
    assert "notebook ana-research is protected from deletion" in result.stderr
    assert "apply" not in terraform.calls


def test_destroy_can_be_held_to_less():
    assert run(FakeProvisioner(CREATE, DELETE), FLEET, "destroy", "--accept", "restart").exit_code == 4


def test_a_failure_of_terraform_is_a_message_and_a_status():
    terraform = FakeProvisioner(NOTHING)
    terraform.failure = TerraformFailed("terraform plan failed (status 1)", hint="see above")
    result = run(terraform, FLEET, "--format", "json", "plan")
    assert result.exit_code == 1
    assert envelope(result)["errors"] == [
        {"code": "terraform-failed", "message": "terraform plan failed (status 1)", "hint": "see above"}
    ]


def test_a_long_plan_has_a_line_a_module_and_what_costs_most_last():
    lost = change(
        NOTEBOOK, ["delete"], before=notebook(), address='module.notebook["a"].google_workbench_instance.this'
    )
    routes = [
        change(
            "google_compute_route",
            ["create"],
            after={"name": "r"},
            address=f"module.network[0].google_compute_route.r{i}",
        )
        for i in range(40)
    ]
    many = document(lost, *routes)
    rows = [line.split() for line in run(FakeProvisioner(many), FLEET, "plan").stdout.splitlines()]
    assert rows[1][:5] == ["create", "module.network[0]", "(40", "resources)", "none"]
    assert rows[2][:3] == ["delete", lost["address"], "destroy"]
    assert " ".join(rows[3]) == "40 to create, 1 to delete. Impact: destroy; -v names each resource."
    whole = run(FakeProvisioner(many), FLEET, "plan", "-v").stdout
    assert "module.network[0].google_compute_route.r7 " in whole
    assert "-v" not in whole
    steps = json.loads(run(FakeProvisioner(many), FLEET, "--format", "json", "plan").stdout)["data"]["steps"]
    assert [step["subject"] for step in steps] == [entry["address"] for entry in many["resource_changes"]]


@pytest.mark.parametrize("command", ["plan", "apply"])
def test_what_is_found_is_said_below_the_plan(command):
    standing = change(NOTEBOOK, ["no-op"], after=notebook(disable_public_ip=False))
    route = change("google_compute_route", ["create"], after={"name": "r"})
    said = run(FakeProvisioner(document(route, standing)), FLEET, command).output
    assert said.index("1 to create. Impact: none.") < said.index("[public-ip]")


ACCOUNT = change(
    "google_service_account",
    ["create"],
    after={"project": "nbp-quickstart", "account_id": "nb-ana"},
    address="account",
)
POLICY = change(
    "google_access_context_manager_access_policy", ["create"], after={"title": "t"}, address="policy"
)


def test_what_exists_is_taken_over_only_when_asked():
    terraform = FakeProvisioner(document(ACCOUNT))
    terraform.existing = ["account"]
    assert run(terraform, FLEET, "apply").exit_code == 1
    assert "plan" in terraform.calls
    assert not any(call.startswith("adopt") for call in terraform.calls)


def test_what_exists_is_taken_over_round_by_round():
    terraform = FakeProvisioner(document(ACCOUNT))
    terraform.existing = ["account"]
    assert run(terraform, FLEET, "apply", "--adopt").exit_code == 0
    account = "projects/nbp-quickstart/serviceAccounts/nb-ana@nbp-quickstart.iam.gserviceaccount.com"
    assert terraform.calls == ["session", "plan", "apply", f"adopt {account}", "plan", "apply"]


@pytest.mark.parametrize("arguments", [(), ("--adopt",)])
def test_nothing_is_taken_over_beside_notebooks_of_another_fleet(arguments):
    notebook_ = change(NOTEBOOK, ["create"], after={**notebook(), "location": "europe-west1-b"})
    terraform = FakeProvisioner(document(ACCOUNT, notebook_))
    terraform.existing = ["account"]
    theirs = FakeDirectory(live("ana", labels={"nbp-fleet": "other"}))
    result = run(terraform, theirs, "apply", *arguments)
    assert result.exit_code == 1
    assert "nothing was taken over: ana (of the fleet other) are there already" in result.stderr
    assert "--adopt" not in result.stderr
    assert not any(call.startswith("adopt") for call in terraform.calls)


def test_what_cannot_be_named_is_not_guessed():
    terraform = FakeProvisioner(document(POLICY))
    terraform.existing = ["policy"]
    result = run(terraform, FLEET, "apply", "--adopt", "--format", "json")
    assert result.exit_code == 1
    assert envelope(result)["errors"][0]["code"] == "already-exists"
    assert "policy cannot be taken over: Google numbers it" in result.stderr


def test_adoption_ends_when_it_does_not_help():
    terraform = FakeProvisioner(document(ACCOUNT))
    terraform.existing = ["account"] * 9
    assert run(terraform, FLEET, "apply", "--adopt").exit_code == 1
    assert terraform.calls.count("apply") == 2


@pytest.mark.parametrize("arguments", [("apply",), ("destroy", "--yes")])
def test_nothing_is_changed_while_a_notebook_is_in_the_middle_of_an_upgrade(arguments):
    at = datetime(2026, 11, 22, 2, tzinfo=UTC)
    record = Record("upgrade run", "one", "nbp-quickstart", "europe-west1-b", "ana-research", at)
    terraform = FakeProvisioner(CREATE, DELETE)
    result = run(terraform, FLEET, *arguments, records=FakeRecords(record))
    assert result.exit_code == 4
    assert "ana-research (europe-west1-b) is in the middle of 'upgrade run'" in result.stderr
    assert "carry on with: nbp upgrade run --resume" in result.stderr
    assert "apply" not in terraform.calls
    assert run(FakeProvisioner(NOTHING), FLEET, "apply", records=FakeRecords(record)).exit_code == 0
