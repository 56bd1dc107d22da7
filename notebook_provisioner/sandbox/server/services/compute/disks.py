"""Disks, snapshots and resource policies."""

from typing import TYPE_CHECKING

from notebook_provisioner.sandbox.server import crud
from notebook_provisioner.sandbox.server.clock import rfc3339_compute
from notebook_provisioner.sandbox.server.errors import ApiError, already_exists, invalid
from notebook_provisioner.sandbox.server.service import Resource
from notebook_provisioner.sandbox.server.services.compute import images, places
from notebook_provisioner.sandbox.server.services.compute.api import (
    ROOT,
    SERVICE,
    absolute,
    in_use,
    key_of,
    require,
    store_new,
)
from notebook_provisioner.sandbox.server.store import Document, Key

if TYPE_CHECKING:
    from notebook_provisioner.sandbox.server.call import Call
    from notebook_provisioner.sandbox.server.context import Context

_DEFAULT_SIZE_GB = 500  # Compute's for a blank pd-standard disk
_GIB = 1024**3
_USED_SHARE = 10  # a new snapshot holds a tenth of its disk: the sandbox's own choice


def complete(context: "Context", project: str, zone: str, disk: Document) -> None:
    """Fill in a new disk from its source and the defaults, and check what it refers to.

    Args:
        context: The sandbox.
        project: The disk's project.
        zone: Its zone.
        disk: The request's document; changed in place.
    """
    disk |= absolute(disk, project)
    root = f"{ROOT}projects/{project}/zones/{zone}"
    disk.setdefault("type", f"{root}/diskTypes/pd-standard")
    if disk["type"].rpartition("/")[2] not in places.DISK_TYPES:
        raise invalid(f"Invalid value for field 'resource.type': '{disk['type']}'. The disk type is unknown.")
    smallest = _apply_source(context, project, disk)
    size = int(disk.get("sizeGb") or smallest or _DEFAULT_SIZE_GB)
    if size < smallest:
        raise invalid(
            f"Requested disk size cannot be smaller than the image size ({smallest} GB)",
            reason="invalidParameter",
        )
    for policy in disk.get("resourcePolicies", []):
        require(context, "resourcePolicies", policy, project)
    disk |= {
        "sizeGb": str(size),
        "status": "READY",
        "physicalBlockSizeBytes": disk.get("physicalBlockSizeBytes", "4096"),
    }
    disk.setdefault("enableConfidentialCompute", False)


def _apply_source(context: "Context", project: str, disk: Document) -> int:
    """Copy what a disk takes over from its source, and return the source's size in GB (or 0)."""
    if disk.get("sourceImage"):
        image = images.resolve(context, disk["sourceImage"], project)
        disk |= {"sourceImage": image["selfLink"], "sourceImageId": image["id"]}
        disk |= {
            name: image[name] for name in ("licenses", "guestOsFeatures", "architecture") if name in image
        }
        return int(image["diskSizeGb"])
    if disk.get("sourceSnapshot"):
        _, snapshot = require(context, "sourceSnapshot", disk["sourceSnapshot"], project)
        disk["sourceSnapshotId"] = snapshot["id"]
        disk |= {
            name: snapshot[name]
            for name in ("licenses", "guestOsFeatures", "architecture")
            if name in snapshot
        }
        return int(snapshot["diskSizeGb"])
    if disk.get("sourceDisk"):
        _, source = require(context, "sourceDisk", disk["sourceDisk"], project)
        disk["sourceDiskId"] = source["id"]
        return int(source["sizeGb"])
    return 0


def create(context: "Context", key: Key, disk: Document) -> Document:
    """Make the disk under *key* from a request's document and return it.

    Raises:
        ApiError: 409 where the name is taken.
    """
    if context.store.get(key) is not None:
        raise already_exists(key.name)
    parts = key.collection.split("/")
    complete(context, parts[1], parts[3], disk)
    store_new(context, "Disk", key, disk)
    return disk


