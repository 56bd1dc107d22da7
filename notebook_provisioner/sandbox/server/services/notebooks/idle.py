"""Idle shutdown: an instance without activity for ``idle-timeout-seconds`` is stopped.

The guest's timer reads the key when it boots: clearing it stops no timer that runs. Activity and busy kernels
are what the control API says; without its word a notebook is idle from its boot on. Without
``enable-guest-attributes`` the timer does nothing
(https://cloud.google.com/vertex-ai/docs/workbench/instances/idle-shutdown).
"""

from typing import TYPE_CHECKING, Final

from notebook_provisioner.sandbox.server.guests import boots, settings
from notebook_provisioner.sandbox.server.services.notebooks.api import SERVICE, begin_unasked, is_busy, vm_key
from notebook_provisioner.sandbox.server.store import Document, Key

if TYPE_CHECKING:
    from notebook_provisioner.sandbox.server.context import Context

_IDLE: Final = "notebooks.v2.idle"
_LOOK_AGAIN_SECONDS: Final = 60.0  # the guest's timer runs every minute


def watch(context: "Context", name: str) -> None:
    """Plan the moment at which an instance will have been idle for long enough, as things stand."""
    guest = boots.guest_of(context, vm_key(name))
    due = _due(context, name, guest)
    if due is not None:
        seconds = max(0.0, due - context.clock.now())
        context.later(seconds, _IDLE, {"name": name, "boot": guest["boots"]})


@SERVICE.effect("idle")
def _idle(context: "Context", arguments: Document) -> None:
    name = arguments["name"]
    instance = context.store.get(Key.of("notebooks", name))
    guest = boots.guest_of(context, vm_key(name))
    if instance is None or instance["state"] != "ACTIVE" or guest.get("boots") != arguments["boot"]:
        return
    if settings.read(context, vm_key(name)).get("busy_kernels"):
        return  # their end is an activity, and plans the next look
    due = _due(context, name, guest)
    if due is None:
        return
    if due > context.clock.now():
        context.later(due - context.clock.now(), _IDLE, arguments)
    elif is_busy(context, name):
        context.later(_LOOK_AGAIN_SECONDS, _IDLE, arguments)
    else:
        begin_unasked(context, name, then="stopped", state="STOPPING")


def _due(context: "Context", name: str, guest: Document) -> float | None:
    if not guest.get("idle_timeout"):
        return None
    active = float(settings.read(context, vm_key(name)).get("last_activity", 0.0))
    return max(active, float(guest["booted_at"])) + float(guest["idle_timeout"])
