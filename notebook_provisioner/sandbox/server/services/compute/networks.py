"""VPC networks, subnetworks, routes and firewall rules."""

import ipaddress
import secrets
from typing import TYPE_CHECKING

from notebook_provisioner.sandbox.server import crud
from notebook_provisioner.sandbox.server.errors import ApiError, invalid
from notebook_provisioner.sandbox.server.service import Resource
from notebook_provisioner.sandbox.server.services.compute.addresses import gateways_in
from notebook_provisioner.sandbox.server.services.compute.api import (
    ROOT,
    SERVICE,
    in_use,
    refuse_use,
    require,
    store_new,
)
from notebook_provisioner.sandbox.server.store import Document, Key

if TYPE_CHECKING:
    from notebook_provisioner.sandbox.server.call import Call
    from notebook_provisioner.sandbox.server.context import Context

_DEFAULT_MTU = 1460
_Block = ipaddress.IPv4Network | ipaddress.IPv6Network


def _on_create_network(call: "Call", network: Document) -> None:
    if network.get("autoCreateSubnetworks", True):
        raise ApiError("UNIMPLEMENTED", "not emulated by the sandbox: networks with autoCreateSubnetworks")
    network.setdefault("mtu", _DEFAULT_MTU)
    routing = network.setdefault("routingConfig", {})
    routing.setdefault("routingMode", "REGIONAL")
    network.setdefault("networkFirewallPolicyEnforcementOrder", "AFTER_CLASSIC_FIREWALL")
    network["selfLinkWithId"] = f"{ROOT}{call.collection}/{network['id']}"
    _add_system_route(
        call.context,
        call.project,
        {
            "description": "Default route to the Internet.",
            "network": network["selfLink"],
            "destRange": "0.0.0.0/0",
            "priority": 1000,
            "nextHopGateway": f"{ROOT}projects/{call.project}/global/gateways/default-internet-gateway",
        },
    )


def _on_delete_network(call: "Call", network: Document) -> None:
    refuse_use(call.context, call.match.name, "network", "subnetworks", "firewalls", "routers", "addresses")
    for entry in call.store.page("compute", f"projects/{call.project}/global/firewallPolicies"):
        if any(one["attachmentTarget"] == network["selfLink"] for one in entry.document["associations"]):
            raise in_use(call.match.name, entry.key.name)
    for entry in call.store.page("compute", f"projects/{call.project}/global/routes"):
        if entry.document.get("network") == network["selfLink"]:
            if not entry.key.id.startswith("default-route-"):
                refuse_use(call.context, call.match.name, "network", "routes")
            call.store.delete(entry.key)


def _view_network(context: "Context", network: Document) -> Document:
    name = network["selfLink"].removeprefix(ROOT)
    links = [
        entry.document["selfLink"]
        for entry in context.store.scan("compute", "subnetworks", f"projects/{name.split('/')[1]}/regions/")
        if entry.document.get("network") == network["selfLink"]
    ]
    return network | ({"subnetworks": links} if links else {})


def _on_create_subnetwork(call: "Call", subnetwork: Document) -> None:
    if not subnetwork.get("network"):
        raise invalid(
            "Invalid value for field 'resource.network': ''. The URL is malformed.", reason="required"
        )
    require(call.context, "network", subnetwork["network"], call.project)
    block = _block(subnetwork.get("ipCidrRange", ""), "ipCidrRange")
    _refuse_overlap(call.context, call.project, subnetwork["network"], block, subnetwork["name"])
    for secondary in subnetwork.get("secondaryIpRanges", []):
        _block(secondary.get("ipCidrRange", ""), "secondaryIpRanges.ipCidrRange")
    subnetwork["gatewayAddress"] = str(block[1])
    defaults = {
        "privateIpGoogleAccess": False,
        "privateIpv6GoogleAccess": "DISABLE_GOOGLE_ACCESS",
        "purpose": "PRIVATE",
        "stackType": "IPV4_ONLY",
        "allowSubnetCidrRoutesOverlap": False,
    }
    for name, value in defaults.items():
        subnetwork.setdefault(name, value)
    _follow_flow_logs(subnetwork)
    _add_system_route(
        call.context,
        call.project,
        {
            "description": f"Default local route to the subnetwork {block}.",
            "network": subnetwork["network"],
            "destRange": str(block),
            "priority": 0,
            "nextHopNetwork": subnetwork["network"],
        },
    )


def _on_update_subnetwork(call: "Call", stored: Document, updated: Document) -> None:
    crud.check_fingerprint(call.body.get("fingerprint"), stored.get("fingerprint"), "resource")
    for field in ("ipCidrRange", "network"):
        if updated.get(field) != stored.get(field):
            raise invalid(f"Invalid value for field 'resource.{field}': it cannot be changed by patch.")
    _follow_flow_logs(updated)


def _on_delete_subnetwork(call: "Call", subnetwork: Document) -> None:
    refuse_use(call.context, call.match.name, "subnetwork", "addresses")
    for entry in call.store.scan("compute", "instances", f"projects/{call.project}/zones/"):
        if any(
            nic.get("subnetwork") == subnetwork["selfLink"]
            for nic in entry.document.get("networkInterfaces", [])
        ):
            raise invalid(
                f"The subnetwork resource '{call.match.name}' is already being used by '{entry.key.name}'",
                reason="resourceInUseByAnotherResource",
            )
    for gateway in gateways_in(call.context, subnetwork["selfLink"]):
        raise in_use(call.match.name, gateway.key.name)
    for entry in call.store.page("compute", f"projects/{call.project}/global/routes"):
        route = entry.document
        if (
            route.get("nextHopNetwork") == subnetwork["network"]
            and route["destRange"] == subnetwork["ipCidrRange"]
        ):
            call.store.delete(entry.key)


