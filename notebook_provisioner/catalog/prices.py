"""What storage costs, for estimates."""

from datetime import date
from typing import Final

from notebook_provisioner.catalog.provenance import Source

SNAPSHOTS: Final = Source("https://cloud.google.com/compute/pricing-announce", date(2026, 11, 22))

# USD for a GiB and month of a standard snapshot since 2023-04-01, in us-central1 and in the US multi-region.
# Other places differ by some tenths; the page names these two.
SNAPSHOT_REGIONAL: Final = 0.05
SNAPSHOT_MULTI_REGIONAL: Final = 0.065


def snapshot_month(storage_bytes: int, locations: tuple[str, ...]) -> float:
    """An estimate of what a standard snapshot costs a month, in USD, at the prices above.

    Args:
        storage_bytes: What it stores.
        locations: Where: a region's name ends in a digit, a multi-region's does not.
    """
    regional = bool(locations) and all(place[-1:].isdigit() for place in locations)
    return storage_bytes / 2**30 * (SNAPSHOT_REGIONAL if regional else SNAPSHOT_MULTI_REGIONAL)
