"""The XML API, as far as reading an object: ``GET /BUCKET/OBJECT``.

Google's Go client lists, writes and deletes by the JSON API, but reads by this one, and Terraform's ``gcs``
backend is written with it (terraform 1.11.4; cloud.google.com/go/storage 1.30.1, ``newRangeReaderXML``). A
read becomes ``objects.get`` of the JSON API, so that faults, IAM and the log hold for both; errors become
XML. Answers have no ``Last-Modified``, and a bucket that bears an API's name is not found.
Codes: https://cloud.google.com/storage/docs/xml-api/reference-status
"""

import dataclasses
import html
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, quote, unquote, urlencode

import orjson

from notebook_provisioner.sandbox.server.service import Reply
from notebook_provisioner.sandbox.server.services.storage.shelf import Shelf

if TYPE_CHECKING:
    from notebook_provisioner.sandbox.server.engine import Engine, Incoming

_CONDITIONS: Final = {
    "x-goog-if-generation-match": "ifGenerationMatch",
    "x-goog-if-metageneration-match": "ifMetagenerationMatch",
}
_NOT_EMULATED: Final = ("if-", "x-goog-encryption-")  # how headers begin that would change the answer
_CODES: Final = {
    400: "InvalidArgument",
    403: "AccessDenied",
    404: "NoSuchKey",
    412: "PreconditionFailed",
    416: "InvalidRange",
    501: "NotImplemented",
    503: "ServiceUnavailable",
}


def addresses(engine: "Engine", incoming: "Incoming") -> bool:
    """Whether a request is of the XML API: its path begins with a bucket, and with no other API's path."""
    first = incoming.path.partition("/")[0]
    return not engine.serves(first) and Shelf.of(engine.context).catalog.bucket(first) is not None


async def respond(engine: "Engine", incoming: "Incoming") -> Reply:
    """Answer a request that `addresses` has recognized.

    Raises:
        ConnectionDropped: A fault rule for ``storage.objects.get`` cuts the connection.
    """
    bucket, _, name = incoming.path.partition("/")
    query = dict(parse_qsl(incoming.query, keep_blank_values=True))
    foreign = sorted(
        [header for header in incoming.headers if header.startswith(_NOT_EMULATED)]
        + [parameter for parameter in query if parameter != "generation"]
    )
    if incoming.http_method != "GET" or not name:
        return _error(501, f"not emulated by the sandbox: {incoming.http_method} /{incoming.path}")
    if foreign:
        return _error(501, f"not emulated by the sandbox in the XML API: {', '.join(foreign)}")
    conditions = {
        parameter: incoming.headers[header]
        for header, parameter in _CONDITIONS.items()
        if header in incoming.headers
    }
    read = dataclasses.replace(
        incoming,
        path=f"download/storage/v1/b/{bucket}/o/{quote(unquote(name), safe='')}",
        query=urlencode({**query, **conditions, "alt": "media"}),
    )
    reply = await engine.respond(read)
    if reply.status < 400 or not isinstance(reply.body, bytes):  # noqa: PLR2004 - where errors begin in HTTP
        return reply
    return _error(reply.status, orjson.loads(reply.body)["error"]["message"])


def _error(status: int, message: str) -> Reply:
    code = _CODES.get(status, "InternalError")
    text = html.escape(message, quote=False)
    error = f"<Error><Code>{code}</Code><Message>{text}</Message></Error>"
    body = f"<?xml version='1.0' encoding='UTF-8'?>{error}"
    return Reply(body.encode(), status, {"Content-Type": "application/xml; charset=UTF-8"})
