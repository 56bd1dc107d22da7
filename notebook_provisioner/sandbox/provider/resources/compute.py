"""Compute Engine: networks, addresses, routers, firewalls, snapshot schedules."""

import ipaddress
from typing import Any, Final

from notebook_provisioner.sandbox.provider.handler import Handler
from notebook_provisioner.sandbox.provider.mapping import Row
from notebook_provisioner.sandbox.provider.planning import Planned
from notebook_provisioner.sandbox.provider.resources.definition import Definition
from notebook_provisioner.sandbox.provider.rest import Json
from notebook_provisioner.sandbox.provider.values import Object

_GLOBAL: Final = "projects/{project}/global"
_REGIONAL: Final = "projects/{project}/regions/{region}"


class Linked(Handler):
    """Resources in a network: ``network`` may be a name, an id or a link; the API wants a link."""

    def _body(self, state: Object) -> dict[str, Any]:
        body = super()._body(state)
        network = str(body.get("network", ""))
        if network and "/" not in network:
            body["network"] = self._path(f"{_GLOBAL}/networks/{network}", state)
        return body


class Network(Handler):
    """Networks: routes that the API adds by itself may be unwanted."""

    def create(self, planned: Object) -> Object:
        """Make the network, without default routes where they are unwanted."""
        state = super().create(planned)
        if planned.get("delete_default_routes_on_create"):
            self._delete_default_routes(state)
        return state

    def _delete_default_routes(self, state: Object) -> None:
        condition = f'(network="{state["self_link"]}") AND (destRange="0.0.0.0/0")'
        routes = self.client.send("GET", self._url(f"{_GLOBAL}/routes", state, filter=condition))
        for route in routes.get("items", []):
            url = self._url(f"{_GLOBAL}/routes/{route['name']}", state)
            self.client.wait(self.row.service, self.client.send("DELETE", url))


class Subnetwork(Linked):
    """Subnetworks: two fields have methods of their own, and flow logs are on when their block is there."""

    def plan(self, prior: Object | None, config: Object) -> Planned:
        """Plan; a range can grow in place, and nothing else."""
        planned = super().plan(prior, config)
        old, new = (prior or {}).get("ip_cidr_range"), planned.state.get("ip_cidr_range")
        if isinstance(old, str) and isinstance(new, str) and not _within(old, new):
            return Planned(planned.state, (*planned.replace, ("ip_cidr_range",)))
        return planned

    def _body(self, state: Object) -> dict[str, Any]:
        body = super()._body(state)
        if state.get("log_config"):
            body["logConfig"]["enable"] = True
        return body

    def _to_state(self, api: Json, known: Object) -> Object:
        logs = api.get("logConfig") or {}
        state = super()._to_state(
            {**api, "logConfig": logs if logs.get("enable", bool(logs)) else None}, known
        )
        for log in state["log_config"]:
            if log.get("metadata") != "CUSTOM_METADATA":
                log["metadata_fields"] = None
        return state

    def _modify(self, prior: Object, planned: Object, changed: list[str]) -> None:
        methods = {"ipCidrRange": "expandIpCidrRange", "privateIpGoogleAccess": "setPrivateIpGoogleAccess"}
        body = self._body(planned)
        for key, method in methods.items():
            if key in changed:
                url = self._item_url(planned).rstrip("/") + "/" + method
                value = body.get(key, False)
                self.client.wait(self.row.service, self.client.send("POST", url, {key: value}))
        rest = [key for key in changed if key not in methods]
        if rest:
            super()._modify(prior, planned, rest)

    def _with_fingerprint(self, prior: Object, partial: dict[str, Any]) -> dict[str, Any]:
        if partial.get("logConfig", "") is None:
            partial["logConfig"] = {"enable": False}
        return super()._with_fingerprint(prior, partial)


