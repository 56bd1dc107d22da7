"""How Terraform starts, reaches and ends the provider: HashiCorp's go-plugin handshake over a private socket.

Terraform starts the provider as a child process with a "magic cookie" in the environment, reads one line
from its standard output that says where it listens, and talks gRPC there, with TLS. The socket stands in a
folder of mode 0700, which goes when the process ends; and the process ends when Terraform does, however that
ends. Where nbp has started it, for one Terraform after the other (resident.py), it ends when nobody holds the
other end of a pipe any more.
"""

import base64
import os
import shutil
import signal
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import grpc

from notebook_provisioner.sandbox.provider.agreed import (
    CERTIFICATE_FILE,
    KEY_FILE,
    LIFELINE_VARIABLE,
    MAGIC_COOKIE,
    TLS_DIRECTORY_VARIABLE,
)
from notebook_provisioner.sandbox.provider.protocol import (
    MESSAGES,
    PROCEDURES,
    PROTOCOL_VERSION,
    SERVICE,
    AnyMessage,
)
from notebook_provisioner.sandbox.provider.service import Provider

_CORE_PROTOCOL_VERSION: Final = 1
_THREADS: Final = 16
_PARENT_POLL_SECONDS: Final = 0.5
_GRACE_SECONDS: Final = 30.0


class Server:
    """One provider process."""

    def __init__(self) -> None:
        self._directory = Path(tempfile.mkdtemp(prefix="nbp-provider-"))
        self._done = threading.Event()
        self._provider = Provider()
        self._parent = os.getppid()
        self._lifeline = os.environ.get(LIFELINE_VARIABLE)
        options = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
        self._server = grpc.server(ThreadPoolExecutor(_THREADS), options=options)
        self._server.add_generic_rpc_handlers((self._procedures(), self._controller()))

    def run(self) -> None:
        """Serve until Terraform says so, or is gone."""
        signal.signal(
            signal.SIGINT, signal.SIG_IGN
        )  # Ctrl-C goes to the whole group; Terraform then calls Stop
        signal.signal(signal.SIGTERM, lambda *_: self._done.set())
        try:
            address = f"unix:{self._directory / 'socket'}"
            certificate = self._listen(address)
            self._server.start()
            handshake = [
                _CORE_PROTOCOL_VERSION,
                PROTOCOL_VERSION,
                "unix",
                self._directory / "socket",
                "grpc",
                certificate,
            ]
            print("|".join(map(str, handshake)), flush=True)  # noqa: T201 - this line is the handshake
            self._wait()
            self._server.stop(_GRACE_SECONDS).wait()
        finally:
            shutil.rmtree(self._directory, ignore_errors=True)

    def _wait(self) -> None:
        """Wait until nobody needs the provider any more."""
        if self._lifeline is not None:
            threading.Thread(target=self._watch, args=(int(self._lifeline),), daemon=True).start()
            self._done.wait()
        while not self._done.wait(_PARENT_POLL_SECONDS) and os.getppid() == self._parent:
            pass

    def _watch(self, lifeline: int) -> None:
        while os.read(lifeline, 1):
            pass
        self._done.set()

    def _listen(self, address: str) -> str:
        """Open the port; gives the certificate for the handshake, empty without TLS.

        Terraform asks for TLS by sending its own certificate. It is not asked for in return (its P-521 key is
        not one that gRPC's TLS takes): what keeps others out is the socket's folder.
        """
        if not os.environ.get("PLUGIN_CLIENT_CERT"):
            self._server.add_insecure_port(address)
            return ""
        directory = Path(os.environ[TLS_DIRECTORY_VARIABLE])
        key = (directory / KEY_FILE).read_bytes()
        certificate = (directory / CERTIFICATE_FILE).read_bytes()
        self._server.add_secure_port(address, grpc.ssl_server_credentials([(key, certificate)]))
        body = b"".join(line for line in certificate.splitlines() if not line.startswith(b"-----"))
        return base64.b64encode(base64.b64decode(body)).decode().rstrip("=")

    def _procedures(self) -> grpc.GenericRpcHandler:
        return grpc.method_handlers_generic_handler(
            SERVICE, {name: self._procedure(name, *messages) for name, messages in PROCEDURES.items()}
        )

    def _procedure(self, name: str, request: str, _response: str) -> grpc.RpcMethodHandler:
        def call(message: AnyMessage, _context: grpc.ServicerContext) -> AnyMessage:
            return self._provider.handle(name, message)

        return grpc.unary_unary_rpc_method_handler(call, MESSAGES[request].FromString, _serialized)

    def _controller(self) -> grpc.GenericRpcHandler:
        """go-plugin's own service: its Shutdown ends the process."""

        def shutdown(_message: AnyMessage, _context: grpc.ServicerContext) -> AnyMessage:
            self._done.set()
            return MESSAGES["Empty"]()

        empty = MESSAGES["Empty"]
        method = grpc.unary_unary_rpc_method_handler(shutdown, empty.FromString, _serialized)
        return grpc.method_handlers_generic_handler("plugin.GRPCController", {"Shutdown": method})


def _serialized(message: AnyMessage) -> bytes:
    text: bytes = message.SerializeToString()
    return text


def main() -> int:
    """Serve Terraform; exit status 1 when somebody else has started this program."""
    if os.environ.get("TF_PLUGIN_MAGIC_COOKIE") != MAGIC_COOKIE:
        print(  # noqa: T201 - for the person at the terminal
            "This program is a Terraform provider: Terraform starts it by itself. "
            "`nbp plan` and `nbp apply` set everything up for that.",
            file=sys.stderr,
        )
        return 1
    Server().run()
    return 0
