"""Long-running operations: Compute's, with zones and ``wait``, and google.longrunning's for everything else.

An operation ends when its effect has run. With ``Settings.operation_seconds`` at 0 that is before the answer
to the request that started it; else it ends that many sandbox seconds later, also across a restart.
"""

import re
import secrets
from typing import TYPE_CHECKING

from notebook_provisioner.sandbox.server.clock import rfc3339, rfc3339_compute
from notebook_provisioner.sandbox.server.context import numeric_id
from notebook_provisioner.sandbox.server.errors import ApiError, invalid
from notebook_provisioner.sandbox.server.service import Pause
from notebook_provisioner.sandbox.server.store import Document, Key

if TYPE_CHECKING:
    from notebook_provisioner.sandbox.server.call import Call
    from notebook_provisioner.sandbox.server.context import Context

FINISH, RUN = "sandbox.operations.finish", "sandbox.operations.run"
_EMPTY = {"@type": "type.googleapis.com/google.protobuf.Empty"}
_SCOPE = re.compile(r"^(projects/[^/]+/(?:global|zones/[^/]+|regions/[^/]+))(?:/|$)")
_WAIT_SECONDS = (
    120.0  # compute's wait answers after two minutes at the latest (discovery, zoneOperations.wait)
)


def is_compute_operation(properties: Document) -> bool:
    """Whether a schema with these properties is Compute's Operation."""
    return "operationType" in properties and "targetLink" in properties


def is_operation(properties: Document) -> bool:
    """Whether a schema with these properties is an operation of either kind."""
    return is_compute_operation(properties) or {"done", "name", "response"} <= properties.keys()


def register(context: "Context") -> None:
    """Make the end of an operation known to the sandbox's scheduler."""
    context.register(FINISH, _finish)
    context.register(RUN, _run)


def start(
    call: "Call",
    target: Key,
    *,
    verb: str | None,
    then: str | None,
    arguments: Document,
    response: str | None,
) -> Document:
    """As `Call.operation`."""
    compute = is_compute_operation(call.api.properties(call.method.response))
    key, document = (_compute if compute else _longrunning)(call, target, verb or call.method.verb)
    context, now = call.context, call.clock.now()
    call.store.put(key, document, created=now)
    ending = {
        "operation": list(key),
        "version": call.service.version,
        "then": then and f"{call.service.api}.{call.service.version}.{then}",
        "arguments": arguments,
        "target": list(target),
        "response": _response_type(call, response),
    }
    seconds = context.settings.operation_seconds
    if call.never_ends:
        if compute:
            context.later(0, RUN, {"operation": list(key)})
    elif seconds <= 0:
        _finish(context, ending)
    else:
        if compute:
            context.later(seconds / 10, RUN, {"operation": list(key)})
        context.later(seconds, FINISH, ending)
    return call.load(key)


def fail(call: "Call", error: ApiError) -> Document:
    """An operation that has already ended in *error*: the effect of a fault rule."""
    compute = is_compute_operation(call.api.properties(call.method.response))
    target = call.key
    if call.method.verb in {"insert", "create"}:
        target = Key(call.api.name, call.collection, str(call.body.get("name", "")).rpartition("/")[2])
    key, document = (_compute if compute else _longrunning)(call, target, call.method.verb)
    _end(call.context, document, error=error, response=None)
    call.store.put(key, document, created=call.clock.now())
    return document


def wait(call: "Call") -> Document:
    """Compute's ``wait``: answers when the operation is done, or after two minutes."""
    document = call.load(_operation_key(call))
    if document["status"] == "DONE":
        return document
    due = call.store.next_due()
    raise Pause(call.clock.now() + _WAIT_SECONDS if due is None else due)


def get(call: "Call") -> Document:
    """An operation by its name."""
    return call.load(_operation_key(call))


def delete(call: "Call") -> Document:
    """Forget an operation that is done."""
    call.load(_operation_key(call))
    call.store.delete(_operation_key(call))
    return {}


def key_of(api: str, operation: Document) -> Key:
    """Where *operation*, as a client sees it, is stored."""
    link = operation.get("selfLink")
    if link is not None:
        return Key.of(api, "projects/" + link.partition("/projects/")[2])
    head, _, identifier = operation["name"].rpartition("operations/")
    return Key(api, f"{head}operations", identifier)


