"""VM instances: made, started, stopped, deleted."""

import re
from typing import TYPE_CHECKING

from notebook_provisioner.sandbox.server import crud
from notebook_provisioner.sandbox.server.clock import rfc3339_compute
from notebook_provisioner.sandbox.server.context import fingerprint
from notebook_provisioner.sandbox.server.errors import ApiError, already_exists, invalid
from notebook_provisioner.sandbox.server.guests import boots
from notebook_provisioner.sandbox.server.service import Resource
from notebook_provisioner.sandbox.server.services.compute import disks, interfaces, metadata, places
from notebook_provisioner.sandbox.server.services.compute.api import (
    ROOT,
    SERVICE,
    absolute,
    key_of,
    require,
    store_new,
)
from notebook_provisioner.sandbox.server.store import Document, Key

if TYPE_CHECKING:
    from notebook_provisioner.sandbox.server.call import Call
    from notebook_provisioner.sandbox.server.context import Context

_CUSTOM_TYPE = re.compile(r"^(?:[a-z0-9]+-)?custom-\d+-\d+(?:-ext)?$")


def create(context: "Context", key: Key, instance: Document) -> Document:
    """Make the VM under *key* from an insert request, with the disks and addresses that it asks for.

    The VM is ``PROVISIONING``; `running` is what follows.

    Raises:
        ApiError: 409 for a taken name, 400 for what it refers to and is not there.
    """
    if context.store.get(key) is not None:
        raise already_exists(key.name)
    _, project, _, zone = key.collection.split("/")[:4]
    instance |= absolute(instance, project)
    instance["name"] = key.id
    _check_machine_type(instance, project, zone)
    metadata.check_keys(instance.get("metadata", {}))
    instance["metadata"] = metadata.as_stored(instance.get("metadata", {}))
    tags = instance.get("tags", {}).get("items", [])
    instance["tags"] = {"fingerprint": fingerprint(tags)} | ({"items": tags} if tags else {})
    instance["networkInterfaces"] = [
        interfaces.interface(context, project, zone, nic, index)
        for index, nic in enumerate(instance.get("networkInterfaces") or [{}])
    ]
    instance["disks"] = [
        _disk(context, key, disk, index) for index, disk in enumerate(instance.get("disks", []))
    ]
    if not any(disk["boot"] for disk in instance["disks"]):
        raise invalid(
            "Invalid value for field 'resource.disks': ''. Boot disk must be specified.", reason="required"
        )
    _fill_in(instance, project, zone)
    store_new(context, "Instance", key, instance)
    for disk in instance["disks"]:
        disks.set_user(context, key_of(disk["source"], project), instance["selfLink"], attached=True)
    return instance


def _fill_in(instance: Document, project: str, zone: str) -> None:
    root = f"{ROOT}projects/{project}/zones/{zone}"
    instance |= {"status": "PROVISIONING", "cpuPlatform": "Intel Broadwell", "startRestricted": False}
    for flag in ("canIpForward", "deletionProtection"):
        instance.setdefault(flag, False)
    scheduling = instance.setdefault("scheduling", {})
    for name, value in {
        "onHostMaintenance": "TERMINATE" if instance.get("guestAccelerators") else "MIGRATE",
        "automaticRestart": True,
        "preemptible": False,
        "provisioningModel": "STANDARD",
    }.items():
        scheduling.setdefault(name, value)
    shielded = instance.setdefault("shieldedInstanceConfig", {})
    for name, value in {
        "enableSecureBoot": False,
        "enableVtpm": True,
        "enableIntegrityMonitoring": True,
    }.items():
        shielded.setdefault(name, value)
    instance.setdefault("shieldedInstanceIntegrityPolicy", {"updateAutoLearnPolicy": True})
    instance.setdefault("reservationAffinity", {"consumeReservationType": "ANY_RESERVATION"})
    for accelerator in instance.get("guestAccelerators", []):
        name = accelerator.get("acceleratorType", "").rpartition("/")[2]
        if name not in places.ACCELERATORS:
            raise invalid(
                f"Invalid value for field 'resource.guestAccelerators': accelerator type '{name}' is unknown."
            )
        accelerator["acceleratorType"] = f"{root}/acceleratorTypes/{name}"


