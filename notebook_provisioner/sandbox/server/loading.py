"""Loading dumps: raw API documents, as list calls return them, straight into the store."""

import re
from datetime import datetime
from typing import TYPE_CHECKING

from notebook_provisioner.sandbox.server.errors import invalid
from notebook_provisioner.sandbox.server.store import Document, Entry, Json, Key

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from notebook_provisioner.sandbox.server.context import Context

_CREATION_FIELDS = ("creationTimestamp", "createTime", "timeCreated", "creationTime")


def load(context: "Context", dump: "Mapping[str, Json]") -> int:
    """Store every document of *dump* as it is, replacing what has the same name; nothing else is made.

    Args:
        context: The sandbox.
        dump: Documents by collection. A key is ``api/collection`` (``compute/projects/p/global/snapshots``),
            or the API alone where the documents name themselves (``selfLink``, or a ``name`` that is a full
            path). A value is a list of documents, or a list answer as the API gave it (``{"items": […]}``).

    Returns:
        The number of documents.

    Raises:
        ApiError: 400 for an unknown API or a document without a name.
    """
    apis = {name for name, _ in context.apis}
    total = 0
    for place, value in dump.items():
        api, _, collection = place.partition("/")
        if api not in apis:
            raise invalid(f"'{place}' begins with no API of the sandbox; there are {', '.join(sorted(apis))}")
        total += context.store.put_many(_entries(api, collection, _documents(place, value)))
    return total


def _documents(place: str, value: Json) -> list[Document]:
    if isinstance(value, dict):
        lists = [
            item for item in value.values() if isinstance(item, list) and item and isinstance(item[0], dict)
        ]
        value = lists[0] if lists else []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise invalid(f"'{place}' must hold a list of documents, or a list answer that has one")
    return value


def _entries(api: str, collection: str, documents: list[Document]) -> "Iterator[Entry]":
    for document in documents:
        name = str(document.get("name", ""))
        if collection:
            key = Key(api, collection, name.removeprefix(f"{collection}/"))
        elif "selfLink" in document:
            key = Key.of(api, re.sub(r"^https?://[^/]+/(?:[a-z]+/)?v[^/]+/", "", document["selfLink"]))
        else:
            key = Key.of(api, name)
        if not key.id or not key.collection:
            raise invalid(
                f"a document of '{api}' names itself neither by selfLink nor by a full name: {name!r}"
            )
        yield Entry(key, _created(document), document)


def _created(document: Document) -> float:
    for field in _CREATION_FIELDS:
        text = str(document.get(field, ""))
        try:
            return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text)).timestamp()
        except ValueError:
            continue
    return 0.0
