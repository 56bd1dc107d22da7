"""Start, stop, reset, resize: what leaves the instance's software as it is."""

from typing import TYPE_CHECKING

from notebook_provisioner.sandbox.server.errors import ApiError, invalid
from notebook_provisioner.sandbox.server.services.compute import disks
from notebook_provisioner.sandbox.server.services.compute import instances as machines
from notebook_provisioner.sandbox.server.services.notebooks.api import (
    SERVICE,
    begin,
    disk_key,
    load,
    save,
    vm_key,
)
from notebook_provisioner.sandbox.server.store import Document

if TYPE_CHECKING:
    from notebook_provisioner.sandbox.server.call import Call
    from notebook_provisioner.sandbox.server.context import Context


def require_state(name: str, instance: Document, *allowed: str) -> None:
    """Refuse a method in a state that it is not for.

    Raises:
        ApiError: 400 that says ``invalid state``; the words around it are unverified.
    """
    if instance["state"] not in allowed:
        raise ApiError(
            "FAILED_PRECONDITION",
            f"The instance '{name}' is in invalid state {instance['state']}; it must be "
            f"{' or '.join(allowed)}.",
        )


@SERVICE.method("projects.locations.instances.start")
def start(call: "Call") -> Document:
    """Start a stopped instance; an active one stays as it is."""
    instance = call.load()
    require_state(call.match.name, instance, "STOPPED", "ACTIVE")
    boots = instance["state"] == "STOPPED"
    return begin(call, call.match.name, then="provisioned", state="STARTING", fate="start", boots=boots)


@SERVICE.method("projects.locations.instances.stop")
def stop(call: "Call") -> Document:
    """Stop an active instance; a stopped one stays as it is."""
    require_state(call.match.name, call.load(), "ACTIVE", "STOPPED", "PROVISIONING")
    return begin(call, call.match.name, then="stopped", state="STOPPING")


@SERVICE.effect("stopped")
def stopped(context: "Context", arguments: Document) -> Document:
    """The VM is off."""
    machines.stopped(context, vm_key(arguments["name"]))
    instance = load(context, arguments["name"]) | {"state": "STOPPED"}
    for field in ("healthState", "healthInfo"):
        instance.pop(field, None)
    save(context, instance)
    return instance


@SERVICE.method("projects.locations.instances.reset")
def reset(call: "Call") -> Document:
    """Reset an active instance."""
    require_state(call.match.name, call.load(), "ACTIVE")
    return begin(call, call.match.name, then="provisioned", state="STARTING", fate="start", boots=True)


@SERVICE.method("projects.locations.instances.resizeDisk")
def resize_disk(call: "Call") -> Document:
    """Grow the boot or the data disk."""
    asked = {field: call.body[field] for field in ("bootDisk", "dataDisk") if field in call.body}
    if len(asked) != 1:
        raise invalid("exactly one of boot_disk and data_disk must be given")
    [(field, disk)] = asked.items()
    size = int(disk.get("diskSizeGb", 0))
    setup = call.load()["gceSetup"]
    current = setup["bootDisk"] if field == "bootDisk" else setup["dataDisks"][0]
    if size <= int(current["diskSizeGb"]):
        raise invalid(f"Disk size {size} GB must be larger than the present {current['diskSizeGb']} GB.")
    return begin(call, call.match.name, then="resized", field=field, size=size)


@SERVICE.effect("resized")
def _resized(context: "Context", arguments: Document) -> Document:
    name, boot = arguments["name"], arguments["field"] == "bootDisk"
    disks.grow(context, disk_key(name, "boot" if boot else "data-workspace"), arguments["size"])
    instance = load(context, name)
    disk = instance["gceSetup"]["bootDisk"] if boot else instance["gceSetup"]["dataDisks"][0]
    disk["diskSizeGb"] = str(arguments["size"])
    save(context, instance)
    return instance
