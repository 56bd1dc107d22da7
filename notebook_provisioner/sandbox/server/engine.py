"""A request's way: route, fault, validation, handler within one transaction, answer."""

import asyncio
import dataclasses
import functools
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

import orjson

from notebook_provisioner.sandbox.server import crud, operations, pagination
from notebook_provisioner.sandbox.server.call import Call
from notebook_provisioner.sandbox.server.errors import ApiError, ErrorStyle, bad_request, invalid
from notebook_provisioner.sandbox.server.faults import ConnectionDropped, Fault, FaultKind, Faults
from notebook_provisioner.sandbox.server.guests import access, boots
from notebook_provisioner.sandbox.server.request_log import RequestLog
from notebook_provisioner.sandbox.server.routing import Match, Router
from notebook_provisioner.sandbox.server.service import Handler, Pause, Reply, Resource, Service
from notebook_provisioner.sandbox.server.store import Document, Json, Key
from notebook_provisioner.sandbox.server.validation import Cleaner, clean_query

if TYPE_CHECKING:
    from pathlib import Path

    from notebook_provisioner.sandbox.server.context import Context
    from notebook_provisioner.sandbox.server.discovery import Method

_LOG = logging.getLogger(__name__)
_JSON = {"Content-Type": "application/json; charset=UTF-8"}
_LONGEST_WAIT = 120.0  # real seconds; as Compute's wait


@dataclass(frozen=True, slots=True)
class Incoming:
    """An HTTP request, or one part of a batch.

    Attributes:
        http_method: ``GET``, …
        path: Percent-encoded, without the leading slash and the query.
        query: The query string, encoded.
        headers: By lower-case name.
        body: As it came; empty for a media upload.
        upload: File with the body of a media upload.
        account: The service account of the VM that asks, where one does; what IAM denies it is refused.
        origin: ``http://127.0.0.1:PORT``.
    """

    http_method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    origin: str
    upload: "Path | None" = None
    account: str | None = None


class Engine:
    """Answers API requests.

    Attributes:
        context: The sandbox that they read and change.
        faults: Rules of what goes wrong.
        log: What was asked.
    """

    def __init__(self, context: "Context") -> None:
        self.context = context
        self.faults = Faults(context.settings.seed)
        self.log = RequestLog()
        self._router = Router(method for api in context.apis.values() for method in api.methods.values())
        operations.register(context)
        boots.register(context)

    async def respond(self, incoming: Incoming) -> Reply:
        """Answer *incoming*.

        Raises:
            ConnectionDropped: A fault rule cuts the connection.
        """
        match = self._router.match(incoming.http_method, incoming.path)
        if match is None:
            error = ApiError(
                "NOT_FOUND", f"No API of the sandbox has {incoming.http_method} /{incoming.path}"
            )
            return json_reply(error.body(ErrorStyle.STATUS), error.http_status)
        service = self.context.services[match.method.api, match.method.version]
        fault = self.faults.draw(match.method.id)
        call: Call | None = None
        status = 0
        try:
            if fault is not None:
                await _strike_before(fault)
            call = self._call(service, match, incoming)
            call.never_ends = fault is not None and fault.kind is FaultKind.ENDLESS_OPERATION
            if incoming.account is not None:
                access.check(call, incoming.account)
            reply = await self._run(call, fault)
            if fault is not None:
                _strike_after(fault)
            status = reply.status
        except ApiError as error:
            status = error.http_status
            reply = json_reply(error.body(service.error_style), status)
        finally:
            self.log.add(
                match.method.id, f"/{incoming.path}?{incoming.query}", status, call.ignored if call else []
            )
        if call and call.ignored:
            reply = dataclasses.replace(
                reply, headers={**reply.headers, "X-Sandbox-Ignored": ",".join(call.ignored)}
            )
        return reply

    def serves(self, root: str) -> bool:
        """Whether the paths of an API begin with *root*, their first segment."""
        return root in self._router.roots

    def handler(self, service: Service, method: "Method") -> Handler | None:
        """What serves *method*, or None where the sandbox does not emulate it."""
        own = service.handlers.get(method.id)
        if own is not None:
            return own
        if method.resource.rpartition(".")[2].lower().endswith("operations"):
            return _operation_handler(method)
        resource = service.resources.get(method.resource)
        if resource is None or method.verb not in resource.verbs or method.verb not in crud.GENERIC:
            return None
        generic = crud.GENERIC[method.verb]
        return lambda call: generic(call, resource)

    def _call(self, service: Service, match: Match, incoming: Incoming) -> Call:
        method = match.method
        api = self.context.apis[method.api, method.version]
        pairs = parse_qsl(incoming.query, keep_blank_values=True)
        if method.media_download and ("alt", "media") in pairs:
            match = dataclasses.replace(match, media="download")
        strict = self.context.settings.strict or incoming.headers.get("x-sandbox-strict") == "true"
        call = Call(
            context=self.context,
            service=service,
            api=api,
            match=match,
            query={},
            body={},
            http_method=incoming.http_method,
            upload=incoming.upload,
            headers=incoming.headers,
            raw_query=dict(pairs),
            origin=incoming.origin,
            strict=strict,
        )
        if self.handler(service, method) is None:
            raise ApiError("UNIMPLEMENTED", f"not emulated by the sandbox: {method.id}")
        # The discovery documents do not tell of a resumable session's id.
        ignored = service.undocumented_parameters | ({"upload_id"} if match.media == "upload" else set())
        call.query = clean_query(api, method, [pair for pair in pairs if pair[0] not in ignored])
        if match.media != "upload":
            call.body = self._body(call, incoming)
        return call

    def _body(self, call: Call, incoming: Incoming) -> Document:
        schema = call.method.request
        if schema is None or not incoming.body.strip():
            return {}
        try:
            value = orjson.loads(incoming.body)
        except orjson.JSONDecodeError as error:
            raise invalid(f"Invalid JSON payload received. {error}", reason="parseError") from error
        merging = call.method.http_method == "PATCH" and call.service.error_style is ErrorStyle.LEGACY
        cleaner = Cleaner(
            call.api, call.service.enum_numbers, undocumented=call.service.undocumented, keep_nulls=merging
        )
        cleaned = cleaner.clean(schema, value)
        call.ignored = cleaner.ignored
        if call.strict and cleaner.ignored:
            raise bad_request([(path, f"Field '{path}' is output only.") for path in cleaner.ignored])
        return cleaned

    async def _run(self, call: Call, fault: Fault | None) -> Reply:
        handler = self.handler(call.service, call.method)
        assert handler is not None  # noqa: S101 - _call has refused what has no handler
        waited_until = self.context.clock.now() + _LONGEST_WAIT * self.context.clock.speed
        while True:
            try:
                with self.context.store.transaction():
                    self.context.settle()
                    if call.service.before is not None:
                        call.service.before(call)
                    result = _guarded(call, functools.partial(self._once, call, handler, fault))
            except Pause as pause:
                if self.context.clock.now() >= waited_until:
                    document = operations.get(call)
                    return json_reply(document)
                seconds = self.context.clock.real_seconds_until(min(pause.until, waited_until))
                await asyncio.sleep(min(seconds, 1.0))  # a second at most: the clock may be set meanwhile
                continue
            if isinstance(result, Reply):
                return result
            if self.context.settings.check_answers:
                _check_answer(call, result)
            return json_reply(result)

    def _once(self, call: Call, handler: Handler, fault: Fault | None) -> Document | Reply:
        properties = call.api.properties(call.method.response)
        if fault is not None and fault.kind is FaultKind.UNREACHABLE and "unreachable" in properties:
            place = f"projects/{call.project}/locations/{fault.place}"
            return {} if fault.place is None else {"unreachable": [place]}
        if not operations.is_operation(properties) or call.method.http_method == "GET":
            return handler(call)
        if fault is not None and fault.kind is FaultKind.FAILED_OPERATION:
            return operations.fail(call, fault.error())
        request_id = call.query.get("requestId")
        if request_id is None:
            return handler(call)
        repeated = Key(call.api.name, "requestIds", f"{call.project}/{request_id}")
        if (known := self.context.store.get(repeated)) is not None:
            return self.context.store.get(Key(*known["operation"])) or handler(call)
        result = handler(call)
        if isinstance(result, dict):
            self.context.store.put(repeated, {"operation": list(operations.key_of(call.api.name, result))})
        return result


