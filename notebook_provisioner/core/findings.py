"""What a check has to say, with its place in the user's file."""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much a finding matters: an error stops, a warning is said, a note is for the record."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Location:
    """A place in a text file. Lines and columns count from 1."""

    file: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        """``file:line:column`` as compilers print it; what is unknown is left out."""
        return ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a check found.

    Attributes:
        code: Stable kebab-case identifier of the rule.
        severity: How much it matters.
        subject: What it is about: a key path (``notebooks[0].owner``), a notebook or a resource address.
        message: What is wrong.
        remedy: What would be right, or None where there is nothing to do.
        location: Where it stands in the user's file, if it stands in one.
    """

    code: str
    severity: Severity
    subject: str
    message: str
    remedy: str | None = None
    location: Location | None = None
