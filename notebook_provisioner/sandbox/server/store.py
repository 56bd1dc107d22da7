"""Everything the sandbox knows, in one SQLite file that survives a kill at any moment.

A resource is a JSON document under a `Key`. Reads by collection come in the order of the key, or newest
first, one page at a time, so a project with 20,000 snapshots costs no more per page than one with ten.
"""

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

Json = Any
"""Any JSON value."""
Document = dict[str, Json]
"""A resource as its API writes it in JSON."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS resources (
  api TEXT NOT NULL, kind TEXT NOT NULL, collection TEXT NOT NULL, id TEXT NOT NULL,
  created REAL NOT NULL, document BLOB NOT NULL);
CREATE UNIQUE INDEX IF NOT EXISTS by_key ON resources (api, kind, collection, id);
CREATE INDEX IF NOT EXISTS by_age ON resources (api, kind, created, collection, id);
CREATE TABLE IF NOT EXISTS effects (
  sequence INTEGER PRIMARY KEY, due REAL NOT NULL, handler TEXT NOT NULL, arguments BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS by_due ON effects (due, sequence);
CREATE TABLE IF NOT EXISTS values_by_name (name TEXT PRIMARY KEY, value BLOB NOT NULL);
"""


class Key(NamedTuple):
    """Where a resource stands.

    Attributes:
        api: The API's name: ``compute``. Versions share their resources.
        collection: ``projects/p/zones/z/instances``; ``b/my-bucket/o``.
        id: The last part of the name. It may hold slashes where the API allows them (object names).
    """

    api: str
    collection: str
    id: str

    @classmethod
    def of(cls, api: str, name: str) -> "Key":
        """The key of the resource *name* (``projects/p/zones/z/instances/i``)."""
        collection, _, identifier = name.rpartition("/")
        return cls(api, collection, identifier)

    @property
    def name(self) -> str:
        """The resource's name: collection and id."""
        return f"{self.collection}/{self.id}"

    @property
    def kind(self) -> str:
        """The collection's last part: ``instances``."""
        return self.collection.rpartition("/")[2]


class Entry(NamedTuple):
    """A stored resource with its place."""

    key: Key
    created: float
    document: Document