def _check_machine_type(instance: Document, project: str, zone: str) -> None:
    name = instance.get("machineType", "").rpartition("/")[2]
    check_machine_type(name, project, zone)
    instance["machineType"] = f"{ROOT}projects/{project}/zones/{zone}/machineTypes/{name}"


def check_machine_type(name: str, project: str, zone: str) -> None:
    """Refuse a machine type that the sandbox does not know.

    Raises:
        ApiError: 400 that names it.
    """
    if name not in places.MACHINE_TYPES and not _CUSTOM_TYPE.match(name):
        place = f"projects/{project}/zones/{zone}/machineTypes/{name}"
        raise invalid(
            f"Invalid value for field 'resource.machineType': '{place}'. Machine type with name "
            f"'{name}' does not exist in "
            f"zone '{zone}'."
        )


def _disk(context: "Context", instance: Key, asked: Document, index: int) -> Document:
    _, project, _, zone = instance.collection.split("/")[:4]
    attached = {name: value for name, value in asked.items() if name != "initializeParams"}
    if not asked.get("source"):
        parameters = dict(asked.get("initializeParams", {}))
        name = parameters.pop("diskName", None) or asked.get("deviceName") or instance.id
        if index and not parameters.get("diskName") and name == instance.id:
            name = f"{instance.id}-{index}"
        disk_key = Key("compute", f"projects/{project}/zones/{zone}/disks", name)
        document = {"name": name, "type": parameters.pop("diskType", f"zones/{zone}/diskTypes/pd-standard")}
        document |= {"sizeGb": parameters.pop("diskSizeGb")} if "diskSizeGb" in parameters else {}
        document |= {"diskEncryptionKey": asked["diskEncryptionKey"]} if "diskEncryptionKey" in asked else {}
        disk = disks.create(context, disk_key, document | parameters)
    else:
        disk = require(context, f"disks[{index}].source", asked["source"], project)[1]
    return attach(attached, disk, index)


def attach(attached: Document, disk: Document, index: int) -> Document:
    """*attached* as an instance shows it once *disk* is attached at place *index*."""
    attached |= {
        "kind": "compute#attachedDisk",
        "type": "PERSISTENT",
        "mode": attached.get("mode", "READ_WRITE"),
        "source": disk["selfLink"],
        "deviceName": attached.get("deviceName") or f"persistent-disk-{index}",
        "index": index,
        "boot": attached.get("boot", False),
        "autoDelete": attached.get("autoDelete", False),
        "interface": attached.get("interface", "SCSI"),
        "diskSizeGb": disk["sizeGb"],
    }
    attached |= {name: disk[name] for name in ("licenses", "guestOsFeatures", "architecture") if name in disk}
    if "diskEncryptionKey" in disk:
        attached["diskEncryptionKey"] = disk["diskEncryptionKey"]
    return attached


def booted(context: "Context", key: Key) -> None:
    """The VM under *key* runs, from a boot on: its guest boots, too."""
    running(context, key)
    boots.boot(context, key)


def running(context: "Context", key: Key) -> None:
    """The VM under *key* runs; no boot is meant by that."""
    instance = context.store.get(key)
    if instance is not None:
        now = rfc3339_compute(context.clock.now())
        context.store.put(key, instance | {"status": "RUNNING", "lastStartTimestamp": now})


def stopped(context: "Context", key: Key, status: str = "TERMINATED") -> None:
    """The VM under *key* has stopped."""
    instance = context.store.get(key)
    if instance is not None:
        field = "lastSuspendedTimestamp" if status == "SUSPENDED" else "lastStopTimestamp"
        context.store.put(key, instance | {"status": status, field: rfc3339_compute(context.clock.now())})


