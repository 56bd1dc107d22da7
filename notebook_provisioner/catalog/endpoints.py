"""Names and addresses that a notebook without an external IP must reach, as the network module makes them.

``terraform/modules/network/google_endpoints.json`` says the same to Terraform, with a source for each row; a
test compares the two.
"""

from collections.abc import Mapping
from typing import Final

DOMAINS: Final = (
    "googleapis.com",
    "notebooks.googleapis.com",
    "notebooks.cloud.google.com",
    "notebooks.googleusercontent.com",
    "kernels.googleusercontent.com",
    "notebooks.byoid.googleusercontent.com",
    "pkg.dev",
    "gcr.io",
)
VIRTUAL_IPS: Final[Mapping[str, tuple[str, ...]]] = {
    "restricted": ("199.36.153.4", "199.36.153.5", "199.36.153.6", "199.36.153.7"),
    "private": ("199.36.153.8", "199.36.153.9", "199.36.153.10", "199.36.153.11"),
}