class Firewall(Linked):
    """Firewall rules: logs are on when their block is there."""

    def plan(self, prior: Object | None, config: Object) -> Planned:
        """Plan; a rule for what comes in says where from."""
        sources = ("source_tags", "source_ranges", "source_service_accounts")
        if config.get("direction") in {None, "INGRESS"} and all(config.get(name) is None for name in sources):
            raise ValueError("one of source_tags, source_ranges, or source_service_accounts must be defined")
        return super().plan(prior, config)

    def _body(self, state: Object) -> dict[str, Any]:
        body = super()._body(state)
        if state.get("log_config"):
            body["logConfig"] = {"enable": True, "metadata": state["log_config"][0]["metadata"]}
        return body

    def _to_state(self, api: Json, known: Object) -> Object:
        logs = api.get("logConfig") or {}
        api = {name: value for name, value in api.items() if name != "logConfig"}
        state = super()._to_state(api, known)
        enabled = bool(logs.get("enable"))
        state["log_config"] = [{"metadata": logs.get("metadata", "INCLUDE_ALL_METADATA")}] if enabled else []
        return state

    def _modify(self, prior: Object, planned: Object, changed: list[str]) -> None:
        body = self._body(planned)
        partial = {key: body.get(key) for key in changed}
        if "logConfig" in partial and partial["logConfig"] is None:
            partial["logConfig"] = {"enable": False}
        self.client.wait(self.row.service, self.client.send("PATCH", self._item_url(planned), partial))


class Route(Linked):
    """Routes: the next hop may be given by a short name."""

    def _body(self, state: Object) -> dict[str, Any]:
        body = super()._body(state)
        if body.get("nextHopGateway") == "default-internet-gateway":
            body["nextHopGateway"] = self._path(f"{_GLOBAL}/gateways/default-internet-gateway", state)
        return body


class Labelled(Linked):
    """Addresses: labels are all that changes in place, by a method of their own."""

    def _modify(self, prior: Object, planned: Object, changed: list[str]) -> None:
        current = self._fetch(prior) or {}
        request = {
            "labels": planned.get("effective_labels") or {},
            "labelFingerprint": current.get("labelFingerprint"),
        }
        answer = self.client.send("POST", self._item_url(planned) + "/setLabels", request)
        self.client.wait(self.row.service, answer)


class RouterNat(Handler):
    """Cloud NAT: an element of its router's list."""

    def _nats(self, state: Object) -> list[dict[str, Any]]:
        router = self.client.send("GET", self._item_url(state))
        return list(router.get("nats", []))

    def _write(self, state: Object, nats: list[dict[str, Any]]) -> Json:
        return self.client.wait("compute", self.client.send("PATCH", self._item_url(state), {"nats": nats}))

    def _replace(self, state: Object, own: dict[str, Any] | None) -> Json:
        """Write the router's list with this NAT replaced, added, or (None) left out."""
        with self.client.lock(self._path("router/{project}/{region}/{router}", state)):
            others = [nat for nat in self._nats(state) if nat["name"] != state["name"]]
            return self._write(state, others if own is None else [*others, own])

    def _insert(self, planned: Object) -> Json:
        return self._replace(planned, self._body(planned))

    def _modify(self, prior: Object, planned: Object, changed: list[str]) -> None:
        self._replace(planned, self._body(planned))

    def _fetch(self, state: Object) -> Json:
        router = self.client.get(self._item_url(state)) or {}
        return next((nat for nat in router.get("nats", []) if nat["name"] == state["name"]), None)

    def _remove(self, prior: Object) -> None:
        self._replace(prior, None)


class PolicyAttachment(Handler):
    """A resource policy on a disk: an element of the disk's list."""

    def _call(self, state: Object, method: str) -> Json:
        policy = self._path("projects/{project}/regions/", state) + self._region(state)
        link = f"{policy}/resourcePolicies/{state['name']}"
        return self.client.send("POST", self._item_url(state) + "/" + method, {"resourcePolicies": [link]})

    def _region(self, state: Object) -> str:
        return self._path("{zone}", state).rsplit("-", 1)[0]

    def _insert(self, planned: Object) -> Json:
        return self._call(planned, "addResourcePolicies")

    def _fetch(self, state: Object) -> Json:
        disk = self.client.get(self._item_url(state)) or {}
        attached = {link.rsplit("/", 1)[-1] for link in disk.get("resourcePolicies", [])}
        return {"name": state["name"]} if state["name"] in attached else None

    def _remove(self, prior: Object) -> None:
        self.client.wait("compute", self._call(prior, "removeResourcePolicies"))


