"""A metadata server in the manner of Compute Engine's, and the Cloud Storage that a boot downloads from.

Both listen inside the machine's network namespace only. What a script may ask is served: instance and project
attributes, who the machine is, a service account's token (one that opens nothing), guest attributes. Not
served: ``wait_for_change``, identity tokens (501), OS Login, scheduling and maintenance events (404). The
limit on a guest attribute's size is the lab's own.
"""

import hmac
import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from notebook_provisioner.sandbox.lab.facts import Identity

TOKEN: Final = "lab-token-that-opens-nothing-outside-this-machine"  # noqa: S105  # and is no secret

_ROOT: Final = "/computeMetadata/v1/"
_GUEST: Final = "instance/guest-attributes/"
_SCOPE: Final = "https://www.googleapis.com/auth/cloud-platform"
_FLAVOR: Final = {"Metadata-Flavor": "Google", "Server": "Metadata Server for VM"}
_TOKEN_SECONDS: Final = 3599
_NOT_FOUND: Final = 404
_NOT_IMPLEMENTED: Final = 501
_MAXIMUM_VALUE_BYTES: Final = 256 * 1024


class MetadataServer:
    """The answers of one machine's metadata server, and what the machine wrote to it.

    Attributes:
        guest_attributes: ``namespace/key`` to value.
        writes: Every write since this object was made, in order.
    """

    def __init__(
        self,
        identity: Identity,
        attributes: Mapping[str, str],
        *,
        guest_attributes: Mapping[str, str],
        objects: Mapping[str, bytes],
        storage: "Storage | None" = None,
        heard: "Callable[[str, str | None], None]" = lambda _name, _value: None,
    ) -> None:
        """Make one.

        Args:
            identity: Whose it is.
            attributes: Instance metadata.
            guest_attributes: What was written before this boot.
            objects: What Cloud Storage holds, where there is no *storage*.
            storage: Who answers for Cloud Storage; it sees requests with the machine's own token only.
            heard: Called with every guest attribute that is written; without a value where it is deleted.
        """
        self.guest_attributes = dict(guest_attributes)
        self.writes: list[tuple[str, str]] = []
        self._has_guest_attributes = attributes.get("enable-guest-attributes", "").lower() == "true"
        self._objects = objects
        self._storage = storage
        self._heard = heard
        self._tree = _tree(identity, attributes)

    def app(self) -> Starlette:
        """The ASGI application; the host name says which of the two services is meant."""
        methods = ["GET", "PUT", "DELETE", "POST"]
        storage = [
            Route("/storage/v1/{path:path}", self._passed_on, methods=[*methods, "PATCH"]),
            Route("/upload/storage/v1/{path:path}", self._passed_on, methods=methods),
            Route("/download/storage/v1/{path:path}", self._passed_on),
        ]
        return Starlette(
            routes=[
                *(storage if self._storage else []),
                Route("/storage/v1/b/{bucket}/o/{object:path}", self._object),
                Route("/", lambda _request: _plain("computeMetadata/\n", 200)),
                Route("/{path:path}", self._metadata, methods=methods),
            ]
        )

    async def _passed_on(self, request: Request) -> Response:
        """Whatever is asked of Cloud Storage, answered by whoever keeps the objects."""
        assert self._storage is not None  # noqa: S101  # else there is no such route
        if not _has_token(request):
            return PlainTextResponse("Anonymous caller does not have access", 401)
        target = request.scope["raw_path"].decode("ascii")
        if request.url.query:
            target += f"?{request.url.query}"
        return await run_in_threadpool(
            self._storage.answer, request.method, target, dict(request.headers), await request.body()
        )

    async def _object(self, request: Request) -> Response:
        if not _has_token(request):
            return PlainTextResponse("Anonymous caller does not have storage.objects.get access", 401)
        url = f"gs://{request.path_params['bucket']}/{request.path_params['object']}"
        if url not in self._objects:
            return PlainTextResponse(f"No such object: {url}", _NOT_FOUND)
        if request.query_params.get("alt") != "media":
            return PlainTextResponse("The lab serves objects' content only: ?alt=media", _NOT_IMPLEMENTED)
        return Response(self._objects[url], media_type="application/octet-stream")

    async def _metadata(self, request: Request) -> Response:
        try:
            return self._answer(
                request.method, _checked_path(request), await request.body(), request.query_params
            )
        except _RefusedRequest as refusal:
            return _plain(str(refusal), refusal.status)

    def _answer(self, method: str, path: str, body: bytes, query: Mapping[str, str]) -> Response:
        if path.startswith(_GUEST):
            return _plain(self._guest_attribute(method, path.removeprefix(_GUEST), body), 200)
        if method != "GET":
            raise _RefusedRequest(405, "Method Not Allowed")
        if re.search(r"service-accounts/[^/]+/identity$", path):
            raise _RefusedRequest(501, "Identity tokens are not emulated.")
        node = self._find(path)
        if isinstance(node, str):
            media_type = "application/json" if path.endswith("/token") else "text/plain"
            return Response(node, media_type=media_type, headers=_FLAVOR)
        if query.get("recursive", "").lower() == "true":
            content = node if path.strip("/").endswith("attributes") else _camel_case(node)
            return JSONResponse(content, headers=_FLAVOR)
        if path and not path.endswith("/"):
            return Response(status_code=301, headers={**_FLAVOR, "Location": f"{_ROOT}{path}/"})
        lines = (f"{key}/\n" if isinstance(value, Mapping) else f"{key}\n" for key, value in node.items())
        return _plain("".join(lines), 200)

    def _find(self, path: str) -> "Mapping[str, Any] | str":
        node: Any = self._tree
        for part in path.strip("/").split("/") if path.strip("/") else ():
            if not isinstance(node, Mapping) or part not in node:
                raise _RefusedRequest(404, "Not Found")
            node = node[part]
        found: Mapping[str, Any] | str = node
        return found

    def _guest_attribute(self, method: str, name: str, body: bytes) -> str:
        if not self._has_guest_attributes:
            raise _RefusedRequest(403, "Guest attributes endpoint access is disabled.")
        if method in {"PUT", "POST"}:
            if not re.fullmatch(r"[^/]+/[^/]+", name):
                raise _RefusedRequest(400, "A guest attribute is namespace/key.")
            if len(body) > _MAXIMUM_VALUE_BYTES:
                raise _RefusedRequest(413, "The value is too long.")
            self.guest_attributes[name] = body.decode("utf-8", "replace")
            self.writes.append((name, self.guest_attributes[name]))
            self._heard(name, self.guest_attributes[name])
            return ""
        if method == "DELETE":
            if name not in self.guest_attributes:
                raise _RefusedRequest(404, "Not Found")
            del self.guest_attributes[name]
            self._heard(name, None)
            return ""
        if name in self.guest_attributes:
            return self.guest_attributes[name]
        inside = [key.removeprefix(name) for key in sorted(self.guest_attributes) if key.startswith(name)]
        if (name and not name.endswith("/")) or not inside:
            raise _RefusedRequest(404, "Not Found")
        children = dict.fromkeys(
            f"{word}{slash}" for word, slash, _ in (key.partition("/") for key in inside)
        )
        return "".join(f"{child}\n" for child in children)


