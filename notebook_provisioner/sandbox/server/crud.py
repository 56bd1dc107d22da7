"""Create, read, update, delete, list, IAM: for any resource of any API, as its document shapes it."""

import base64
import hashlib
import re
import uuid
from copy import deepcopy
from typing import TYPE_CHECKING

import orjson

from notebook_provisioner.sandbox.server import members, operations, pagination, patches
from notebook_provisioner.sandbox.server.clock import rfc3339, rfc3339_compute
from notebook_provisioner.sandbox.server.context import fingerprint, numeric_id
from notebook_provisioner.sandbox.server.errors import ApiError, ErrorStyle, already_exists, invalid
from notebook_provisioner.sandbox.server.service import Resource, drop_keys
from notebook_provisioner.sandbox.server.store import Document, Json, Key
from notebook_provisioner.sandbox.server.validation import is_output_only

if TYPE_CHECKING:
    from collections.abc import Callable

    from notebook_provisioner.sandbox.server.call import Call
    from notebook_provisioner.sandbox.server.context import Context
    from notebook_provisioner.sandbox.server.discovery import Schema
    from notebook_provisioner.sandbox.server.service import Service


def get(call: "Call", resource: Resource) -> Document:
    """One resource."""
    return _visible(call, resource, call.load())


def list_(call: "Call", resource: Resource) -> Document:
    """A page of a collection, in the list message that the method answers with."""
    verbatim = resource.view is None and not call.context.settings.check_answers
    page = pagination.read(call, call.collection, verbatim=verbatim)
    items = [_visible(call, resource, entry.document) for entry in page.entries]
    properties = call.api.properties(call.method.response)
    answer: Document = {items_field(properties): items} if items else {}
    return _list_envelope(call, properties) | answer | _next_page(page)


def aggregated_list(call: "Call", resource: Resource) -> Document:
    """Compute's list over all zones, regions and the global scope, grouped by scope."""
    kind = resource.collection.rpartition(".")[2]
    page = pagination.read(call, f"{call.match.name}/{kind}", scan_prefix=f"{call.match.name}/")
    scopes: dict[str, Document] = {}
    for entry in page.entries:
        scope = entry.key.collection.removeprefix(f"{call.match.name}/").rpartition("/")[0]
        scopes.setdefault(scope, {kind: []})[kind].append(_visible(call, resource, entry.document))
    properties = call.api.properties(call.method.response)
    return _list_envelope(call, properties) | {"items": scopes} | _next_page(page)


def create(call: "Call", resource: Resource) -> Document:
    """A new resource: named, stamped, checked by its service, stored."""
    document = deepcopy(call.body)
    identifier = resource.identifier(call, document) if resource.identifier else new_id(call, document)
    key = Key(call.api.name, call.collection, identifier)
    if call.store.get(key) is not None:
        raise already_exists(key.name)
    insert(call, resource, key, document)
    return answer(call, resource, key)


def insert(call: "Call", resource: Resource, key: Key, document: Document) -> None:
    """Store *document* as a new resource with everything that the API and its service add."""
    schema = resource_schema(call)
    stamp_new(call.context, call.service, schema, key, document)
    if call.service.on_create is not None:
        call.service.on_create(call, document)
    if resource.on_create is not None:
        resource.on_create(call, document)
    stamp_changed(call.context, call.service, schema, document)
    call.store.put(key, document, created=call.clock.now())


def patch(call: "Call", resource: Resource) -> Document:
    """Change part of a resource: by ``updateMask`` in the newer APIs, by merging in the legacy ones."""
    stored = call.load()
    body = drop_keys(call.body, "name") if call.service.error_style is ErrorStyle.STATUS else call.body
    if call.service.error_style is ErrorStyle.LEGACY:
        updated = patches.merge(stored, body)
    else:
        schema = call.method.request or ""
        updated = patches.apply_mask(call.api, schema, stored, body, call.query.get("updateMask"))
    return _write(call, resource, stored, updated)


def update(call: "Call", resource: Resource) -> Document:
    """Replace a resource, or with ``updateMask`` part of it; what only the server writes stays."""
    stored = call.load()
    if call.query.get("updateMask") and call.service.error_style is ErrorStyle.STATUS:
        return patch(call, resource)
    schema = call.api.properties(call.method.request)
    kept = {name: value for name, value in stored.items() if name in _server_fields(schema)}
    return _write(call, resource, stored, call.body | kept)


