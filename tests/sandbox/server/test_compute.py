"""Compute v1: what its resources do to each other."""

import pytest
from sandbox_server import COMPUTE, REGION, ZONE

NETWORK = f"{COMPUTE}/global/networks/net"
SUBNETWORK = f"{COMPUTE}/regions/{REGION}/subnetworks/sub"
INSTANCES = f"{COMPUTE}/zones/{ZONE}/instances"
DISKS = f"{COMPUTE}/zones/{ZONE}/disks"


def make_vm(local, name="vm", **fields):
    body = {
        "name": name,
        "machineType": f"zones/{ZONE}/machineTypes/e2-standard-2",
        "disks": [
            {
                "boot": True,
                "autoDelete": True,
                "initializeParams": {"sourceImage": "projects/debian-cloud/global/images/family/debian-12"},
            }
        ],
        "networkInterfaces": [{"subnetwork": f"regions/{REGION}/subnetworks/sub"}],
        **fields,
    }
    local.do("POST", INSTANCES, body)
    return local.do("GET", f"{INSTANCES}/{name}")


def test_a_network_in_use_stays(local):
    local.network()
    status, answer = local.ask("DELETE", NETWORK)
    assert status == 400
    assert answer["error"]["errors"][0]["reason"] == "resourceInUseByAnotherResource"
    local.do("DELETE", SUBNETWORK)
    local.do("DELETE", NETWORK)
    assert "items" not in local.do("GET", f"{COMPUTE}/global/routes")


def test_a_subnetwork_needs_its_network_and_room(local):
    body = {"name": "sub", "network": "global/networks/none", "ipCidrRange": "10.0.0.0/24"}
    status, answer = local.ask("POST", f"{COMPUTE}/regions/{REGION}/subnetworks", body)
    assert status == 400
    assert "'resource.network'" in answer["error"]["message"]
    assert "The referenced network resource cannot be found." in answer["error"]["message"]
    local.network()
    overlapping = {"name": "two", "network": "global/networks/net", "ipCidrRange": "10.0.0.128/25"}
    status, answer = local.ask("POST", f"{COMPUTE}/regions/{REGION}/subnetworks", overlapping)
    assert "conflicts with existing subnetwork 'sub'" in answer["error"]["message"]


def test_a_subnetwork_is_patched_with_its_fingerprint_only(local):
    local.network()
    subnetwork = local.do("GET", SUBNETWORK)
    assert (subnetwork["gatewayAddress"], subnetwork["privateIpGoogleAccess"]) == ("10.0.0.1", False)
    change = {"privateIpGoogleAccess": True}
    status, answer = local.ask("PATCH", SUBNETWORK, change)
    assert (status, answer["error"]["errors"][0]["reason"]) == (412, "conditionNotMet")
    local.do("PATCH", SUBNETWORK, change | {"fingerprint": subnetwork["fingerprint"]})
    changed = local.do("GET", SUBNETWORK)
    assert changed["privateIpGoogleAccess"]
    assert changed["fingerprint"] != subnetwork["fingerprint"]


def test_a_vm_brings_its_disk_and_takes_it_along(local):
    local.network()
    vm = make_vm(local)
    assert vm["status"] == "RUNNING"
    assert vm["networkInterfaces"][0]["networkIP"] == "10.0.0.2"
    assert "accessConfigs" not in vm["networkInterfaces"][0]
    disk = local.do("GET", f"{DISKS}/vm")
    assert disk["users"] == [vm["selfLink"]]
    status, answer = local.ask("DELETE", f"{DISKS}/vm")
    assert (status, answer["error"]["errors"][0]["reason"]) == (400, "resourceInUseByAnotherResource")
    local.do("DELETE", f"{INSTANCES}/vm")
    assert local.ask("GET", f"{DISKS}/vm")[0] == 404


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        (
            "machineType",
            f"zones/{ZONE}/machineTypes/x9-huge",
            "Machine type with name 'x9-huge' does not exist",
        ),
        ("networkInterfaces", [{"subnetwork": "regions/us-central1/subnetworks/sub"}], "cannot be found"),
        ("disks", [], "Boot disk must be specified"),
        ("metadata", {"items": [{"key": "a b", "value": ""}]}, "Must be a match of regex"),
    ],
)
def test_a_vm_is_refused_whole(local, field, value, message):
    local.network()
    with pytest.raises(AssertionError, match=message):
        make_vm(local, **{field: value})
    assert "items" not in local.do("GET", INSTANCES)
    assert "items" not in local.do("GET", DISKS)


