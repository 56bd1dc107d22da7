"""Upgrade, roll back, restore: what replaces a disk.

An upgrade snapshots ``NAME-boot`` under a random name of twelve letters, makes the boot disk anew from the
newer image, and leaves an entry in ``upgradeHistory``. Labels and description of Google's snapshot are
unverified; here it has none.
"""

import re
import secrets
import string
from typing import TYPE_CHECKING

from notebook_provisioner.sandbox.server.clock import rfc3339
from notebook_provisioner.sandbox.server.errors import ApiError, invalid
from notebook_provisioner.sandbox.server.guests import settings
from notebook_provisioner.sandbox.server.services.compute import disks, images
from notebook_provisioner.sandbox.server.services.compute import instances as machines
from notebook_provisioner.sandbox.server.services.compute.api import key_of
from notebook_provisioner.sandbox.server.services.notebooks import health, idle
from notebook_provisioner.sandbox.server.services.notebooks.api import (
    SERVICE,
    begin,
    disk_key,
    load,
    save,
    vm_key,
)
from notebook_provisioner.sandbox.server.services.notebooks.states import require_state
from notebook_provisioner.sandbox.server.services.notebooks.vm import replace_disk
from notebook_provisioner.sandbox.server.store import Document, Key

if TYPE_CHECKING:
    from notebook_provisioner.sandbox.server.call import Call
    from notebook_provisioner.sandbox.server.context import Context

_FAMILY = re.compile(r"^(?:https?://[^/]+/compute/v1/)?projects/([^/]+)/global/images/family/([^/]+)$")
_RELEASES = {image.name: image.release for image in images.SEED_IMAGES}


def release_of(image: Document) -> str:
    """The release of a Workbench image: ``m144``, or the date in its name."""
    known = _RELEASES.get(image["name"])
    return known or image["name"].rpartition("-v")[2]


def _images(context: "Context", name: str, family: str | None = None) -> tuple[Document | None, Document]:
    """The image that an instance's boot disk was made from, and the newest of its family (or of *family*)."""
    disk = context.store.get(disk_key(name, "boot")) or {}
    link = disk.get("sourceImage") or _image_at(load(context, name), disk.get("sourceSnapshot", ""))
    current = context.store.get(key_of(link, "")) if link else None
    if family:
        found = _FAMILY.match(family)
        if found is None:
            raise invalid(
                f"Invalid image family '{family}': it must be projects/PROJECT/global/images/family/FAMILY."
            )
        return current, images.newest_of(context, found.group(1), found.group(2))
    family_name = (current or {}).get("family") or "workbench-instances"
    project = key_of(link, "").collection.split("/")[1] if current else images.WORKBENCH_PROJECT
    return current, images.newest_of(context, project, family_name)


@SERVICE.method("projects.locations.instances.checkUpgradability")
def check_upgradability(call: "Call") -> Document:
    """Whether the image's family has a newer one. The sentences are those of real answers."""
    call.load()
    if told := settings.read(call.context, vm_key(call.match.name)).get("upgradability"):
        return {"upgradeable": False, "upgradeVersion": "", "upgradeInfo": told, "upgradeImage": ""}
    current, newest = _images(call.context, call.match.name)
    if current is not None and current["selfLink"] == newest["selfLink"]:
        return {
            "upgradeable": False,
            "upgradeVersion": "",
            "upgradeInfo": "Current and latest available image are the same",
            "upgradeImage": "",
        }
    return {
        "upgradeable": True,
        "upgradeVersion": release_of(newest),
        "upgradeInfo": "A new image is available for upgrade. Backup user data before upgrading",
        "upgradeImage": newest["selfLink"],
    }


@SERVICE.method("projects.locations.instances.upgrade", "projects.locations.instances.upgradeSystem")
def upgrade(call: "Call") -> Document:
    """Upgrade a running instance to the newest image of its family, or of the one that is given."""
    instance = call.load()
    if call.method.verb == "upgradeSystem" and not call.body.get("vmId"):
        raise invalid("vm_id is required")
    require_state(call.match.name, instance, "ACTIVE")
    source = prepare(call.context, call.match.name, instance, call.body.get("imageFamily"))
    return begin(call, call.match.name, then="rebuilt", state="UPGRADING", fate="upgrade", source=source)


def prepare(context: "Context", name: str, instance: Document, family: str | None) -> Document:
    """Begin an upgrade: take the snapshot, write the entry; returns what the new boot disk is made from.

    Raises:
        ApiError: 400 where nothing newer is there.
    """
    told = settings.read(context, vm_key(name)).get("upgradability")
    current, newest = _images(context, name, family)
    if told or (current is not None and current["selfLink"] == newest["selfLink"]):
        raise ApiError("FAILED_PRECONDITION", told or "Current and latest available image are the same")
    snapshot = _new_snapshot_name()
    entry = _entry(context, instance, "UPGRADE", current) | {
        "snapshot": f"projects/{name.split('/')[1]}/global/snapshots/{snapshot}",
        "targetVersion": release_of(newest),
    }
    disks.snapshot(context, disk_key(name, "boot"), snapshot, {})
    _append(context, name, entry)
    return {"sourceImage": newest["selfLink"]}