def delete(call: "Call", resource: Resource) -> Document:
    """Remove a resource and its IAM policy."""
    stored = call.load()
    check_etag(call, stored, call.query.get("etag"))
    if resource.on_delete is not None:
        resource.on_delete(call, stored)
    if _answers_with_operation(call):
        operation = call.operation()
        remove(call, call.key)
        return operation
    remove(call, call.key)
    # An API answers a delete with nothing, or (Pub/Sub snapshots aside) with the deleted resource's last
    # state.
    return stored if call.method.response not in {None, "Empty", "GoogleProtobufEmpty"} else {}


def remove(call: "Call", key: Key) -> None:
    """Delete the resource under *key* with its policy; a missing one is no error."""
    call.store.delete(key)
    call.store.delete(policy_key(key))


def get_policy(call: "Call", resource: Resource) -> Document:
    """The IAM policy of a resource; an empty one where none was set."""
    del resource
    call.load()
    return call.store.get(policy_key(call.key)) or with_etag({"version": 1})


def set_policy(call: "Call", resource: Resource) -> Document:
    """Set the IAM policy, refusing one that was read before the last change."""
    del resource
    call.load()
    body = call.body.get("policy", call.body)
    policy: Document = {
        name: value for name, value in body.items() if name in {"version", "bindings", "etag", "auditConfigs"}
    }
    members.check_bindings(call.store, policy.get("bindings", []))
    key = policy_key(call.key)
    current = call.store.get(key) or with_etag({"version": 1})
    if policy.get("etag") and not _same_bytes(policy["etag"], current["etag"]):
        raise ApiError(
            "CONDITION_NOT_MET" if call.service.error_style is ErrorStyle.LEGACY else "ABORTED",
            "There were concurrent policy changes. Please retry the whole read-modify-write with "
            "exponential backoff.",
        )
    stored = {"version": 1} | drop_keys(policy, "etag")
    stored["etag"] = with_etag(stored | {"serial": numeric_id()})["etag"]  # new even for the same content
    call.store.put(key, stored)
    return stored


def test_permissions(call: "Call", resource: Resource) -> Document:
    """All permissions that were asked about: the sandbox's caller may do everything."""
    del resource
    call.load()
    asked = call.body.get("permissions") or call.query.get("permissions") or []
    return {"permissions": asked} if asked else {}


GENERIC: "dict[str, Callable[[Call, Resource], Document]]" = {
    "get": get,
    "list": list_,
    "aggregatedList": aggregated_list,
    "insert": create,
    "create": create,
    "patch": patch,
    "update": update,
    "delete": delete,
    "getIamPolicy": get_policy,
    "setIamPolicy": set_policy,
    "testIamPermissions": test_permissions,
}


def answer(call: "Call", resource: Resource, key: Key) -> Document:
    """What a create or a change answers with: an operation, or the resource itself."""
    if _answers_with_operation(call):
        return call.operation(key)
    return _visible(call, resource, call.load(key))


def new_id(call: "Call", document: Document) -> str:
    """The id that a create asks for: its ``…Id`` query parameter, else the body's name.

    Raises:
        ApiError: 400 where there is none, or one that the schema's pattern refuses.
    """
    schema: Schema = call.api.properties(call.method.request).get("name", {})
    identifier = next(
        (
            str(call.query[name])
            for name in call.method.parameters
            if name.endswith("Id") and name != "requestId" and name in call.query
        ),
        str(document.get("name", "")).rpartition("/")[2],
    )
    if not identifier:
        raise invalid("Invalid value for field 'resource.name': ''. A name must be given.", reason="required")
    pattern = schema.get("pattern")
    if pattern and not re.fullmatch(pattern, str(document.get("name", identifier))):
        raise invalid(
            f"Invalid value for field 'resource.name': '{identifier}'. Must be a match of regex '{pattern}'"
        )
    return identifier


def stamp_new(context: "Context", service: "Service", schema: str, key: Key, document: Document) -> None:
    """Fill in what an API sets on creation, as far as the schema named *schema* has it."""
    properties = context.apis[service.api, service.version].properties(schema)
    now = context.clock.now()
    legacy = service.error_style is ErrorStyle.LEGACY
    document["name"] = document.get("name") or key.id if legacy else key.name
    values: dict[str, Json] = {
        "kind": properties.get("kind", {}).get("default"),
        "creationTimestamp": rfc3339_compute(now),
        "createTime": rfc3339(now),
        "updateTime": rfc3339(now),
        "selfLink": f"{service.self_link_root}{key.name}" if service.self_link_root else None,
        "uid": str(uuid.uuid4()),
        "id": numeric_id() if properties.get("id", {}).get("format") == "uint64" else None,
    }
    document |= {name: value for name, value in values.items() if name in properties and value is not None}