def remove(context: "Context", key: Key) -> None:
    """Delete the VM under *key* and the disks that go with it; a missing one is no error."""
    instance = context.store.get(key)
    if instance is None:
        return
    for disk in instance.get("disks", []):
        disk_key = key_of(disk["source"], key.collection.split("/")[1])
        disks.set_user(context, disk_key, instance["selfLink"], attached=False)
        if disk.get("autoDelete"):
            context.store.delete(disk_key)
            context.store.delete(crud.policy_key(disk_key))
    context.store.delete(key)
    context.store.delete(crud.policy_key(key))
    boots.forget(context, key)
    for collection in ("guestAttributes", "serialPorts"):
        for entry in context.store.page("compute", f"{key.name}/{collection}"):
            context.store.delete(entry.key)


@SERVICE.effect("instances.running")
def _running(context: "Context", arguments: Document) -> None:
    running(context, Key(*arguments["key"]))


@SERVICE.effect("instances.booted")
def _booted(context: "Context", arguments: Document) -> None:
    booted(context, Key(*arguments["key"]))


@SERVICE.effect("instances.stopped")
def _stopped(context: "Context", arguments: Document) -> None:
    stopped(context, Key(*arguments["key"]), arguments["status"])


@SERVICE.effect("instances.removed")
def _removed(context: "Context", arguments: Document) -> None:
    remove(context, Key(*arguments["key"]))


@SERVICE.method("instances.insert")
def insert(call: "Call") -> Document:
    """Make and start a VM."""
    if "sourceInstanceTemplate" in call.query or "sourceMachineImage" in call.query:
        raise ApiError(
            "UNIMPLEMENTED", "not emulated by the sandbox: compute.instances.insert from a template or image"
        )
    key = Key("compute", call.collection, crud.new_id(call, call.body))
    create(call.context, key, call.body)
    return call.operation(key, then="instances.booted", arguments={"key": list(key)})


@SERVICE.method("instances.delete")
def delete(call: "Call") -> Document:
    """Stop and delete a VM, unless it is protected."""
    instance = call.load()
    if instance.get("deletionProtection"):
        raise invalid(
            "Invalid value for field 'resource.deletionProtection': 'true'. The instance "
            f"'{call.match.name}' is protected "
            "against deletion.",
            reason="resourceInUseByAnotherResource",
        )
    call.store.put(call.key, instance | {"status": "STOPPING"})
    return call.operation(then="instances.removed", arguments={"key": list(call.key)})


@SERVICE.method("instances.start", "instances.resume")
def start(call: "Call") -> Document:
    """Start a stopped, or resume a suspended VM; a running one stays as it is."""
    instance = call.load()
    wanted = "SUSPENDED" if call.method.verb == "resume" else "TERMINATED"
    if instance["status"] == wanted:
        call.store.put(call.key, instance | {"status": "STAGING"})
    elif instance["status"] != "RUNNING" or wanted == "SUSPENDED":
        raise not_ready(call.match.name)
    then = "booted" if instance["status"] == "TERMINATED" else "running"
    return call.operation(then=f"instances.{then}", arguments={"key": list(call.key)})


@SERVICE.method("instances.stop", "instances.suspend")
def stop(call: "Call") -> Document:
    """Stop or suspend a VM; a stopped one stays as it is."""
    instance = call.load()
    suspend = call.method.verb == "suspend"
    goal = "SUSPENDED" if suspend else "TERMINATED"
    if instance["status"] == "RUNNING" or (instance["status"] == "SUSPENDED" and not suspend):
        call.store.put(call.key, instance | {"status": "SUSPENDING" if suspend else "STOPPING"})
    elif instance["status"] != goal:
        raise not_ready(call.match.name)
    return call.operation(then="instances.stopped", arguments={"key": list(call.key), "status": goal})


@SERVICE.method("instances.reset")
def reset(call: "Call") -> Document:
    """Reset a running VM."""
    if call.load()["status"] != "RUNNING":
        raise not_ready(call.match.name)
    return call.operation(then="instances.booted", arguments={"key": list(call.key)})


def not_ready(name: str) -> ApiError:
    """400: the VM is in no state for this."""
    return invalid(f"The resource '{name}' is not ready", reason="resourceNotReady")


SERVICE.add(
    Resource(
        collection="instances",
        verbs=frozenset(
            {"get", "list", "aggregatedList", "getIamPolicy", "setIamPolicy", "testIamPermissions"}
        ),
    )
)
