"""Names of buckets, as the module fleet-file makes them."""

import hashlib
from typing import Final

_LONGEST: Final = 63  # https://cloud.google.com/storage/docs/buckets#naming


def bucket_name(*parts: str) -> str:
    """A name that begins with the project, since bucket names are unique in the world, and that fits."""
    name = "-".join(parts)
    if len(name) <= _LONGEST:
        return name
    return f"{name[:54]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