def set_user(context: "Context", disk: Key, instance: str, *, attached: bool) -> None:
    """Note that *instance* (a URL) attached or detached *disk*; a disk that is gone is no error."""
    document = context.store.get(disk)
    if document is None:
        return
    users = [user for user in document.get("users", []) if user != instance]
    now = rfc3339_compute(context.clock.now())
    document |= {"lastAttachTimestamp": now} if attached else {"lastDetachTimestamp": now}
    document["users"] = [*users, instance] if attached else users
    if not document["users"]:
        del document["users"]
    context.store.put(disk, document)


def snapshot(context: "Context", disk_key: Key, name: str, extra: Document) -> Document:
    """Take a snapshot of a disk and return it.

    Args:
        context: The sandbox.
        disk_key: The disk.
        name: The snapshot's name.
        extra: Further fields: labels, description, snapshotType, …

    Raises:
        ApiError: 404 for a disk that is not there, 409 for a taken name.
    """
    disk = context.store.get(disk_key)
    if disk is None:
        raise ApiError("NOT_FOUND", f"The resource '{disk_key.name}' was not found")
    project = disk_key.collection.split("/")[1]
    key = Key("compute", f"projects/{project}/global/snapshots", name)
    if context.store.get(key) is not None:
        raise already_exists(key.name)
    used = int(disk["sizeGb"]) * _GIB // _USED_SHARE
    region = places.ZONES.get(disk_key.collection.split("/")[3], "us-central1")
    document: Document = {
        **extra,
        "name": name,
        "status": "READY",
        "sourceDisk": disk["selfLink"],
        "sourceDiskId": disk["id"],
        "diskSizeGb": disk["sizeGb"],
        "creationSizeBytes": str(used),
        "storageBytes": str(used),
        "storageBytesStatus": "UP_TO_DATE",
        "downloadBytes": str(used),
        "snapshotType": extra.get("snapshotType", "STANDARD"),
        "storageLocations": extra.get("storageLocations") or [region.partition("-")[0]],
        "autoCreated": False,
    }
    document |= {
        key: disk[key]
        for key in ("licenses", "licenseCodes", "guestOsFeatures", "architecture")
        if key in disk
    }
    if "diskEncryptionKey" in disk and "snapshotEncryptionKey" not in document:
        document["snapshotEncryptionKey"] = disk["diskEncryptionKey"]
    store_new(context, "Snapshot", key, document)
    return document


def _on_create_disk(call: "Call", disk: Document) -> None:
    if "sourceImage" in call.raw_query:
        disk["sourceImage"] = call.query["sourceImage"]
    complete(call.context, call.project, call.parameters["zone"], disk)


def _on_delete_disk(call: "Call", disk: Document) -> None:
    if disk.get("users"):
        raise in_use(call.match.name, disk["users"][0].removeprefix(ROOT))


@SERVICE.method("disks.createSnapshot")
def create_snapshot(call: "Call") -> Document:
    """Snapshot a disk."""
    snapshot(call.context, call.key, crud.new_id(call, call.body), call.body)
    return call.operation()


@SERVICE.method("snapshots.insert")
def insert_snapshot(call: "Call") -> Document:
    """Snapshot the disk that the body names."""
    disk, _ = require(call.context, "sourceDisk", call.body.get("sourceDisk", ""), call.project)
    identifier = crud.new_id(call, call.body)
    snapshot(call.context, disk, identifier, call.body)
    return call.operation(Key("compute", call.collection, identifier))


@SERVICE.method("disks.resize")
def resize(call: "Call") -> Document:
    """Grow a disk."""
    grow(call.context, call.key, int(call.body.get("sizeGb", 0)))
    return call.operation()


