"""Labels that are not the user's to set."""

from collections.abc import Mapping
from datetime import date
from typing import Final

from notebook_provisioner.catalog.provenance import Source

LIMITS: Final = Source(
    "https://cloud.google.com/compute/docs/labeling-resources", date(2026, 11, 21), verified=False
)
MAX_LABELS: Final = 64  # LIMITS

# Labels that Workbench puts on a notebook's VM: seen in a dump of real instances in
# https://github.com/GoogleCloudPlatform/gcpdiag, test-data/notebooks2, read 2026-11-21.
WORKBENCH: Final = frozenset(
    {"consumer-project-id", "consumer-project-number", "notebooks-product", "resource-name"}
)
RESERVED_PREFIXES: Final[Mapping[str, str]] = {"goog-": "Google", "nbp-": "this tool"}
