"""``objects.insert``: simple, multipart and resumable uploads.

Sources: https://cloud.google.com/storage/docs/uploads-downloads and
https://cloud.google.com/storage/docs/performing-resumable-uploads.
"""

import uuid
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import orjson

from notebook_provisioner.sandbox.server.errors import ApiError, invalid
from notebook_provisioner.sandbox.server.service import Reply
from notebook_provisioner.sandbox.server.services.storage import objects
from notebook_provisioner.sandbox.server.services.storage.api import SERVICE
from notebook_provisioner.sandbox.server.services.storage.content import PIECE
from notebook_provisioner.sandbox.server.services.storage.multipart import (
    MalformedMultipartError,
    RelatedReader,
)
from notebook_provisioner.sandbox.server.services.storage.preconditions import Preconditions
from notebook_provisioner.sandbox.server.services.storage.ranges import upload_range
from notebook_provisioner.sandbox.server.services.storage.shelf import Shelf
from notebook_provisioner.sandbox.server.validation import Cleaner

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from notebook_provisioner.sandbox.server.call import Call
    from notebook_provisioner.sandbox.server.services.storage.catalog import Version
    from notebook_provisioner.sandbox.server.store import Document

CHUNK_UNIT: Final = 256 * 1024  # bytes; every chunk but the last is a multiple of it
_RESUME_INCOMPLETE: Final = 308
_CANCELLED: Final = 499


@SERVICE.method("objects.insert")
def insert(call: "Call") -> "Document | Reply":
    """Store an object, or go on with a resumable session."""
    if upload_id := call.raw_query.get("upload_id"):
        return _continue(call, upload_id)
    if call.http_method != "POST":
        raise invalid("Only an upload session goes on with PUT or ends with DELETE: upload_id is missing.")
    if call.match.media != "upload":
        return _stored(call, call.body, ())
    kind = call.raw_query.get("uploadType")
    if kind == "media":
        return _stored(call, {"contentType": call.headers.get("content-type")}, _pieces(call))
    if kind == "multipart":
        return _insert_multipart(call)
    if kind == "resumable":
        return _begin(call)
    raise invalid(f"uploadType must be media, multipart or resumable, not {kind!r}.")


def _insert_multipart(call: "Call") -> "Document":
    try:
        reader = RelatedReader(call.headers.get("content-type", ""), _pieces(call))
        fields = _metadata(call, reader.metadata())
        if reader.media_type:
            fields.setdefault("contentType", reader.media_type)
        return _stored(call, fields, reader.media())
    except MalformedMultipartError as error:
        raise invalid(f"Malformed multipart body: {error}.") from None


def _begin(call: "Call") -> Reply:
    """Open a session; its address is in the Location header."""
    shelf = Shelf.of(call.context)
    fields = _fields(call, _metadata(call, b"".join(_pieces(call))))
    if "x-upload-content-type" in call.headers:
        fields.setdefault("contentType", call.headers["x-upload-content-type"])
    bucket = shelf.bucket(call.parameters["bucket"])
    live = shelf.catalog.live(bucket.generation, str(fields.get("name") or ""))
    Preconditions.of(call.query).check(live.resource if live else None)
    upload_id = uuid.uuid4().hex
    session = {
        "bucket": bucket.name,
        "fields": fields,
        "query": {name: value for name, value in call.query.items() if name.startswith("if")},
        "content": shelf.contents.create(),
        "length": call.headers.get("x-upload-content-length"),
        "stored": None,
    }
    shelf.catalog.save_upload(upload_id, session)
    address = (
        f"{call.origin}/upload/storage/v1/b/{quote(bucket.name)}/o?uploadType=resumable&upload_id={upload_id}"
    )
    return Reply(headers={"Location": address, "X-GUploader-UploadID": upload_id})


def _continue(call: "Call", upload_id: str) -> "Document | Reply":
    """Take a chunk, tell how much has arrived, finish, or cancel."""
    shelf = Shelf.of(call.context)
    session = shelf.catalog.upload(upload_id)
    if session is None or not (session["stored"] or shelf.contents.holds(session["content"])):
        raise ApiError(
            "NOT_FOUND", f"No upload session {upload_id}: it never was, ended long ago or was cancelled."
        )
    if call.http_method == "DELETE":
        shelf.catalog.remove_upload(upload_id)
        shelf.contents.delete(session["content"])
        return Reply(status=_CANCELLED)
    if session["stored"]:
        return _finished(call, shelf, session)
    try:
        sent = upload_range(call.headers.get("content-range"))
    except ValueError as error:
        raise invalid(str(error)) from None
    total = sent.total if sent else None
    if sent is None or sent.first is not None:
        _append(call, shelf, session, 0 if sent is None or sent.first is None else sent.first)
    arrived = shelf.contents.size(session["content"])
    if sent is None:
        total = arrived
    if total is None:
        return _incomplete(call, shelf, session, arrived)
    _check_total(session, arrived, total)
    if arrived < total:
        return _incomplete(call, shelf, session, arrived)
    version = _put(call, shelf, session)
    shelf.catalog.save_upload(upload_id, {**session, "stored": version.generation})
    return objects.shown(version, call.origin)