def stamp_changed(context: "Context", service: "Service", schema: str, document: Document) -> None:
    """Renew etag, fingerprints and update time, as far as the schema named *schema* has them."""
    properties = context.apis[service.api, service.version].properties(schema)
    if "updateTime" in properties:
        document["updateTime"] = rfc3339(context.clock.now())
    if "labelFingerprint" in properties:
        document["labelFingerprint"] = fingerprint(document.get("labels", {}))
    if "fingerprint" in properties:
        document["fingerprint"] = fingerprint(
            drop_keys(document, "fingerprint", "labels", "labelFingerprint")
        )
    if "etag" in properties:
        document |= with_etag(drop_keys(document, "etag"))


def check_etag(call: "Call", stored: Document, etag: str | None) -> None:
    """Refuse a change that was made from an older state.

    Raises:
        ApiError: 409 (412 in the legacy APIs) where *etag* is given and is not the stored one.
    """
    if etag and stored.get("etag") and not _same_bytes(etag, stored["etag"]):
        status = "CONDITION_NOT_MET" if call.service.error_style is ErrorStyle.LEGACY else "ABORTED"
        raise ApiError(
            status, "The etag does not match the resource's current one: it was changed in the meantime."
        )


def check_fingerprint(sent: str | None, current: str | None, field: str) -> None:
    """Hold a Compute fingerprint to the current one.

    Raises:
        ApiError: 412 conditionNotMet where they differ.
    """
    if sent != current:
        raise ApiError(
            "CONDITION_NOT_MET",
            f"Supplied fingerprint does not match current {field} fingerprint.",
        )


def _write(call: "Call", resource: Resource, stored: Document, updated: Document) -> Document:
    check_etag(call, stored, call.body.get("etag"))
    if "fingerprint" in stored and call.body.get("fingerprint"):
        check_fingerprint(call.body["fingerprint"], stored["fingerprint"], "resource")
    if resource.on_update is not None:
        resource.on_update(call, stored, updated)
    stamp_changed(call.context, call.service, resource_schema(call), updated)
    call.store.put(call.key, updated)
    return answer(call, resource, call.key)


def _visible(call: "Call", resource: Resource, document: Document) -> Document:
    return resource.view(call.context, document) if resource.view else document


def resource_schema(call: "Call") -> str:
    """Name of the schema of the resource that a method works on: what its ``get`` answers with."""
    getter = call.api.methods.get(f"{call.api.name}.{call.method.resource}.get")
    return (getter.response if getter else call.method.request) or ""


def _server_fields(properties: "dict[str, Schema]") -> set[str]:
    always = {"name", "id", "kind", "selfLink", "creationTimestamp", "createTime", "uid"}
    return {name for name, schema in properties.items() if name in always or is_output_only(schema)}


def _answers_with_operation(call: "Call") -> bool:
    return operations.is_operation(call.api.properties(call.method.response))


def _list_envelope(call: "Call", properties: "dict[str, Schema]") -> Document:
    envelope: Document = {}
    if "kind" in properties and "default" in properties["kind"]:
        envelope["kind"] = properties["kind"]["default"]
    if "selfLink" in properties and call.service.self_link_root:
        envelope |= {"id": call.collection, "selfLink": call.service.self_link_root + call.collection}
    return envelope


def items_field(properties: "dict[str, Schema]") -> str:
    """Name of the field of a list answer that holds the resources."""
    for name, schema in properties.items():
        if schema.get("type") == "array" and "$ref" in schema["items"]:
            return name
    return "items"


def _next_page(page: pagination.Page) -> Document:
    return {"nextPageToken": page.next_token} if page.next_token else {}


def policy_key(key: Key) -> Key:
    """Where the IAM policy of the resource under *key* is stored."""
    return Key(key.api, "iamPolicies", key.name)


def with_etag(document: Document) -> Document:
    """*document* with the etag of its content."""
    digest = hashlib.sha256(orjson.dumps(document, option=orjson.OPT_SORT_KEYS)).digest()[:8]
    return document | {"etag": base64.b64encode(digest).decode()}


def _same_bytes(left: str, right: str) -> bool:
    """Whether two base64 texts mean the same bytes, in whichever of the two alphabets."""
    alike = str.maketrans("-_", "+/")
    return left.translate(alike).rstrip("=") == right.translate(alike).rstrip("=")
