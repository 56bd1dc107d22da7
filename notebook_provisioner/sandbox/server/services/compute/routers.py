"""Cloud Routers with their NAT gateways."""

from typing import TYPE_CHECKING

from notebook_provisioner.sandbox.server.errors import invalid
from notebook_provisioner.sandbox.server.service import Resource
from notebook_provisioner.sandbox.server.services.compute.api import SERVICE, absolute, require
from notebook_provisioner.sandbox.server.store import Document

if TYPE_CHECKING:
    from notebook_provisioner.sandbox.server.call import Call

# Defaults of RouterNat (discovery document, compute v1).
_NAT_DEFAULTS: Document = {
    "type": "PUBLIC",
    "enableEndpointIndependentMapping": False,
    "endpointTypes": ["ENDPOINT_TYPE_VM"],
    "icmpIdleTimeoutSec": 30,
    "tcpEstablishedIdleTimeoutSec": 1200,
    "tcpTransitoryIdleTimeoutSec": 30,
    "udpIdleTimeoutSec": 30,
}


def _on_create(call: "Call", router: Document) -> None:
    require(call.context, "network", router.get("network", ""), call.project)
    _complete(call, router)


def _on_update(call: "Call", _stored: Document, updated: Document) -> None:
    updated |= absolute(updated, call.project)
    _complete(call, updated)


def _complete(call: "Call", router: Document) -> None:
    names = [nat.get("name") for nat in router.get("nats", [])]
    if len(names) != len(set(names)):
        raise invalid("Invalid value for field 'resource.nats': names must be unique within a router.")
    for nat in router.get("nats", []):
        for name, value in _NAT_DEFAULTS.items():
            nat.setdefault(name, value)
        if nat.get("natIpAllocateOption") == "AUTO_ONLY":
            nat.setdefault("autoNetworkTier", "PREMIUM")
        for address in nat.get("natIps", []):
            require(call.context, "nats.natIps", address, call.project)
        for subnetwork in nat.get("subnetworks", []):
            require(
                call.context, "nats.subnetworks.name", subnetwork_of(subnetwork, call.project), call.project
            )


def subnetwork_of(entry: Document, project: str) -> str:
    """The reference in a NAT's list of subnetworks, which stands in its ``name``."""
    name = str(absolute(str(entry.get("name", "")), project))
    entry["name"] = name
    return name


SERVICE.add(Resource(collection="routers", on_create=_on_create, on_update=_on_update))
