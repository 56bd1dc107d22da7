"""Where a row of the catalogue comes from."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Source:
    """A page or document, and when it was read.

    Attributes:
        url: Its address.
        read: The day on which it was read.
        verified: False where the row is common knowledge that no page read then confirmed: rules built on
            such a row warn, or let pass.
    """

    url: str
    read: date
    verified: bool = True
