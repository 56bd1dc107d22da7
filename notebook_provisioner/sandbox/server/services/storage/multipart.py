"""A streaming reader of ``multipart/related`` uploads: JSON metadata, then the media.

Own code because Google's Python clients end lines with a bare LF (``email.generator``'s default) and apitools
quotes the boundary with apostrophes: Google accepts both, form parsers (python-multipart) do not.
"""

import re
from email.message import Message
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

HEADER_LIMIT: Final = 64 * 1024
METADATA_LIMIT: Final = 1024 * 1024
# its second end of line stays: before an empty part it is the boundary's


class MalformedMultipartError(ValueError):
    """The body is not what its Content-Type says."""


class RelatedReader:
    """Reads the two parts of an upload from a body in arbitrary pieces.

    Use in order: `metadata`, `media_type`, then iterate over `media`.

    Args:
        content_type: The request's Content-Type header.
        pieces: The request's body.

    Raises:
        MalformedMultipartError: The header has no boundary; later, the body is cut short or has other parts.
    """

    def __init__(self, content_type: str, pieces: "Iterable[bytes]") -> None:
        header = Message()
        header["Content-Type"] = content_type
        boundary = str(header.get_param("boundary") or "").strip("'")
        if header.get_content_type() != "multipart/related" or not boundary:
            raise MalformedMultipartError(f"expected multipart/related with a boundary, not {content_type!r}")
        self._delimiter = b"--" + boundary.encode("latin-1")
        self._newline = b"\n"  # the body's own, once its first boundary is read
        self._pieces = iter(pieces)
        self._buffer = b"\n"  # so that a boundary on the first line begins a line, too
        self.media_type: str | None = None

    def metadata(self) -> bytes:
        """Return the first part's content and read on to the media; sets `media_type`."""
        opening = re.compile(rb"\r?\n" + re.escape(self._delimiter) + rb"[ \t]*(?=\r?\n)")
        self._until(opening, HEADER_LIMIT)
        self._newline = b"\r\n" if self._buffer.startswith(b"\r") else b"\n"
        self._headers()
        content = self._until(self._end, METADATA_LIMIT)
        self.media_type = self._headers().get("Content-Type")
        return content.lstrip()

    def media(self) -> "Iterator[bytes]":
        """Yield the second part's content.

        Raises:
            MalformedMultipartError: A third part follows, or the body ends early.
        """
        end, begin = self._end, len(self._newline)
        keep = len(self._newline) + len(self._delimiter)
        while not (match := end.search(self._buffer)):
            if len(self._buffer) > begin + keep:
                yield self._buffer[begin:-keep]
                self._buffer = self._buffer[-keep:]
                begin = 0
            self._more()
        if match.start() > begin:
            yield self._buffer[begin : match.start()]
        self._buffer = self._buffer[match.end() :]
        while len(self._buffer) < len(b"--"):
            self._more()
        if not self._buffer.startswith(b"--"):
            raise MalformedMultipartError("expected two parts, metadata and media; found a third")

    @property
    def _end(self) -> "re.Pattern[bytes]":
        """The boundary with exactly the end of line before it: a CR before a bare LF belongs to the media."""
        return re.compile(re.escape(self._newline + self._delimiter))

    def _headers(self) -> Message:
        # The second end of line stays in the buffer: before an empty part it is the boundary's, too.
        block = self._until(re.compile(self._newline + rb"(?=" + self._newline + rb")"), HEADER_LIMIT)
        headers = Message()
        for line in block.decode("latin-1").splitlines():
            name, colon, value = line.partition(":")
            if colon:
                headers[name.strip()] = value.strip()
        return headers

    def _until(self, end: "re.Pattern[bytes]", limit: int) -> bytes:
        while not (match := end.search(self._buffer)):
            if len(self._buffer) > limit:
                raise MalformedMultipartError(f"no end of headers or metadata within {limit} bytes")
            self._more()
        content, self._buffer = self._buffer[: match.start()], self._buffer[match.end() :]
        return content

    def _more(self) -> None:
        try:
            self._buffer += next(self._pieces)
        except StopIteration:
            raise MalformedMultipartError("the body ends before its closing boundary") from None
