"""Which images run the post-startup script again after an upgrade."""

import re
from datetime import date
from typing import Final

from notebook_provisioner.catalog.images import family_and_date
from notebook_provisioner.core.upgrades.verification import last

# Release notes of 2026-04-20: from these images on, the post-startup script runs again after an upgrade.
_SINCE_RELEASE: Final = 141
_SINCE_DATE: Final = date(2026, 4, 19)

_RELEASE: Final = re.compile(r"[mM]?(\d{2,3})")
_DATE: Final = re.compile(r"(\d{8})(?:\D.*)?")


def runs_script_again(version: str, image: str) -> bool:
    """Whether an image runs the post-startup script again after an upgrade; False where nobody knows."""
    for text in (version, last(image)):
        if release := _RELEASE.fullmatch(text):
            return int(release[1]) >= _SINCE_RELEASE
        dated = _DATE.fullmatch(text)
        known = family_and_date(text)
        if known:
            return known[1] >= _SINCE_DATE
        if dated:
            try:
                return date.fromisoformat(dated[1]) >= _SINCE_DATE
            except ValueError:
                return False
    return False
