"""What no plan may do, whatever the fleet file or an edited module says.

Read from the plan's JSON, after Terraform has resolved every variable and before it changes anything. An
unknown value is treated as the bad one: what cannot be seen cannot be vouched for. The one exception is the
name of an access level, where the fleet file asks for one and the same plan makes the access policy whose
number is part of it; the next plan knows it. What no module makes is refused, whatever the rules say of it.
Each finding carries the id of a control in ``catalog.controls`` as its code.

What stands in violation and is left as it is, by a plan that somebody else applied or through a value that
only an apply showed, is said, and refused not even where the control is of high severity: an apply that does
not make it worse may be what mends the rest. What the estate must have as a whole, such as a denial or a
perimeter, is refused as soon as the plan changes anything, because each change relies on it.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from notebook_provisioner.catalog.controls import CONTROLS
from notebook_provisioner.core.counting import counted
from notebook_provisioner.core.errors import GuardrailRefused
from notebook_provisioner.core.findings import Finding, Severity
from notebook_provisioner.core.fleet import Fleet
from notebook_provisioner.core.guardrails import (
    access_levels,
    audit,
    identity,
    jobs,
    machines,
    metadata,
    names,
    network,
    notebooks,
    perimeter,
    perimeter_rules,
    placement,
    proxies,
    storage,
    unlisted,
    workloads,
)
from notebook_provisioner.core.guardrails.facts import PlanRule, Rule, Surroundings, comes
from notebook_provisioner.core.terraform_plan import TerraformPlan

_MODULES: Final = (
    identity,
    network,
    proxies,
    names,
    notebooks,
    metadata,
    placement,
    machines,
    perimeter,
    perimeter_rules,
    access_levels,
    storage,
    audit,
    workloads,
    jobs,
)
_RULES: Final[Mapping[str, tuple[Rule, ...]]] = {
    kind: tuple(rule for module in _MODULES for rule in module.RULES.get(kind, ()))
    for kind in sorted({kind for module in _MODULES for kind in module.RULES})
}
_COMMON: Final[tuple[Rule, ...]] = identity.COMMON
_WHOLE_PLAN: Final[tuple[PlanRule, ...]] = (
    *identity.WHOLE_PLAN,
    *notebooks.WHOLE_PLAN,
    *perimeter.WHOLE_PLAN,
    *proxies.WHOLE_PLAN,
    *perimeter_rules.WHOLE_PLAN,
    *unlisted.WHOLE_PLAN,
)
_ESTATE: Final[tuple[PlanRule, ...]] = (*network.ESTATE, *perimeter.ESTATE, *audit.ESTATE, *jobs.ESTATE)


def check(plan: TerraformPlan, fleet: Fleet, scripts: Mapping[str, str] | None = None) -> tuple[Finding, ...]:
    """Hold a plan to the guardrails.

    Args:
        plan: What Terraform would do.
        fleet: The fleet file.
        scripts: The post-startup scripts that it makes, by notebook; without them scripts are not compared.

    Returns:
        Every violation, in the plan's order; afterwards those that stand, and that the plan leaves, as
        warnings.
    """
    surroundings = Surroundings(
        fleet,
        {notebook.name: notebook for notebook in fleet.resolved_notebooks},
        frozenset(change.type for change in plan.changes if comes(change)),
        scripts or {},
    )
    # Those that stand come first, so that of two that may not be there together the new one is named.
    together = replace(plan, changes=(*plan.unchanged, *plan.changes), unchanged=())
    found = [
        finding
        for change in (*plan.changes, *plan.unchanged)
        for rule in _RULES.get(change.type, ()) + _COMMON
        for finding in rule(change, surroundings)
    ]
    found += [finding for rule in _WHOLE_PLAN for finding in rule(together, surroundings)]
    estate = [finding for rule in _ESTATE for finding in rule(together, surroundings)]
    found += [finding for change in together.changes for finding in unlisted.unlisted(change)]
    # What is refused already is named by what it opens.
    named = {finding.subject for finding in found + estate if finding.severity is Severity.ERROR}
    found += [
        finding
        for change in together.changes
        if change.address not in named
        for finding in (*unlisted.arguments(change), *unlisted.place(change, surroundings))
    ]
    kept = {change.address for change in plan.unchanged}
    new = [finding for finding in found if finding.subject not in kept]
    left = [finding for finding in found if finding.subject in kept]
    (new if plan.changes else left).extend(estate)
    return (*new, *map(_said, left))


def _said(left: Finding) -> Finding:
    message = f"{left.message}: it stands so already, and the plan leaves it"
    return replace(left, severity=Severity.WARNING, message=message)


def standing(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Those of *findings* that break a control of high severity and stop no apply: they stand already."""
    return tuple(
        finding
        for finding in findings
        if finding.severity is Severity.WARNING
        and finding.code in CONTROLS
        and CONTROLS[finding.code].severity == "high"
    )


def refused(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Those of *findings* that stop an apply; the others are only said."""
    return tuple(finding for finding in findings if finding.severity is Severity.ERROR)


def require(findings: tuple[Finding, ...]) -> None:
    """Refuse a plan that breaks a control of high severity.

    Raises:
        GuardrailRefused: There is at least one; carries every finding.
    """
    errors = refused(findings)
    if errors:
        addresses = ", ".join(dict.fromkeys(finding.subject for finding in errors))
        raise GuardrailRefused(
            f"nothing was changed: {counted(len(errors), 'guardrail violation')} in {addresses}",
            hint="each finding above names its way out; guardrails have no override",
            findings=findings,
        )