def json_reply(document: Json, status: int = 200) -> Reply:
    """*document* as a JSON answer."""
    return Reply(orjson.dumps(document), status, _JSON)


def _guarded(call: Call, answer: "Callable[[], Document | Reply]") -> Document | Reply:
    """Run *answer*; where it breaks, the client gets an error of Google's shape and the log the traceback."""
    try:
        return answer()
    except (ApiError, Pause):
        raise
    except Exception as error:
        _LOG.exception("%s broke", call.method.id)
        raise ApiError("INTERNAL", f"the sandbox broke on {call.method.id}: {error!r}") from error


async def _strike_before(fault: Fault) -> None:
    if fault.kind is FaultKind.DELAY:
        await asyncio.sleep(fault.seconds)
    elif fault.kind is FaultKind.STATUS:
        raise fault.error()
    elif fault.kind is FaultKind.DROP_BEFORE:
        raise ConnectionDropped


def _strike_after(fault: Fault) -> None:
    if fault.kind is FaultKind.DROP_AFTER:
        raise ConnectionDropped


def _operation_handler(method: "Method") -> Handler | None:
    if method.verb == "list":
        return _list_operations
    if method.verb == "aggregatedList":
        return lambda call: crud.aggregated_list(call, Resource(collection="operations"))
    return {"get": operations.get, "wait": operations.wait, "delete": operations.delete}.get(method.verb)


def _list_operations(call: Call) -> Document:
    page = pagination.read(call, call.collection)
    field = crud.items_field(call.api.properties(call.method.response))
    answer: Document = {field: [entry.document for entry in page.entries]} if page.entries else {}
    return answer | ({"nextPageToken": page.next_token} if page.next_token else {})


def _check_answer(call: Call, document: Document) -> None:
    if call.method.response is None:
        return
    cleaner = Cleaner(call.api, call.service.enum_numbers, keep_output_only=True)
    try:
        cleaner.clean(call.method.response, document)
    except ApiError as error:
        raise ApiError(
            "INTERNAL", f"the sandbox's answer does not fit its schema: {error.message}"
        ) from error
