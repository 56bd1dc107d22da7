"""Configurations that hashicorp/google rejects, and the words it has for them."""

import pytest

from notebook_provisioner.sandbox.provider import schema
from notebook_provisioner.sandbox.provider.validation import validate
from notebook_provisioner.sandbox.provider.values import UNKNOWN

NOTEBOOK = {"name": "nb", "location": "us-central1-a"}
ROUTE = {"name": "r", "network": "n", "dest_range": "0.0.0.0/0"}


def problems(type_name, **config):
    block = schema.resource_block(type_name)
    return [
        (problem.path, f"{problem.summary} {problem.detail}")
        for problem in validate(block, block.conform(config))
    ]


@pytest.mark.parametrize(
    ("type_name", "config", "path", "words"),
    [
        ("google_workbench_instance", NOTEBOOK | {"state": "ACTIVE"}, ("state",), "Can't configure a value"),
        (
            "google_workbench_instance",
            NOTEBOOK | {"gce_setup": [{"boot_disk": [{"disk_type": "FLOPPY"}]}]},
            ("gce_setup", 0, "boot_disk", 0, "disk_type"),
            'expected disk_type to be one of ["PD_STANDARD"',
        ),
        (
            "google_workbench_instance",
            NOTEBOOK | {"gce_setup": [{"accelerator_configs": [{"type": "GPU"}]}]},
            ("gce_setup", 0, "accelerator_configs", 0, "type"),
            "NVIDIA_TESLA_T4",
        ),
        ("google_compute_route", ROUTE, ("next_hop_gateway",), "one of `next_hop_gateway"),
        (
            "google_compute_route",
            ROUTE | {"next_hop_ip": "10.0.0.1", "next_hop_gateway": "g"},
            ("next_hop_gateway",),
            "only one of",
        ),
        (
            "google_compute_route",
            ROUTE | {"name": "Not_A_Name", "next_hop_ip": "10.0.0.1"},
            ("name",),
            "doesn't match regexp",
        ),
        (
            "google_compute_subnetwork",
            {"name": "s", "network": "n", "ip_cidr_range": "10.0.0.0"},
            ("ip_cidr_range",),
            "not a valid IP CIDR range",
        ),
        ("google_service_account", {"account_id": "robot"}, ("account_id",), "between 6 and 30 characters"),
        (
            "google_project_iam_member",
            {"project": "p", "role": "roles/viewer", "member": "ana"},
            ("member",),
            "TYPE:IDENTITY",
        ),
        (
            "google_kms_crypto_key",
            {"name": "k", "key_ring": "r", "rotation_period": "3600s"},
            ("rotation_period",),
            "greater than one day",
        ),
        (
            "google_dns_record_set",
            {"managed_zone": "z", "name": "example.com", "type": "A", "rrdatas": ["10.0.0.1"]},
            ("name",),
            "doesn't end with",
        ),
        (
            "google_storage_bucket_object",
            {"bucket": "b", "name": "o"},
            ("content",),
            "one of `content,source` must be specified",
        ),
        (
            "google_project_iam_custom_role",
            {"role_id": "prune", "title": "t", "permissions": []},
            ("permissions",),
            "requires 1 item minimum",
        ),
        (
            "google_monitoring_dashboard",
            {"dashboard_json": "{"},
            ("dashboard_json",),
            "invalid JSON",
        ),
    ],
)
def test_rejected(type_name, config, path, words):
    found = problems(type_name, **config)
    assert [at for at, _ in found] == [path], found
    assert words in found[0][1]


def test_everything_that_is_wrong_is_said_at_once():
    found = problems(
        "google_compute_subnetwork", name="BAD", network="n", ip_cidr_range="x", stack_type="IPV5"
    )
    assert {path for path, _ in found} == {("name",), ("ip_cidr_range",), ("stack_type",)}


@pytest.mark.parametrize("value", [None, UNKNOWN])
def test_what_is_not_known_is_not_rejected(value):
    assert problems("google_compute_route", **ROUTE, next_hop_gateway=UNKNOWN, priority=value) == []


def test_an_unknown_member_of_a_group_suspends_the_group():
    config = {"name": "b", "location": "EU", "website": UNKNOWN}
    assert problems("google_storage_bucket", **config) == []
