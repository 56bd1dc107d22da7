"""Lists one page at a time, with opaque tokens that are only good for the list they came from."""

import base64
import functools
import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from notebook_provisioner.sandbox.server import filters
from notebook_provisioner.sandbox.server.errors import invalid
from notebook_provisioner.sandbox.server.store import Json

if TYPE_CHECKING:
    from collections.abc import Callable

    from notebook_provisioner.sandbox.server.call import Call
    from notebook_provisioner.sandbox.server.store import Document, Entry

_DEFAULT_SIZE = 500  # compute: 0-500, default 500 (discovery); the newer APIs leave the default to the server
_SIZE_PARAMETERS = ("maxResults", "pageSize")
_NEWEST_FIRST = ("creationTimestamp desc", "createTime desc", "create_time desc")
_BY_NAME = ("", "name", "name asc")


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list.

    Attributes:
        entries: Its resources, as stored.
        next_token: Token of the page after it; None on the last one.
    """

    entries: "list[Entry]"
    next_token: str | None


def read(call: "Call", collection: str, *, scan_prefix: str | None = None, verbatim: bool = False) -> Page:
    """Read the page that the request asks for.

    Args:
        call: The request, with page size, token, filter and order among its query parameters.
        collection: The collection; ``-`` stands for any part.
        scan_prefix: For an aggregated list: collections that begin so, whatever lies between.
        verbatim: The documents are only passed on: without a filter they are JSON that nobody parsed.

    Raises:
        ApiError: 400 for a size, token, filter or order that the sandbox cannot serve.
    """
    size = _size(call)
    order = str(call.query.get("orderBy", "")).strip()
    if order not in (*_BY_NAME, *_NEWEST_FIRST):
        raise invalid(
            f"Invalid value for field 'orderBy': '{order}'. The sandbox sorts by name or "
            "creationTimestamp desc."
        )
    digest = _digest(call)
    after = _decode(str(call.query.get("pageToken", "")), digest)
    expression = str(call.query.get("filter", ""))
    matches = filters.compile_filter(expression)
    decode = orjson.Fragment if verbatim and not expression.strip() else orjson.loads
    newest = order in _NEWEST_FIRST
    if scan_prefix is not None:
        entries = call.store.scan(call.api.name, collection.rpartition("/")[2], scan_prefix)
        entries = [entry for entry in entries if after is None or list(entry.key[1:]) > after]
        found = [entry for entry in entries if matches(entry.document)][: size + 1]
    else:
        source: Json = functools.partial(
            call.store.newest if newest else call.store.page, call.api.name, collection, decode=decode
        )
        found = _collect(source, after, size + 1, matches, newest=newest)
    if len(found) <= size:
        return Page(found, None)
    last = found[size - 1]
    position = [last.created, *last.key[1:]] if newest else list(last.key[1:])
    return Page(found[:size], _encode(position, digest))


def cut(call: "Call", entries: "list[Entry]") -> Page:
    """The page that the request asks for out of *entries*, which are sorted by key and not stored."""
    size, digest = _size(call), _digest(call)
    after = _decode(str(call.query.get("pageToken", "")), digest)
    rest = [entry for entry in entries if after is None or list(entry.key[1:]) > after]
    if len(rest) <= size:
        return Page(rest, None)
    return Page(rest[:size], _encode(list(rest[size - 1].key[1:]), digest))


def _collect(
    source: "Callable[..., list[Entry]]",
    after: list[Json] | None,
    wanted: int,
    matches: "Callable[[Document], bool]",
    *,
    newest: bool,
) -> "list[Entry]":
    found: list[Entry] = []
    position = None if after is None else tuple(after)
    while len(found) < wanted:
        chunk = source(after=position, limit=max(wanted, 200))
        found += [entry for entry in chunk if matches(entry.document)]
        if len(chunk) < max(wanted, 200):
            break
        last = chunk[-1]
        position = (last.created, *last.key[1:]) if newest else tuple(last.key[1:])
    return found[:wanted]


def _size(call: "Call") -> int:
    for name in _SIZE_PARAMETERS:
        if name in call.query:
            size = int(call.query[name])
            if size < 0 or (name == "maxResults" and call.api.name == "compute" and size > _DEFAULT_SIZE):
                raise invalid(
                    f"Invalid value for field '{name}': '{size}'. Must be between 0 and "
                    f"{_DEFAULT_SIZE}, inclusive."
                )
            return size or _DEFAULT_SIZE
    return _DEFAULT_SIZE


def _digest(call: "Call") -> str:
    relevant = [call.match.collection, call.query.get("filter"), call.query.get("orderBy")]
    return hashlib.sha256(json.dumps(relevant).encode()).hexdigest()[:12]


def _encode(position: list[Json], digest: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([digest, position]).encode()).decode()


def _decode(token: str, digest: str) -> list[Json] | None:
    if not token:
        return None
    try:
        owner, position = json.loads(base64.urlsafe_b64decode(token.encode()))
    except ValueError:
        owner, position = None, []
    if owner != digest or not isinstance(position, list):
        raise invalid(f"Invalid value for field 'pageToken': '{token}'. Invalid page token.")
    return position
