"""What can be changed about a VM, one method each."""

from typing import TYPE_CHECKING

from notebook_provisioner.sandbox.server import crud, patches
from notebook_provisioner.sandbox.server.context import fingerprint
from notebook_provisioner.sandbox.server.errors import ApiError, invalid
from notebook_provisioner.sandbox.server.services.compute import disks, instances, interfaces, metadata
from notebook_provisioner.sandbox.server.services.compute.api import ROOT, SERVICE, absolute, key_of, require
from notebook_provisioner.sandbox.server.store import Document

if TYPE_CHECKING:
    from notebook_provisioner.sandbox.server.call import Call


def _stopped(call: "Call") -> Document:
    """The VM, which must not be running for this change."""
    instance = call.load()
    if instance["status"] != "TERMINATED":
        raise invalid(
            f"Invalid value for field 'resource.status': '{instance['status']}'. The instance "
            f"'{call.match.name}' must be "
            "stopped (TERMINATED) for this.",
            reason="invalid",
        )
    return instance


def _write(call: "Call", instance: Document) -> Document:
    crud.stamp_changed(call.context, SERVICE, "Instance", instance)
    call.store.put(call.key, instance)
    return call.operation()


@SERVICE.method("instances.setMetadata")
def set_metadata(call: "Call") -> Document:
    """Replace the metadata; the fingerprint must be current."""
    instance = call.load()
    current = instance.get("metadata", metadata.as_stored({}))
    crud.check_fingerprint(call.body.get("fingerprint"), current["fingerprint"], "metadata")
    metadata.check_keys(call.body)
    return _write(call, instance | {"metadata": metadata.as_stored(call.body)})


@SERVICE.method("instances.setTags")
def set_tags(call: "Call") -> Document:
    """Replace the network tags; the fingerprint must be current."""
    instance = call.load()
    current = instance.get("tags", {}).get("fingerprint", fingerprint([]))
    crud.check_fingerprint(call.body.get("fingerprint"), current, "tags")
    tags = call.body.get("items", [])
    return _write(
        call, instance | {"tags": {"fingerprint": fingerprint(tags)} | ({"items": tags} if tags else {})}
    )


@SERVICE.method("instances.setMachineType")
def set_machine_type(call: "Call") -> Document:
    """Change the machine type of a stopped VM."""
    name = str(call.body.get("machineType", "")).rpartition("/")[2]
    zone = call.parameters["zone"]
    instances.check_machine_type(name, call.project, zone)
    link = f"{ROOT}projects/{call.project}/zones/{zone}/machineTypes/{name}"
    return _write(call, _stopped(call) | {"machineType": link})


@SERVICE.method("instances.setMachineResources")
def set_machine_resources(call: "Call") -> Document:
    """Change the GPUs of a stopped VM."""
    accelerators = absolute(call.body.get("guestAccelerators", []), call.project)
    return _write(call, _stopped(call) | {"guestAccelerators": accelerators})


@SERVICE.method("instances.setMinCpuPlatform")
def set_min_cpu_platform(call: "Call") -> Document:
    """Change the least CPU platform of a stopped VM."""
    return _write(call, _stopped(call) | {"minCpuPlatform": call.body.get("minCpuPlatform", "")})


@SERVICE.method("instances.setServiceAccount")
def set_service_account(call: "Call") -> Document:
    """Change the service account of a stopped VM."""
    account = {"email": call.body.get("email", ""), "scopes": call.body.get("scopes", [])}
    return _write(call, _stopped(call) | {"serviceAccounts": [account] if account["email"] else []})


@SERVICE.method("instances.setScheduling")
def set_scheduling(call: "Call") -> Document:
    """Change how a VM is scheduled."""
    instance = call.load()
    return _write(call, instance | {"scheduling": instance.get("scheduling", {}) | call.body})


@SERVICE.method("instances.setDeletionProtection")
def set_deletion_protection(call: "Call") -> Document:
    """Turn deletion protection on (the default of the parameter) or off."""
    protected = bool(call.query.get("deletionProtection", True))
    return _write(call, call.load() | {"deletionProtection": protected})


