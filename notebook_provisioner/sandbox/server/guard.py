"""Who may talk to the sandbox: programs on this machine, and with the token where it matters.

A web page must not: neither by a name that was rebound to 127.0.0.1 (its ``Host`` is not ours) nor across
origins (its ``Origin`` is not ours).
"""

import hmac
from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.responses import JSONResponse

from notebook_provisioner.sandbox.lab.gateway import BOOT_HEADER
from notebook_provisioner.sandbox.server.errors import ApiError, ErrorStyle

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import ASGIApp, Receive, Scope, Send

ACCOUNT = "notebook_provisioner.account"
"""Key of the ASGI scope: the service account of the VM that asks."""
_NAMES = ("127.0.0.1", "localhost")


class Guard:
    """ASGI middleware that refuses foreign hosts and origins, and control calls without the token.

    Args:
        app: What it guards.
        token: The bearer token that ``/sandbox/`` calls must carry.
        accounts: Secret to service account, of the machines that boot in the lab; they ask by a Unix socket.
    """

    def __init__(self, app: "ASGIApp", token: str, accounts: "Mapping[str, str]") -> None:
        self._app = app
        self._accounts = accounts
        self._expected = f"Bearer {token}".encode()

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Pass the request on, or answer 401 or 403."""
        if scope["type"] == "http" and (account := self._account(scope)) is not None:
            await self._app({**scope, ACCOUNT: account}, receive, send)
            return
        error = self._refusal(scope) if scope["type"] == "http" else None
        if error is None:
            await self._app(scope, receive, send)
            return
        await JSONResponse(error.body(ErrorStyle.STATUS), error.http_status)(scope, receive, send)

    def _account(self, scope: "Scope") -> str | None:
        """The service account of the machine that asks; None for everybody else."""
        over_network = (scope.get("server") or ("", None))[1] is not None  # a Unix socket has no port
        if over_network or scope["path"].startswith("/sandbox/"):
            return None
        secret = Headers(scope=scope).get(BOOT_HEADER)
        return self._accounts.get(secret) if secret else None

    def _refusal(self, scope: "Scope") -> ApiError | None:
        headers = Headers(scope=scope)
        port = (scope.get("server") or ("", 0))[1]
        allowed = {f"{name}:{port}" for name in _NAMES}
        if headers.get("host", "").lower() not in allowed:
            return ApiError("PERMISSION_DENIED", f"the sandbox answers to {', '.join(sorted(allowed))} only")
        origin = headers.get("origin")
        if origin is not None and origin not in {f"http://{host}" for host in allowed}:
            return ApiError("PERMISSION_DENIED", "the sandbox does not answer web pages")
        if scope["path"].startswith("/sandbox/"):
            given = headers.get("authorization", "").encode()
            if not hmac.compare_digest(given, self._expected):
                return ApiError("UNAUTHENTICATED", "this call needs the sandbox's token as bearer token")
        return None
