"""``objects.*``: read, list, change, delete and restore versions; download their content."""

from typing import TYPE_CHECKING, Final

from notebook_provisioner.sandbox.server.errors import ApiError, invalid
from notebook_provisioner.sandbox.server.service import Reply
from notebook_provisioner.sandbox.server.services.storage import objects
from notebook_provisioner.sandbox.server.services.storage.api import SERVICE
from notebook_provisioner.sandbox.server.services.storage.catalog import State, Version
from notebook_provisioner.sandbox.server.services.storage.listing import PAGE_LIMIT, Query, list_page
from notebook_provisioner.sandbox.server.services.storage.preconditions import Preconditions
from notebook_provisioner.sandbox.server.services.storage.ranges import (
    UnsatisfiableRangeError,
    requested_slice,
)
from notebook_provisioner.sandbox.server.services.storage.shelf import EXPIRE_VERSION, FORGET_CONTENT, Shelf

if TYPE_CHECKING:
    from collections.abc import Iterator

    from notebook_provisioner.sandbox.server.call import Call
    from notebook_provisioner.sandbox.server.context import Context
    from notebook_provisioner.sandbox.server.store import Document

_HEADER_FIELDS: Final = {
    "Cache-Control": "cacheControl",
    "Content-Disposition": "contentDisposition",
    "Content-Encoding": "contentEncoding",
    "Content-Language": "contentLanguage",
    "X-Goog-Generation": "generation",
    "X-Goog-Metageneration": "metageneration",
    "X-Goog-Storage-Class": "storageClass",
    "X-Goog-Stored-Content-Encoding": "contentEncoding",
    "X-Goog-Stored-Content-Length": "size",
}


@SERVICE.method("objects.get")
def get(call: "Call") -> "Document | Reply":
    """A version's metadata, or with ``alt=media`` its content."""
    shelf = Shelf.of(call.context)
    version = _addressed(call, soft_deleted=bool(call.query.get("softDeleted")))
    Preconditions.of(call.query).check(version.resource, reading=True)
    if call.match.media == "download" or call.raw_query.get("alt") == "media":
        return _download(shelf, version, call.headers.get("range"))
    return objects.shown(version, call.origin)


@SERVICE.method("objects.list")
def list_(call: "Call") -> "Document":
    """A page of live objects; with ``versions`` also noncurrent, with ``softDeleted`` only deleted ones."""
    shelf = Shelf.of(call.context)
    bucket = shelf.bucket(call.parameters["bucket"])
    if call.query.get("softDeleted") and call.query.get("versions"):
        raise invalid("softDeleted and versions exclude each other.")
    states: tuple[State, ...] = (State.LIVE,)
    if call.query.get("versions"):
        states = (State.LIVE, State.NONCURRENT)
    elif call.query.get("softDeleted"):
        states = (State.SOFT_DELETED,)
    query = Query(
        prefix=call.query.get("prefix", ""),
        delimiter=call.query.get("delimiter", ""),
        start=call.query.get("startOffset", ""),
        end=call.query.get("endOffset", ""),
        glob=call.query.get("matchGlob", ""),
        limit=min(int(call.query.get("maxResults") or PAGE_LIMIT), PAGE_LIMIT),
        trailing_delimiter=bool(call.query.get("includeTrailingDelimiter")),
    )
    try:
        page = list_page(
            query,
            call.query.get("pageToken"),
            lambda cursor: shelf.catalog.scan(bucket.generation, states, cursor),
        )
    except ValueError as error:
        raise invalid(str(error)) from None
    answer: Document = {"kind": "storage#objects"}
    if page.items:
        answer["items"] = [objects.shown(version, call.origin) for version in page.items]
    if page.prefixes:
        answer["prefixes"] = page.prefixes
    if page.token:
        answer["nextPageToken"] = page.token
    return answer


@SERVICE.method("objects.patch")
def patch(call: "Call") -> "Document":
    """Merge metadata into a version."""
    return _change(call, merge=True)


