"""How old an image is, and how long Google supports its family. What no source says is unknown."""

from dataclasses import dataclass
from datetime import date

from notebook_provisioner.catalog.images import SUPPORT_ENDS, family_and_date, released
from notebook_provisioner.core.upgrades.facts import Notebook, Upgradability


@dataclass(frozen=True, slots=True)
class Age:
    """What is known of a notebook's image.

    Attributes:
        released: The day of the image that it has.
        newest: The day of the image that it would be upgraded to.
        support_ends: The day on which support of its family ends; None where no source names one.
    """

    released: date | None
    newest: date | None
    support_ends: date | None

    @property
    def days_behind(self) -> int | None:
        """Days between the two images; None where one of them has no day that is known."""
        if self.released is None or self.newest is None:
            return None
        return max(0, (self.newest - self.released).days)


def age(notebook: Notebook) -> Age:
    """What is known of *notebook*'s image."""
    check = notebook.upgradability
    own = _day(notebook.image, notebook.version)
    newest = own if check.upgradable is False else offered(check)
    return Age(own, newest, SUPPORT_ENDS.get(notebook.family))


def offered(check: Upgradability) -> date | None:
    """The day of the image that the API offers; None where it is not known."""
    return _day(check.image.rsplit("/", 1)[-1], check.version) if check.upgradable else None


def _day(image: str, version: str) -> date | None:
    dated = family_and_date(image)
    return dated[1] if dated else released(version)
