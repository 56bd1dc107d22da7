"""One page of ``objects.list``: prefix, delimiter, offsets, glob, versions, page token.

Source: https://cloud.google.com/storage/docs/json_api/v1/objects/list
"""

import base64
import binascii
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from notebook_provisioner.sandbox.server.services.storage.globs import glob_pattern

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from notebook_provisioner.sandbox.server.services.storage.catalog import Version

    Cursor = tuple[str, int]  # (name, generation) of the last entry of a page

PAGE_LIMIT = 1000  # also the default
_LAST = "\U0010ffff"  # sorts behind every character that follows a prefix


@dataclass(frozen=True, slots=True)
class Query:
    """What to list.

    Attributes:
        start: First name, inclusive; empty for no bound.
        end: First name that is not listed any more; empty for no bound.
        glob: ``matchGlob``; empty for none.
        limit: Objects and prefixes on a page, at least 1.
        trailing_delimiter: List objects that end in their first delimiter as objects, too.
    """

    prefix: str = ""
    delimiter: str = ""
    start: str = ""
    end: str = ""
    glob: str = ""
    limit: int = PAGE_LIMIT
    trailing_delimiter: bool = False


@dataclass(slots=True)
class Page:
    """One page; *token* asks for the next one and is None on the last."""

    items: "list[Version]" = field(default_factory=list)
    prefixes: list[str] = field(default_factory=list)
    token: str | None = None


def list_page(query: Query, token: str | None, scan: "Callable[[Cursor], Iterable[Version]]") -> Page:
    """Collect a page.

    Args:
        query: What to list.
        token: The previous page's token.
        scan: Gives versions in order behind a cursor.

    Raises:
        ValueError: The token or the glob is malformed.
    """
    page = Page()
    cursor, last_prefix = _decoded(token) if token else ((max(query.prefix, query.start), -1), "")
    for version, prefix, after in _entries(query, cursor, last_prefix, scan):
        if len(page.items) + len(page.prefixes) >= query.limit:
            page.token = _encoded(cursor, last_prefix)
            break
        if version:
            page.items.append(version)
        if prefix:
            page.prefixes.append(prefix)
            last_prefix = prefix
        cursor = after
    return page


def _entries(
    query: Query, cursor: "Cursor", last_prefix: str, scan: "Callable[[Cursor], Iterable[Version]]"
) -> "Iterator[tuple[Version | None, str | None, Cursor]]":
    """Yield an object, a common prefix, or both where it ends in its first delimiter; and where to go on."""
    matches = glob_pattern(query.glob).match if query.glob else None
    while True:
        for version in scan(cursor):
            name = version.name
            if not name.startswith(query.prefix) or (query.end and name >= query.end):
                return
            if matches and not matches(name):
                continue
            cursor = (name, version.generation)
            cut = name.find(query.delimiter, len(query.prefix)) if query.delimiter else -1
            if cut < 0:
                yield version, None, cursor
                continue
            common = name[: cut + len(query.delimiter)]
            new_prefix, last_prefix = (common if common != last_prefix else None), common
            if query.trailing_delimiter and name == common:
                yield version, new_prefix, cursor
                continue
            cursor = (common + _LAST, 0)
            if new_prefix:
                yield None, new_prefix, cursor
            break  # jump over everything else below the common prefix
        else:
            return


def _encoded(cursor: "Cursor", last_prefix: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([*cursor, last_prefix]).encode()).decode()


def _decoded(token: str) -> "tuple[Cursor, str]":
    try:
        name, generation, last_prefix = json.loads(base64.urlsafe_b64decode(token))
        return (str(name), int(generation)), str(last_prefix)
    except (binascii.Error, ValueError, TypeError):
        raise ValueError(f"pageToken {token!r} is not one that this list gave out") from None
