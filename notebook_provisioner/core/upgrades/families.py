"""Whether there is the image family that notebooks are asked into."""

from dataclasses import dataclass
from typing import Final

from notebook_provisioner.catalog.images import IMAGES, PROJECT, SUPPORT_ENDS
from notebook_provisioner.core.errors import NotFound
from notebook_provisioner.core.findings import Finding, Severity

_KNOWN: Final = f"as of {IMAGES.read} Google's page on image versions names {' and '.join(SUPPORT_ENDS)}"


@dataclass(frozen=True, slots=True)
class Family:
    """What Compute Engine says of one of Google's image families.

    Attributes:
        name: Its name.
        image: Name of its newest image; empty where there is no such family; None where it does not say.
        message: Why it does not say.
    """

    name: str
    image: str | None
    message: str = ""


def check(family: Family) -> tuple[Finding, ...]:
    """What is to be said about *family* before a notebook is asked into it.

    A family that Google's page names is never held to be missing: who may look for it is unverified.

    Raises:
        NotFound: There is none, and no page names it.
    """
    if family.image:
        return ()
    if family.image is not None and family.name not in SUPPORT_ENDS:
        raise NotFound(f"there is no image family {family.name} in {PROJECT}", hint=_KNOWN)
    why = family.message or "Compute Engine finds none"
    said = f"whether there is an image family {family.name} is not known: {why}"
    return (Finding("upgrade-family-unknown", Severity.WARNING, family.name, said, _KNOWN),)
