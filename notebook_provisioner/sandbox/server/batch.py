"""Google's batches: many calls in one ``multipart/mixed`` request to ``/batch`` or ``/batch/API/VERSION``."""

import secrets
from email.message import Message
from email.parser import BytesParser
from http import HTTPStatus
from urllib.parse import urlsplit

from notebook_provisioner.sandbox.server.engine import Engine, Incoming, json_reply
from notebook_provisioner.sandbox.server.errors import ErrorStyle, invalid
from notebook_provisioner.sandbox.server.service import Reply


async def respond(engine: Engine, incoming: Incoming) -> Reply:
    """Answer every part in its order; a part that fails does not stop the others.

    A part's path is taken as it stands on the sandbox; one that names its API only by Google's host
    (``https://compute.googleapis.com/compute/v1/…``) works where the path begins with the API's name.
    """
    content_type = incoming.headers.get("content-type", "")
    parsed = BytesParser().parsebytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + incoming.body)
    if not parsed.is_multipart():
        error = invalid(
            "Failed to parse batch request: its content type must be multipart/mixed with a boundary."
        )
        return json_reply(error.body(ErrorStyle.STATUS), error.http_status)
    boundary = f"batch_{secrets.token_hex(12)}"
    answers = []
    for part in parsed.get_payload():
        if not isinstance(part, Message):
            continue
        reply = await engine.respond(_part(part, incoming.origin))
        identifier = part.get("Content-ID", "").strip()
        answers.append(_answer(boundary, identifier, reply))
    body = b"".join(answers) + f"--{boundary}--\r\n".encode()
    return Reply(body, 200, {"Content-Type": f"multipart/mixed; boundary={boundary}"})


def _part(part: Message, origin: str) -> Incoming:
    payload = part.get_payload(decode=True)
    head, _, rest = bytes(payload).lstrip().replace(b"\r\n", b"\n").partition(b"\n")
    http_method, target, *_ = head.decode().split(" ")
    message = BytesParser().parsebytes(rest)
    content = message.get_payload(decode=True)
    location = urlsplit(target)
    return Incoming(
        http_method=http_method,
        path=location.path.lstrip("/"),
        query=location.query,
        headers={name.lower(): value for name, value in message.items()},
        body=bytes(content or b""),
        origin=origin,
    )


def _answer(boundary: str, identifier: str, reply: Reply) -> bytes:
    body = reply.body if isinstance(reply.body, bytes) else b"".join(reply.body)
    answered = f"<response-{identifier[1:]}" if identifier.startswith("<") else f"response-{identifier}"
    body = reply.body if isinstance(reply.body, bytes) else b"".join(reply.body)
    head = [
        f"--{boundary}",
        "Content-Type: application/http",
        *([f"Content-ID: {answered}"] if identifier else []),
        "",
        f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase}",
        *(f"{name}: {value}" for name, value in (*reply.headers.items(), *reply.repeated)),
        f"Content-Length: {len(body)}",
        "",
        "",
    ]
    return "\r\n".join(head).encode() + body + b"\r\n"
