"""Changes of one instance, against the sandbox and its faults."""

import time

import pytest
from snapshot_documents import Control

from notebook_provisioner.adapters.google.rest import Rest
from notebook_provisioner.adapters.google.session import Target
from notebook_provisioner.adapters.google.workbench_changes import WorkbenchInstance
from notebook_provisioner.core.procedures import Busy, Declined, Gone, Unanswered

pytestmark = [pytest.mark.network, pytest.mark.usefixtures("socket_enabled")]

ZONE = "europe-west1-b"


@pytest.fixture
def control(connection):
    control = Control(connection.url, connection.token)
    control.ask("POST", "sandbox/v1/reset", {})
    control.clear()
    compute = "compute/v1/projects/p-one"
    network, subnet = (
        "projects/p-one/global/networks/one",
        "projects/p-one/regions/europe-west1/subnetworks/one",
    )
    control.ask("POST", f"{compute}/global/networks", {"name": "one", "autoCreateSubnetworks": False})
    addresses = {"name": "one", "network": network, "ipCidrRange": "10.0.0.0/24"}
    control.ask("POST", f"{compute}/regions/europe-west1/subnetworks", addresses)
    setup = {
        "machineType": "e2-standard-4",
        "vmImage": {"project": "cloud-notebooks-managed", "family": "workbench-instances-2603"},
        "networkInterfaces": [{"network": network, "subnet": subnet}],
        "metadata": {"idle-timeout-seconds": "600"},
    }
    path = f"notebooks/v2/projects/p-one/locations/{ZONE}/instances?instanceId=alpha"
    control.ask("POST", path, {"gceSetup": setup})
    return control


@pytest.fixture
def instance(connection, control):
    del control
    rest = Rest(Target(url=connection.url, token=connection.token), patience=5, first_pause=0.01)
    found = WorkbenchInstance(rest, "p-one", ZONE, "alpha")
    until(found, "ACTIVE")
    return found


def until(instance, state):
    for _ in range(3000):
        if instance.get()["state"] == state:
            return
        time.sleep(0.02)
    raise AssertionError(f"it is not {state}: {instance.get()}")


def test_stop_and_start(instance):
    operation = instance.stop()
    until(instance, "STOPPED")
    assert instance.operation(operation).done
    instance.start()
    until(instance, "ACTIVE")


def test_metadata_keys_are_changed_and_taken_away_and_the_others_stay(instance):
    before = instance.get()["gceSetup"]["metadata"]
    changes = {"post-startup-script-behavior": "run_once", "idle-timeout-seconds": None}
    operation = instance.change_metadata(before, changes)
    while not instance.operation(operation).done:
        time.sleep(0.02)
    found = instance.get()["gceSetup"]["metadata"]
    assert found == {key: value for key, value in before.items() if key != "idle-timeout-seconds"} | {
        "post-startup-script-behavior": "run_once"
    }


def test_labels_and_metadata_are_changed_at_once(instance):
    before = instance.get()
    kept = {key: before["gceSetup"]["metadata"][key] for key in ("idle-timeout-seconds",)}
    operation = instance.change({"team": "a"}, {**dict.fromkeys(kept, ""), "jupyter-user": "ana"})
    while not instance.operation(operation).done:
        time.sleep(0.02)
    after = instance.get()
    assert after["labels"] == before["labels"] | {"team": "a"}
    assert "idle-timeout-seconds" not in after["gceSetup"]["metadata"]
    assert after["gceSetup"]["metadata"]["jupyter-user"] == "ana"


@pytest.mark.parametrize(
    ("rule", "raised"),
    [
        ({"kind": "status", "status": 409, "message": "Unable to queue the operation"}, Busy),
        ({"kind": "status", "status": 429}, Busy),
        ({"kind": "status", "status": 503}, Unanswered),
        ({"kind": "drop-before"}, Unanswered),
        ({"kind": "drop-after"}, Unanswered),
        ({"kind": "status", "status": 403}, Declined),
        ({"kind": "status", "status": 400}, Declined),
    ],
)
def test_a_change_is_sent_once_whatever_comes_back(instance, control, rule, raised):
    control.ask("DELETE", "sandbox/v1/requests")
    control.fault(method="notebooks.*.stop", count=1, **rule)
    with pytest.raises(raised):
        instance.stop()
    assert control.counts()["notebooks.projects.locations.instances.stop"] == 1


def test_reading_goes_on_through_trouble(instance, control):
    control.fault(method="notebooks.*.get", kind="status", status=503, count=2)
    assert instance.get()["state"] == "ACTIVE"


def test_a_failed_operation_says_why(instance, control):
    control.fault(method="notebooks.*.stop", kind="failed-operation", status=503, message="stockout", count=1)
    operation = instance.stop()
    for _ in range(3000):
        if instance.operation(operation).done:
            break
        time.sleep(0.02)
    assert instance.operation(operation).error == "stockout"


def test_an_instance_that_is_not_there(connection, control):
    del control
    rest = Rest(Target(url=connection.url, token=connection.token))
    with pytest.raises(Gone):
        WorkbenchInstance(rest, "p-one", ZONE, "nobody").get()
