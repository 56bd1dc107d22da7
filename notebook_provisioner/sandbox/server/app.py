"""The ASGI application: guard, control API, batches, and every Google API behind one port."""

import asyncio
import secrets
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from notebook_provisioner.sandbox.server import batch, control, discovery
from notebook_provisioner.sandbox.server.clock import Clock
from notebook_provisioner.sandbox.server.context import Context
from notebook_provisioner.sandbox.server.engine import Engine, Incoming
from notebook_provisioner.sandbox.server.faults import ConnectionDropped
from notebook_provisioner.sandbox.server.guard import ACCOUNT, Guard
from notebook_provisioner.sandbox.server.guests.lab import Lab
from notebook_provisioner.sandbox.server.service import Reply
from notebook_provisioner.sandbox.server.services import all_services
from notebook_provisioner.sandbox.server.services.storage import xml_api
from notebook_provisioner.sandbox.server.settings import Settings
from notebook_provisioner.sandbox.server.store import Store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.types import Receive, Scope, Send

_UPLOADS = ("upload/", "resumable/upload/")


@dataclass(frozen=True, slots=True)
class LabPlaces:
    """Where the lab is.

    Attributes:
        folder: For machines' disks.
        gateway: The Unix socket on which machines are answered.
    """

    folder: Path
    gateway: Path


ABORT = "notebook_provisioner.abort"
"""Name of the ASGI extension by which the server lets a fault cut the connection."""


def create_engine(
    state_directory: Path, settings: Settings | None = None, *, clock: Clock | None = None
) -> Engine:
    """Open the state in *state_directory*, seed it when it is new, and set up every service."""
    pairs = [(service, discovery.load(service.api, service.version)) for service in all_services()]
    store = Store(state_directory / "state.sqlite3")
    context = Context(state_directory, store, clock or Clock(), settings or Settings(), pairs)
    saved = context.store.value("clock")
    if saved is not None and clock is None:
        context.clock.restore(saved)
    with context.store.transaction():
        if not context.store.value("seeded"):
            seed(context)
    return Engine(context)


def seed(context: Context) -> None:
    """Fill an empty store with what Google has from the start."""
    for service in context.services.values():
        if service.seed is not None:
            service.seed(context)
    context.store.set_value("seeded", value=True)


def create_app(
    state_directory: Path,
    *,
    token: str | None = None,
    settings: Settings | None = None,
    clock: Clock | None = None,
    lab: LabPlaces | None = None,
) -> Starlette:
    """The sandbox as an ASGI application.

    Args:
        state_directory: Where it keeps its state; made where it is missing.
        token: What control calls must carry; a random one, known to nobody, where None.
        settings: Its settings; the defaults where None.
        clock: Its clock; real time, or what the state remembers, where None.
        lab: Where notebooks boot for real; boots are simulated where None.
    """
    engine = create_engine(state_directory, settings, clock=clock)
    machines = Lab(engine.context, lab.folder, lab.gateway) if lab else None
    engine.context.lab = machines

    async def health(_: Request) -> Response:
        return JSONResponse({"ready": True})

    @asynccontextmanager
    async def lifespan(_: Starlette) -> "AsyncIterator[None]":
        booting = asyncio.create_task(machines.run()) if machines else None
        yield
        if booting is not None:
            booting.cancel()
            await asyncio.gather(booting, return_exceptions=True)
        engine.context.store.close()

    routes = [
        Route("/healthz", health),
        *control.routes(engine, lambda: seed(engine.context)),
        Route("/{path:path}", _ApiEndpoint(engine)),
    ]
    application = Starlette(
        routes=routes,
        middleware=[
            Middleware(
                Guard,
                token=token or secrets.token_urlsafe(32),
                accounts=machines.accounts if machines else {},
            )
        ],
        lifespan=lifespan,
    )
    application.state.engine = engine
    return application


class _ApiEndpoint:
    """Hands HTTP requests to the engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        request = Request(scope, receive)
        host = request.headers.get("host", "")
        path = scope["raw_path"].decode("ascii").lstrip("/")
        upload = await self._spool(request) if path.startswith(_UPLOADS) else None
        incoming = Incoming(
            http_method=request.method,
            path=path,
            query=scope["query_string"].decode("ascii"),
            headers=dict(request.headers),
            body=b"" if upload else await request.body(),
            origin=f"http://{host}",
            upload=upload,
            account=scope.get(ACCOUNT),
        )
        try:
            reply = await self._respond(incoming)
        except ConnectionDropped:
            await scope["extensions"][ABORT]()
            return
        finally:
            if upload is not None:
                upload.unlink(missing_ok=True)
        headers = dict(reply.headers)
        response = (
            Response(reply.body, reply.status, headers)
            if isinstance(reply.body, bytes)
            else StreamingResponse(reply.body, reply.status, headers)
        )
        for name, value in reply.repeated:
            response.headers.append(name, value)
        await response(scope, receive, send)

    async def _respond(self, incoming: Incoming) -> Reply:
        if incoming.path.split("/")[0] == "batch":
            return await batch.respond(self._engine, incoming)
        if xml_api.addresses(self._engine, incoming):
            return await xml_api.respond(self._engine, incoming)
        return await self._engine.respond(incoming)

    async def _spool(self, request: Request) -> "Path":
        folder = self._engine.context.folder / "incoming"
        folder.mkdir(mode=0o700, exist_ok=True)
        path = folder / secrets.token_hex(16)
        with path.open("xb") as file:
            async for chunk in request.stream():
                file.write(chunk)
        return path
