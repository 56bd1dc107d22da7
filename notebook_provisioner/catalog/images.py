"""Google's Workbench images, as far as rules depend on them."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Final

from notebook_provisioner.catalog.provenance import Source

IMAGES: Final = Source(
    "https://cloud.google.com/vertex-ai/docs/workbench/instances/manage-image-versions", date(2026, 7, 13)
)
RELEASE_NOTES: Final = Source(
    "https://cloud.google.com/vertex-ai/docs/workbench/release-notes", date(2026, 7, 13)
)

PROJECT: Final = "cloud-notebooks-managed"
CURRENT_FAMILY: Final = "workbench-instances-2603"
LEGACY_FAMILY: Final = "workbench-instances"
CONTAINER_HOST_FAMILY: Final = "workbench-container-host"  # what a container's upgrade replaces
LEGACY_SUPPORT_ENDS: Final = date(2027, 3, 1)  # IMAGES says March 2027; the first day is the safe reading
SUPPORT_ENDS: Final[Mapping[str, date]] = {  # IMAGES; of other families it names no day
    LEGACY_FAMILY: LEGACY_SUPPORT_ENDS,
    CURRENT_FAMILY: date(2028, 3, 1),
}

# RELEASE_NOTES: the days of those releases of LEGACY_FAMILY that this tool has met; the others' are unknown.
RELEASES: Final[Mapping[str, date]] = {
    "m125": date(2024, 9, 26),
    "m132": date(2025, 8, 29),
    "m138": date(2026, 1, 14),
    "m139": date(2026, 1, 29),
    "m141": date(2026, 4, 20),
}

# RELEASE_NOTES: Secure Boot with GPUs works only from this image of CURRENT_FAMILY on.
SECURE_BOOT_WITH_GPU_SINCE: Final = date(2026, 7, 12)

# IMAGES: date image names are YYYYMMDD-HHMM-rcX; the discovery document notebooks.v2 has one in full
# (VmImage.imageId). Names with v before the date are Google's older form.
_DATED: Final = re.compile(r"(?P<family>workbench-instances(-2603)?)-v?(?P<date>\d{8})(-\d{4}-rc\d+)?")


def family_and_date(image: str) -> tuple[str, date] | None:
    """The family and date that a Google image's name tells; None where it tells none."""
    found = _DATED.fullmatch(image)
    try:
        return (found["family"], date.fromisoformat(found["date"])) if found else None
    except ValueError:
        return None


def released(version: str) -> date | None:
    """The day of a release: of ``m144``, ``144``, or ``20260712``; None where it is not known."""
    try:
        return RELEASES.get(version.lower()) or RELEASES.get(f"m{version}") or date.fromisoformat(version[:8])
    except ValueError:
        return None
