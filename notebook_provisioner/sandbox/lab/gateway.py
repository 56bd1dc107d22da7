"""From a machine to the sandbox's Cloud Storage, over a Unix socket that the machine does not see.

The machine has a network of its own, without a way to the sandbox's port; a socket in the file system can be
reached from any network namespace. Which boot asks is told by a secret of that boot, which stays outside it.
"""

import http.client
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from starlette.responses import PlainTextResponse, Response

BOOT_HEADER: Final = "X-Sandbox-Boot"

_SECONDS: Final = 60
_PASSED_ON: Final = frozenset(
    {"accept", "content-type", "content-range", "if-match", "if-none-match", "range", "x-upload-content-type"}
)


class Gateway:
    """Answers for Cloud Storage by asking the sandbox.

    Args:
        path: The sandbox's socket.
        secret: Which boot this is.
    """

    def __init__(self, path: Path, secret: str) -> None:
        self._path = path
        self._secret = secret

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Response:
        """Ask the sandbox; 503 where it does not answer."""
        connection = _Connection(self._path)
        sent = {name: value for name, value in headers.items() if name.lower() in _PASSED_ON}
        try:
            connection.request(method, target, body, {**sent, BOOT_HEADER: self._secret})
            answer = connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException) as error:
            return PlainTextResponse(f"the sandbox does not answer: {error}", 503)
        finally:
            connection.close()
        kept = {
            name: value
            for name, value in answer.getheaders()
            if name.lower() not in {"connection", "content-length", "date", "server", "transfer-encoding"}
        }
        return Response(content, answer.status, kept)


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("storage.googleapis.com", timeout=_SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(_SECONDS)
        self.sock.connect(str(self._path))
