"""How a type of text is made: its rule, its message and its JSON Schema in one."""

import re
from collections.abc import Callable
from typing import Annotated, Any, Final

from pydantic import AfterValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from notebook_provisioner.core.counting import counted

HOST: Final = r"([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\.)+[a-z]([-a-z0-9]{0,61}[a-z0-9])?"

_SHOWN: Final = 60  # characters of a wrong value; more does not fit a line of a terminal


def wrong(code: str, message: str, remedy: str) -> PydanticCustomError:
    """An error about one value: what is wrong with it, what would be right."""
    return PydanticCustomError(code, "{said}", {"said": message, "remedy": remedy})


def shown(value: str) -> str:
    """A value as messages quote it."""
    return value if len(value) <= _SHOWN else f"{value[: _SHOWN - 3]}…"


def patterned(
    code: str, what: str, form: str, pattern: str, *examples: str, shortest: int = 1, longest: int = 63
) -> Any:  # noqa: ANN401  # an Annotated type
    """A type of text by its pattern.

    Args:
        code: The code of its findings.
        what: What it is.
        form: Its form in words.
        pattern: What the whole text matches.
        examples: Texts of the type; the first is quoted in messages.
        shortest: Characters at the least.
        longest: Characters at the most.
    """

    def check(value: str) -> str:
        remedy = f"write {form}, as in {examples[0]}"
        if not re.fullmatch(pattern, value):
            raise wrong(code, f"{shown(value)!r} is no {what}", remedy)
        if not shortest <= len(value) <= longest:
            has = counted(len(value), "character")
            said = f"{shown(value)!r} has {has}; a {what} has {shortest} to {longest}"
            raise wrong(code, said, remedy)
        return value

    return checked(
        check, pattern=f"^(?:{pattern})$", minLength=shortest, maxLength=longest, examples=list(examples)
    )


def checked(check: Callable[[str], str], **schema: Any) -> Any:  # noqa: ANN401  # an Annotated type
    """A type of text by a function that returns it or raises ``wrong``; *schema* is its JSON Schema."""
    return Annotated[str, AfterValidator(check), WithJsonSchema({"type": "string", **schema})]
