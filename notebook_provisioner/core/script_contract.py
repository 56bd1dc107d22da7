"""What rendered scripts and those that watch them agree on; importing it loads no fleet and no Jinja."""

import hashlib
from typing import Final

STATUS_ATTRIBUTE: Final = "notebook-provisioner/status"
"""Where a script reports: a guest attribute."""

DIGEST_LINE: Final = 3
"""The line, counted from 0, that holds a script's own digest."""


def body_sha256(script: str) -> str:
    """The digest that a script carries: its own, without the line that holds it."""
    lines = script.split("\n", DIGEST_LINE + 1)
    del lines[DIGEST_LINE]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
