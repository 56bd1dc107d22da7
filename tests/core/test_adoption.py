"""An import id follows from what was planned, or is not guessed."""

import string

import pytest
from plan_documents import change, document

from notebook_provisioner.core import adoption
from notebook_provisioner.core.errors import AlreadyExists
from notebook_provisioner.core.terraform_plan import read


def ids(*entries, addresses=None):
    changes = read(document(*entries)).changes
    return adoption.import_ids(addresses or [entry["address"] for entry in entries], changes)


def test_ids_are_built_from_planned_attributes():
    network = change("google_compute_network", ["create"], after={"project": "p-one", "name": "n"})
    record = change(
        "google_dns_record_set",
        ["create"],
        after={"project": "p-one", "managed_zone": "z", "name": "a.example.", "type": "A", "ttl": 300},
    )
    assert ids(network, record) == {
        "google_compute_network.this": "projects/p-one/global/networks/n",
        "google_dns_record_set.this": "projects/p-one/managedZones/z/rrsets/a.example./A",
    }


def test_a_number_is_part_of_an_id():
    known = {"project": "p-one", "firewall_policy": "egress", "priority": 900}
    rule = change("google_compute_network_firewall_policy_rule", ["create"], after=known)
    identity = "projects/p-one/global/firewallPolicies/egress/rules/900"
    assert ids(rule) == {"google_compute_network_firewall_policy_rule.this": identity}


def test_only_what_was_to_be_created_and_failed_is_taken_over():
    network = change("google_compute_network", ["update"], before={}, after={"project": "p-one", "name": "n"})
    other = change("google_compute_route", ["create"], after={"project": "p-one", "name": "r"})
    assert ids(network, other, addresses=["google_compute_network.this"]) == {}


def test_an_attribute_that_nobody_knows_yet_makes_no_id():
    assert ids(change("google_compute_network", ["create"], after={"project": "p-one", "name": None})) == {}


def test_what_has_no_import_says_why():
    policy = change("google_access_context_manager_access_policy", ["create"], after={"title": "t"})
    network = change("google_compute_network", ["create"], after={"project": "p-one", "name": "n"})
    changes = read(document(policy, network)).changes
    assert ids(policy) == {}
    address = "google_access_context_manager_access_policy.this"
    assert adoption.obstacles([address, "google_compute_network.this"], changes) == {
        address: adoption.WITHOUT_IMPORT["google_access_context_manager_access_policy"]
    }
    assert adoption.obstacles([], changes) == {}


def test_what_stands_in_a_shared_policy_is_taken_over_from_oneself_only():
    kind = "google_access_context_manager_access_level"
    ours = {"name": "accessPolicies/1/accessLevels/nbp_research_office", "description": "projects/1"}

    def adopted(before, action="update"):
        return read(document(change(kind, [action], before=before, after=ours))).changes

    adoption.require_own([f"{kind}.this"], adopted({**ours, "title": "renamed by hand"}))
    adoption.require_own([], adopted({**ours, "description": "projects/2"}))
    for theirs in ({**ours, "description": "projects/2"}, {"name": ours["name"]}):
        with pytest.raises(AlreadyExists, match="nbp_research_office are somebody else's"):
            adoption.require_own([f"{kind}.this"], adopted(theirs))


@pytest.mark.parametrize(
    "shape", [lambda labels: {"effective_labels": labels}, lambda labels: {"policy": [{"labels": labels}]}]
)
def test_what_bears_the_label_of_another_fleet_is_not_taken_over(shape):
    def adopted(fleet):
        labels = {} if fleet is None else {"nbp-fleet": fleet}
        after = {"name": "ana", **shape({"nbp-fleet": "ours"})}
        entry = change(
            "google_storage_bucket", ["update"], before={"name": "ana", **shape(labels)}, after=after
        )
        return read(document(entry)).changes

    address = "google_storage_bucket.this"
    adoption.require_own([address], adopted("ours"))
    adoption.require_own([address], adopted(None))
    adoption.require_own([], adopted("theirs"))
    with pytest.raises(AlreadyExists, match="ana are somebody else's"):
        adoption.require_own([address], adopted("theirs"))


def test_templates_name_attributes_only():
    for template in adoption.IMPORT_IDS.values():
        assert all(
            name and name.isidentifier() for _, name, _, _ in string.Formatter().parse(template) if name
        )
