"""Object contents as files: written in pieces, hashed in one pass, copied by hard link."""

import base64
import contextlib
import hashlib
import os
import shutil
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

import google_crc32c

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

PIECE = 1024 * 1024  # bytes read or written at once


@dataclass(frozen=True, slots=True)
class Content:
    """What a finished file holds.

    Attributes:
        key: Its name in the store.
        size: Bytes.
        md5_hash: MD5, base64, as the API writes it.
        crc32c: CRC32C, big-endian, base64, as the API writes it.
    """

    key: str
    size: int
    md5_hash: str
    crc32c: str


class ContentStore:
    """A directory of immutable files, each under a random key.

    A file grows through `writing` until something refers to it; then it only is read, linked or deleted.
    """

    def __init__(self, directory: "Path") -> None:
        self._directory = directory

    def create(self) -> str:
        """Make an empty file and return its key."""
        key = uuid.uuid4().hex
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        return key

    @contextlib.contextmanager
    def writing(self, key: str, offset: int | None = None) -> "Iterator[BinaryIO]":
        """Open *key* for writing at *offset* bytes, cutting what lies behind it; at its end by default."""
        with self._path(key).open("r+b") as file:
            file.seek(0, os.SEEK_END)
            if offset is not None:
                file.truncate(offset)
                file.seek(offset)
            yield file

    def describe(self, key: str) -> Content:
        """Measure and hash a finished file."""
        md5 = hashlib.md5(usedforsecurity=False)
        crc32c = 0
        size = 0
        for piece in self.read(key):
            md5.update(piece)
            crc32c = google_crc32c.extend(crc32c, piece)
            size += len(piece)
        return Content(key, size, _base64(md5.digest()), _base64(crc32c.to_bytes(4, "big")))

    def holds(self, key: str) -> bool:
        """Whether there is a file."""
        return self._path(key).exists()

    def size(self, key: str) -> int:
        """Bytes in the file so far."""
        return self._path(key).stat().st_size

    def read(self, key: str, start: int = 0, length: int | None = None) -> "Iterator[bytes]":
        """Yield *length* bytes from *start*, to the end by default, in pieces."""
        with self._path(key).open("rb") as file:
            file.seek(start)
            left = length
            while piece := file.read(PIECE if left is None else min(PIECE, left)):
                yield piece
                left = None if left is None else left - len(piece)

    def duplicate(self, key: str) -> str:
        """Make a second key for the same bytes; costs no space where the file system has hard links."""
        twin = uuid.uuid4().hex
        source, target = self._path(key), self._path(twin)
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(source, target)
        except OSError:
            shutil.copyfile(source, target)
        return twin

    def concatenate(self, keys: "Iterable[str]") -> str:
        """Make a file of the given ones, in order."""
        key = self.create()
        with self.writing(key) as target:
            for source in keys:
                target.writelines(self.read(source))
        return key

    def delete(self, key: str) -> None:
        """Remove a file; none there is no error."""
        self._path(key).unlink(missing_ok=True)

    def clear(self) -> None:
        """Remove all files."""
        shutil.rmtree(self._directory, ignore_errors=True)

    def _path(self, key: str) -> "Path":
        return self._directory / key[:2] / key


def _base64(digest: bytes) -> str:
    return base64.b64encode(digest).decode("ascii")