def _operation_key(call: "Call") -> Key:
    name = call.match.name
    if name.startswith("operations/"):
        return Key(call.api.name, "operations", name.removeprefix("operations/"))
    return Key.of(call.api.name, name)


def _compute(call: "Call", target: Key, verb: str) -> tuple[Key, Document]:
    now = call.clock.now()
    scope = _SCOPE.match(target.name)
    if scope is None:
        raise invalid(f"no operation can be made for {target.name}")
    name = f"operation-{int(now * 1000)}-{secrets.token_hex(6)}-{secrets.token_hex(4)}-{secrets.token_hex(4)}"
    key = Key(call.api.name, f"{scope.group(1)}/operations", name)
    root = call.service.self_link_root or ""
    known = call.store.get(target) or {}
    document: Document = {
        "kind": "compute#operation",
        "id": numeric_id(),
        "name": name,
        "operationType": verb,
        "targetLink": root + target.name,
        "targetId": str(known.get("id") or numeric_id()),
        "status": "PENDING",
        "user": "sandbox@localhost",
        "progress": 0,
        "insertTime": rfc3339_compute(now),
        "startTime": rfc3339_compute(now),
        "selfLink": root + key.name,
    }
    place = scope.group(1).split("/")
    if place[2] != "global":
        document[place[2].removesuffix("s")] = root + scope.group(1)
    if "requestId" in call.query:
        document["clientOperationId"] = call.query["requestId"]
    return key, document


def _longrunning(call: "Call", target: Key, verb: str) -> tuple[Key, Document]:
    now = call.clock.now()
    parent = ""
    for pattern in call.api.operation_parents:
        if found := pattern.match(target.name):
            parent = found.group(0)
            break
    identifier = (
        f"operation-{int(now * 1000)}-{secrets.token_hex(6)}-{secrets.token_hex(4)}-{secrets.token_hex(4)}"
    )
    key = Key(call.api.name, f"{parent}operations", identifier)
    if call.service.operation_metadata is not None:
        metadata = call.service.operation_metadata(call, target.name, verb)
    else:
        metadata = {
            "@type": call.service.message_type("OperationMetadata"),
            "createTime": rfc3339(now),
            "target": target.name,
            "verb": verb,
            "requestedCancellation": False,
            "apiVersion": call.service.version,
        }
    return key, {"name": key.name, "metadata": metadata, "done": False}


def _response_type(call: "Call", schema: str | None) -> str | None:
    if schema is None and call.method.verb != "delete":
        getter = call.api.methods.get(f"{call.api.name}.{call.method.resource}.get")
        schema = getter.response if getter else None
    return None if schema in {None, "Empty"} else call.service.message_type(str(schema))


def _run(context: "Context", arguments: Document) -> None:
    key = Key(*arguments["operation"])
    document = context.store.get(key)
    if document is not None and document["status"] == "PENDING":
        context.store.put(key, document | {"status": "RUNNING"})


def _finish(context: "Context", ending: Document) -> None:
    key, target = Key(*ending["operation"]), Key(*ending["target"])
    error: ApiError | None = None
    result: Document | ApiError | None = None
    if ending["then"]:
        try:
            result = context.run_effect(ending["then"], ending["arguments"])
        except ApiError as failure:
            error = failure
    if isinstance(result, ApiError):
        error, result = result, None
    document = context.store.get(key)
    if document is None:
        return
    if ending["response"] is None:
        response = _EMPTY | (result or {})
    else:
        response = {"@type": ending["response"]} | (result or context.visible(target) or {})
    _end(context, document, error=error, response=response)
    context.store.put(key, document)


def _end(
    context: "Context", document: Document, *, error: ApiError | None, response: Document | None
) -> None:
    now = context.clock.now()
    if "status" in document:
        document |= {"status": "DONE", "progress": 100, "endTime": rfc3339_compute(now)}
        if error is not None:
            document["error"] = {"errors": [{"code": error.legacy_code, "message": error.message}]}
            document["httpErrorStatusCode"] = error.http_status
            document["httpErrorMessage"] = error.http_phrase
        return
    document["done"] = True
    if "createTime" in document.get("metadata", {}):
        document["metadata"]["endTime"] = rfc3339(now)
    if error is not None:
        document["error"] = {"code": error.rpc_code, "message": error.message, "details": error.details}
    else:
        document["response"] = response