def _append(call: "Call", shelf: Shelf, session: "Document", first: int) -> None:
    arrived = shelf.contents.size(session["content"])
    if first > arrived:
        raise invalid(f"The chunk begins at byte {first}, but only {arrived} bytes have arrived.")
    with shelf.contents.writing(session["content"], first) as file:
        file.writelines(_pieces(call))


def _incomplete(call: "Call", shelf: Shelf, session: "Document", arrived: int) -> Reply:
    """308: what has arrived, in whole units; the rest is to be sent again."""
    kept = arrived - arrived % CHUNK_UNIT
    with shelf.contents.writing(session["content"], kept):
        pass
    headers = {"Range": f"bytes=0-{kept - 1}"} if kept else {}
    if call.headers.get("x-guploader-no-308") == "yes":
        return Reply(headers={**headers, "X-Http-Status-Code-Override": str(_RESUME_INCOMPLETE)})
    return Reply(status=_RESUME_INCOMPLETE, headers=headers)


def _check_total(session: "Document", arrived: int, total: int) -> None:
    declared = session["length"]
    if declared is not None and int(declared) != total:
        raise invalid(f"X-Upload-Content-Length declared {declared} bytes, Content-Range says {total}.")
    if arrived > total:
        raise invalid(f"{arrived} bytes arrived for an object of {total} bytes.")


def _finished(call: "Call", shelf: Shelf, session: "Document") -> "Document":
    """The answer to a finished session's late request: its object, as it is."""
    bucket = shelf.bucket(session["bucket"])
    version = shelf.find(bucket, session["fields"]["name"], session["stored"])
    return objects.shown(version, call.origin)


def _put(call: "Call", shelf: Shelf, session: "Document") -> "Version":
    fields = {**session["fields"], **_claimed_sums(call)}
    bucket = shelf.bucket(session["bucket"])
    return shelf.put(bucket, fields, session["content"], Preconditions.of(session["query"]))


def _stored(call: "Call", fields: "Document", media: "Iterable[bytes]") -> "Document":
    """Store an upload that came in one request."""
    shelf = Shelf.of(call.context)
    bucket = shelf.bucket(call.parameters["bucket"])
    fields = {**_fields(call, fields), **_claimed_sums(call)}
    content = shelf.contents.create()
    try:
        with shelf.contents.writing(content) as file:
            file.writelines(media)
    except MalformedMultipartError:
        shelf.contents.delete(content)
        raise
    return objects.shown(shelf.put(bucket, fields, content, Preconditions.of(call.query)), call.origin)


def _fields(call: "Call", fields: "Document") -> "Document":
    """*fields* with what query parameters say about the object."""
    if fields.get("acl") or call.query.get("predefinedAcl", "private") not in {"private", "projectPrivate"}:
        raise ApiError("UNIMPLEMENTED", "not emulated by the sandbox: access control lists; use IAM")
    if any(name.startswith("x-goog-encryption-") for name in call.headers):
        raise ApiError("UNIMPLEMENTED", "not emulated by the sandbox: customer-supplied encryption keys")
    given = {field: call.query.get(field) for field in ("name", "contentEncoding", "kmsKeyName")}
    return {**fields, **{field: value for field, value in given.items() if value}}


def _metadata(call: "Call", text: bytes) -> "Document":
    """The object resource that an upload brings along, held to its schema."""
    if not text.strip():
        return {}
    try:
        value: Any = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise invalid(f"Invalid JSON payload received. {error}", reason="parseError") from None
    return Cleaner(call.api).clean("Object", value)


def _claimed_sums(call: "Call") -> "Document":
    """Checksums that the client claims in ``X-Goog-Hash: crc32c=…,md5=…``."""
    fields = {"crc32c": "crc32c", "md5": "md5Hash"}
    claims: Document = {}
    for part in call.headers.get("x-goog-hash", "").split(","):
        name, equals, value = part.strip().partition("=")
        if equals and name in fields:
            claims[fields[name]] = value
    return claims


def _pieces(call: "Call") -> "Iterator[bytes]":
    """The request's body."""
    if call.upload is None:
        return
    with call.upload.open("rb") as file:
        while piece := file.read(PIECE):
            yield piece
