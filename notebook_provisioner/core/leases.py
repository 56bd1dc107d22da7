"""Leases of jobs that may take a fleet whole or in parts: which of them must not be held at a time.

A job's lease is named after it; that of a part has the part behind it, as in ``upgrade-2-of-8``.
"""

import re
from typing import Final

_PART: Final = re.compile(r"(?:-\d+-of-(\d+))?")


def overlap(job: str, one: str, other: str) -> bool:
    """Whether two leases of a job are of parts that may have a notebook in common.

    Args:
        job: The job's name.
        one: A lease's name.
        other: Another's; one that is no lease of this job is in nobody's way.
    """
    parts = [_PART.fullmatch(name[len(job) :]) if name.startswith(job) else None for name in (one, other)]
    if one == other or parts[0] is None or parts[1] is None:
        return False
    counts = {part[1] for part in parts if part is not None}
    return len(counts) > 1  # the whole fleet has no number; parts of one number have nothing in common
