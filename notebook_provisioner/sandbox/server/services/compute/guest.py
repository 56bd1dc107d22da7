"""What a VM's guest leaves outside: serial output and guest attributes, written by boots or loaded."""

from typing import TYPE_CHECKING

from notebook_provisioner.sandbox.server.errors import ApiError, not_found
from notebook_provisioner.sandbox.server.services.compute import metadata
from notebook_provisioner.sandbox.server.services.compute.api import SERVICE
from notebook_provisioner.sandbox.server.store import Document, Key

if TYPE_CHECKING:
    from notebook_provisioner.sandbox.server.call import Call


@SERVICE.method("instances.getSerialPortOutput")
def get_serial_port_output(call: "Call") -> Document:
    """The last MiB of a port: ``{"name": "1", "contents": …}`` in ``…/instances/I/serialPorts``.

    ``dropped`` there is the number of characters that went before it.
    """
    instance = call.load()
    port = str(call.query.get("port", 1))
    stored = call.store.get(Key("compute", f"{call.match.name}/serialPorts", port)) or {}
    contents = str(stored.get("contents", ""))
    dropped = int(stored.get("dropped", 0))
    begin = min(max(int(call.query.get("start", 0)), dropped), dropped + len(contents))
    return {
        "kind": "compute#serialPortOutput",
        "selfLink": f"{instance['selfLink']}/serialPort?port={port}",
        "start": str(begin),
        "next": str(dropped + len(contents)),
        "contents": contents[begin - dropped :],
    }


@SERVICE.method("instances.getGuestAttributes")
def get_guest_attributes(call: "Call") -> Document:
    """Guest attributes: ``{"name": "namespace/key", "value": …}`` in ``…/instances/I/guestAttributes``."""
    instance = call.load()
    if metadata.to_map(instance.get("metadata", {})).get("enable-guest-attributes", "").lower() != "true":
        raise ApiError(
            "CONDITION_NOT_MET", "GuestAttributes endpoint access is disabled.", reason="conditionNotMet"
        )
    collection = f"{call.match.name}/guestAttributes"
    entries = call.store.page("compute", collection)
    answer: Document = {
        "kind": "compute#guestAttributes",
        "selfLink": f"{instance['selfLink']}/guestAttributes",
    }
    wanted = str(call.query.get("variableKey") or call.query.get("queryPath") or "").rstrip("/")
    found = [entry for entry in entries if f"{entry.key.id}/".startswith(f"{wanted}/" if wanted else "")]
    if not found:
        raise not_found(f"{wanted}' of type 'Guest Attribute")
    if "variableKey" in call.query:
        return answer | {"variableKey": wanted, "variableValue": found[0].document["value"]}
    items = [
        {
            "namespace": entry.key.id.partition("/")[0],
            "key": entry.key.id.partition("/")[2],
            "value": entry.document["value"],
        }
        for entry in found
    ]
    return answer | {"queryPath": f"{wanted}/" if wanted else "", "queryValue": {"items": items}}
