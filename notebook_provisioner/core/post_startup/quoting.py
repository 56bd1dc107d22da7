"""Values as shell words. The renderer quotes every one, whatever a template forgets."""

import re
import shlex
from dataclasses import dataclass
from typing import Any, Final

from jinja2 import Undefined

_BARE: Final = re.compile(r"[A-Za-z0-9_.+-]+")


@dataclass(frozen=True, slots=True)
class Raw:
    """Text that is put into the script as it is. Letters, digits and ``_.+-`` only, so that it cannot act.

    Attributes:
        text: The text.
    """

    text: str

    def __post_init__(self) -> None:
        """Hold the text to what no shell interprets."""
        if not _BARE.fullmatch(self.text):
            raise ValueError(f"{self.text!r} cannot stand unquoted in a shell script")


@dataclass(frozen=True, slots=True)
class Comment:
    """Text that is put into a comment of the script as it is. One line, so that it cannot leave it.

    Attributes:
        text: The text.
    """

    text: str

    def __post_init__(self) -> None:
        """Hold the text to one line."""
        if not self.text.isprintable():
            raise ValueError(f"{self.text!r} is not one line of a comment")


def shell_form(value: Any) -> str:  # noqa: ANN401  # whatever a template names; a kind a line
    """Turn a value into shell words.

    Raises:
        TypeError: It has no such form.
        ValueError: It holds a NUL, which no shell word can.
    """
    if isinstance(value, (Raw, Comment)):
        return value.text
    if isinstance(value, Undefined):
        return str(value)  # which raises
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        if "\0" in value:
            raise ValueError("a shell word cannot hold a NUL")
        return shlex.quote(value)
    if isinstance(value, (list, tuple)):
        return " ".join(shell_form(item) for item in value)
    raise TypeError(f"{type(value).__name__} has no shell form")
