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
from notebook_provisioner.sandbox.server.guests import control as guests
from notebook_provisioner.sandbox.server.store import Document, Json

if TYPE_CHECKING:
    from starlette.requests import Request

    from notebook_provisioner.sandbox.server.engine import Engine

_INTERNAL_KINDS = frozenset(
    {"busy", "guestAttributes", "guestSettings", "guests", "labBoots", "requestIds", "serialPorts"}
)
Endpoint = Callable[["Request"], Awaitable[Json]]


def routes(engine: "Engine", seed: Callable[[], None]) -> list[Route]:
    """The control routes over *engine*; *seed* fills an empty store."""
    control = _Control(engine, seed)
    table: list[tuple[str, str, Endpoint]] = [
        ("GET", "status", control.status),
        ("GET", "requests", control.requests),
        ("DELETE", "requests", control.clear_requests),
        ("GET", "faults", control.faults),
        ("POST", "faults", control.add_faults),
        ("DELETE", "faults", control.clear_faults),
        ("GET", "settings", control.settings),
        ("POST", "settings", control.change_settings),
        ("GET", "guests", control.guests),
        ("POST", "guests", control.change_guests),
        ("POST", "load", control.load),
        ("POST", "reset", control.reset),
        ("GET", "emulation", control.emulation),
    ]
    return [Route(f"/sandbox/v1/{path}", _json(endpoint), methods=[verb]) for verb, path, endpoint in table]


class _Control:
    """The endpoints; each returns what becomes the answer's JSON."""

    def __init__(self, engine: "Engine", seed: Callable[[], None]) -> None:
        self._engine = engine
        self._context = engine.context
        self._seed = seed

    async def status(self, _: "Request") -> Json:
        kinds = self._context.store.kinds()
        resources = {f"{api}.{kind}": count for api, kind, count in kinds if kind not in _INTERNAL_KINDS}
        lab = self._context.lab
        return {
            "ready": True,
            "now": self._context.clock.now(),
            "boot": "simulated" if lab is None else "lab",
            "boots": None if lab is None else lab.tally(),
            "resources": resources,
        }

    async def requests(self, _: "Request") -> Json:
        return self._engine.log.to_document()

    async def clear_requests(self, _: "Request") -> Json:
        self._engine.log.clear()
        return {}

    async def faults(self, _: "Request") -> Json:
        return {"faults": [rule.to_document() for rule in self._engine.faults.rules]}

    async def add_faults(self, request: "Request") -> Json:
        body = await _body(request)
        documents = body.get("faults", [body])
        self._engine.faults.rules += [Fault.parse(document) for document in documents]
        return await self.faults(request)

    async def clear_faults(self, _: "Request") -> Json:
        self._engine.faults.rules.clear()
        return {}

    async def settings(self, _: "Request") -> Json:
        clock = self._context.clock
        return dataclasses.asdict(self._context.settings) | {"now": clock.now(), "speed": clock.speed}

    async def change_settings(self, request: "Request") -> Json:
        body, context = await _body(request), self._context
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
        return await self.settings(request)

    async def guests(self, _: "Request") -> Json:
        with self._context.store.transaction():
            self._context.settle()
            return guests.describe(self._context)

    async def change_guests(self, request: "Request") -> Json:
        body = await _body(request)
        with self._context.store.transaction():
            self._context.settle()
            return guests.change(self._context, body)

    async def load(self, request: "Request") -> Json:
        body = await _body(request)
        with self._context.store.transaction():
            return {"loaded": loading.load(self._context, body)}

    async def reset(self, _: "Request") -> Json:
        with self._context.store.transaction():
            self._context.store.clear()
            self._seed()
        if self._context.lab is not None:
            self._context.lab.wake()
        self._engine.log.clear()
        self._engine.faults.rules.clear()
        return {}

    async def emulation(self, _: "Request") -> Json:
        return emulation.describe(self._engine)


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
