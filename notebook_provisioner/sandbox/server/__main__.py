"""``python -m notebook_provisioner.sandbox.server``: serve one sandbox on 127.0.0.1 until SIGTERM."""

import argparse
import asyncio
import contextlib
import functools
import secrets
import signal
import socket
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from notebook_provisioner.sandbox.lab import host
from notebook_provisioner.sandbox.server import app, emulation
from notebook_provisioner.sandbox.server.listening import listen
from notebook_provisioner.sandbox.server.settings import Settings
from notebook_provisioner.sandbox.server.store import Json

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send


class AbortableProtocol(H11Protocol):
    """Uvicorn's HTTP protocol, with an ASGI extension that cuts the connection."""

    def __init__(self, *arguments: Json, **options: Json) -> None:
        super().__init__(*arguments, **options)
        self.app = functools.partial(self._with_abort, self.app)

    async def _with_abort(
        self, application: "ASGIApp", scope: "Scope", receive: "Receive", send: "Send"
    ) -> None:
        scope.setdefault("extensions", {})[app.ABORT] = self._abort
        await application(scope, receive, send)

    async def _abort(self) -> None:
        self.transport.abort()
        await asyncio.sleep(0.01)  # lets the loop tell uvicorn that the connection is gone


class Server(uvicorn.Server):
    """Uvicorn, saying where it listens once it does."""

    def __init__(self, config: uvicorn.Config, address_file: Path) -> None:
        super().__init__(config)
        self._address_file = address_file

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start; then write the address to its file and to stdout."""
        await super().startup(sockets)
        if self.should_exit or not sockets:
            return
        host, port = sockets[0].getsockname()
        pending = self._address_file.with_suffix(".new")
        pending.write_text(f"{host}:{port}\n", encoding="ascii")
        pending.replace(self._address_file)
        print(f"ready http://{host}:{port}", flush=True)  # noqa: T201 - whoever started us waits for it


def main(arguments: list[str] | None = None) -> int:
    """Serve, or print what is emulated; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m notebook_provisioner.sandbox.server", description=__doc__
    )
    parser.add_argument(
        "--state", type=Path, help="folder of the state; also gets the file 'address' (HOST:PORT)"
    )
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1 (default: a free one)")
    parser.add_argument(
        "--token-file", type=Path, help="file that holds the token; made (mode 600) where missing"
    )
    parser.add_argument("--strict", action="store_true", help="refuse output-only fields in requests")
    parser.add_argument(
        "--check-answers", action="store_true", help="hold the sandbox's own answers to their schemas"
    )
    parser.add_argument(
        "--operation-seconds", type=float, default=0.0, help="how long operations take (default: 0)"
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of the fault probabilities")
    parser.add_argument(
        "--boot",
        choices=["simulated", "lab"],
        default="simulated",
        help="whether notebooks boot in the lab and run their scripts for real (needs root)",
    )
    parser.add_argument(
        "--emulation", action="store_true", help="print what is emulated as Markdown, and end"
    )
    options = parser.parse_args(arguments)
    if options.emulation:
        with tempfile.TemporaryDirectory() as folder:
            sys.stdout.write(emulation.markdown(app.create_engine(Path(folder))))
        return 0
    if options.state is None:
        parser.error("--state is needed")
    settings = Settings(
        operation_seconds=options.operation_seconds,
        strict=options.strict,
        check_answers=options.check_answers,
        seed=options.seed,
    )
    token = read_token(options.token_file or options.state / "token")
    sockets = [listen(options.port)]
    places = contextlib.ExitStack()
    lab = None
    if options.boot == "lab":
        # Short: a Unix socket's path has 107 bytes.
        gateway = Path(places.enter_context(tempfile.TemporaryDirectory(prefix="nbp-"))) / "gateway"
        lab = app.LabPlaces(host.place(options.state / "lab"), gateway)
        sockets.append(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
        sockets[-1].bind(str(gateway))
    config = uvicorn.Config(
        app.create_app(options.state, token=token, settings=settings, lab=lab),
        http=AbortableProtocol,
        lifespan="on",
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=5,
    )
    # Uvicorn raises the signal that ended it once more, for the handler that was there before its own.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    with places:
        Server(config, options.state / "address").run(sockets=sockets)
    return 0


def read_token(path: Path) -> str:
    """The token in *path*; a new one, readable by this user only, where there is no such file."""
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(32) + "\n", encoding="ascii")
    return path.read_text(encoding="ascii").strip()


if __name__ == "__main__":
    sys.exit(main())
