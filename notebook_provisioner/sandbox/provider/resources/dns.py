"""Cloud DNS: zones, records, policies."""

from typing import Any, Final

from notebook_provisioner.sandbox.provider.handler import Handler
from notebook_provisioner.sandbox.provider.mapping import Row
from notebook_provisioner.sandbox.provider.resources.definition import Definition
from notebook_provisioner.sandbox.provider.rest import Json
from notebook_provisioner.sandbox.provider.values import Object

_ZONE: Final = "projects/{project}/managedZones/{managed_zone}"
_RETURNED: Final = ("id", "nameServers", "creationTime")
_RECORD_FIELDS: Final = frozenset({"name", "type", "ttl", "rrdatas", "routingPolicy"})
_OWN_RECORDS: Final = frozenset({"NS", "SOA"})


class _InNetworks(Handler):
    """Zones and policies name networks by absolute links."""

    def _absolute(self, network: dict[str, Any]) -> None:
        url = str(network.get("networkUrl", ""))
        if url and not url.startswith("http"):
            network["networkUrl"] = "https://www.googleapis.com/compute/v1/" + url

    def _body(self, state: Object) -> dict[str, Any]:
        body = super()._body(state)
        lists = [
            body.get("networks", []),
            body.get("privateVisibilityConfig", {}).get("networks", []),
            [body.get("peeringConfig", {}).get("targetNetwork", {})],
        ]
        for networks in lists:
            for network in networks:
                self._absolute(network)
        return body


class ManagedZone(_InNetworks):
    """Zones: only those without records of one's own can be deleted."""

    def _modify(self, prior: Object, planned: Object, changed: list[str]) -> None:
        # The API replaces the whole zone, and wants what it has chosen itself back.
        current = self._fetch(prior) or {}
        body = self._body(planned) | {key: current[key] for key in _RETURNED if key in current}
        self.client.wait(self.row.service, self.client.send("PUT", self._item_url(planned), body))

    def _remove(self, prior: Object) -> None:
        if prior.get("force_destroy"):
            records = self.client.get(self._item_url(prior) + "/rrsets") or {}
            own = [
                _own_fields(record)
                for record in records.get("rrsets", [])
                if not (record["type"] in _OWN_RECORDS and record["name"] == prior["dns_name"])
            ]
            if own:
                self.client.send("POST", self._item_url(prior) + "/changes", {"deletions": own})
        super()._remove(prior)


class RecordSet(Handler):
    """Records: changed by adding and deleting in one transaction."""

    def _record(self, state: Object) -> dict[str, Any]:
        record = self._body(state)
        record["rrdatas"] = list(state.get("rrdatas") or [])
        return record

    def _change(self, state: Object, additions: list[Json], deletions: list[Json]) -> None:
        change = {key: value for key, value in (("additions", additions), ("deletions", deletions)) if value}
        if change:
            self.client.send("POST", self._url(f"{_ZONE}/changes", state), change)

    def _insert(self, planned: Object) -> Json:
        present = self._fetch(planned)
        self._change(planned, [self._record(planned)], [present] if present else [])
        return {}

    def _modify(self, prior: Object, planned: Object, changed: list[str]) -> None:
        present = self._fetch(prior)
        self._change(planned, [self._record(planned)], [present] if present else [])

    def _fetch(self, state: Object) -> Json:
        url = self._url(f"{_ZONE}/rrsets", state, name=str(state["name"]), type=str(state["type"]))
        records = self.client.get(url) or {}
        wanted = (state["name"], state["type"])
        found = (one for one in records.get("rrsets", []) if (one["name"], one["type"]) == wanted)
        return next(map(_own_fields, found), None)

    def _remove(self, prior: Object) -> None:
        zone = self.client.get(self._url(_ZONE, prior)) or {}
        if prior["type"] in _OWN_RECORDS and zone.get("dnsName") == prior["name"]:
            return  # a zone keeps the records of its apex
        present = self._fetch(prior)
        self._change(prior, [], [present] if present else [])


class Policy(_InNetworks):
    """Policies: they go only once no network uses them."""

    def _remove(self, prior: Object) -> None:
        if prior.get("networks"):
            answer = self.client.send("PATCH", self._item_url(prior), {"networks": []})
            self.client.wait(self.row.service, answer)
        super()._remove(prior)


def _own_fields(record: dict[str, Any]) -> dict[str, Any]:
    """A record as a transaction takes it: without what the API adds."""
    return {key: value for key, value in record.items() if key in _RECORD_FIELDS}


DEFINITIONS: Final = {
    "google_dns_managed_zone": Definition(
        Row(
            service="dns",
            collection="projects/{project}/managedZones",
            update="PUT",
            fields={
                "managed_zone_id": "id",
                "force_destroy": None,
                "private_visibility_config.gke_clusters": "gkeClusters",
            },
        ),
        ManagedZone,
    ),
    "google_dns_record_set": Definition(
        Row(
            service="dns",
            collection=f"{_ZONE}/rrsets",
            identity=f"{_ZONE}/rrsets/{{name}}/{{type}}",
            fields={
                "managed_zone": None,
                "routing_policy.wrr": "wrr.items",
                "routing_policy.geo": "geo.items",
                "routing_policy.enable_geo_fencing": "geo.enableFencing",
            },
        ),
        RecordSet,
    ),
    "google_dns_policy": Definition(Row(service="dns", collection="projects/{project}/policies"), Policy),
    "google_dns_response_policy": Definition(
        Row(
            service="dns",
            collection="projects/{project}/responsePolicies",
            item="projects/{project}/responsePolicies/{response_policy_name}",
        ),
        Policy,
    ),
}
