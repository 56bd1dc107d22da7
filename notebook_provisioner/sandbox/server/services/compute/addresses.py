"""Reserved addresses, and the addresses that VMs get."""

import ipaddress
import secrets
from typing import TYPE_CHECKING

from notebook_provisioner.sandbox.server.errors import ApiError, invalid
from notebook_provisioner.sandbox.server.service import Resource
from notebook_provisioner.sandbox.server.services.compute.api import ROOT, SERVICE, in_use, require, url_of
from notebook_provisioner.sandbox.server.store import Document

if TYPE_CHECKING:
    from notebook_provisioner.sandbox.server.call import Call
    from notebook_provisioner.sandbox.server.context import Context
    from notebook_provisioner.sandbox.server.store import Entry

_EXTERNAL = ipaddress.ip_network(
    "203.0.113.0/24"
)  # RFC 5737, for documentation: nobody's, so nobody can be reached


def external_address() -> str:
    """An external address that exists nowhere."""
    return str(_EXTERNAL[1 + secrets.randbelow(_EXTERNAL.num_addresses - 2)])


def free_address(context: "Context", subnetwork: Document, wanted: str | None = None) -> str:
    """A free address of *subnetwork*, or *wanted* if it is one.

    Raises:
        ApiError: 400 where *wanted* is outside or taken, or the range is exhausted.
    """
    link, block = subnetwork["selfLink"], ipaddress.ip_network(subnetwork["ipCidrRange"])
    taken = _taken(context, link)
    if wanted is not None:
        if ipaddress.ip_address(wanted) not in block:
            raise invalid(
                f"Requested internal IP address {wanted} is outside the subnetwork's range {block}."
            )
        if wanted in taken:
            raise invalid(
                f"IP '{wanted}' is already being used by another resource.",
                reason="resourceInUseByAnotherResource",
            )
        return wanted
    # Compute keeps the first two and the last two addresses of a subnetwork for itself.
    for offset in range(2, block.num_addresses - 2):
        if str(block[offset]) not in taken:
            return str(block[offset])
    raise ApiError(
        "RESOURCE_EXHAUSTED", f"IP space of '{link.removeprefix(ROOT)}' is exhausted.", http_status=400
    )


def _taken(context: "Context", link: str) -> set[str]:
    prefix = f"projects/{link.removeprefix(ROOT).split('/')[1]}/"
    taken = {
        nic["networkIP"]
        for entry in context.store.scan("compute", "instances", prefix)
        for nic in entry.document.get("networkInterfaces", [])
        if nic.get("subnetwork") == link and "networkIP" in nic
    }
    taken |= {
        entry.document["address"]
        for entry in context.store.scan("compute", "addresses", prefix)
        if entry.document.get("subnetwork") == link
    }
    return taken | {
        address for gateway in gateways_in(context, link) for address in gateway.document["addresses"]
    }


def gateways_in(context: "Context", link: str) -> "list[Entry]":
    """The gateways of Network Services that have their address in the subnetwork of that URL."""
    project = link.removeprefix(ROOT).split("/")[1]
    return [
        entry
        for entry in context.store.scan("networkservices", "gateways", f"projects/{project}/")
        if url_of(str(entry.document.get("subnetwork", "")), project) == link
    ]


def _on_create(call: "Call", address: Document) -> None:
    address.setdefault("addressType", "EXTERNAL")
    address.setdefault("ipVersion", "IPV4")
    address["status"] = "RESERVED"
    if address["addressType"] == "EXTERNAL":
        address.setdefault("networkTier", "PREMIUM")
        address.setdefault("address", external_address())
    elif address.get("purpose") in {"VPC_PEERING", "PRIVATE_SERVICE_CONNECT"}:
        require(call.context, "network", address.get("network", ""), call.project)
        if "address" not in address:
            raise invalid("the sandbox reserves internal ranges only at an address that is given")
    else:
        address.setdefault("purpose", "GCE_ENDPOINT")
        _, subnetwork = require(call.context, "subnetwork", address.get("subnetwork", ""), call.project)
        address["address"] = free_address(call.context, subnetwork, address.get("address"))
        address.setdefault("networkTier", "PREMIUM")


def _on_delete(call: "Call", address: Document) -> None:
    for entry in call.store.scan("compute", "routers", f"projects/{call.project}/regions/"):
        if any(address["selfLink"] in nat.get("natIps", []) for nat in entry.document.get("nats", [])):
            raise in_use(call.match.name, entry.key.name)


SERVICE.add(
    Resource(collection="addresses", on_create=_on_create, on_delete=_on_delete),
    Resource(collection="globalAddresses", on_create=_on_create, on_delete=_on_delete),
)
