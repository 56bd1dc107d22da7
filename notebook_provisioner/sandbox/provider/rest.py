"""HTTP to the sandbox: one pooled client, retries, and waiting for operations."""

import json
import random
import threading
import time
from collections.abc import Mapping
from typing import Any, Final, TypeAlias
from urllib.parse import urlencode

import urllib3

from notebook_provisioner.sandbox.provider.errors import CONFLICT, ApiError
from notebook_provisioner.sandbox.provider.settings import Settings

Json: TypeAlias = Any
"""A decoded JSON body; its shape is the API's."""

_RETRIABLE: Final = frozenset({429, 502, 503, 504})
_QUEUE_FULL: Final = "unable to queue the operation"
"""Workbench's 409 while another operation on the instance is under way; hashicorp/google retries it, too."""

_ATTEMPTS: Final = 8
_FIRST_PAUSE_SECONDS: Final = 0.2
_LONGEST_PAUSE_SECONDS: Final = 5.0
_REQUEST_TIMEOUT_SECONDS: Final = 60.0
_OPERATION_TIMEOUT_SECONDS: Final = 1200.0
_ERRORS_FROM: Final = 400


class Client:
    """Requests to the services' endpoints; safe to use from several threads."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._pool = urllib3.PoolManager(maxsize=32, retries=False, timeout=_REQUEST_TIMEOUT_SECONDS)
        self._locks: dict[str, threading.Lock] = {}
        self._locks_guard = threading.Lock()

    def lock(self, name: str) -> threading.Lock:
        """The lock for a thing that several resources read, modify and write."""
        with self._locks_guard:
            return self._locks.setdefault(name, threading.Lock())

    def url(self, service: str, path: str, **query: str | None) -> str:
        """An absolute URL; query parameters that are None are left out."""
        given = {name: value for name, value in query.items() if value is not None}
        joint = "&" if "?" in path else "?"
        return self.settings.endpoint(service) + path + (joint + urlencode(given) if given else "")

    def get(self, url: str) -> Json:
        """GET, or None where there is nothing."""
        try:
            return self.send("GET", url)
        except ApiError as error:
            if error.not_found:
                return None
            raise

    def send(
        self,
        method: str,
        url: str,
        body: Json = None,
        *,
        raw: bytes | None = None,
        kind: str = "application/json",
    ) -> Json:
        """Send a request, again where that may help, and decode the answer.

        Raises:
            ApiError: The answer is an error, or there was none.
        """
        content = raw if raw is not None else None if body is None else json.dumps(body).encode()
        headers = {"Accept": "application/json", "User-Agent": "notebook-provisioner-stand-in"}
        if content is not None:
            headers["Content-Type"] = kind
        if self.settings.token:
            headers["Authorization"] = f"Bearer {self.settings.token}"
        lost = False
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                answer = self._pool.request(method, url, body=content, headers=headers)
            except urllib3.exceptions.HTTPError as error:
                lost = True
                failure = ApiError(f"{method} {url}: no answer: {error}", lost=True)
            else:
                if answer.status < _ERRORS_FROM:
                    return json.loads(answer.data) if answer.data else {}
                text = answer.data.decode(errors="replace")
                failure = ApiError(_explain(method, url, answer.status, text), answer.status, lost=lost)
                queue_full = answer.status == CONFLICT and _QUEUE_FULL in text
                if answer.status not in _RETRIABLE and not queue_full:
                    raise failure
            if attempt == _ATTEMPTS:
                raise failure
            _pause(attempt)
        raise AssertionError("unreachable")

    def wait(self, service: str, operation: Json) -> Json:
        """Poll an operation until it is done; anything that is no operation is returned as it is.

        Raises:
            ApiError: The operation failed, or is not done after 20 minutes.
        """
        deadline = time.monotonic() + _OPERATION_TIMEOUT_SECONDS
        attempt = 0
        while _is_operation(operation) and not _is_done(operation):
            if time.monotonic() > deadline:
                raise ApiError(f"{operation['name']}: not done after {_OPERATION_TIMEOUT_SECONDS:.0f} s")
            attempt += 1
            _pause(attempt, first=0.02, longest=1.0)
            operation = self.send("GET", self._operation_url(service, operation))
        if _is_operation(operation) and operation.get("error"):
            raise ApiError(_operation_error(operation["error"]))
        return operation

    def _operation_url(self, service: str, operation: Mapping[str, Any]) -> str:
        if "selfLink" not in operation:
            return self.url(service, operation["name"])
        # Compute's links name Google's host or the sandbox's; the path from "projects/" on holds at either.
        return self.url(service, "projects/" + operation["selfLink"].split("/projects/", 1)[1])


def _pause(
    attempt: int, first: float = _FIRST_PAUSE_SECONDS, longest: float = _LONGEST_PAUSE_SECONDS
) -> None:
    """Sleep, longer with each attempt, and a little at random so that parallel requests spread."""
    time.sleep(min(longest, first * 2 ** (attempt - 1)) * random.uniform(0.5, 1.0))  # noqa: S311 - no secret


def _is_operation(answer: Json) -> bool:
    if not isinstance(answer, dict):
        return False
    if str(answer.get("kind", "")).endswith("#operation"):
        return True
    return "operations/" in str(answer.get("name", "")) and (
        {"done", "metadata", "error"} & answer.keys() != set()
    )


def _is_done(operation: Mapping[str, Any]) -> bool:
    if operation.get("kind") == "dns#operation":
        return True  # only a record of a change that is made at once; it has no name to ask by
    return bool(operation.get("done")) or operation.get("status") == "DONE"


def _operation_error(error: Json) -> str:
    """Compute lists errors, the other services have one status."""
    if isinstance(error, dict) and "errors" in error:
        return "; ".join(f"{item.get('code')}: {item.get('message')}" for item in error["errors"])
    return f"Error code {error.get('code')}, message: {error.get('message')}"


def _explain(method: str, url: str, status: int, text: str) -> str:
    try:
        reason = json.loads(text)["error"]["message"]
    except (ValueError, KeyError, TypeError):
        reason = text.strip()[:500]
    return f"googleapi: Error {status}: {reason} ({method} {url})"
