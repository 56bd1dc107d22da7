"""How many notebooks a project takes, by Identity and Access Management."""

from datetime import date
from typing import Final

from notebook_provisioner.catalog.provenance import Source

SOURCE: Final = Source("https://cloud.google.com/iam/quotas", date(2026, 11, 22))

SERVICE_ACCOUNTS: Final = 100
"""Service accounts of a project, until Google raises the quota."""

PRINCIPALS: Final = 1_500
"""Principals of one allow policy, counted anew in each role binding; Google does not raise this limit.

With conditions, or unusually long identifiers, "IAM might allow fewer principals", Google says without a
number: https://docs.cloud.google.com/iam/docs/allow-policies (read 2026-11-29). Each notebook has one
condition in the project's policy, and one in that of the bucket with its script.
"""

GRANTS: Final = 4
"""Roles on the project that ``terraform/modules/notebook`` grants a notebook's service account."""
