"""``/sandbox/v1/guests``: what goes on in the VMs of notebooks, and what shall."""

from typing import TYPE_CHECKING

from notebook_provisioner.sandbox.server.guests import boots, settings
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
    """Change settings, or the lock flag on a boot disk; answers with the guests that it was about.

    Raises:
        ApiError: 400 or 404 that says what is wrong.
    """
    lock = request.pop("lock", None)
    vms = settings.change(context, request)
    if lock is not None:
        for vm in vms:
            boots.set_lock(context, vm, present=lock)
    return {"guests": [_document(context, vm) for vm in vms]}


def _document(context: "Context", vm: Key) -> Document:
    state = context.store.get(boots.state_key(vm)) or {}
    _, project, _, zone, _, name = vm.name.split("/")
    return {
        "instance": f"projects/{project}/locations/{zone}/instances/{name}",
        "boots": state.get("boots", 0),
        "how": state.get("how"),
        "lock": state.get("lock", False),
        "settings": settings.read(context, vm),
    }
