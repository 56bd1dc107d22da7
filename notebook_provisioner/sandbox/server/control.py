"""The sandbox's own API under ``/sandbox/v1/``: state, faults, clock, dumps. Every call needs the token."""

import dataclasses
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import orjson
from starlette.responses import Response
from starlette.routing import Route

from notebook_provisioner.sandbox.server import emulation, loading
from notebook_provisioner.sandbox.server.errors import ApiError, ErrorStyle, invalid
from notebook_provisioner.sandbox.server.faults import Fault
from notebook_provisioner.sandbox.server.store import Document, Json

if TYPE_CHECKING:
    from starlette.requests import Request

    from notebook_provisioner.sandbox.server.engine import Engine

Endpoint = Callable[["Request"], Awaitable[Json]]


def routes(engine: "Engine", seed: Callable[[], None]) -> list[Route]:
    """The control routes over *engine*; *seed* fills an empty store."""
    context = engine.context

    async def status(_: "Request") -> Json:
        resources = {
            f"{api}.{kind}": count for api, kind, count in context.store.kinds() if kind != "requestIds"
        }
        return {"ready": True, "now": context.clock.now(), "resources": resources}

    async def get_requests(_: "Request") -> Json:
        return engine.log.to_document()

    async def delete_requests(_: "Request") -> Json:
        engine.log.clear()
        return {}

    async def get_faults(_: "Request") -> Json:
        return {"faults": [rule.to_document() for rule in engine.faults.rules]}

    async def add_faults(request: "Request") -> Json:
        body = await _body(request)
        documents = body.get("faults", [body])
        engine.faults.rules += [Fault.parse(document) for document in documents]
        return await get_faults(request)

    async def delete_faults(_: "Request") -> Json:
        engine.faults.rules.clear()
        return {}

    async def get_settings(_: "Request") -> Json:
        return dataclasses.asdict(context.settings) | {
            "now": context.clock.now(),
            "speed": context.clock.speed,
        }

    async def set_settings(request: "Request") -> Json:
        body = await _body(request)
        clock = {name: float(body.pop(name)) for name in ("now", "speed") if name in body}
        clock["now"] = clock.get("now", context.clock.now()) + float(body.pop("advance", 0.0))
        try:
            context.settings = dataclasses.replace(context.settings, **body)
        except TypeError as error:
            known = [field.name for field in dataclasses.fields(context.settings)]
            raise invalid(f"settings are now, speed, advance, {', '.join(known)}: {error}") from error
        with context.store.transaction():
            context.clock.set(**clock)
            context.store.set_value("clock", context.clock.to_document())
            context.settle()
        return await get_settings(request)

    async def load(request: "Request") -> Json:
        with context.store.transaction():
            return {"loaded": loading.load(context, await _body(request))}

    async def reset(_: "Request") -> Json:
        with context.store.transaction():
            context.store.clear()
            seed()
        engine.log.clear()
        engine.faults.rules.clear()
        return {}

    async def describe(_: "Request") -> Json:
        return emulation.describe(engine)

    table: list[tuple[str, str, Endpoint]] = [
        ("GET", "status", status),
        ("GET", "requests", get_requests),
        ("DELETE", "requests", delete_requests),
        ("GET", "faults", get_faults),
        ("POST", "faults", add_faults),
        ("DELETE", "faults", delete_faults),
        ("GET", "settings", get_settings),
        ("POST", "settings", set_settings),
        ("POST", "load", load),
        ("POST", "reset", reset),
        ("GET", "emulation", describe),
    ]
    return [Route(f"/sandbox/v1/{path}", _json(endpoint), methods=[verb]) for verb, path, endpoint in table]


def _json(endpoint: Endpoint) -> Callable[["Request"], Awaitable[Response]]:
    async def answer(request: "Request") -> Response:
        try:
            body, status = await endpoint(request), 200
        except ApiError as error:
            body, status = error.body(ErrorStyle.STATUS), error.http_status
        return Response(orjson.dumps(body), status, media_type="application/json")

    return answer


async def _body(request: "Request") -> Document:
    try:
        body = orjson.loads(await request.body() or b"{}")
    except orjson.JSONDecodeError as error:
        raise invalid(f"the body is no JSON: {error}") from error
    if not isinstance(body, dict):
        raise invalid("the body must be a JSON object")
    return body
