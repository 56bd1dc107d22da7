"""Mistakes that people make, each seeded into a plan that was right, each refused with its control's id."""

import copy
from datetime import date
from pathlib import Path

import pytest
from plan_documents import LOOKED_UP, change, document
from plan_mistakes import MISTAKES, RIGHT

from notebook_provisioner.catalog import resources
from notebook_provisioner.catalog.controls import CONTROLS
from notebook_provisioner.core import fleet, guardrails
from notebook_provisioner.core.errors import GuardrailRefused
from notebook_provisioner.core.terraform_plan import read

QUICKSTART = Path(__file__).parents[2] / "examples" / "quickstart" / "fleet.yaml"


@pytest.fixture(scope="module")
def our_fleet():
    text = (
        QUICKSTART.read_text(encoding="utf-8")
        .replace("ana-research", "ana")
        .replace("mode: dry-run", "mode: enforced")
    )
    return fleet.parse(text, file="fleet.yaml", today=date(2026, 11, 1))


def plan(made):
    perimeter = "google_access_context_manager_service_perimeter"
    entries = [change(kind, ["create"], after=after) for kind, after in made.items()]
    if perimeter not in made:
        entries.append(change(perimeter, ["no-op"], after=RIGHT[perimeter]))
    return read(document(*entries, **LOOKED_UP))


def test_what_is_right_passes(our_fleet):
    assert guardrails.check(plan(RIGHT), our_fleet) == ()


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_refused_with_its_control(our_fleet, mistake):
    seeded, control = MISTAKES[mistake]
    findings = guardrails.check(plan(copy.deepcopy(seeded)), our_fleet)
    besides = {"unlisted-resource"} if seeded.keys() - resources.TYPES else set()
    assert sorted(finding.code for finding in findings) == sorted({control} | besides)
    with pytest.raises(GuardrailRefused) as refused:
        guardrails.require(findings)
    assert control in [finding.code for finding in refused.value.findings]


def test_the_mistakes_cover_the_controls():
    seeded = {control for _, control in MISTAKES.values()}
    elsewhere = {
        "deletion-protected",
        "key-deletion",
        "shared-service-account",
        "audit-logs",
        "job-work",
        "confidential-compute",
    }  # need more than one resource made, or another fleet file
    assert seeded | elsewhere == {row.id for row in CONTROLS.values() if row.severity == "high"}