def test_metadata_needs_the_current_fingerprint(local):
    local.network()
    vm = make_vm(local)
    change = {"items": [{"key": "a", "value": "b"}]}
    assert local.ask("POST", f"{INSTANCES}/vm/setMetadata", change)[0] == 412
    local.do("POST", f"{INSTANCES}/vm/setMetadata", change | {"fingerprint": vm["metadata"]["fingerprint"]})
    assert (
        local.ask(
            "POST", f"{INSTANCES}/vm/setMetadata", change | {"fingerprint": vm["metadata"]["fingerprint"]}
        )[0]
        == 412
    )
    assert local.do("GET", f"{INSTANCES}/vm")["metadata"]["items"] == change["items"]


def test_labels_need_the_current_fingerprint(local):
    local.network()
    vm = make_vm(local)
    stale = {"labels": {"a": "b"}, "labelFingerprint": "AAAAAAAAAAA="}
    assert local.ask("POST", f"{INSTANCES}/vm/setLabels", stale)[0] == 412
    local.do("POST", f"{INSTANCES}/vm/setLabels", stale | {"labelFingerprint": vm["labelFingerprint"]})
    assert local.do("GET", f"{INSTANCES}?filter=labels.a%3Db")["items"][0]["name"] == "vm"


def test_states_follow_start_stop_suspend_and_reset(local):
    local.network()
    make_vm(local)
    for verb, status in (
        ("stop", "TERMINATED"),
        ("start", "RUNNING"),
        ("reset", "RUNNING"),
        ("suspend", "SUSPENDED"),
        ("resume", "RUNNING"),
    ):
        local.do("POST", f"{INSTANCES}/vm/{verb}")
        assert local.do("GET", f"{INSTANCES}/vm")["status"] == status
    status, answer = local.ask(
        "POST", f"{INSTANCES}/vm/setMachineType", {"machineType": "zones/z/machineTypes/e2-standard-4"}
    )
    assert status == 400
    assert "must be stopped" in answer["error"]["message"]


def test_disks_attach_detach_resize_and_snapshot(local):
    local.network()
    make_vm(local)
    local.do("POST", DISKS, {"name": "data", "sizeGb": "20", "type": f"zones/{ZONE}/diskTypes/pd-ssd"})
    local.do(
        "POST", f"{INSTANCES}/vm/attachDisk", {"source": f"zones/{ZONE}/disks/data", "deviceName": "data"}
    )
    local.do("POST", f"{DISKS}/data/resize", {"sizeGb": "30"})
    assert local.do("GET", f"{INSTANCES}/vm")["disks"][1]["diskSizeGb"] == "30"
    assert local.ask("POST", f"{DISKS}/data/resize", {"sizeGb": "10"})[0] == 400
    local.do("POST", f"{DISKS}/data/createSnapshot", {"name": "snap", "labels": {"a": "b"}})
    snapshot = local.do("GET", f"{COMPUTE}/global/snapshots/snap")
    disk = local.do("GET", f"{DISKS}/data")
    assert (snapshot["status"], snapshot["sourceDisk"], snapshot["sourceDiskId"]) == (
        "READY",
        disk["selfLink"],
        disk["id"],
    )
    local.do("POST", f"{INSTANCES}/vm/detachDisk?deviceName=data")
    local.do("DELETE", f"{DISKS}/data")
    local.do("POST", DISKS, {"name": "again", "sourceSnapshot": "global/snapshots/snap"})
    assert local.do("GET", f"{DISKS}/again")["sizeGb"] == "30"
    local.do("DELETE", f"{COMPUTE}/global/snapshots/snap")


