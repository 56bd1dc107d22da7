"""Guardrails for VPC Service Controls: whether the perimeter is there, around what, for which services."""

from collections.abc import Iterator, Mapping
from typing import Final

from notebook_provisioner.core.findings import Finding
from notebook_provisioner.core.fleet import Fleet
from notebook_provisioner.core.fleet.surroundings import ExistingNetwork, NoPerimeter
from notebook_provisioner.core.guardrails.facts import (
    Absent,
    Planned,
    PlanRule,
    Rule,
    Surroundings,
    after,
    finding,
    listed,
    shown,
    stays,
)
from notebook_provisioner.core.impact import NOTEBOOK
from notebook_provisioner.core.terraform_plan import UNKNOWN, Change, TerraformPlan

PERIMETER: Final = "google_access_context_manager_service_perimeter"
# Projects in a perimeter as resources of their own; the last two by an older name.
MEMBERS: Final = (
    f"{PERIMETER}_resource",
    f"{PERIMETER}_dry_run_resource",
    "google_access_context_manager_egress_policy",
    "google_access_context_manager_ingress_policy",
)
# What Google and the experience of others ask for together; docs/auditors/controls.md has the source.
_LEAST_SERVICES: Final = frozenset(
    f"{name}.googleapis.com" for name in ("notebooks", "aiplatform", "artifactregistry", "compute", "storage")
)
_RESTRICTED: Final = "RESTRICTED-SERVICES"  # Google's word for all services that the perimeter restricts


def _services(change: Change, surroundings: Surroundings) -> Iterator[Finding]:
    """Each configuration restricts what notebooks use, and networks inside reach nothing else."""
    if not stays(change):
        return
    perimeter = surroundings.fleet.perimeter
    required, accessible = _LEAST_SERVICES, frozenset({_RESTRICTED})
    if not isinstance(perimeter, NoPerimeter):
        required = required | set(perimeter.restricted_services)
        accessible = accessible | set(perimeter.accessible_services)
    places = [place for place in ("status", "spec") if listed(change.planned(place))]
    for place in places or ["status"]:
        missing = sorted(required - set(listed(change.planned(place, 0, "restricted_services"))))
        if missing:
            yield finding(
                "perimeter-services",
                change,
                f"the {place} of the perimeter would not restrict {', '.join(missing)}",
                "keep them among restricted_services",
            )
        reachable = (place, 0, "vpc_accessible_services", 0)
        allowed = change.planned(*reachable, "allowed_services")
        others = sorted({shown(one) for one in listed(allowed)} - accessible)
        if change.planned(*reachable, "enable_restriction") is not True or allowed is UNKNOWN:
            others = ["services that it does not restrict"]
        elif change.planned(*reachable, "allowed_service_patterns"):
            others.append("services by pattern")
        if others:
            yield finding(
                "perimeter-services",
                change,
                f"by the {place}, networks in the perimeter would reach {', '.join(others)}",
                f"allow {_RESTRICTED} alone, with enable_restriction = true; perimeter.accessible_services "
                "in the fleet file names others",
            )


def _stands(plan: TerraformPlan, surroundings: Surroundings) -> Iterator[Finding]:
    """As long as there are notebooks, one perimeter is around their project, as the fleet file says."""
    fleet = surroundings.fleet
    if isinstance(fleet.perimeter, NoPerimeter):
        return
    there = after(plan)
    notebooks = any(one.type == NOTEBOOK for one in there)
    perimeters = [one for one in there if one.type == PERIMETER]
    enforced = fleet.perimeter.mode == "enforced"
    if enforced and notebooks and not perimeters:
        gone = [change for change in plan.changes if change.type == PERIMETER]
        said = "the fleet file says enforced, and the plan leaves no perimeter around the notebooks"
        place = gone[0] if gone else Absent("perimeter")
        yield finding("perimeter-enforced", place, said, "keep the module perimeter as it is")
    for one in perimeters:
        if enforced and not listed(one.planned("status")):
            said = "the perimeter would refuse nothing, though the fleet file says enforced"
            remedy = "give it a status, or say dry-run in the fleet file"
            yield finding("perimeter-enforced", one, said, remedy)
        elif not enforced and one.planned("use_explicit_dry_run_spec") is not True:
            said = "the dry run would log nothing: Google reads the spec with use_explicit_dry_run_spec alone"
            yield finding("perimeter-enforced", one, said, "set use_explicit_dry_run_spec = true, and a spec")
        else:
            yield from _around(one, "status" if enforced else "spec", plan, fleet)
    for one in perimeters[1:]:
        said = f"the fleet has a perimeter already, {perimeters[0].address}"
        yield finding("perimeter-enforced", one, said, "keep what the module perimeter makes")


def _around(one: Planned, place: str, plan: TerraformPlan, fleet: Fleet) -> Iterator[Finding]:
    """The project is inside; besides, where another project holds the network, that one."""
    inside = one.planned(place, 0, "resources")
    own = _member(plan, fleet.project)
    if own is None or own not in listed(inside):
        said = f"the project {fleet.project} would not be in the {place} of the perimeter"
        yield finding("perimeter-enforced", one, said, "keep it among the resources, by its number")
    strangers = {shown(member) for member in listed(inside)} - insiders(plan, fleet)
    if strangers:
        yield _stranger(one, ", ".join(sorted(strangers)))


def _membership(plan: TerraformPlan, surroundings: Surroundings) -> Iterator[Finding]:
    """Projects that resources of their own put inside."""
    inside = insiders(plan, surroundings.fleet)
    for change in plan.changes:
        if change.type in MEMBERS:
            member = change.planned("resource")
            if stays(change) and member not in inside:
                yield _stranger(change, shown(member))
            elif not stays(change) and change.before.get("resource") == _member(
                plan, surroundings.fleet.project
            ):
                said = f"the project {surroundings.fleet.project} would leave the perimeter"
                yield finding("perimeter-enforced", change, said, "keep it inside")


def insiders(plan: TerraformPlan, fleet: Fleet) -> set[str]:
    """The projects that belong inside, as perimeters name them; only those whose numbers the plan says."""
    projects = {fleet.project}
    if isinstance(fleet.network, ExistingNetwork):
        projects.add(fleet.network.host_project)
    return {member for project in projects if (member := _member(plan, project))}


def _member(plan: TerraformPlan, project: str) -> str | None:
    number = plan.project_numbers.get(project)
    return number and f"projects/{number}"


def _stranger(one: Planned, said: str) -> Finding:
    return finding(
        "perimeter-rules",
        one,
        f"{said} would be inside, and no rule stands between what is inside",
        "keep the fleet's project inside, and the one that holds its network; for others there are rules",
    )


def _everybodys(change: Change, _: Surroundings) -> Iterator[Finding]:
    if stays(change):
        yield finding(
            "perimeter-enforced",
            change,
            "it would replace every perimeter of the access policy, others' too",
            f"make single ones: {PERIMETER}",
        )


RULES: Final[Mapping[str, tuple[Rule, ...]]] = {
    PERIMETER: (_services,),
    f"{PERIMETER}s": (_everybodys,),
}
WHOLE_PLAN: Final[tuple[PlanRule, ...]] = (_membership,)
ESTATE: Final[tuple[PlanRule, ...]] = (_stands,)
