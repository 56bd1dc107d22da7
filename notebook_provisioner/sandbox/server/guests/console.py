"""What a VM shows outside: serial output and guest attributes, in the store beside their VM."""

from typing import TYPE_CHECKING, Final

from notebook_provisioner.sandbox.server.store import Key

if TYPE_CHECKING:
    from collections.abc import Iterable

    from notebook_provisioner.sandbox.server.context import Context

SERIAL_CHARACTERS: Final = 1024 * 1024  # Compute Engine keeps the last MiB of a port


def append_serial(context: "Context", vm: Key, text: str) -> None:
    """Add to port 1 of a VM; what goes over a MiB is dropped at its beginning."""
    key = Key("compute", f"{vm.name}/serialPorts", "1")
    stored = context.store.get(key) or {"name": "1", "contents": ""}
    contents = str(stored.get("contents", "")) + text
    excess = max(0, len(contents) - SERIAL_CHARACTERS)
    dropped = int(stored.get("dropped", 0)) + excess
    context.store.put(key, stored | {"contents": contents[excess:], "dropped": dropped})


def set_attributes(context: "Context", vm: Key, values: "Iterable[tuple[str, str | None]]") -> None:
    """Set guest attributes: pairs of ``namespace/key`` and value; none deletes one."""
    for name, value in values:
        key = Key("compute", f"{vm.name}/guestAttributes", name)
        if value is None:
            context.store.delete(key)
        else:
            context.store.put(key, {"name": name, "value": value})


def attributes(context: "Context", vm: Key) -> dict[str, str]:
    """The guest attributes of a VM, ``namespace/key`` to value."""
    entries = context.store.page("compute", f"{vm.name}/guestAttributes")
    return {entry.key.id: str(entry.document["value"]) for entry in entries}
