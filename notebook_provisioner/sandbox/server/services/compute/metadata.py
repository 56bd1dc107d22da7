"""VM metadata as Compute keeps it: items with a fingerprint."""

import re

from notebook_provisioner.sandbox.server.context import fingerprint
from notebook_provisioner.sandbox.server.errors import invalid
from notebook_provisioner.sandbox.server.store import Document

_KEY = re.compile(r"^[a-zA-Z0-9_-]{1,128}$")  # discovery: Metadata.items.key
_LARGEST_VALUE = 262144  # bytes; discovery: Metadata.items.value
_KIND = "compute#metadata"


def check_keys(metadata: Document) -> None:
    """Refuse keys and values that Compute refuses.

    Raises:
        ApiError: 400 for an ill-formed or repeated key, or a value above 256 KiB.
    """
    seen: set[str] = set()
    for index, item in enumerate(metadata.get("items", [])):
        key, field = str(item.get("key", "")), f"resource.metadata.items[{index}]"
        if not _KEY.match(key):
            raise invalid(
                f"Invalid value for field '{field}.key': '{key}'. Must be a match of regex '{_KEY.pattern}'"
            )
        if key in seen:
            raise invalid(f"Invalid value for field '{field}.key': '{key}'. Metadata has duplicate key.")
        if len(str(item.get("value", "")).encode()) > _LARGEST_VALUE:
            raise invalid(
                f"Value for field '{field}.value' is too large: maximum size {_LARGEST_VALUE} character(s)."
            )
        seen.add(key)


def as_stored(metadata: Document) -> Document:
    """*metadata* with its kind and a current fingerprint."""
    items = [{"key": item["key"], "value": item.get("value", "")} for item in metadata.get("items", [])]
    stored: Document = {"kind": _KIND, "fingerprint": fingerprint(items)}
    return stored | ({"items": items} if items else {})


def from_map(values: dict[str, str]) -> Document:
    """A map of keys and values as stored metadata."""
    return as_stored({"items": [{"key": key, "value": value} for key, value in values.items()]})


def to_map(metadata: Document) -> dict[str, str]:
    """Stored metadata as a map."""
    return {item["key"]: item.get("value", "") for item in metadata.get("items", [])}
