"""What each maintenance job runs, as the module maintenance has it; a test compares the two."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Job:
    """One job.

    Attributes:
        arguments: The command of nbp that it runs, before the fleet files that it is given.
        timeout_seconds: How long one run may take.
    """

    arguments: tuple[str, ...]
    timeout_seconds: int


JOBS: Final[Mapping[str, Job]] = {
    "prune": Job(("snapshots", "prune", "--due", "--yes"), 7200),
    "upgrade": Job(("upgrade", "run", "--due", "--yes"), 21_600),
}

FLEET_FILE: Final = "fleet.yaml"
"""The object that the fleet file is published as, in each fleet's operations bucket."""
MOUNT: Final = "/fleet"
"""Where a job finds its own fleet's operations bucket."""
