"""Fleets of several projects in one access policy: each makes its own levels and leaves the others' alone."""

import pytest
import yaml
from machine import REPOSITORY
from snapshot_documents import Control

pytestmark = [pytest.mark.terraform, pytest.mark.network, pytest.mark.long]
MINIMAL = REPOSITORY / "terraform" / "modules" / "fleet-file" / "tests" / "fleets" / "minimal.yaml"
LEVEL = {"basic": {"conditions": [{"ipSubnetworks": ["192.0.2.0/24"]}]}}


@pytest.mark.usefixtures("one_provider")
def test_fleets_share_an_access_policy(machine):
    connection = machine.sandbox.connection()
    control = Control(connection.url, connection.token)
    organization = {"parent": "organizations/123456789012", "title": "acme"}
    made = control.ask("POST", "accesscontextmanager/v1/accessPolicies", organization)
    policy = made["response"]["name"]
    levels = f"accesscontextmanager/v1/{policy}/accessLevels"
    control.ask("POST", levels, {**LEVEL, "name": f"{policy}/accessLevels/corporate", "title": "corporate"})

    def fleet(name, project, ranges):
        document = yaml.safe_load(MINIMAL.read_text("utf-8"))
        document["perimeter"] = {
            "mode": "enforced",
            "access_policy": policy.rpartition("/")[2],
            "access_levels": [{"name": level, "ip_ranges": [one]} for level, one in ranges.items()],
            "existing_access_levels": ["corporate"],
        }
        path = machine.home / f"{project}-{name}.yaml"
        path.write_text(yaml.safe_dump(document | {"name": name, "project": project}), "utf-8")
        return "--fleet", str(path)

    def ranges():
        return {
            level["title"]: level["basic"]["conditions"][0]["ipSubnetworks"]
            for level in control.ask("GET", levels)["accessLevels"]
        }

    office = {"office": "203.0.113.0/25", "home": "198.51.100.0/28"}
    machine.run("apply", *fleet("research", "acme-research", office))
    machine.run("apply", *fleet("fraud", "acme-fraud", {"office": "203.0.113.128/25"}))
    expected = {
        "corporate": ["192.0.2.0/24"],
        "nbp_fraud_office": ["203.0.113.128/25"],
        "nbp_research_office": ["203.0.113.0/25"],
    }
    assert ranges() == {**expected, "nbp_research_home": ["198.51.100.0/28"]}

    del office["home"]  # the perimeter lets go of a level before it is deleted
    research = fleet("research", "acme-research", office)
    machine.run("apply", *research)
    assert ranges() == expected

    namesake = fleet("research", "acme-other", {"office": "192.0.2.0/28"})
    machine.run("apply", *namesake, expect=1)
    refused = machine.run("apply", "--adopt", "--format", "json", *namesake, expect=1)
    assert "are somebody else's" in refused
    assert ranges() == expected
    machine.run("plan", *research)
