"""HTTP byte ranges: what a download asks for, what a resumable upload sends."""

import re
from dataclasses import dataclass

_RANGE = re.compile(r"bytes=(?P<first>\d*)-(?P<last>\d*)$")
_CONTENT_RANGE = re.compile(r"bytes (?:(?P<first>\d+)-(?P<last>\d+|\*)|\*)/(?P<total>\d+|\*)$")


class UnsatisfiableRangeError(ValueError):
    """No byte of the object lies in the range: HTTP 416."""


@dataclass(frozen=True, slots=True)
class Slice:
    """*length* bytes from *start* of a content of *size* bytes."""

    start: int
    length: int
    size: int

    @property
    def content_range(self) -> str:
        """The Content-Range header of a 206 response."""
        return f"bytes {self.start}-{self.start + self.length - 1}/{self.size}"


def requested_slice(header: str | None, size: int) -> Slice | None:
    """Resolve a Range header against a content of *size* bytes.

    Returns:
        The slice, or None where the whole content is meant: no header, or one that is no single byte range
        (RFC 9110 section 14.2 lets a server ignore those).

    Raises:
        UnsatisfiableRangeError: The range begins behind the content.
    """
    match = _RANGE.match(header or "")
    if not match or not (match["first"] or match["last"]):
        return None
    if match["first"]:
        start = int(match["first"])
        last = min(int(match["last"] or size), size - 1)
    else:
        start = max(size - int(match["last"]), 0)
        last = size - 1
    if start > last:
        raise UnsatisfiableRangeError(f"{header} lies outside of {size} bytes")
    return Slice(start, last - start + 1, size)


@dataclass(frozen=True, slots=True)
class UploadRange:
    """A Content-Range header of a resumable upload.

    Attributes:
        first: Offset of the chunk's first byte, or None where the request carries no bytes (``bytes */…``).
        total: Size of the whole object, or None while the client does not know it.
    """

    first: int | None
    total: int | None


def upload_range(header: str | None) -> UploadRange | None:
    """Read a Content-Range header; None where it is absent.

    Raises:
        ValueError: It is not of the form ``bytes FIRST-LAST/TOTAL``, with ``*`` for what is unknown.
    """
    if header is None:
        return None
    match = _CONTENT_RANGE.match(header)
    if not match:
        raise ValueError(f"Content-Range {header!r} is not 'bytes FIRST-LAST/TOTAL'")
    return UploadRange(
        first=int(match["first"]) if match["first"] else None,
        total=None if match["total"] == "*" else int(match["total"]),
    )