def _follow_flow_logs(subnetwork: Document) -> None:
    """Keep ``enableFlowLogs`` and ``logConfig.enable`` the same, as Compute does."""
    config = subnetwork.get("logConfig")
    if config is not None:
        subnetwork["enableFlowLogs"] = bool(config.get("enable"))
    else:
        subnetwork.setdefault("enableFlowLogs", False)
        subnetwork["logConfig"] = {"enable": subnetwork["enableFlowLogs"]}


def _on_create_route(call: "Call", route: Document) -> None:
    require(call.context, "network", route.get("network", ""), call.project)
    _block(route.get("destRange", ""), "destRange")
    hops = [name for name in route if name.startswith("nextHop")]
    if len(hops) != 1:
        raise invalid("Exactly one next hop must be given for a route.", reason="required")
    route.setdefault("priority", 1000)
    route |= {"routeType": "STATIC", "routeStatus": "ACTIVE"}


def _on_create_firewall(call: "Call", firewall: Document) -> None:
    firewall.setdefault("network", f"{ROOT}projects/{call.project}/global/networks/default")
    require(call.context, "network", firewall["network"], call.project)
    _complete_firewall(firewall)


def _complete_firewall(firewall: Document) -> None:
    if bool(firewall.get("allowed")) == bool(firewall.get("denied")):
        raise invalid("Firewall rule must have exactly one of allowed and denied.", reason="required")
    firewall.setdefault("direction", "INGRESS")
    firewall.setdefault("priority", 1000)
    firewall.setdefault("disabled", False)
    firewall.setdefault("logConfig", {}).setdefault("enable", False)
    if firewall["direction"] == "EGRESS":
        firewall.setdefault("destinationRanges", ["0.0.0.0/0"])
    elif not any(firewall.get(name) for name in ("sourceRanges", "sourceTags", "sourceServiceAccounts")):
        firewall["sourceRanges"] = ["0.0.0.0/0"]
    for name in ("sourceRanges", "destinationRanges"):
        for text in firewall.get(name, []):
            _block(text, name)


def _block(text: str, field: str) -> _Block:
    try:
        return ipaddress.ip_network(text)
    except ValueError as error:
        raise invalid(f"Invalid value for field 'resource.{field}': '{text}'. {error}") from error


def _refuse_overlap(
    context: "Context",
    project: str,
    network: str,
    block: _Block,
    name: str,
) -> None:
    for entry in context.store.scan("compute", "subnetworks", f"projects/{project}/regions/"):
        other = entry.document
        if other.get("network") == network and other.get("name") != name:
            taken = ipaddress.ip_network(other["ipCidrRange"])
            if taken.version == block.version and taken.overlaps(block):
                region = entry.key.collection.split("/")[3]
                raise invalid(
                    f"Invalid IPCidrRange: {block} conflicts with existing subnetwork "
                    f"'{other['name']}' in region "
                    f"'{region}'."
                )


def _add_system_route(context: "Context", project: str, route: Document) -> None:
    key = Key("compute", f"projects/{project}/global/routes", f"default-route-r-{secrets.token_hex(8)}")
    store_new(context, "Route", key, route | {"name": key.id, "routeStatus": "ACTIVE"})


@SERVICE.method("subnetworks.setPrivateIpGoogleAccess")
def set_private_ip_google_access(call: "Call") -> Document:
    """Turn Private Google Access of a subnetwork on or off."""
    return _change_subnetwork(call, {"privateIpGoogleAccess": bool(call.body.get("privateIpGoogleAccess"))})


@SERVICE.method("subnetworks.expandIpCidrRange")
def expand_ip_cidr_range(call: "Call") -> Document:
    """Widen a subnetwork's range; it must hold the old one."""
    old = ipaddress.ip_network(call.load()["ipCidrRange"])
    new = _block(call.body.get("ipCidrRange", ""), "ipCidrRange")
    if old == new or not _contains(new, old):
        raise invalid(
            f"Invalid value for field 'resource.ipCidrRange': '{new}'. It must be wider than {old}."
        )
    _refuse_overlap(call.context, call.project, call.load()["network"], new, call.key.id)
    return _change_subnetwork(call, {"ipCidrRange": str(new), "gatewayAddress": str(new[1])})


def _contains(wide: _Block, narrow: _Block) -> bool:
    return wide.version == narrow.version and wide.overlaps(narrow) and wide.prefixlen <= narrow.prefixlen


def _change_subnetwork(call: "Call", change: Document) -> Document:
    subnetwork = call.load() | change
    crud.stamp_changed(call.context, SERVICE, "Subnetwork", subnetwork)
    call.store.put(call.key, subnetwork)
    return call.operation()


SERVICE.add(
    Resource(
        collection="networks", on_create=_on_create_network, on_delete=_on_delete_network, view=_view_network
    ),
    Resource(
        collection="subnetworks",
        on_create=_on_create_subnetwork,
        on_update=_on_update_subnetwork,
        on_delete=_on_delete_subnetwork,
    ),
    Resource(collection="routes", on_create=_on_create_route),
    Resource(
        collection="firewalls",
        on_create=_on_create_firewall,
        on_update=lambda _call, _stored, updated: _complete_firewall(updated),
    ),
)
