"""What a perimeter takes: the broken files beside this say what it does not."""

import datetime as dt
from pathlib import Path

from notebook_provisioner.core.fleet import check

BROKEN = Path(__file__).parent / "broken"


def codes(text):
    _, findings = check(text, file="fleet.yaml", today=dt.date(2026, 11, 21))
    return {finding.code for finding in findings}


def test_a_network_of_the_fleet_s_own_project_fits_a_policy_made_for_it():
    text = (BROKEN / "perimeter-scoped-policy.yaml").read_text()
    assert codes(text) == {"scoped-access-policy"}
    assert codes(text.replace("host_project: acme-network", "host_project: acme-notebooks")) == set()
    assert codes(text.replace("organization:", "access_policy:")) == set()
