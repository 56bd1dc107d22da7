"""Plans, without Terraform: what a configuration over a prior state becomes, and what it replaces."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notebook_provisioner.sandbox.provider import schema
from notebook_provisioner.sandbox.provider.planning import Defaults, plan
from notebook_provisioner.sandbox.provider.values import UNKNOWN, dig, is_unknown

DEFAULTS = Defaults(fields={"project": "p", "deletion_policy": "DELETE"}, labels={"team": "ml"})
WORKBENCH = schema.resource_block("google_workbench_instance")
NETWORK = schema.resource_block("google_compute_network")


def notebook(**setup):
    """A configured Workbench instance."""
    return WORKBENCH.conform({"name": "nb", "location": "us-central1-a", "gce_setup": [setup]})


def applied(block, config):
    """The state after apply: unknown values got some value."""

    def known(value):
        if isinstance(value, dict):
            return {name: known(member) for name, member in value.items()}
        if isinstance(value, list):
            return [known(member) for member in value]
        return None if is_unknown(value) else value

    return block.conform(known(plan(block, None, config, DEFAULTS).state))


def test_a_new_resource_gets_defaults_and_unknowns():
    state = plan(NETWORK, None, NETWORK.conform({"name": "n"}), DEFAULTS).state
    assert state["auto_create_subnetworks"] is True
    assert state["network_firewall_policy_enforcement_order"] == "AFTER_CLASSIC_FIREWALL"
    assert (state["project"], state["deletion_policy"]) == ("p", "DELETE")
    assert is_unknown(state["mtu"])
    assert is_unknown(state["self_link"])
    assert state["description"] is None


def test_a_name_replaces_and_a_routing_mode_does_not():
    prior = applied(NETWORK, NETWORK.conform({"name": "n", "routing_mode": "REGIONAL"}))
    config = NETWORK.conform({"name": "m", "routing_mode": "GLOBAL"})
    assert plan(NETWORK, prior, config, DEFAULTS).replace == (("name",),)


@pytest.mark.parametrize("type_name", schema.resource_types())
def test_planning_again_changes_nothing(type_name):
    block = schema.resource_block(type_name)
    values = {"string": "a", "number": 1, "bool": True}
    required = {
        name: values[attribute.type] if isinstance(attribute.type, str) else ["a"]
        for name, attribute in block.attributes.items()
        if attribute.required
    }
    config = block.conform(required)
    prior = applied(block, config)
    again = plan(block, prior, config, DEFAULTS)
    assert again.state == prior
    assert again.replace == ()


@pytest.mark.parametrize(
    ("before", "after", "replaced"),
    [
        ({"disable_public_ip": True}, {"disable_public_ip": False}, True),
        ({"tags": ["a"]}, {"tags": ["b"]}, True),
        ({"service_accounts": [{"email": "a@x"}]}, {"service_accounts": [{"email": "b@x"}]}, True),
        ({"network_interfaces": [{"network": "a"}]}, {"network_interfaces": [{"network": "b"}]}, True),
        ({"vm_image": [{"name": "a"}]}, {"vm_image": [{"name": "b"}]}, True),
        ({"boot_disk": [{"disk_type": "PD_SSD"}]}, {"boot_disk": [{"disk_type": "PD_BALANCED"}]}, True),
        ({"boot_disk": [{"kms_key": "b"}]}, {"boot_disk": [{"kms_key": "a"}]}, True),
        ({"boot_disk": [{"disk_size_gb": "150"}]}, {"boot_disk": [{"disk_size_gb": "160"}]}, False),
        ({"data_disks": [{"disk_encryption": "GMEK"}]}, {"data_disks": [{"disk_encryption": "CMEK"}]}, True),
        ({}, {"confidential_instance_config": [{"confidential_instance_type": "SEV"}]}, True),
        ({"machine_type": "e2-standard-4"}, {"machine_type": "e2-standard-8"}, False),
        ({"metadata": {}}, {"metadata": {"install-nvidia-driver": "true"}}, True),
        ({"metadata": {"serial-port-logging-enable": "true"}}, {"metadata": {}}, False),
        ({"metadata": {}}, {"metadata": {"notebook-disable-root": "true"}}, False),
    ],
)
def test_what_replaces_a_notebook(before, after, replaced):
    prior = applied(WORKBENCH, notebook(**before))
    assert bool(plan(WORKBENCH, prior, notebook(**after), DEFAULTS).replace) is replaced


def test_metadata_that_workbench_owns_is_no_difference():
    prior = applied(WORKBENCH, notebook(metadata={"idle-timeout-seconds": "60"}))
    added = {"proxy-mode": "service_account", "enable-oslogin": "TRUE", "enable-jupyterlab4": "true"}
    prior["gce_setup"][0]["metadata"] |= added
    config = notebook(metadata={"idle-timeout-seconds": "60", "proxy-mode": "mail"})
    assert plan(WORKBENCH, prior, config, DEFAULTS).state == prior
    config = notebook(metadata={"idle-timeout-seconds": "90"})
    changed = plan(WORKBENCH, prior, config, DEFAULTS).state
    assert dig(changed, ("gce_setup", 0, "metadata")) == {"idle-timeout-seconds": "90", **added}


def test_labels_are_known_when_planned_and_others_labels_stay():
    state = plan(WORKBENCH, None, notebook() | {"labels": {"env": "prod"}}, DEFAULTS).state
    ours = {"team": "ml", "env": "prod", "goog-terraform-provisioned": "true"}
    assert state["terraform_labels"] == state["effective_labels"] == ours
    prior = applied(WORKBENCH, notebook() | {"labels": {"env": "prod"}})
    prior["effective_labels"] = {**ours, "consumer": "added"}
    state = plan(WORKBENCH, prior, notebook() | {"labels": {"env": "test"}}, DEFAULTS).state
    assert state["effective_labels"] == {**ours, "env": "test", "consumer": "added"}
    assert state["terraform_labels"] == {**ours, "env": "test"}


def test_unknown_labels_make_unknown_sums():
    state = plan(WORKBENCH, None, notebook() | {"labels": UNKNOWN}, DEFAULTS).state
    assert is_unknown(state["terraform_labels"])
    assert is_unknown(state["effective_labels"])


@given(st.permutations(["tcp", "udp", "icmp", "esp"]))
def test_the_order_of_a_set_is_no_difference(order):
    block = schema.resource_block("google_compute_firewall")

    def firewall(protocols):
        allowed = [{"protocol": protocol, "ports": None} for protocol in protocols]
        return block.conform({"name": "f", "network": "n", "allow": allowed})

    prior = applied(block, firewall(["tcp", "udp", "icmp", "esp"]))
    assert plan(block, prior, firewall(order), DEFAULTS).state == prior


def test_one_changed_element_leaves_the_others_of_a_set_in_place():
    block = schema.resource_block("google_compute_firewall")

    def firewall(*ports):
        allowed = [{"protocol": "tcp", "ports": [port]} for port in ports]
        return block.conform({"name": "f", "network": "n", "allow": allowed})

    prior = applied(block, firewall("80", "443"))
    planned = plan(block, prior, firewall("443", "8080"), DEFAULTS).state
    assert [element["ports"] for element in planned["allow"]] == [["443"], ["8080"]]


@pytest.mark.parametrize(
    "stored",
    [
        "https://www.googleapis.com/compute/v1/projects/p/global/networks/n",
        "projects/p/global/networks/n",
    ],
)
@pytest.mark.parametrize(
    ("configured", "same"), [("n", True), ("projects/p/global/networks/n", True), ("m", False)]
)
def test_forms_of_a_link(stored, configured, same):
    block = schema.resource_block("google_compute_route")
    prior = applied(block, block.conform({"name": "r", "network": stored}))
    planned = plan(block, prior, block.conform({"name": "r", "network": configured}), DEFAULTS)
    assert (planned.state["network"] == stored) is same
    assert (planned.replace == ()) is same


def test_a_list_of_links_may_grow():
    policies = ["projects/p/regions/r/resourcePolicies/a"]
    prior = applied(WORKBENCH, notebook(data_disks=[{"resource_policies": []}]))
    config = notebook(data_disks=[{"resource_policies": policies}])
    (setup,) = plan(WORKBENCH, prior, config, DEFAULTS).state["gce_setup"]
    assert setup["data_disks"][0]["resource_policies"] == policies
