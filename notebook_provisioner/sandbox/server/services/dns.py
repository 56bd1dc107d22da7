"""Cloud DNS: managed zones with their records and changes, server policies, response policies."""

from typing import TYPE_CHECKING, Final

from notebook_provisioner.sandbox.server import crud
from notebook_provisioner.sandbox.server.clock import rfc3339_milliseconds
from notebook_provisioner.sandbox.server.context import numeric_id
from notebook_provisioner.sandbox.server.errors import ApiError, ErrorStyle, invalid
from notebook_provisioner.sandbox.server.service import Resource, Service
from notebook_provisioner.sandbox.server.store import Document, Key

if TYPE_CHECKING:
    from collections.abc import Callable

    from notebook_provisioner.sandbox.server.call import Call

SERVICE = Service(
    api="dns",
    version="v1",
    error_style=ErrorStyle.LEGACY,
    not_emulated=(
        "answers to DNS queries; DNSSEC",
        "overlap of private zones for the same name in one network is not refused",
        "record data are not parsed; a zone's records come on one page",
    ),
)

_AT_APEX: Final = frozenset({"NS", "SOA"})
_PRIVATE_SERVER: Final = "ns-gcp-private.googledomains.com."
_PUBLIC_SERVERS: Final = [f"ns-cloud-a{number}.googledomains.com." for number in (1, 2, 3, 4)]
_DAY, _SIX_HOURS = 86_400, 21_600  # seconds


def _complete_zone(call: "Call", zone: Document) -> None:
    name = str(zone.get("dnsName", ""))
    if not name.endswith("."):
        raise invalid(f"Invalid value for 'entity.managedZone.dnsName': '{name}'; it ends with a dot.")
    private = zone.setdefault("visibility", "public") == "private"
    zone["creationTime"] = rfc3339_milliseconds(call.clock.now())
    zone["nameServers"] = [_PRIVATE_SERVER] if private else _PUBLIC_SERVERS
    contact = f"{zone['nameServers'][0]} cloud-dns-hostmaster.google.com. 1 21600 3600 259200 300"
    for kind, ttl, data in (("SOA", _SIX_HOURS, [contact]), ("NS", _SIX_HOURS, zone["nameServers"])):
        record = {"name": name, "type": kind, "ttl": ttl, "rrdatas": data}
        _store_record(call, _records(call.match.name, str(zone["name"])), record)


def _empty_zone(call: "Call", zone: Document) -> None:
    records = call.store.page("dns", f"{call.match.name}/rrsets")
    own = [entry for entry in records if not _is_apex(entry.document, zone)]
    if own:
        raise ApiError(
            "INVALID_ARGUMENT",
            f"The resource named '{zone['name']}' cannot be deleted because it contains one or more "
            "'resource records'.",
            reason="containerNotEmpty",
        )
    for entry in records:
        call.store.delete(entry.key)


def _check_unbound(call: "Call", policy: Document) -> None:
    del call
    if policy.get("networks"):
        name = policy.get("name") or policy.get("responsePolicyName")
        message = f"The resource named '{name}' cannot be deleted because it is still attached to networks."
        raise ApiError("INVALID_ARGUMENT", message, reason="resourceInUse")


def _nameless(call: "Call", document: Document) -> None:
    """Take off the ``name`` that generic create adds: response policies and rules call theirs otherwise."""
    del call
    document.pop("name", None)


_ZONES: Final = Resource(collection="managedZones", on_create=_complete_zone, on_delete=_empty_zone)
_POLICIES: Final = Resource(collection="policies", on_delete=_check_unbound)
_RESPONSE_POLICIES: Final = Resource(
    collection="responsePolicies",
    identifier=lambda _, document: str(document.get("responsePolicyName", "")),
    on_create=_nameless,
    on_delete=_check_unbound,
)
_RULES: Final = Resource(
    collection="responsePolicyRules",
    identifier=lambda _, document: str(document.get("ruleName", "")),
    on_create=_nameless,
)
SERVICE.add(_ZONES, _POLICIES, _RESPONSE_POLICIES, _RULES)


@SERVICE.method("projects.get")
def get_project(call: "Call") -> Document:
    """A project as Cloud DNS knows it."""
    project = call.parameters["project"]
    return {"kind": "dns#project", "id": project, "number": call.context.project_number(project)}


@SERVICE.method("managedZones.patch", "managedZones.update")
def change_zone(call: "Call") -> Document:
    """Change a zone; answers with an operation that is done."""
    before = call.load()
    after = (crud.patch if call.method.verb == "patch" else crud.update)(call, _ZONES)
    return {
        "kind": "dns#operation",
        "id": numeric_id(),
        "startTime": rfc3339_milliseconds(call.clock.now()),
        "status": "done",
        "type": "update",
        "user": "sandbox@localhost",
        "zoneContext": {"oldValue": before, "newValue": after},
    }


def _wrapped(resource: Resource, field: str) -> None:
    """Serve patch and update of *resource*, whose answers wrap the resource in *field*."""

    def change(verb: "Callable[[Call, Resource], Document]") -> "Callable[[Call], Document]":
        return lambda call: {field: verb(call, resource)}

    SERVICE.method(f"{resource.collection}.patch")(change(crud.patch))
    SERVICE.method(f"{resource.collection}.update")(change(crud.update))


_wrapped(_POLICIES, "policy")
_wrapped(_RESPONSE_POLICIES, "responsePolicy")
_wrapped(_RULES, "responsePolicyRule")