@SERVICE.method("objects.update")
def update(call: "Call") -> "Document":
    """Replace a version's metadata."""
    return _change(call, merge=False)


@SERVICE.method("objects.delete")
def delete(call: "Call") -> Reply:
    """Delete the live version, or for good the one whose generation is named."""
    shelf = Shelf.of(call.context)
    version = _addressed(call)
    Preconditions.of(call.query).check(version.resource)
    shelf.delete(
        shelf.bucket(call.parameters["bucket"]), version, for_good=bool(call.query.get("generation"))
    )
    return Reply(status=204)


@SERVICE.method("objects.restore")
def restore(call: "Call") -> "Document":
    """Make a soft-deleted version live again, under a new generation."""
    shelf = Shelf.of(call.context)
    bucket = shelf.bucket(call.parameters["bucket"])
    version = _addressed(call, soft_deleted=True)
    return objects.shown(shelf.restore(bucket, version, Preconditions.of(call.query)), call.origin)


@SERVICE.effect(FORGET_CONTENT.rpartition(".")[2])
def forget_content(context: "Context", arguments: "Document") -> None:
    """Delete the file of a version that is gone."""
    Shelf.of(context).contents.delete(arguments["content"])


@SERVICE.effect(EXPIRE_VERSION.rpartition(".")[2])
def expire_version(context: "Context", arguments: "Document") -> None:
    """End a soft-deleted version's time."""
    shelf = Shelf.of(context)
    states = (State.SOFT_DELETED,)
    version = shelf.catalog.version(arguments["bucket"], arguments["name"], arguments["generation"], states)
    if version is not None:
        shelf.expire(version)


def _addressed(call: "Call", *, soft_deleted: bool = False) -> Version:
    shelf = Shelf.of(call.context)
    generation = int(call.query.get("generation") or 0)
    bucket = shelf.bucket(call.parameters["bucket"])
    return shelf.find(bucket, call.parameters["object"], generation, soft_deleted=soft_deleted)


def _change(call: "Call", *, merge: bool) -> "Document":
    shelf = Shelf.of(call.context)
    version = _addressed(call)
    Preconditions.of(call.query).check(version.resource)
    if call.body.get("acl"):
        raise ApiError("UNIMPLEMENTED", "not emulated by the sandbox: access control lists; use IAM")
    change = objects.patched if merge else objects.replaced
    override = bool(call.query.get("overrideUnlockedRetention"))
    resource = change(version.resource, call.body, shelf.now, override_retention=override)
    changed = Version(version.bucket, version.state, version.content, resource)
    shelf.catalog.save(changed)
    return objects.shown(changed, call.origin)


def _download(shelf: Shelf, version: Version, range_header: str | None) -> Reply:
    resource = version.resource
    size = int(resource["size"])
    try:
        part = requested_slice(range_header, size)
    except UnsatisfiableRangeError as error:
        raise ApiError(
            "OUT_OF_RANGE",
            f"Request range not satisfiable: {error}",
            http_status=416,
            reason="requestedRangeNotSatisfiable",
        ) from None
    # A line each, as Google's: Go's client looks for one that begins with crc32c.
    sums = tuple(
        ("X-Goog-Hash", f"{name}={resource[field]}")
        for name, field in (("crc32c", "crc32c"), ("md5", "md5Hash"))
        if field in resource
    )
    headers = {
        "Accept-Ranges": "bytes",
        "Content-Type": str(resource.get("contentType") or "application/octet-stream"),
        "Content-Length": str(part.length if part else size),
        "ETag": f'"{resource["generation"]}/{resource["metageneration"]}"',
    }
    headers |= {header: str(resource[field]) for header, field in _HEADER_FIELDS.items() if field in resource}
    if part is None:
        return Reply(body=shelf.contents.read(version.content), headers=headers, repeated=sums)
    headers["Content-Range"] = part.content_range
    pieces: Iterator[bytes] = shelf.contents.read(version.content, part.start, part.length)
    return Reply(body=pieces, status=206, headers=headers, repeated=sums)