class Storage(Protocol):
    """Who answers for Cloud Storage."""

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Response:
        """Answer a request for *target*, the path and query as they were sent."""
        ...


def _has_token(request: Request) -> bool:
    bearer = request.headers.get("authorization", "")
    return hmac.compare_digest(bearer.encode(), f"Bearer {TOKEN}".encode())


class _RefusedRequest(Exception):
    """An answer that is none.

    Attributes:
        status: Its HTTP status.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def _checked_path(request: Request) -> str:
    """What the request asks for, below computeMetadata/v1/."""
    if not request.url.path.startswith(_ROOT):
        raise _RefusedRequest(404, "Not Found")
    if request.headers.get("metadata-flavor") != "Google":
        raise _RefusedRequest(403, "Missing Metadata-Flavor:Google header.")
    if "x-forwarded-for" in request.headers:
        raise _RefusedRequest(403, "X-Forwarded-For is not allowed.")
    if "wait_for_change" in request.query_params:
        raise _RefusedRequest(501, "wait_for_change is not emulated.")
    return request.url.path.removeprefix(_ROOT)


def _tree(identity: Identity, attributes: Mapping[str, str]) -> dict[str, Any]:
    """Folders as mappings, values as text. Nothing secret is in it: the token opens nothing."""
    token = {"access_token": TOKEN, "expires_in": _TOKEN_SECONDS, "token_type": "Bearer"}
    account = {
        "aliases": "default\n",
        "email": identity.service_account,
        "scopes": f"{_SCOPE}\n",
        "token": json.dumps(token, separators=(",", ":")),
    }
    place = f"projects/{identity.project_number}/zones/{identity.zone}"
    return {
        "instance": {
            "attributes": dict(attributes),
            "hostname": f"{identity.name}.{identity.zone}.c.{identity.project}.internal",
            "id": str(identity.instance_id),
            "name": identity.name,
            "service-accounts": {"default": account, identity.service_account: account},
            "zone": place,
        },
        "project": {
            "attributes": {},
            "numeric-project-id": str(identity.project_number),
            "project-id": identity.project,
        },
    }


def _camel_case(node: Mapping[str, Any]) -> dict[str, Any]:
    """As ``?recursive=true`` names folders; attributes' and accounts' own names stay."""
    answer = {}
    for key, value in node.items():
        name = re.sub("-(.)", lambda found: found[1].upper(), key) if "@" not in key else key
        keeps = key == "attributes" or not isinstance(value, Mapping)
        answer[name] = value if keeps else _camel_case(value)
    return answer


def _plain(text: str, status: int) -> Response:
    return PlainTextResponse(text, status, headers=_FLAVOR)