class Store:
    """Resources, due effects and named values.

    Args:
        path: The SQLite file; made where it is missing, its folder too.
    """

    def __init__(self, path: "Path") -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.executescript(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-65536;"
        )
        self._connection.executescript(_SCHEMA)

    def close(self) -> None:
        """Fold the write-ahead log into the file and let go of it."""
        self._connection.close()

    @contextmanager
    def transaction(self) -> "Iterator[None]":
        """All or nothing: committed at the end, rolled back when an exception leaves the block. Nests."""
        nested = self._connection.in_transaction
        self._connection.execute("SAVEPOINT inner_step" if nested else "BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK TO inner_step" if nested else "ROLLBACK")
            if nested:
                self._connection.execute("RELEASE inner_step")
            raise
        self._connection.execute("RELEASE inner_step" if nested else "COMMIT")

    # Resources

    def get(self, key: Key) -> Document | None:
        """The document under *key*, or None."""
        row = self._connection.execute(
            "SELECT document FROM resources WHERE api=? AND kind=? AND collection=? AND id=?",
            (key.api, key.kind, key.collection, key.id),
        ).fetchone()
        return orjson.loads(row[0]) if row else None

    def put(self, key: Key, document: Document, *, created: float | None = None) -> None:
        """Write *document* under *key*.

        Args:
            key: Where.
            document: What.
            created: Creation time in seconds since the epoch; keeps the old one (or 0) where None.
        """
        self._connection.execute(
            "INSERT INTO resources VALUES (?,?,?,?,?,?) ON CONFLICT (api, kind, collection, id) DO "
            "UPDATE SET "
            "document=excluded.document, created=CASE WHEN ? THEN created ELSE excluded.created END",
            (
                key.api,
                key.kind,
                key.collection,
                key.id,
                created or 0.0,
                orjson.dumps(document),
                created is None,
            ),
        )

    def put_many(self, entries: "Iterable[Entry]") -> int:
        """Write many documents at once and return their number."""
        rows = (
            (key.api, key.kind, key.collection, key.id, created, orjson.dumps(document))
            for key, created, document in entries
        )
        return self._connection.executemany(
            "INSERT OR REPLACE INTO resources VALUES (?,?,?,?,?,?)", rows
        ).rowcount

    def delete(self, key: Key) -> bool:
        """Remove the document under *key*; False where there was none."""
        return bool(
            self._connection.execute(
                "DELETE FROM resources WHERE api=? AND kind=? AND collection=? AND id=?",
                (key.api, key.kind, key.collection, key.id),
            ).rowcount
        )

    def page(
        self,
        api: str,
        collection: str,
        *,
        after: tuple[str, str] | None = None,
        limit: int | None = None,
        decode: "Callable[[bytes], Json]" = orjson.loads,
    ) -> list[Entry]:
        """Resources of a collection in the order of their keys.

        Args:
            api: The API's name.
            collection: An exact collection, or one with ``-`` for any location or project part
                (``projects/p/locations/-/instances``).
            after: Collection and id of the last entry that was seen.
            limit: At most so many; all where None.
            decode: What becomes of a document's JSON; `orjson.Fragment` passes it on unread, which is faster.
        """
        kind = collection.rpartition("/")[2]
        condition, arguments = _collection_condition(collection)
        if after is not None and after[0] == collection:
            condition += " AND id > ?"  # a range of the index by_key; of the pair below SQLite makes none
            arguments += after[1:]
        elif after is not None:
            condition += " AND (collection, id) > (?, ?)"
            arguments += after
        return self._select(api, kind, condition, arguments, "collection, id", limit, decode)

    def newest(
        self,
        api: str,
        collection: str,
        *,
        after: tuple[float, str, str] | None = None,
        limit: int | None = None,
        decode: "Callable[[bytes], Json]" = orjson.loads,
    ) -> list[Entry]:
        """As `page`, newest first; *after* is creation time, collection and id of the last entry seen."""
        kind = collection.rpartition("/")[2]
        condition, arguments = _collection_condition(collection)
        if after is not None:
            condition += " AND (created, collection, id) < (?, ?, ?)"
            arguments += after
        order = "created DESC, collection DESC, id DESC"
        return self._select(api, kind, condition, arguments, order, limit, decode)

    def scan(self, api: str, kind: str, prefix: str) -> list[Entry]:
        """All resources of *kind* whose collection begins with *prefix*: an aggregated list."""
        return self._select(
            api,
            kind,
            "collection >= ? AND collection < ?",
            (prefix, prefix + "\U0010ffff"),
            "collection, id",
            None,
        )

    def kinds(self) -> list[tuple[str, str, int]]:
        """Number of resources by API and kind."""
        return list(self._connection.execute("SELECT api, kind, count(*) FROM resources GROUP BY api, kind"))

    def _select(  # noqa: PLR0917 - the parts of one statement
        self,
        api: str,
        kind: str,
        condition: str,
        arguments: tuple[Any, ...],
        order: str,
        limit: int | None,
        decode: "Callable[[bytes], Json]" = orjson.loads,
    ) -> list[Entry]:
        rows = self._connection.execute(
            "SELECT collection, id, created, document FROM resources "  # noqa: S608 - this module's literals
            f"WHERE api=? AND kind=? AND {condition} ORDER BY {order} LIMIT ?",
            (api, kind, *arguments, -1 if limit is None else limit),
        )
        return [Entry(Key(api, row[0], row[1]), row[2], decode(row[3])) for row in rows]

    # Effects

    def schedule(self, due: float, handler: str, arguments: Document) -> None:
        """Remember that *handler* is to run at sandbox time *due*."""
        self._connection.execute(
            "INSERT INTO effects (due, handler, arguments) VALUES (?,?,?)",
            (due, handler, orjson.dumps(arguments)),
        )

    def take_due(self, now: float) -> tuple[float, str, Document] | None:
        """Remove and return the earliest effect that is due: time, handler, arguments."""
        row = self._connection.execute(
            "SELECT sequence, due, handler, arguments FROM effects WHERE due <= ? ORDER BY due, "
            "sequence LIMIT 1",
            (now,),
        ).fetchone()
        if row is None:
            return None
        self._connection.execute("DELETE FROM effects WHERE sequence=?", (row[0],))
        return row[1], row[2], orjson.loads(row[3])

    def next_due(self) -> float | None:
        """Sandbox time of the earliest effect, or None."""
        row = self._connection.execute("SELECT min(due) FROM effects").fetchone()
        return None if row[0] is None else float(row[0])

    # Named values

    def value(self, name: str, default: Json = None) -> Json:
        """The value kept under *name*."""
        row = self._connection.execute("SELECT value FROM values_by_name WHERE name=?", (name,)).fetchone()
        return orjson.loads(row[0]) if row else default

    def set_value(self, name: str, value: Json) -> None:
        """Keep *value* under *name*."""
        self._connection.execute(
            "INSERT OR REPLACE INTO values_by_name VALUES (?,?)", (name, orjson.dumps(value))
        )

    def clear(self) -> None:
        """Forget everything."""
        for table in ("resources", "effects", "values_by_name"):
            self._connection.execute(f"DELETE FROM {table}")  # noqa: S608 - names of this module's tables


def _collection_condition(collection: str) -> tuple[str, tuple[Any, ...]]:
    if "/-/" not in collection:
        return "collection = ?", (collection,)
    return "collection GLOB ?", (collection.replace("[", "[[]").replace("/-/", "/*/"),)
