"""Errors as Google's APIs put them on the wire, in both of their shapes.

Compute, Cloud Storage and Cloud DNS carry ``errors[]`` with a ``reason``; the newer APIs carry ``status`` and
``details``. A handler raises one `ApiError`; `body` writes the shape that the API in question uses.
"""

import re
from enum import StrEnum
from http import HTTPStatus
from typing import Any


class ErrorStyle(StrEnum):
    """Which of the two error bodies an API answers with."""

    LEGACY = "legacy"  # error.errors[].reason
    STATUS = "status"  # error.status, error.details[]


# HTTP status, google.rpc.Code number and legacy reason of every google.rpc.Code that the sandbox uses
# (https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto).
_CODES: dict[str, tuple[int, int, str]] = {
    "INVALID_ARGUMENT": (400, 3, "invalid"),
    "FAILED_PRECONDITION": (400, 9, "failedPrecondition"),
    "OUT_OF_RANGE": (400, 11, "outOfRange"),
    "UNAUTHENTICATED": (401, 16, "required"),
    "PERMISSION_DENIED": (403, 7, "forbidden"),
    "NOT_FOUND": (404, 5, "notFound"),
    "ABORTED": (409, 10, "aborted"),
    "ALREADY_EXISTS": (409, 6, "alreadyExists"),
    "CONDITION_NOT_MET": (412, 9, "conditionNotMet"),
    "RESOURCE_EXHAUSTED": (429, 8, "rateLimitExceeded"),
    "INTERNAL": (500, 13, "backendError"),
    "UNIMPLEMENTED": (501, 12, "notImplemented"),
    "UNAVAILABLE": (503, 14, "backendError"),
    "DEADLINE_EXCEEDED": (504, 4, "backendError"),
}

_STATUS_BY_HTTP: dict[int, str] = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    412: "CONDITION_NOT_MET",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


class ApiError(Exception):
    """A request that ends in an error.

    Attributes:
        status: Name of the google.rpc.Code; ``CONDITION_NOT_MET`` is the legacy APIs' 412.
        message: What the client reads.
        http_status: HTTP status code; follows from *status* unless given.
        reason: The legacy shape's reason; follows from *status* unless given.
        details: The status shape's ``details``, each with ``@type``.
    """

    def __init__(
        self,
        status: str,
        message: str,
        *,
        http_status: int | None = None,
        reason: str | None = None,
        details: list[dict[str, Any]] | None = None,
    ) -> None:
        super().__init__(message)
        default_http, _, default_reason = _CODES[status]
        self.status = status
        self.message = message
        self.http_status = http_status or default_http
        self.reason = reason or default_reason
        self.details = details or []

    @property
    def rpc_code(self) -> int:
        """The google.rpc.Code number, as ``error.code`` of a long-running operation."""
        return _CODES[self.status][1]

    @property
    def legacy_code(self) -> str:
        """The code of an error in a Compute operation: the reason in capitals."""
        if self.status == "NOT_FOUND":
            return "RESOURCE_NOT_FOUND"
        return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", self.reason).upper()

    @property
    def http_phrase(self) -> str:
        """The HTTP status in words, as Compute's operations carry it: ``NOT FOUND``."""
        return HTTPStatus(self.http_status).phrase.upper()

    @classmethod
    def from_http(cls, http_status: int, message: str, reason: str | None = None) -> "ApiError":
        """An error for an HTTP status that a fault rule names."""
        status = _STATUS_BY_HTTP.get(http_status, "INTERNAL")
        return cls(status, message, http_status=http_status, reason=reason)

    def body(self, style: ErrorStyle) -> dict[str, Any]:
        """The JSON body in the shape *style*."""
        error: dict[str, Any] = {"code": self.http_status, "message": self.message}
        if style is ErrorStyle.LEGACY:
            error["errors"] = [{"message": self.message, "domain": "global", "reason": self.reason}]
        else:
            error["status"] = "FAILED_PRECONDITION" if self.status == "CONDITION_NOT_MET" else self.status
        if self.details:
            error["details"] = self.details
        return {"error": error}


def invalid(message: str, reason: str | None = None) -> ApiError:
    """400: the request is wrong."""
    return ApiError("INVALID_ARGUMENT", message, reason=reason)


def not_found(name: str) -> ApiError:
    """404 in the words that Compute and the newer APIs share for a missing resource."""
    return ApiError("NOT_FOUND", f"The resource '{name}' was not found")


def already_exists(name: str) -> ApiError:
    """409: the name is taken."""
    return ApiError("ALREADY_EXISTS", f"The resource '{name}' already exists")


def bad_request(violations: list[tuple[str, str]]) -> ApiError:
    """400 for a body that does not fit its schema, all violations at once.

    Args:
        violations: Pairs of field path (empty for the whole message) and description.
    """
    return ApiError(
        "INVALID_ARGUMENT",
        "\n".join(description for _, description in violations),
        details=[
            {
                "@type": "type.googleapis.com/google.rpc.BadRequest",
                "fieldViolations": [
                    {"field": field, "description": text} if field else {"description": text}
                    for field, text in violations
                ],
            }
        ],
    )
