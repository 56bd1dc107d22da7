"""What a rendered post-startup script says about itself: read from its text, nothing is run."""

import functools
import hashlib
import re
from dataclasses import asdict, dataclass
from typing import Final

from notebook_provisioner.core.script_contract import body_sha256
from notebook_provisioner.sandbox.server.store import Document

_STATED: Final = re.compile(r"^# body-sha256: ([0-9a-f]{64})\b")
_CONSTANT: Final = re.compile(r"^readonly (VERSION|FLEET_SHA256|IMAGE)=(\S+)$", re.MULTILINE)
_RUN_STEP: Final = re.compile(
    r"^  run_step (?P<id>\S+) (?P<hardening>true|false) (?P<images>'[^']*'|\S+) (?P<function>\w+)",
    re.MULTILINE,
)
_DIGEST_LINE: Final = 3  # the line, counted from 0, that holds the script's own digest
_KEPT: Final = 256  # parsed scripts


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a script.

    Attributes:
        id: Its name in the report.
        images: The kinds of image that it is for.
        line: The first line of its body, from 1: where an injected failure is said to be.
    """

    id: str
    images: tuple[str, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Script:
    """A post-startup script.

    Attributes:
        sha256: The digest of the whole file.
        version: The version of nbp that rendered it; empty for a script of another make, which reports
            nothing.
        fleet_sha256: The digest of what the fleet file said about its notebook.
        image: The kind of image that it was rendered for, or ``unknown``.
        steps: What it runs, in order.
        changed_at: The line that finds it changed after it was rendered; 0 where it was not.
    """

    sha256: str
    version: str = ""
    fleet_sha256: str = ""
    image: str = ""
    steps: tuple[Step, ...] = ()
    changed_at: int = 0

    def to_document(self) -> Document:
        """As JSON, for `from_document`."""
        return asdict(self)

    @classmethod
    def from_document(cls, document: Document) -> "Script":
        """What `to_document` gave."""
        steps = tuple(Step(step["id"], tuple(step["images"]), step["line"]) for step in document["steps"])
        return cls(**(document | {"steps": steps}))


@functools.lru_cache(_KEPT)
def parse(content: bytes) -> Script:
    """Read a script; one of another make gives its digest alone."""
    digest = hashlib.sha256(content).hexdigest()
    text = content.decode("utf-8", "replace")
    constants = dict(_CONSTANT.findall(text))
    lines = text.split("\n")
    stated = _STATED.match(lines[_DIGEST_LINE]) if len(lines) > _DIGEST_LINE else None
    if stated is None or "VERSION" not in constants:
        return Script(digest)
    steps = tuple(
        Step(
            found["id"],
            tuple(found["images"].strip("'").split()),
            _line_of(lines, f"{found['function']}() {{") + 1,
        )
        for found in _RUN_STEP.finditer(text)
    )
    is_changed = body_sha256(text) != stated[1]
    return Script(
        digest,
        version=constants["VERSION"].strip("'"),
        fleet_sha256=constants.get("FLEET_SHA256", ""),
        image=constants.get("IMAGE", ""),
        steps=steps,
        changed_at=_line_of(lines, 'fail "this script was changed after it was rendered"') * is_changed,
    )


def _line_of(lines: list[str], words: str) -> int:
    return next((number for number, line in enumerate(lines, 1) if words in line), 0)
