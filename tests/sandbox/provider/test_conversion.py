"""Between Terraform's state and the API's JSON."""

import pytest

from notebook_provisioner.sandbox.provider import schema
from notebook_provisioner.sandbox.provider.conversion import Converter, coerce
from notebook_provisioner.sandbox.provider.mapping import ImportIdError, fill, parse_identity
from notebook_provisioner.sandbox.provider.registry import definitions
from notebook_provisioner.sandbox.provider.settings import NoEndpoint, Settings

SETTINGS = Settings(project="p", region="r")


def converter(type_name):
    return Converter(schema.resource_block(type_name), definitions()[type_name].row.fields)


def test_renamed_nested_and_local_fields():
    block = schema.resource_block("google_storage_bucket")
    state = block.conform(
        {
            "name": "b",
            "location": "EU",
            "project": "p",
            "force_destroy": True,
            "uniform_bucket_level_access": True,
            "public_access_prevention": "enforced",
            "requester_pays": False,
            "effective_labels": {"a": "b"},
            "versioning": [{"enabled": True}],
        }
    )
    body = converter("google_storage_bucket").body(state)
    assert body == {
        "name": "b",
        "location": "EU",
        "labels": {"a": "b"},
        "iamConfiguration": {
            "uniformBucketLevelAccess": {"enabled": True},
            "publicAccessPrevention": "enforced",
        },
        "billing": {"requesterPays": False},
        "versioning": {"enabled": True},
    }


def test_a_changed_resource_shows_in_the_state():
    convert = converter("google_compute_network")
    known = schema.resource_block("google_compute_network").conform(
        {"name": "n", "mtu": 1460, "delete_default_routes_on_create": True, "project": "p"}
    )
    state = convert.state(
        {"name": "n", "id": "42", "mtu": 1500, "routingConfig": {"routingMode": "GLOBAL"}}, known
    )
    assert (state["mtu"], state["routing_mode"], state["network_id"]) == (1500, "GLOBAL", "42")
    assert state["delete_default_routes_on_create"] is True


def test_labels_of_others_are_effective_only():
    convert = converter("google_pubsub_topic")
    known = schema.resource_block("google_pubsub_topic").conform(
        {
            "name": "t",
            "labels": {"a": "1", "gone": "x"},
            "terraform_labels": {"a": "1", "gone": "x", "team": "ml"},
        }
    )
    state = convert.state({"labels": {"a": "2", "team": "ml", "other": "o"}}, known)
    assert state["labels"] == {"a": "2"}
    assert state["terraform_labels"] == {"a": "2", "team": "ml"}
    assert state["effective_labels"] == {"a": "2", "team": "ml", "other": "o"}


def test_sets_keep_their_order():
    convert = converter("google_compute_firewall")
    known = schema.resource_block("google_compute_firewall").conform(
        {"name": "f", "destination_ranges": ["b", "a"], "allow": [{"protocol": "udp"}, {"protocol": "tcp"}]}
    )
    api = {"destinationRanges": ["a", "b"], "allowed": [{"IPProtocol": "tcp"}, {"IPProtocol": "udp"}]}
    state = convert.state(api, known)
    assert state["destination_ranges"] == ["b", "a"]
    assert [rule["protocol"] for rule in state["allow"]] == ["udp", "tcp"]


@pytest.mark.parametrize(
    ("constraint", "value", "expected"),
    [
        ("number", "42", 42),
        ("number", "0.5", 0.5),
        ("string", 42, "42"),
        ("bool", "true", True),
        (["list", "number"], ["1", "2"], [1, 2]),
        (["map", "string"], {"a": 1}, {"a": "1"}),
        (["list", ["object", {"some_name": "string"}]], [{"someName": "x"}], [{"some_name": "x"}]),
        ("string", None, None),
    ],
)
def test_types(constraint, value, expected):
    assert coerce(constraint, value) == expected


def test_paths_take_the_last_part_of_links_and_fall_back_to_the_provider():
    template = "projects/{project}/regions/{region}/routers/{router}"
    state = {"region": None, "router": "https://x/compute/v1/projects/p/regions/r/routers/rt"}
    assert fill(template, state, SETTINGS) == "projects/p/regions/r/routers/rt"
    assert fill("b/{bucket}/o/{%name}", {"bucket": "b", "name": "a/b c"}, SETTINGS) == "b/b/o/a%2Fb%20c"
    with pytest.raises(
        ValueError, match="zone is not set: give it in the resource, the provider block or GOOGLE_ZONE"
    ):
        fill("{zone}", {}, SETTINGS)


@pytest.mark.parametrize(
    "text",
    [
        "projects/p/locations/l/instances/n",
        "https://notebooks.googleapis.com/v2/projects/p/locations/l/instances/n",
        "p/l/n",
        "l/n",
    ],
)
def test_import_ids(text):
    template = "projects/{project}/locations/{location}/instances/{name}"
    assert parse_identity(template, text, SETTINGS) == {"project": "p", "location": "l", "name": "n"}


def test_import_ids_of_a_form_of_their_own():
    assert parse_identity("{name}", "p n", SETTINGS, others=("{project} {name}",)) == {
        "project": "p",
        "name": "n",
    }


def test_an_import_id_that_fits_nothing_says_what_would():
    with pytest.raises(ImportIdError, match=r"projects/\{project\}/global/networks/\{name\}"):
        parse_identity("projects/{project}/global/networks/{name}", "a/b/c/d", SETTINGS)


def test_the_provider_block_goes_before_the_environment():
    config = {"project": "block", "compute_custom_endpoint": "http://127.0.0.1:1/compute/v1"}
    environment = {"GOOGLE_PROJECT": "environment", "GOOGLE_REGION": "r", "GOOGLE_DNS_CUSTOM_ENDPOINT": ""}
    settings = Settings.read(config, environment)
    assert (settings.project, settings.region) == ("block", "r")
    assert settings.endpoint("compute") == "http://127.0.0.1:1/compute/v1/"
    with pytest.raises(NoEndpoint, match="GOOGLE_DNS_CUSTOM_ENDPOINT"):
        settings.endpoint("dns")