def grow(context: "Context", key: Key, size_gb: int) -> None:
    """Grow the disk under *key* to *size_gb*, also where its VM shows it.

    Raises:
        ApiError: 400 where that is not more than it has.
    """
    disk = context.store.get(key)
    if disk is None:
        raise ApiError("NOT_FOUND", f"The resource '{key.name}' was not found")
    if size_gb <= int(disk["sizeGb"]):
        raise invalid(
            f"Invalid value for field 'sizeGb': '{size_gb}'. New disk size '{size_gb}' GiB must be "
            "larger than existing "
            f"size '{disk['sizeGb']}' GiB."
        )
    context.store.put(key, disk | {"sizeGb": str(size_gb)})
    for user in disk.get("users", []):
        instance_key = key_of(user, "")
        instance = context.store.get(instance_key)
        for attached in (instance or {}).get("disks", []):
            if attached.get("source") == disk["selfLink"]:
                attached["diskSizeGb"] = str(size_gb)
        if instance is not None:
            context.store.put(instance_key, instance)


@SERVICE.method("disks.update")
def update(call: "Call") -> Document:
    """Change the fields that ``paths`` or ``updateMask`` name, or the body's: size, labels, performance."""
    disk = call.load()
    changed = dict(call.body)
    changed.pop("name", None)
    if "sizeGb" in changed:
        grow(call.context, call.key, int(changed.pop("sizeGb")))
        disk = call.load()
    allowed = {
        "labels",
        "provisionedIops",
        "provisionedThroughput",
        "accessMode",
        "architecture",
        "userLicenses",
    }
    refused = sorted(changed.keys() - allowed)
    if refused:
        raise invalid(f"Invalid value for field 'resource': {', '.join(refused)} cannot be updated.")
    disk |= changed
    crud.stamp_changed(call.context, SERVICE, "Disk", disk)
    call.store.put(call.key, disk)
    return call.operation()


@SERVICE.method("disks.addResourcePolicies")
def add_resource_policies(call: "Call") -> Document:
    """Attach a snapshot schedule; a disk has one at most."""
    disk = call.load()
    asked = [str(absolute(policy, call.project)) for policy in call.body.get("resourcePolicies", [])]
    for policy in asked:
        require(call.context, "resourcePolicies", policy, call.project)
    policies = list(dict.fromkeys([*disk.get("resourcePolicies", []), *asked]))
    if len(policies) > 1:
        raise invalid("A disk can have one snapshot schedule at most.", reason="invalidUsage")
    call.store.put(call.key, disk | {"resourcePolicies": policies})
    return call.operation()


@SERVICE.method("disks.removeResourcePolicies")
def remove_resource_policies(call: "Call") -> Document:
    """Detach snapshot schedules."""
    disk = call.load()
    gone = {str(absolute(policy, call.project)) for policy in call.body.get("resourcePolicies", [])}
    disk["resourcePolicies"] = [policy for policy in disk.get("resourcePolicies", []) if policy not in gone]
    if not disk["resourcePolicies"]:
        del disk["resourcePolicies"]
    call.store.put(call.key, disk)
    return call.operation()


def _on_create_policy(_call: "Call", policy: Document) -> None:
    policy["status"] = "READY"


def _on_delete_policy(call: "Call", policy: Document) -> None:
    for entry in call.store.scan("compute", "disks", f"projects/{call.project}/"):
        if policy["selfLink"] in entry.document.get("resourcePolicies", []):
            raise in_use(call.match.name, entry.key.name)


SERVICE.add(
    Resource(
        collection="disks",
        verbs=frozenset(
            {
                "get",
                "list",
                "aggregatedList",
                "insert",
                "delete",
                "getIamPolicy",
                "setIamPolicy",
                "testIamPermissions",
            }
        ),
        on_create=_on_create_disk,
        on_delete=_on_delete_disk,
    ),
    Resource(collection="snapshots"),
    Resource(collection="resourcePolicies", on_create=_on_create_policy, on_delete=_on_delete_policy),
)