def _within(inner: str, outer: str) -> bool:
    """Whether all addresses of one range are in the other."""
    ranges = [ipaddress.ip_network(text, strict=False) for text in (inner, outer)]
    return ranges[0].version == ranges[1].version and ranges[0].subnet_of(ranges[1])  # type: ignore[arg-type]


DEFINITIONS: Final = {
    "google_compute_network": Definition(
        Row(
            service="compute",
            collection=f"{_GLOBAL}/networks",
            fields={
                "routing_mode": "routingConfig.routingMode",
                "bgp_best_path_selection_mode": "routingConfig.bgpBestPathSelectionMode",
                "bgp_always_compare_med": "routingConfig.bgpAlwaysCompareMed",
                "bgp_inter_region_cost": "routingConfig.bgpInterRegionCost",
                "delete_default_routes_on_create": None,
                "delete_bgp_always_compare_med": None,
                "gateway_ipv4": "gatewayIPv4",
                "network_id": "id",
                "numeric_id": "id",
            },
        ),
        Network,
    ),
    "google_compute_subnetwork": Definition(
        Row(
            service="compute",
            collection=f"{_REGIONAL}/subnetworks",
            fields={
                "subnetwork_id": "id",
                "secondary_ip_range": "secondaryIpRanges",
                "send_secondary_ip_range_if_empty": None,
            },
        ),
        Subnetwork,
    ),
    "google_compute_firewall": Definition(
        Row(
            service="compute",
            collection=f"{_GLOBAL}/firewalls",
            fields={
                "allow": "allowed",
                "allow.protocol": "IPProtocol",
                "deny": "denied",
                "deny.protocol": "IPProtocol",
                "enable_logging": None,
                "log_config": None,
            },
        ),
        Firewall,
    ),
    "google_compute_route": Definition(
        Row(
            service="compute",
            collection=f"{_GLOBAL}/routes",
            update=None,
            fields={"next_hop_instance_zone": None},
        ),
        Route,
    ),
    "google_compute_router": Definition(Row(service="compute", collection=f"{_REGIONAL}/routers"), Linked),
    "google_compute_router_nat": Definition(
        Row(
            service="compute",
            collection=f"{_REGIONAL}/routers",
            item=f"{_REGIONAL}/routers/{{router}}",
            identity="{project}/{region}/{router}/{name}",
            import_forms=(f"{_REGIONAL}/routers/{{router}}/{{name}}",),
            fields={
                "region": None,
                "router": None,
                "subnetwork": "subnetworks",
                "nat64_subnetwork": "nat64Subnetworks",
                "initial_nat_ips": None,
            },
        ),
        RouterNat,
    ),
    "google_compute_global_address": Definition(
        Row(service="compute", collection=f"{_GLOBAL}/addresses", update=None), Labelled
    ),
    "google_compute_address": Definition(
        Row(service="compute", collection=f"{_REGIONAL}/addresses", update=None, fields={"address_id": "id"}),
        Labelled,
    ),
    "google_compute_resource_policy": Definition(
        Row(
            service="compute",
            collection=f"{_REGIONAL}/resourcePolicies",
            plan_defaults=("project", "region", "deletion_policy"),
        ),
    ),
    "google_compute_disk_resource_policy_attachment": Definition(
        Row(
            service="compute",
            collection="projects/{project}/zones/{zone}/disks",
            item="projects/{project}/zones/{zone}/disks/{disk}",
            identity="{project}/{zone}/{disk}/{name}",
            import_forms=("projects/{project}/zones/{zone}/disks/{disk}/{name}",),
            update=None,
            plan_defaults=("project", "zone", "deletion_policy"),
            fields={"disk": None, "zone": None},
        ),
        PolicyAttachment,
    ),
}
