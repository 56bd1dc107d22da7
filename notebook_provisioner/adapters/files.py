"""Where the project's own data lies: in the wheel, or in the checkout around an editable install."""

from pathlib import Path
from typing import Final

from notebook_provisioner.core.errors import NotFound

_PACKAGE: Final = Path(__file__).resolve().parents[1]
_CANDIDATES: Final = (_PACKAGE / "_data", _PACKAGE.parent)


def data(name: str) -> Path:
    """Find ``terraform``, ``post_startup`` or ``examples``.

    Raises:
        NotFound: The installation is incomplete.
    """
    for folder in _CANDIDATES:
        if (folder / name).is_dir():
            return folder / name
    raise NotFound(
        f"this installation has no {name} folder beside {_PACKAGE}",
        hint="install notebook-provisioner again",
    )


def post_startup_templates() -> dict[str, str]:
    """The templates of the post-startup script and the programs that it writes, file name to text.

    Raises:
        NotFound: The installation is incomplete.
    """
    folder = data("post_startup")
    return {path.name: path.read_text("utf-8") for path in (*folder.glob("*.sh.j2"), *folder.glob("*.py"))}
