"""What the Notebooks API remembers of a notebook's upgrades and rollbacks."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

UNSPECIFIED: Final = "ACTION_UNSPECIFIED"  # it proves nothing, but something was done to the notebook


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One line of a notebook's upgrade history.

    Attributes:
        action: ``UPGRADE`` or ``ROLLBACK``; `UNSPECIFIED` where the API does not say.
        state: ``STARTED``, ``SUCCEEDED`` or ``FAILED``.
        created: When it began; None where the API does not say.
        version: The version before; empty where the API does not say.
        target_version: The version that it was upgraded to; empty where the API does not say.
        snapshot: Name of the snapshot of the boot disk that was taken before; empty where there is none.
        image: The image before: a link; empty where the API does not say.
    """

    action: str
    state: str
    created: datetime | None
    version: str = ""
    target_version: str = ""
    snapshot: str = ""
    image: str = ""

    @property
    def word(self) -> str:
        """What people call the action."""
        return "change" if self.action == UNSPECIFIED else self.action.lower()
