"""Guardrails for what no module makes: other types of resources, and programs that Terraform runs."""

from collections.abc import Iterator
from typing import Final

from notebook_provisioner.catalog import resources
from notebook_provisioner.core.findings import Finding
from notebook_provisioner.core.guardrails.facts import Absent, PlanRule, Surroundings, finding, stays
from notebook_provisioner.core.terraform_plan import Change, TerraformPlan


def unlisted(change: Change) -> Iterator[Finding]:
    """Name a resource of a type that no module makes, whatever the other guardrails know of it."""
    if stays(change) and change.type not in resources.TYPES:
        yield finding(
            "unlisted-resource",
            change,
            f"no module makes a {change.type}, and no guardrail knows all that it may open",
            "keep it in a configuration of its own, outside the fleet's, where somebody reviews it",
        )


def _programs(plan: TerraformPlan, _: Surroundings) -> Iterator[Finding]:
    """Commands change the cloud where no plan shows it."""
    for address, what in plan.programs:
        yield finding(
            "unlisted-resource",
            Absent(address),
            f"{what} would run on the machine that applies, with its rights, and no plan shows what it does",
            "take it out; a hook of the fleet file runs code on notebooks",
        )


WHOLE_PLAN: Final[tuple[PlanRule, ...]] = (_programs,)