def test_deletion_protection_holds(local):
    local.network()
    make_vm(local, deletionProtection=True)
    assert local.ask("DELETE", f"{INSTANCES}/vm")[0] == 400
    local.do("POST", f"{INSTANCES}/vm/setDeletionProtection?deletionProtection=false")
    local.do("DELETE", f"{INSTANCES}/vm")


def test_guest_attributes_and_serial_output_are_what_was_loaded(local):
    local.network()
    make_vm(local, metadata={"items": [{"key": "enable-guest-attributes", "value": "TRUE"}]})
    place = f"compute/projects/lab/zones/{ZONE}/instances/vm"
    local.do_load(
        f"{place}/guestAttributes", [{"name": "nbp/status", "value": "DONE"}, {"name": "x/y", "value": "1"}]
    )
    local.do_load(f"{place}/serialPorts", [{"name": "1", "contents": "hello\n"}])
    attributes = local.do("GET", f"{INSTANCES}/vm/getGuestAttributes?queryPath=nbp/")
    assert attributes["queryValue"]["items"] == [{"namespace": "nbp", "key": "status", "value": "DONE"}]
    assert (
        local.do("GET", f"{INSTANCES}/vm/getGuestAttributes?variableKey=nbp/status")["variableValue"]
        == "DONE"
    )
    assert local.ask("GET", f"{INSTANCES}/vm/getGuestAttributes?queryPath=other/")[0] == 404
    output = local.do("GET", f"{INSTANCES}/vm/serialPort?port=1&start=2")
    assert (output["contents"], output["next"]) == ("llo\n", "6")


def test_routers_keep_their_nats_and_addresses_their_users(local):
    local.network()
    local.do("POST", f"{COMPUTE}/regions/{REGION}/addresses", {"name": "out"})
    address = f"{COMPUTE}/regions/{REGION}/addresses/out"
    nat = {
        "name": "nat",
        "natIpAllocateOption": "MANUAL_ONLY",
        "natIps": [f"projects/lab/regions/{REGION}/addresses/out"],
        "sourceSubnetworkIpRangesToNat": "ALL_SUBNETWORKS_ALL_IP_RANGES",
    }
    routers = f"{COMPUTE}/regions/{REGION}/routers"
    local.do("POST", routers, {"name": "ro", "network": "global/networks/net", "nats": [nat]})
    stored = local.do("GET", f"{routers}/ro")["nats"][0]
    assert stored["natIps"] == [local.do("GET", address)["selfLink"]]
    assert local.ask("DELETE", address)[0] == 400
    local.do("PATCH", f"{routers}/ro", {"nats": [nat | {"natIpAllocateOption": "AUTO_ONLY", "natIps": None}]})
    assert "natIps" not in local.do("GET", f"{routers}/ro")["nats"][0]
    local.do("DELETE", address)


def test_images_are_found_by_family_in_each_way(local):
    images = "compute/v1/projects/cloud-notebooks-managed"
    newest = local.do("GET", f"{images}/global/images/family/workbench-instances")
    assert newest["name"] == "workbench-instances-v20260701"
    view = local.do("GET", f"{images}/zones/-/imageFamilyViews/workbench-instances")
    assert view["image"] == newest
    assert local.ask("GET", f"{images}/global/images/family/none")[0] == 404


def test_the_catalog_pages_filters_and_aggregates(local):
    types = local.do(
        "GET", f"{COMPUTE}/zones/{ZONE}/machineTypes?filter=name%20%3D%20e2-standard-*&maxResults=2"
    )
    assert len(types["items"]) == 2
    assert types["nextPageToken"]
    assert local.do("GET", f"{COMPUTE}/zones/{ZONE}")["region"].endswith(f"regions/{REGION}")
    scopes = local.do("GET", f"{COMPUTE}/aggregated/acceleratorTypes?filter=name%3Dnvidia-l4")["items"]
    assert scopes[f"zones/{ZONE}"]["acceleratorTypes"][0]["maximumCardsPerInstance"] == 8
