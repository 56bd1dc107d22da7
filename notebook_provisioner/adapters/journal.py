"""A journal of one run: JSON lines that are on disk before the next thing happens."""

import json
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any


class FileJournal:
    """Appends lines to a file. Implements ``core.snapshots.sweep.Journal``.

    A line that was cut off by a crash is ended first, so that what follows can be read.

    Args:
        path: The file; made with its folder, readable by its owner alone.
        common: What every line says besides, as in ``{"run": "…"}``.
        echo: Gets every line too; the journal of a container goes to its log this way.
    """

    def __init__(
        self, path: Path, common: Mapping[str, Any], *, echo: Callable[[str], None] = lambda _: None
    ) -> None:
        self._path = path
        self._common = dict(common)
        self._echo = echo

    def write(self, entries: Iterable[Mapping[str, Any]]) -> None:
        """Append *entries*; they are on disk when this returns."""
        lines = [json.dumps({**self._common, **entry}, ensure_ascii=False) for entry in entries]
        if not lines:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            size = os.fstat(descriptor).st_size
            start = b"\n" if size and os.pread(descriptor, 1, size - 1) != b"\n" else b""
            data = memoryview(start + "".join(f"{line}\n" for line in lines).encode())
            while data:
                data = data[os.write(descriptor, data) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        for line in lines:
            self._echo(line)


def read(path: Path) -> list[dict[str, Any]]:
    """The journal's entries; lines that a crash cut off are left out.

    Returns:
        No entries where there is no such file.
    """
    entries = []
    if path.is_file():
        for line in path.read_text("utf-8", errors="replace").splitlines():
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            if isinstance(entry, dict):
                entries.append(entry)
    return entries
