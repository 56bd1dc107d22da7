"""Network Services: gateways of Secure Web Proxy, with the router that Google makes beside the first."""

from typing import TYPE_CHECKING, Final

from notebook_provisioner.sandbox.server.errors import ApiError, invalid
from notebook_provisioner.sandbox.server.service import Resource, Service
from notebook_provisioner.sandbox.server.services.compute.addresses import free_address
from notebook_provisioner.sandbox.server.services.compute.api import require, store_new
from notebook_provisioner.sandbox.server.store import Document, Key

if TYPE_CHECKING:
    from notebook_provisioner.sandbox.server.call import Call

SERVICE = Service(
    api="networkservices",
    version="v1",
    proto_package="google.cloud.networkservices.v1",
    not_emulated=(
        "a proxy: nothing listens on a gateway's address",
        "gateways of type OPEN_MESH; meshes, routes, service extensions",
    ),
)

_MOST_PORTS: Final = 5  # of a SECURE_WEB_GATEWAY (discovery document)


def _on_create(call: "Call", gateway: Document) -> None:
    if gateway.get("type") != "SECURE_WEB_GATEWAY":
        raise ApiError("UNIMPLEMENTED", "not emulated by the sandbox: gateways other than SECURE_WEB_GATEWAY")
    region = str(gateway["name"]).split("/")[3]
    _check(call, gateway)
    _, network = require(call.context, "network", str(gateway.get("network", "")), call.project)
    subnet_key, subnetwork = require(
        call.context, "subnetwork", str(gateway.get("subnetwork", "")), call.project
    )
    if subnetwork["network"] != network["selfLink"] or subnet_key.collection.split("/")[3] != region:
        raise invalid(f"Subnetwork {gateway['subnetwork']} is not in that network and {region}.")
    _require_proxy_subnet(call, network, region)
    wanted = (gateway.get("addresses") or [None])[0]
    gateway["addresses"] = [free_address(call.context, subnetwork, wanted)]
    gateway.setdefault("routingMode", "EXPLICIT_ROUTING_MODE")
    _make_router(call, network, region)


def _check(call: "Call", gateway: Document) -> None:
    if not gateway.get("allPorts") and not 1 <= len(gateway.get("ports", [])) <= _MOST_PORTS:
        raise invalid(f"A SECURE_WEB_GATEWAY has 1 to {_MOST_PORTS} ports, or allPorts.")
    policy = gateway.get("gatewaySecurityPolicy")
    if policy and call.store.get(Key.of("networksecurity", str(policy))) is None:
        raise invalid(f"Gateway security policy {policy} does not exist.")


def _require_proxy_subnet(call: "Call", network: Document, region: str) -> None:
    for entry in call.store.page("compute", f"projects/{call.project}/regions/{region}/subnetworks"):
        subnetwork = entry.document
        if subnetwork["network"] == network["selfLink"] and subnetwork["purpose"] == "REGIONAL_MANAGED_PROXY":
            return
    raise ApiError(
        "FAILED_PRECONDITION",
        f"The network has no subnetwork of purpose REGIONAL_MANAGED_PROXY in {region}.",
    )


def _make_router(call: "Call", network: Document, region: str) -> None:
    """The router whose NAT serves the proxies, and no VM; named as hashicorp/google looks for it."""
    collection = f"projects/{call.project}/regions/{region}/routers"
    key = Key("compute", collection, f"swg-autogen-router-{network['id']}")
    if call.store.get(key) is not None:
        return
    nat = {
        "name": "swg-autogen-nat",
        "type": "PUBLIC",
        "natIpAllocateOption": "AUTO_ONLY",
        "sourceSubnetworkIpRangesToNat": "ALL_SUBNETWORKS_ALL_IP_RANGES",
        "endpointTypes": ["ENDPOINT_TYPE_SWG"],
    }
    store_new(call.context, "Router", key, {"name": key.id, "network": network["selfLink"], "nats": [nat]})


def _on_update(call: "Call", stored: Document, updated: Document) -> None:
    for name in ("type", "network", "subnetwork", "addresses", "scope"):
        if updated.get(name) != stored.get(name):
            raise invalid(f"{name} of a gateway cannot be changed.")
    _check(call, updated)


SERVICE.add(
    Resource(collection="projects.locations.gateways", on_create=_on_create, on_update=_on_update),
)
