"""The VM and the two disks behind an instance, as the dumps in hand show them."""

from typing import TYPE_CHECKING

from notebook_provisioner.sandbox.server.errors import invalid
from notebook_provisioner.sandbox.server.services.compute import disks, images, instances, metadata
from notebook_provisioner.sandbox.server.services.compute.api import absolute, key_of
from notebook_provisioner.sandbox.server.services.notebooks.api import disk_key, locations_of, vm_key
from notebook_provisioner.sandbox.server.store import Document, Key

if TYPE_CHECKING:
    from notebook_provisioner.sandbox.server.context import Context

_DEFAULT_FAMILY = "workbench-instances"  # unverified: which family the API takes where the request names none
_HOST_FAMILY = "workbench-container-host"


def image_of(context: "Context", setup: Document) -> Document:
    """The Compute image that a new instance starts from.

    Raises:
        ApiError: 400 or 404 where there is none.
    """
    chosen = setup.get("vmImage", {})
    project = chosen.get("project") or images.WORKBENCH_PROJECT
    if chosen.get("name"):
        return images.resolve(context, f"projects/{project}/global/images/{chosen['name']}", project)
    family = chosen.get("family") or (_HOST_FAMILY if "containerImage" in setup else _DEFAULT_FAMILY)
    return images.newest_of(context, project, family)


def create(context: "Context", instance: Document, image: Document) -> Document:
    """Make the VM of *instance* from *image* and return it."""
    name, setup = instance["name"], instance["gceSetup"]
    body: Document = {
        "machineType": setup["machineType"],
        "labels": dict(instance["labels"]),
        "tags": {"items": setup["tags"]},
        "metadata": metadata.from_map(setup["metadata"]),
        "serviceAccounts": setup["serviceAccounts"],
        "shieldedInstanceConfig": dict(setup["shieldedInstanceConfig"]),
        "canIpForward": setup.get("enableIpForwarding", False),
        "reservationAffinity": {"consumeReservationType": "NO_RESERVATION"},
        "networkInterfaces": [_interface(setup)],
        "disks": [
            _disk(context, instance, setup["bootDisk"], "boot", image),
            *(_disk(context, instance, disk, "data-workspace", None) for disk in setup["dataDisks"]),
        ],
        "guestAccelerators": accelerators(setup),
    }
    for field in ("minCpuPlatform", "confidentialInstanceConfig"):
        if field in setup:
            body[field] = setup[field]
    return instances.create(context, vm_key(name), body)


def accelerators(setup: Document) -> list[Document]:
    """The instance's GPUs as Compute names them."""
    return [
        {
            "acceleratorType": item["type"].lower().replace("_", "-"),
            "acceleratorCount": int(item.get("coreCount", 1)),
        }
        for item in setup.get("acceleratorConfigs", [])
    ]


def _interface(setup: Document) -> Document:
    asked = (setup.get("networkInterfaces") or [{}])[0]
    nic: Document = {}
    for ours, theirs in (("network", "network"), ("subnet", "subnetwork"), ("nicType", "nicType")):
        if asked.get(ours):
            nic[theirs] = asked[ours]
    if asked.get("internalIp"):
        nic["networkIP"] = asked["internalIp"]
    if not setup.get("disablePublicIp"):
        external = (asked.get("accessConfigs") or [{}])[0].get("externalIp")
        nic["accessConfigs"] = [{"natIP": external} if external else {}]
    return nic


def _disk(
    context: "Context", instance: Document, disk: Document, suffix: str, image: Document | None
) -> Document:
    key = disk_key(instance["name"], suffix)
    project, zone = locations_of(instance["name"])
    kind = disk.get("diskType", "PD_BALANCED").lower().replace("_", "-")
    body: Document = {
        "name": key.id,
        "type": f"zones/{zone}/diskTypes/{kind}",
        "sizeGb": disk["diskSizeGb"],
        "labels": dict(instance["labels"]),
    }
    if image is not None:
        body["sourceImage"] = image["selfLink"]
    if disk.get("kmsKey"):
        body["diskEncryptionKey"] = {"kmsKeyName": key_version(context, disk["kmsKey"])}
    if disk.get("resourcePolicies"):
        body["resourcePolicies"] = absolute(disk["resourcePolicies"], project)
    made = disks.create(context, key, body)
    return {"source": made["selfLink"], "deviceName": suffix, "boot": suffix == "boot", "autoDelete": True}


def key_version(context: "Context", kms_key: str) -> str:
    """The version of a KMS key that a disk is encrypted with.

    Raises:
        ApiError: 400 where the sandbox has Cloud KMS and it does not know the key.
    """
    name = kms_key.partition("/cryptoKeyVersions/")[0]
    emulated = any(api == "cloudkms" for api, _ in context.services)
    if emulated and context.store.get(Key.of("cloudkms", name)) is None:
        raise invalid(f"Cloud KMS key '{name}' was not found.")
    return kms_key if "/cryptoKeyVersions/" in kms_key else f"{kms_key}/cryptoKeyVersions/1"


def replace_disk(context: "Context", name: str, suffix: str, source: Document) -> None:
    """Replace an instance's disk by one made from *source* (``sourceImage`` or ``sourceSnapshot``)."""
    key, vm = disk_key(name, suffix), vm_key(name)
    old = context.store.get(key)
    machine = context.store.get(vm)
    if old is None or machine is None:
        raise invalid(f"The instance '{name}' has no disk {key.id}; it cannot be replaced.")
    body: Document = {
        field: old[field]
        for field in ("name", "type", "sizeGb", "labels", "diskEncryptionKey")
        if field in old
    }
    context.store.delete(key)
    made = disks.create(context, key, body | source)
    disks.set_user(context, key, machine["selfLink"], attached=True)
    for disk in machine["disks"]:
        if key_of(disk["source"], "") == key:
            instances.attach(disk, made, disk["index"])
    context.store.put(vm, machine)
