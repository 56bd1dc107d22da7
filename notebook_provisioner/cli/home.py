"""Whether nbp can write where it keeps its things: said before anything is done there."""

import os
from pathlib import Path
from typing import Final

from notebook_provisioner.core.errors import InvalidInput

HOME: Final = "NBP_HOME"  # the folder that holds .nbp and .sandbox; the current one by default
REMEDY: Final = f"set {HOME} to a folder that you may write to; .nbp and .sandbox are made there"


def problem(folder: Path) -> str | None:
    """Say why *folder* cannot be written or made; None where it can.

    Tried, and not read from permissions: those say nothing of root, of mounts and of /proc.
    """
    import tempfile  # what only asks Google need not pay for it

    existing = folder
    while not os.path.exists(existing):  # noqa: PTH110  # Path.exists() raises below a locked folder
        existing = existing.parent
    where = f"{folder} cannot be written"
    if not existing.is_dir():
        return f"{where}: {existing} is no folder"
    try:
        with tempfile.TemporaryFile(dir=existing):
            return None
    except OSError as error:
        return f"{where}: nothing can be made in {existing} ({error.strerror})"


def require(folder: Path) -> Path:
    """Return *folder*, which can be written or made.

    Raises:
        InvalidInput: It cannot.
    """
    if wrong := problem(folder):
        raise InvalidInput(f"{wrong}; {HOME} is {os.environ.get(HOME) or 'not set'}", hint=REMEDY)
    return folder
