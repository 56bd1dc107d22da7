"""Who may talk to the sandbox: programs on this machine, and with the token where it matters.

A web page must not: neither by a name that was rebound to 127.0.0.1 (its ``Host`` is not ours) nor across
origins (its ``Origin`` is not ours).
"""

import hmac
from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.responses import JSONResponse

from notebook_provisioner.sandbox.server.errors import ApiError, ErrorStyle

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

_NAMES = ("127.0.0.1", "localhost")


class Guard:
    """ASGI middleware that refuses foreign hosts and origins, and control calls without the token.

    Args:
        app: What it guards.
        token: The bearer token that ``/sandbox/`` calls must carry.
    """

    def __init__(self, app: "ASGIApp", token: str) -> None:
        self._app = app
        self._expected = f"Bearer {token}".encode()

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Pass the request on, or answer 401 or 403."""
        error = self._refusal(scope) if scope["type"] == "http" else None
        if error is None:
            await self._app(scope, receive, send)
            return
        await JSONResponse(error.body(ErrorStyle.STATUS), error.http_status)(scope, receive, send)

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
