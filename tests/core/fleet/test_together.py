"""Fleet files that speak of each other."""

import itertools
from datetime import date
from pathlib import Path

import pytest

from notebook_provisioner.core import fleet
from notebook_provisioner.core.fleet.maintenance import job_account
from notebook_provisioner.core.fleet.together import FleetFile, check_together

QUICKSTART = Path(__file__).parents[3] / "examples" / "quickstart" / "fleet.yaml"
IMAGE = f"example.com/nbp/nbp@sha256:{'0' * 64}"
JOBS = f"""
  image: {IMAGE}
  prune: {{schedule: 30 3 * * *}}
  upgrade: {{schedule: 0 * * * *}}
"""
SERVES = JOBS + "  serves:\n    - {project: acme-vision, fleet: vision}\n"
SERVED = "\n  served_by: {project: acme-platform, fleet: platform, jobs: [prune, upgrade]}\n"


def file(name, maintenance=None):
    text = QUICKSTART.read_text("utf-8").replace("nbp-quickstart", f"acme-{name}")
    text = text.replace("name: quickstart", f"name: {name}", 1)
    if maintenance is not None:
        text += f"maintenance:{maintenance}"
    found = fleet.parse(text, file=f"{name}.yaml", today=date(2026, 11, 21))
    return FleetFile(f"{name}.yaml", text, found)


def said(*files):
    """What is found, as file, key and code, each in the line that holds the key."""
    findings = check_together(files)
    texts = {one.file: one.text.splitlines() for one in files}
    for finding in findings:
        line = texts[finding.location.file][finding.location.line - 1]
        assert finding.remedy
        assert any(
            word in line for word in ("served_by", "prune", "upgrade", "project", "name:", "state:")
        ), line
    return [(finding.location.file, finding.subject, finding.code) for finding in findings]


def test_both_sides_agree():
    assert said(file("platform", SERVES), file("vision", SERVED)) == []


def test_nobody_is_missed_that_is_not_there():
    assert said(file("platform", SERVES)) == []
    assert said(file("vision", SERVED), file("speech")) == []


@pytest.mark.parametrize("other", [None, SERVED.replace("platform", "machines")])
def test_one_that_does_not_agree(other):
    found = said(file("platform", SERVES), file("vision", other))
    assert found == [("platform.yaml", "maintenance.serves[0]", "not-agreed")]
    (finding,) = check_together([file("platform", SERVES), file("vision", other)])
    assert "served_by: {project: acme-platform, fleet: platform, jobs: [prune, upgrade]}" in finding.remedy


def test_one_that_agrees_to_one_job_alone():
    less = SERVED.replace("[prune, upgrade]", "[prune]")
    assert said(file("platform", SERVES), file("vision", less)) == [
        ("platform.yaml", "maintenance.serves[0]", "not-agreed")
    ]
    both = SERVES.replace("fleet: vision}", "fleet: vision, jobs: [prune]}")
    assert said(file("platform", both), file("vision", less)) == []


def test_one_that_nobody_serves():
    assert said(file("platform", JOBS), file("vision", SERVED)) == [
        ("vision.yaml", "maintenance.served_by", "not-served")
    ]


def test_a_job_that_the_other_fleet_does_not_have():
    alone = SERVES.replace("  upgrade: {schedule: 0 * * * *}\n", "")
    assert said(file("platform", alone), file("vision", SERVED)) == [
        ("vision.yaml", "maintenance.served_by", "not-served")
    ]


def test_a_fleet_with_a_job_of_its_own_for_the_same_work():
    assert said(file("platform", SERVES), file("vision", JOBS)) == [
        ("vision.yaml", "maintenance.prune", "served-twice"),
        ("vision.yaml", "maintenance.upgrade", "served-twice"),
    ]


def test_the_same_fleet_twice():
    assert said(file("vision"), file("vision")) == [("vision.yaml", "name", "same-fleet")]


def test_two_that_would_replace_each_other():
    def with_state(name, prefix):
        one = file(name)
        text = one.text + f"state: {{bucket: acme-states, prefix: {prefix}}}\n"
        return FleetFile(one.file, text, fleet.parse(text, file=one.file, today=date(2026, 11, 21)))

    assert said(with_state("speech", "fleet"), with_state("vision", "fleet")) == [
        ("vision.yaml", "state", "same-state")
    ]
    assert said(with_state("speech", "speech"), with_state("vision", "vision")) == []


def test_the_order_of_files_does_not_matter():
    files = [file("platform", SERVES), file("vision", JOBS), file("speech", SERVED)]
    assert {frozenset(said(*order)) for order in itertools.permutations(files)} == {frozenset(said(*files))}
    assert len(said(*files)) == 3


def test_an_account_fits():
    for length in range(2, 31):
        for job in ("prune", "upgrade"):
            name, _, domain = job_account("acme-platform", "a" * length, job).partition("@")
            assert len(name) <= 30
            assert name.endswith(f"-{job}")
            assert domain == "acme-platform.iam.gserviceaccount.com"
