"""Fleets that one project does not take."""

import re
from datetime import date
from pathlib import Path

import pytest
import yaml

from notebook_provisioner.catalog import limits
from notebook_provisioner.core import fleet

ROOT = Path(__file__).parents[3]
QUICKSTART = yaml.safe_load((ROOT / "examples" / "quickstart" / "fleet.yaml").read_text("utf-8"))


def found(count, **changes):
    names = [f"nb-{number:03}" for number in range(count)]
    document = {
        **QUICKSTART,
        "target": "google",
        "state": {"bucket": "acme-state", "prefix": "notebooks"},
        "network": {**QUICKSTART["network"], "cidr": "10.20.0.0/20"},
        "notebooks": [{"name": name, "owner": "ana@example.com"} for name in names],
        **changes,
    }
    _, findings = fleet.check(yaml.safe_dump(document), file="fleet.yaml", today=date(2026, 11, 22))
    ours = {"service-account-quota", "too-many-notebooks"}
    return [finding for finding in findings if finding.code in ours]


def said(count, **changes):
    return [(finding.code, finding.severity.value) for finding in found(count, **changes)]


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (100, []),
        (101, [("service-account-quota", "warning")]),
        (375, [("service-account-quota", "warning")]),
        (376, [("too-many-notebooks", "error")]),
    ],
)
def test_count(count, expected):
    assert said(count) == expected


def test_a_large_fleet_hears_that_its_conditions_may_cost_room():
    (finding,) = found(101)
    assert "375 notebooks at most, and by Google's word perhaps fewer" in finding.remedy


def test_the_sandbox_has_no_such_limits():
    assert said(376, target="sandbox") == []


def test_without_accounts_of_their_own_there_is_no_limit():
    defaults = {**QUICKSTART["defaults"], "managed_euc": True}
    assert said(376, defaults=defaults) == []


def test_the_module_grants_as_many_roles_as_are_counted():
    module = (ROOT / "terraform" / "modules" / "notebook" / "iam.tf").read_text("utf-8")
    grants = re.findall(r'^resource "google_project_iam_member" .*?^}', module, re.DOTALL | re.MULTILINE)
    assert sum(len(re.findall(r'"roles/', grant)) or 1 for grant in grants) == limits.GRANTS
    assert sum("\n  condition {" in grant for grant in grants) == 1  # as the check says