@SERVICE.method("instances.updateShieldedInstanceConfig")
def update_shielded_instance_config(call: "Call") -> Document:
    """Change secure boot, vTPM and integrity monitoring of a stopped VM."""
    instance = _stopped(call)
    merged = patches.merge(instance.get("shieldedInstanceConfig", {}), call.body)
    return _write(call, instance | {"shieldedInstanceConfig": merged})


@SERVICE.method("instances.setShieldedInstanceIntegrityPolicy")
def set_shielded_instance_integrity_policy(call: "Call") -> Document:
    """Change the integrity policy."""
    return _write(call, call.load() | {"shieldedInstanceIntegrityPolicy": call.body})


@SERVICE.method("instances.updateDisplayDevice")
def update_display_device(call: "Call") -> Document:
    """Turn the virtual display on or off."""
    return _write(call, call.load() | {"displayDevice": call.body})


@SERVICE.method("instances.attachDisk")
def attach_disk(call: "Call") -> Document:
    """Attach a disk that is free."""
    instance = call.load()
    key, disk = require(call.context, "source", str(call.body.get("source", "")), call.project)
    if disk.get("users"):
        raise invalid(
            f"The disk resource '{key.name}' is already being used by "
            f"'{disk['users'][0].removeprefix(ROOT)}'",
            reason="resourceInUseByAnotherResource",
        )
    index = 1 + max((item.get("index", 0) for item in instance.get("disks", [])), default=-1)
    attached = instances.attach(dict(call.body), disk, index)
    if any(item["deviceName"] == attached["deviceName"] for item in instance.get("disks", [])):
        raise invalid(
            f"Invalid value for field 'resource.deviceName': '{attached['deviceName']}'. It is taken."
        )
    instance["disks"] = [*instance.get("disks", []), attached]
    disks.set_user(call.context, key, instance["selfLink"], attached=True)
    return _write(call, instance)


@SERVICE.method("instances.detachDisk")
def detach_disk(call: "Call") -> Document:
    """Detach the disk with a device name; the boot disk only from a stopped VM."""
    instance = call.load()
    disk = _attached(instance, str(call.query["deviceName"]))
    if disk.get("boot"):
        instance = _stopped(call)
    instance["disks"] = [item for item in instance["disks"] if item["deviceName"] != disk["deviceName"]]
    disks.set_user(call.context, key_of(disk["source"], call.project), instance["selfLink"], attached=False)
    return _write(call, instance)


@SERVICE.method("instances.setDiskAutoDelete")
def set_disk_auto_delete(call: "Call") -> Document:
    """Say whether a disk goes with its VM."""
    instance = call.load()
    _attached(instance, str(call.query["deviceName"]))["autoDelete"] = bool(call.query["autoDelete"])
    return _write(call, instance)


@SERVICE.method("instances.addAccessConfig")
def add_access_config(call: "Call") -> Document:
    """Give an interface an external address."""
    instance = call.load()
    nic = _interface(instance, str(call.query["networkInterface"]))
    if nic.get("accessConfigs"):
        raise invalid(
            f"At most one access config currently supported on {nic['name']}.", reason="invalidUsage"
        )
    access = dict(call.body)
    interfaces.complete_access(access)
    nic["accessConfigs"] = [access]
    return _write(call, instance)


@SERVICE.method("instances.deleteAccessConfig")
def delete_access_config(call: "Call") -> Document:
    """Take an interface's external address away."""
    instance = call.load()
    nic = _interface(instance, str(call.query["networkInterface"]))
    name = str(call.query["accessConfig"])
    if all(access["name"] != name for access in nic.get("accessConfigs", [])):
        raise invalid(f"Invalid value for field 'accessConfig': '{name}'. The access config does not exist.")
    del nic["accessConfigs"]
    return _write(call, instance)


def _attached(instance: Document, device: str) -> Document:
    for disk in instance.get("disks", []):
        if disk["deviceName"] == device:
            found: Document = disk
            return found
    raise invalid(
        f"Invalid value for field 'deviceName': '{device}'. No attached disk found with device name "
        f"'{device}'"
    )


def _interface(instance: Document, name: str) -> Document:
    for nic in instance.get("networkInterfaces", []):
        if nic["name"] == name:
            found: Document = nic
            return found
    raise ApiError(
        "INVALID_ARGUMENT", f"Invalid value for field 'networkInterface': '{name}'. It does not exist."
    )
