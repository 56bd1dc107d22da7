"""``/sandbox/v1/guests``: what goes on in the VMs of notebooks, and what shall."""

from typing import TYPE_CHECKING

from notebook_provisioner.sandbox.server.errors import invalid
from notebook_provisioner.sandbox.server.guests import boots, settings
from notebook_provisioner.sandbox.server.services.notebooks import health, idle, schedules
from notebook_provisioner.sandbox.server.services.notebooks.api import END, failing, load, save
from notebook_provisioner.sandbox.server.store import Document, Key

if TYPE_CHECKING:
    from notebook_provisioner.sandbox.server.context import Context


def describe(context: "Context") -> Document:
    """Every guest that has booted, with its settings."""
    return {
        "guests": [
            _document(context, Key.of("compute", entry.key.id))
            for entry in context.store.page("sandbox", "guests")
        ]
    }


def change(context: "Context", request: Document) -> Document:
    """Change settings, the lock flag on a boot disk, or end what hangs; answers with the guests concerned.

    Raises:
        ApiError: 400 or 404 that says what is wrong.
    """
    if context.lab is not None and request.get("post_startup"):
        raise invalid("boots are real here, in the lab: post_startup is for simulated ones")
    lock, give_up = request.pop("lock", None), request.pop("give_up", None)
    if request.get("busy_kernels", 1) in {0, None}:
        request.setdefault("last_activity", context.clock.now())
    vms = settings.change(context, request)
    for vm in vms:
        if lock is not None:
            boots.set_lock(context, vm, present=lock)
        if give_up is not None:
            context.run_effect(END, {"name": _instance_name(vm), **failing(str(give_up))})
        _follow(context, _instance_name(vm), request)
    return {"guests": [_document(context, vm) for vm in vms]}


def _follow(context: "Context", name: str, request: Document) -> None:
    """Let a running instance act at once by what was set."""
    if context.store.get(Key.of("notebooks", name)) is None:
        return
    instance = load(context, name)
    if instance["state"] != "ACTIVE":
        return
    if "health" in request:
        save(context, instance | health.reported(context, name))
    if "last_activity" in request:
        idle.watch(context, name)


def _document(context: "Context", vm: Key) -> Document:
    guest, name = boots.guest_of(context, vm), _instance_name(vm)
    return {
        "instance": name,
        "boots": guest.get("boots", 0),
        "how": guest.get("how"),
        "lock": guest.get("lock", False) if context.lab is None else context.lab.has_lock(vm),
        "schedule": schedules.tally(context, name),
        "settings": settings.read(context, vm),
    }


def _instance_name(vm: Key) -> str:
    _, project, _, zone, _, name = vm.name.split("/")
    return f"projects/{project}/locations/{zone}/instances/{name}"