@SERVICE.method("resourceRecordSets.list")
def list_records(call: "Call") -> Document:
    """A zone's records, all or those of a name and type."""
    collection = _zone_records(call)
    shown = [
        entry.document
        for entry in call.store.page("dns", collection)
        if call.query.get("name") in {None, entry.document["name"]}
        and call.query.get("type") in {None, entry.document["type"]}
    ]
    return {"kind": "dns#resourceRecordSetsListResponse", "rrsets": shown}


@SERVICE.method("resourceRecordSets.get")
def get_record(call: "Call") -> Document:
    """One record set."""
    return call.load(_record_key(_zone_records(call), call.parameters["name"], call.parameters["type"]))


@SERVICE.method("resourceRecordSets.create")
def create_record(call: "Call") -> Document:
    """Add one record set."""
    return _added(_apply(call, additions=[call.body], deletions=[]))


@SERVICE.method("resourceRecordSets.patch")
def patch_record(call: "Call") -> Document:
    """Change one record set."""
    before = get_record(call)
    return _added(_apply(call, additions=[before | call.body], deletions=[before]))


@SERVICE.method("resourceRecordSets.delete")
def delete_record(call: "Call") -> Document:
    """Remove one record set."""
    _apply(call, additions=[], deletions=[get_record(call)])
    return {}


@SERVICE.method("changes.create")
def create_change(call: "Call") -> Document:
    """Add and remove record sets at once, or not at all."""
    return _apply(call, call.body.get("additions", []), call.body.get("deletions", []))


@SERVICE.method("changes.get")
def get_change(call: "Call") -> Document:
    """One change."""
    return call.load()


@SERVICE.method("changes.list")
def list_changes(call: "Call") -> Document:
    """A zone's changes, the oldest first."""
    entries = call.store.page("dns", call.collection)
    changes = sorted((entry.document for entry in entries), key=lambda change: int(change["id"]))
    return {"kind": "dns#changesListResponse", "changes": changes}


def _added(change: Document) -> Document:
    record: Document = change["additions"][0]
    return record


def _apply(call: "Call", additions: list[Document], deletions: list[Document]) -> Document:
    collection = _zone_records(call)
    zone_name = collection.removesuffix("/rrsets")
    zone = call.load(Key.of("dns", zone_name))
    for index, record in enumerate(deletions):
        key = _record_key(collection, str(record.get("name")), str(record.get("type")))
        stored = call.store.get(key)
        place = f"entity.change.deletions[{index}]"
        if stored is None:
            raise ApiError("NOT_FOUND", f"The '{place}' resource named '{key.id}' does not exist.")
        if _is_apex(stored, zone) and not any(_same_place(record, addition) for addition in additions):
            raise invalid(
                f"The resource record set '{place}' is invalid because a zone must contain exactly one of "
                "its type."
            )
        if (stored["rrdatas"], stored["ttl"]) != (record.get("rrdatas", []), record.get("ttl", 0)):
            raise ApiError("CONDITION_NOT_MET", f"Precondition not met for '{place}'")
        call.store.delete(key)
    added = [_add(call, collection, zone, record, index) for index, record in enumerate(additions)]
    changes = f"{zone_name}/changes"
    change = {
        "kind": "dns#change",
        "id": str(len(call.store.page("dns", changes)) + 1),
        "startTime": rfc3339_milliseconds(call.clock.now()),
        "status": "done",
        "additions": added,
        "deletions": deletions,
    }
    call.store.put(Key("dns", changes, str(change["id"])), change)
    return change


def _add(call: "Call", collection: str, zone: Document, record: Document, index: int) -> Document:
    place = f"entity.change.additions[{index}]"
    name, kind = str(record.get("name", "")), str(record.get("type", ""))
    if name != zone["dnsName"] and not name.endswith(f".{zone['dnsName']}"):
        raise invalid(f"Invalid value for '{place}.name': '{name}' is not in zone {zone['dnsName']}")
    if not record.get("rrdatas") and not record.get("routingPolicy"):
        raise invalid(f"Invalid value for '{place}.rrdatas': a record set has data or a routing policy.")
    key = _record_key(collection, name, kind)
    if call.store.get(key) is not None:
        raise ApiError("ALREADY_EXISTS", f"The resource '{place}' named '{key.id}' already exists")
    others = {
        entry.document["type"]
        for entry in call.store.page("dns", collection)
        if entry.document["name"] == name
    }
    if "CNAME" in others or (kind == "CNAME" and others):
        message = f"The resource record set '{place}' is invalid: a CNAME stands alone at its name."
        raise ApiError("INVALID_ARGUMENT", message, reason="cnameResourceRecordSetConflict")
    return _store_record(call, collection, record)


def _store_record(call: "Call", collection: str, record: Document) -> Document:
    stored = {"kind": "dns#resourceRecordSet", "ttl": _DAY, "signatureRrdatas": [], **record}
    call.store.put(_record_key(collection, str(stored["name"]), str(stored["type"])), stored)
    return stored


def _zone_records(call: "Call") -> str:
    """The collection of the records of the zone in the path.

    Raises:
        ApiError: 404; there is no such zone.
    """
    zone = f"projects/{call.parameters['project']}/managedZones/{call.parameters['managedZone']}"
    call.load(Key.of("dns", zone))
    return f"{zone}/rrsets"


def _records(project: str, zone: str) -> str:
    return f"{project}/managedZones/{zone}/rrsets"


def _record_key(collection: str, name: str, kind: str) -> Key:
    return Key("dns", collection, f"{name} ({kind})")


def _is_apex(record: Document, zone: Document) -> bool:
    return record["type"] in _AT_APEX and record["name"] == zone["dnsName"]


def _same_place(left: Document, right: Document) -> bool:
    return (left.get("name"), left.get("type")) == (right.get("name"), right.get("type"))
