"""What shall happen in a notebook's VM: set through the control API, one document a VM.

A setting may stand before its VM is made, and goes with ``reset`` or when it is taken back.
"""

import fnmatch
from collections.abc import Callable
from dataclasses import fields
from typing import TYPE_CHECKING, Final

from notebook_provisioner.sandbox.server.errors import invalid, not_found
from notebook_provisioner.sandbox.server.guests.simulation import Fate, Outcome
from notebook_provisioner.sandbox.server.store import Document, Json, Key

if TYPE_CHECKING:
    from notebook_provisioner.sandbox.server.context import Context

_KIND: Final = "guestSettings"
_PLACE: Final = "projects/PROJECT/locations/ZONE/instances/NAME, where NAME may have * and ?"
_PARTS: Final = 6


def read(context: "Context", vm: Key) -> Document:
    """The settings of a VM by name; empty where there are none."""
    stored = context.store.get(Key("sandbox", _KIND, vm.name)) or {}
    return {name: value["value"] for name, value in stored.items()}


def take(context: "Context", vm: Key, name: str) -> Document:
    """The setting *name* of a VM, and one use of it; empty where there is none."""
    found: Document = read(context, vm).get(name, {})
    used(context, vm, name)
    return found


def used(context: "Context", vm: Key, name: str) -> None:
    """Count one use of a setting; one whose count is used up is gone."""
    key = Key("sandbox", _KIND, vm.name)
    stored = context.store.get(key) or {}
    if name not in stored or stored[name]["count"] is None:
        return
    stored[name]["count"] -= 1
    if stored[name]["count"] <= 0:
        del stored[name]
    context.store.put(key, stored)


def change(context: "Context", request: Document) -> list[Key]:
    """Set what *request* names for the VMs that it names; null takes a setting back.

    Returns:
        The VMs.

    Raises:
        ApiError: 400 that says what is wrong; 404 where a pattern fits no VM.
    """
    vms = _vms(context, str(request.get("instance", "")))
    wanted = {name: value for name, value in request.items() if name != "instance"}
    unknown = sorted(wanted.keys() - _READERS.keys())
    if unknown:
        raise invalid(f"a guest has no setting {', '.join(unknown)}; it has {', '.join(_READERS)}")
    read_values = {name: None if value is None else _READERS[name](value) for name, value in wanted.items()}
    for vm in vms:
        key = Key("sandbox", _KIND, vm.name)
        stored = context.store.get(key) or {}
        merged = {name: value for name, value in (stored | read_values).items() if value is not None}
        context.store.put(key, merged)
    return vms


def _vms(context: "Context", name: str) -> list[Key]:
    parts = name.split("/")
    if len(parts) != _PARTS or parts[0::2] != ["projects", "locations", "instances"] or not all(parts):
        raise invalid(f"'instance' must be {_PLACE}; it is '{name}'")
    _, project, _, zone, _, pattern = parts
    collection = f"projects/{project}/zones/{zone}/instances"
    if not set(pattern) & set("*?["):
        return [Key("compute", collection, pattern)]
    entries = context.store.page("compute", collection)
    found = [entry.key for entry in entries if fnmatch.fnmatchcase(entry.key.id, pattern)]
    if not found:
        raise not_found(name)
    return found


def _fate(value: Json) -> Document:
    known = {field.name for field in fields(Fate)} | {"count"}
    if not isinstance(value, dict) or value.keys() - known:
        raise invalid(f"'post_startup' is an object with {', '.join(sorted(known))}; it is {value!r}")
    fate = {name: item for name, item in value.items() if name != "count"}
    if fate.get("outcome") not in set(Outcome):
        raise invalid(f"'post_startup.outcome' is one of {', '.join(Outcome)}, not {fate.get('outcome')!r}")
    for name, kind in {"step": str, "line": int, "exit_status": int}.items():
        if name in fate and not isinstance(fate[name], kind):
            raise invalid(f"'post_startup.{name}' is {kind.__name__}, not {fate[name]!r}")
    return {"value": fate, "count": _count(value.get("count"))}


def _count(value: Json) -> int | None:
    if value is None or (isinstance(value, int) and value > 0):
        return value
    raise invalid(f"'count' is how often it holds, from 1, or null for always; it is {value!r}")


def _ending(value: Json, *outcomes: str) -> Document:
    known = {"outcome", "message", "count"}
    if not isinstance(value, dict) or value.keys() - known or value.get("outcome") not in outcomes:
        raise invalid(
            f"it must be an object of {', '.join(sorted(known))}, with outcome one of {', '.join(outcomes)}; "
            f"it is {value!r}"
        )
    ending = {name: str(item) for name, item in value.items() if name != "count"}
    return {"value": ending, "count": _count(value.get("count"))}


def _health(value: Json) -> Document:
    info = value.get("info", {}) if isinstance(value, dict) else None
    if not isinstance(info, dict) or value.keys() - {"state", "info"} or value.get("state") not in _HEALTH:
        raise invalid(f"'health' is {{'state': one of {', '.join(_HEALTH)}, 'info': {{…}}}}, not {value!r}")
    return {"value": {"state": value["state"], "info": info}, "count": None}


def _number(name: str, value: Json) -> Document:
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise invalid(f"'{name}' is a number from 0 on, not {value!r}")
    return {"value": value, "count": None}


def _words(value: Json) -> Document:
    if not isinstance(value, str) or not value:
        raise invalid(f"'upgradability' is what checkUpgradability says against an upgrade, not {value!r}")
    return {"value": value, "count": None}


_HEALTH: Final = ("HEALTHY", "UNHEALTHY", "AGENT_NOT_INSTALLED", "AGENT_NOT_RUNNING")
_READERS: Final[dict[str, Callable[[Json], Document]]] = {
    "post_startup": _fate,
    "start": lambda value: _ending(value, "fails", "hangs"),
    "upgrade": lambda value: _ending(value, "fails", "hangs", "unhealthy"),
    "upgradability": _words,
    "health": _health,
    "last_activity": lambda value: _number("last_activity", value),
    "busy_kernels": lambda value: _number("busy_kernels", value),
}