@SERVICE.method("projects.locations.instances.rollback")
def rollback(call: "Call") -> Document:
    """Make the boot disk anew from a snapshot of it."""
    instance = call.load()
    require_state(call.match.name, instance, "ACTIVE", "STOPPED")
    wanted = str(call.body.get("targetSnapshot", ""))
    if not wanted:
        raise invalid("target_snapshot is required")
    snapshot = _snapshot(call.context, wanted, call.project)
    if snapshot["sourceDisk"].rpartition("/")[2] != disk_key(call.match.name, "boot").id:
        raise invalid(f"Snapshot '{wanted}' was not taken from the boot disk of '{call.match.name}'.")
    current, _ = _images(call.context, call.match.name)
    _append(call.context, call.match.name, _entry(call.context, instance, "ROLLBACK", current))
    return begin(
        call,
        call.match.name,
        then="rebuilt",
        state="UPGRADING",
        fate="upgrade",
        source={"sourceSnapshot": snapshot["selfLink"]},
    )


@SERVICE.effect("rebuilt")
def _rebuilt(context: "Context", arguments: Document) -> Document:
    name, source = arguments["name"], arguments["source"]
    replace_disk(context, name, "boot", source)
    machines.booted(context, vm_key(name))
    instance = load(context, name) | {"state": "ACTIVE", **health.reported(context, name)}
    if arguments.get("unhealthy"):
        instance["healthState"] = "UNHEALTHY"
        instance["healthInfo"] |= {"jupyterlab_status": "-1", "system_health": "-1"}
    image = context.store.get(key_of(source.get("sourceImage", ""), "")) if "sourceImage" in source else None
    history = instance["upgradeHistory"]
    version = release_of(image) if image else _taken_at(history, source["sourceSnapshot"]).get("version", "")
    if version and "version" in _metadata(instance):
        _metadata(instance)["version"] = version.removeprefix("m")
    if image and "vmImage" in instance["gceSetup"]:
        instance["gceSetup"]["vmImage"] |= {
            "imageId": image["name"],
            "imageDescription": image["description"],
        }
    history[-1]["state"] = "SUCCEEDED"
    save(context, instance)
    idle.watch(context, name)
    return instance


@SERVICE.method("projects.locations.instances.restore")
def restore(call: "Call") -> Document:
    """Make the data disk anew from a snapshot."""
    require_state(call.match.name, call.load(), "ACTIVE", "STOPPED")
    asked = call.body.get("snapshot", {})
    if not asked.get("snapshotId"):
        raise invalid("snapshot.snapshot_id is required")
    project = asked.get("projectId") or call.project
    snapshot = _snapshot(call.context, f"projects/{project}/global/snapshots/{asked['snapshotId']}", project)
    return begin(call, call.match.name, then="restored", source={"sourceSnapshot": snapshot["selfLink"]})


@SERVICE.effect("restored")
def _restored(context: "Context", arguments: Document) -> Document:
    replace_disk(context, arguments["name"], "data-workspace", arguments["source"])
    return load(context, arguments["name"])


def _snapshot(context: "Context", reference: str, project: str) -> Document:
    key: Key = key_of(reference, project)
    document = context.store.get(key)
    if document is None or key.kind != "snapshots":
        raise invalid(
            f"Snapshot '{reference}' was not found; it is named projects/PROJECT/global/snapshots/NAME."
        )
    return document


def _entry(context: "Context", instance: Document, action: str, image: Document | None) -> Document:
    entry = {
        "state": "STARTED",
        "action": action,
        "createTime": rfc3339(context.clock.now()),
        "framework": _metadata(instance).get("framework", ""),
        "version": _metadata(instance).get("version", ""),
    }
    return entry | ({"vmImage": image["selfLink"]} if image else {})


def _metadata(instance: Document) -> dict[str, str]:
    values: dict[str, str] = instance["gceSetup"].get("metadata", {})
    return values


def _append(context: "Context", name: str, entry: Document) -> None:
    instance = load(context, name)
    save(context, instance | {"upgradeHistory": [*instance.get("upgradeHistory", []), entry]})


def _image_at(instance: Document, snapshot: str) -> str:
    """The image that an instance ran when *snapshot* was taken, as its history has it."""
    return str(_taken_at(instance.get("upgradeHistory", []), snapshot).get("vmImage", ""))


def _taken_at(history: list[Document], snapshot: str) -> Document:
    """The entry of an upgrade history that *snapshot* belongs to; empty where none does."""
    name = snapshot.rpartition("/")[2]
    return next((item for item in history if name and item.get("snapshot", "").endswith(f"/{name}")), {})


def _new_snapshot_name() -> str:
    return "".join(secrets.choice(string.ascii_lowercase) for _ in range(12))
