"""Where buckets, object versions and upload sessions are written down: collections in the sandbox's store.

Everything below a bucket is kept under its generation, which stays its own when the name is used again.
"""

import heapq
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from notebook_provisioner.sandbox.server.store import Document, Key, Store

if TYPE_CHECKING:
    from collections.abc import Iterator

_API = "storage"
_BUCKETS = "b"
_DELETED_BUCKETS = "deletedBuckets"
_UPLOADS = "uploads"
_FIRST_BATCH, _LARGEST_BATCH = (
    32,
    1024,
)  # rows read at once: few where a delimiter may jump, more as a scan goes on


class State(StrEnum):
    """What became of an object version; the value names its collection."""

    LIVE = "live"
    NONCURRENT = "noncurrent"
    SOFT_DELETED = "softDeleted"


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket.

    Attributes:
        project: Id of its project.
        resource: As the API shows it, without links.
    """

    project: str
    resource: Document

    @property
    def name(self) -> str:
        """The bucket's name, unique among live buckets."""
        return str(self.resource["name"])

    @property
    def generation(self) -> int:
        """Identifies the bucket even when its name is used again."""
        return int(self.resource["generation"])


@dataclass(frozen=True, slots=True)
class Version:
    """One version of an object.

    Attributes:
        bucket: Generation of its bucket.
        state: What became of it.
        content: Key in the content store.
        resource: As the API shows it, without links.
    """

    bucket: int
    state: State
    content: str
    resource: Document

    @property
    def name(self) -> str:
        """The object's name."""
        return str(self.resource["name"])

    @property
    def generation(self) -> int:
        """Which version of the object it is."""
        return int(self.resource["generation"])

    def moved(self, state: State, **fields: str) -> "Version":
        """The same version after something became of it, with more resource *fields*."""
        return replace(self, state=state, resource={**self.resource, **fields})


class Catalog:
    """Reads and writes buckets, versions and sessions; the caller owns transactions."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def bucket(self, name: str) -> Bucket | None:
        """The live bucket of that name."""
        return _bucket(self._store.get(Key(_API, _BUCKETS, name)))

    def deleted_bucket(self, name: str, generation: int) -> Bucket | None:
        """The soft-deleted bucket of that name and generation."""
        return _bucket(self._store.get(Key(_API, _DELETED_BUCKETS, _numbered(name, generation))))

    def buckets(self, *, deleted: bool = False) -> "Iterator[Bucket]":
        """Every bucket, by name."""
        for entry in self._store.page(_API, _DELETED_BUCKETS if deleted else _BUCKETS):
            yield Bucket(**entry.document)

    def save_bucket(self, bucket: Bucket) -> None:
        """Write a live bucket, new or changed."""
        self._store.put(Key(_API, _BUCKETS, bucket.name), _document(bucket))

    def remove_bucket(self, bucket: Bucket, *, keep_as: Document | None) -> None:
        """Remove a live bucket; it stays restorable as the resource *keep_as*, where that is given."""
        self._store.delete(Key(_API, _BUCKETS, bucket.name))
        if keep_as is not None:
            kept = replace(bucket, resource=keep_as)
            self._store.put(
                Key(_API, _DELETED_BUCKETS, _numbered(kept.name, kept.generation)), _document(kept)
            )

    def forget_deleted_bucket(self, bucket: Bucket) -> None:
        """Remove a soft-deleted bucket for good."""
        self._store.delete(Key(_API, _DELETED_BUCKETS, _numbered(bucket.name, bucket.generation)))

    def live(self, bucket: int, name: str) -> Version | None:
        """The live version of an object."""
        document = self._store.get(Key(_API, _collection(bucket, State.LIVE), name))
        return Version(bucket, State.LIVE, **document) if document else None

    def version(self, bucket: int, name: str, generation: int, states: tuple[State, ...]) -> Version | None:
        """One version, if it is in one of *states*."""
        for state in states:
            if state is State.LIVE:
                live = self.live(bucket, name)
                if live and live.generation == generation:
                    return live
            elif document := self._store.get(
                Key(_API, _collection(bucket, state), _numbered(name, generation))
            ):
                return Version(bucket, state, **document)
        return None

    def holds_any(self, bucket: int, *states: State) -> bool:
        """Whether a bucket has a version in one of *states*."""
        return any(self._store.page(_API, _collection(bucket, state), limit=1) for state in states)

    def scan(
        self, bucket: int, states: tuple[State, ...], after: tuple[str, int] = ("", -1)
    ) -> "Iterator[Version]":
        """Versions by (name, generation) behind *after*; what was yielded may be changed meanwhile."""
        streams = [self._stream(bucket, state, after) for state in states]
        return heapq.merge(*streams, key=lambda version: (version.name, version.generation))

    def save(self, version: Version) -> None:
        """Write a version, new or changed."""
        document = {"content": version.content, "resource": version.resource}
        self._store.put(_version_key(version), document)

    def remove(self, version: Version) -> None:
        """Remove a version from its state's collection."""
        self._store.delete(_version_key(version))

    def upload(self, upload_id: str) -> Document | None:
        """A resumable session's record."""
        return self._store.get(Key(_API, _UPLOADS, upload_id))

    def save_upload(self, upload_id: str, session: Document) -> None:
        """Write a session, new or changed."""
        self._store.put(Key(_API, _UPLOADS, upload_id), session)

    def remove_upload(self, upload_id: str) -> None:
        """Forget a session."""
        self._store.delete(Key(_API, _UPLOADS, upload_id))

    def next_generation(self, now: float) -> int:
        """A generation above every one before: microseconds since the epoch, as Google's look."""
        generation = max(int(now * 1e6), int(self._store.value("storage.generation", 0)) + 1)
        self._store.set_value("storage.generation", generation)
        return generation

    def _stream(self, bucket: int, state: State, after: tuple[str, int]) -> "Iterator[Version]":
        name, generation = after
        collection = _collection(bucket, state)
        if state is State.LIVE:
            # A live object has one row under its bare name: it lies behind the cursor if its generation does.
            current = self.live(bucket, name) if name else None
            if current and current.generation > generation:
                yield current
            last = name
        else:
            last = _numbered(name, max(generation, 0)) if generation >= 0 else name
        limit = _FIRST_BATCH
        while batch := self._store.page(_API, collection, after=(collection, last), limit=limit):
            for entry in batch:
                yield Version(bucket, state, **entry.document)
            last = batch[-1].key.id
            limit = min(2 * limit, _LARGEST_BATCH)


def _bucket(document: Document | None) -> Bucket | None:
    return Bucket(**document) if document else None


def _document(bucket: Bucket) -> Document:
    return {"project": bucket.project, "resource": bucket.resource}


def _collection(bucket: int, state: State) -> str:
    return f"b/{bucket}/{state.value}"


def _version_key(version: Version) -> Key:
    live = version.state is State.LIVE
    identifier = version.name if live else _numbered(version.name, version.generation)
    return Key(_API, _collection(version.bucket, version.state), identifier)


def _numbered(name: str, generation: int) -> str:
    """An id that sorts by name, then generation: NUL sorts before what may follow in a longer name."""
    return f"{name}\0{generation:020d}"
