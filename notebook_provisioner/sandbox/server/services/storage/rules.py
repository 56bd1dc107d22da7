"""What holds of every storage resource: names, timestamps, holds and retention."""

import re
from typing import TYPE_CHECKING, Any

from notebook_provisioner.sandbox.server.clock import moment_of
from notebook_provisioner.sandbox.server.clock import rfc3339_milliseconds as timestamp
from notebook_provisioner.sandbox.server.errors import ApiError, invalid

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from notebook_provisioner.sandbox.server.store import Document

# https://cloud.google.com/storage/docs/buckets#naming
_BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*[a-z0-9]")
_IP_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+")
_SHORTEST, _LONGEST, _LONGEST_WITH_DOTS = 3, 63, 222
_OBJECT_NAME_BYTES = 1024  # https://cloud.google.com/storage/docs/objects#naming

STORAGE_CLASSES = frozenset(
    (
        "STANDARD",
        "NEARLINE",
        "COLDLINE",
        "ARCHIVE",
        "MULTI_REGIONAL",
        "REGIONAL",
        "DURABLE_REDUCED_AVAILABILITY",
    )
)


def check_bucket_name(name: str) -> None:
    """Hold a new bucket's name to Google's rules.

    Raises:
        ApiError: 400; the name breaks one.
    """
    longest = _LONGEST_WITH_DOTS if "." in name else _LONGEST
    if (
        not _BUCKET_NAME.fullmatch(name)
        or not _SHORTEST <= len(name) <= longest
        or any(len(part) > _LONGEST for part in name.split("."))
        or _IP_ADDRESS.fullmatch(name)
        or name.startswith("goog")
        or "google" in name
    ):
        raise invalid(
            f"Invalid bucket name: '{name}'. 3-63 lower-case letters, digits, '-', '_' and '.', begun and "
            "ended by a letter or digit, no IP address, not begun with 'goog', without 'google'."
        )


def check_object_name(name: str) -> None:
    """Hold a new object's name to Google's rules.

    Raises:
        ApiError: 400; the name breaks one.
    """
    size = len(name.encode())
    if not 1 <= size <= _OBJECT_NAME_BYTES or name in {".", ".."} or set(name) & {"\r", "\n", "\0"}:
        raise invalid(
            f"Invalid object name: {name!r}. 1-1024 bytes of UTF-8 without CR, LF or NUL, not '.' or '..'."
        )


def check_storage_class(name: str) -> None:
    """Hold a storage class to the known ones.

    Raises:
        ApiError: 400; there is none of that name.
    """
    if name not in STORAGE_CLASSES:
        raise invalid(
            f"Invalid argument: storageClass '{name}' is none of {', '.join(sorted(STORAGE_CLASSES))}."
        )


def only(document: "Mapping[str, Any]", fields: "Iterable[str]") -> "Document":
    """The part of *document* that a client may write; Google ignores the rest."""
    return {field: document[field] for field in fields if field in document}


def check_deletable(version: "Mapping[str, Any]", bucket: "Mapping[str, Any]", now: float) -> None:
    """Refuse to delete or overwrite a version that a hold or a retention protects.

    Raises:
        ApiError: 403, naming what protects it.
    """
    name = f"Object '{version['bucket']}/{version['name']}'"
    if version.get("temporaryHold") or version.get("eventBasedHold"):
        hold = "temporary" if version.get("temporaryHold") else "event-based"
        raise ApiError(
            "PERMISSION_DENIED",
            f"{name} is under active {hold} hold and cannot be deleted, overwritten or archived until hold "
            "is removed.",
            reason="objectUnderActiveHold",
        )
    until = max(_retained_until(version, bucket), default=0.0)
    if until > now:
        message = (
            f"{name} is subject to bucket's retention policy or object retention until {timestamp(until)}."
        )
        raise ApiError("PERMISSION_DENIED", message, reason="retentionPolicyNotMet")


def _retained_until(version: "Mapping[str, Any]", bucket: "Mapping[str, Any]") -> "Iterable[float]":
    if policy := bucket.get("retentionPolicy"):
        yield moment_of(version["timeCreated"]) + int(policy["retentionPeriod"])
    if retention := version.get("retention"):
        yield moment_of(retention["retainUntilTime"])
