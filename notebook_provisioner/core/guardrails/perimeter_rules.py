"""Guardrails for what a service perimeter lets in and out, in its own blocks or in resources beside it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from notebook_provisioner.catalog.presets import PRESETS, Operations
from notebook_provisioner.core.findings import Finding
from notebook_provisioner.core.fleet.surroundings import NoPerimeter
from notebook_provisioner.core.guardrails.access_levels import LEVEL, level_name
from notebook_provisioner.core.guardrails.facts import (
    Planned,
    PlanRule,
    Rule,
    Surroundings,
    after,
    finding,
    last_part,
    listed,
    of_blocks,
    shown,
    stays,
)
from notebook_provisioner.core.guardrails.perimeter import PERIMETER, insiders
from notebook_provisioner.core.terraform_plan import UNKNOWN, Change, TerraformPlan

Way = Literal["ingress", "egress"]

_WAYS: Final[tuple[Way, ...]] = ("ingress", "egress")
_READING: Final = frozenset({"google.storage.objects.get", "google.storage.objects.list"})
_POLICY: Final = "google_access_context_manager_access_policy"
_INGRESS: Final = (f"{PERIMETER}_ingress_policy", f"{PERIMETER}_dry_run_ingress_policy")
_REMEDY: Final = "use a preset of perimeter.ingress or perimeter.egress in the fleet file"


@dataclass(frozen=True, slots=True)
class WrittenRule:
    """A rule, as far as the module perimeter writes one.

    Attributes:
        sources: Names of access levels, and projects, that requests come from; empty names where the policy
            has no number yet.
        resources: The projects that they lead to.
        operations: What may be done, by service and methods.
    """

    sources: tuple[str, ...]
    resources: frozenset[str]
    operations: Operations


@dataclass(frozen=True, slots=True)
class Asked:
    """What the fleet file asks a perimeter to let in and out.

    Attributes:
        levels: Names of the access levels that lead in to everything.
        rules: The rules, by their way.
    """

    levels: Sequence[str]
    rules: Mapping[Way, Sequence[WrittenRule]]


def _perimeters(plan: TerraformPlan, surroundings: Surroundings) -> Iterator[Finding]:
    """Rules and levels of the enforced and of the planned configuration are those of the fleet file."""
    asked = _asked(plan, surroundings)
    for change in plan.changes:
        if change.type == PERIMETER and stays(change):
            for place in ("status", "spec"):
                yield from _configuration(change, surroundings, asked, place)


def _configuration(change: Change, surroundings: Surroundings, asked: Asked, place: str) -> Iterator[Finding]:
    levels = change.planned(place, 0, "access_levels")
    # A set, as the real provider has it, is unknown as a whole while one of its names is.
    named = [""] if levels is UNKNOWN else [last_part(level) for level in listed(levels)]
    if set(named) - set(asked.levels) or len(named) > len(asked.levels):
        said = ", ".join(shown(level or UNKNOWN) for level in listed(levels)) or shown(levels)
        said = f"by the {place}, {said} would lead in to everything, where the fleet file says otherwise"
        yield finding("perimeter-rules", change, said, "leave access levels to perimeter in the fleet file")
    for way in _WAYS:
        path = (place, 0, f"{way}_policies")
        rules = change.planned(*path)
        if rules is UNKNOWN:
            said = f"nobody can see the rules for {way} of the {place}"
            yield finding("perimeter-rules", change, said, _REMEDY)
        for index in range(len(listed(rules))):
            name = f"rule {index + 1} for {way} of the {place}"
            holes = [*_rule(change, surroundings, name, way, *path, index)]
            if not holes and _read(change, way, *path, index) not in asked.rules[way]:
                said = f"{name} is none that the fleet file asks for"
                holes = [finding("perimeter-rules", change, said, _REMEDY)]
            yield from holes


def _asked(plan: TerraformPlan, surroundings: Surroundings) -> Asked:
    """What the module perimeter makes of the fleet file."""
    fleet, perimeter = surroundings.fleet, surroundings.fleet.perimeter
    if isinstance(perimeter, NoPerimeter):
        return Asked((), {"ingress": (), "egress": ()})
    later = _is_numbered_later(surroundings)
    called = {one.name: level_name(fleet, one.name) for one in perimeter.access_levels}
    called |= {name: name for name in perimeter.existing_access_levels}
    called = dict.fromkeys(called, "") if later else called
    ruled = {name for rule in perimeter.ingress for name in rule.access_levels}
    ingress = [
        WrittenRule(
            tuple(sorted([*(called[name] for name in rule.access_levels), *map(_project, rule.projects)])),
            frozenset(insiders(plan, fleet)),
            PRESETS[rule.preset].operations,
        )
        for rule in perimeter.ingress
    ]
    egress = [
        WrittenRule(
            (),
            frozenset({"*"} if PRESETS[rule.preset].anywhere else map(_project, rule.projects)),
            PRESETS[rule.preset].operations,
        )
        for rule in perimeter.egress
    ]
    whole = tuple(name for level, name in called.items() if level not in ruled)
    return Asked(whole, {"ingress": ingress, "egress": egress})


def _read(change: Change, way: Way, *path: str | int) -> WrittenRule:
    """A planned rule, to be compared with one that is asked for; what is unknown is like nothing there is."""
    sources = (*path, f"{way}_from", 0, "sources")
    levels = of_blocks(change, *sources, attribute="access_level")
    projects = of_blocks(change, *sources, attribute="resource")
    where = (*path, f"{way}_to", 0)
    operations = (*where, "operations")
    names = of_blocks(change, *operations, attribute="service_name")
    return WrittenRule(
        tuple(
            sorted(
                last_part(level) if level else shown(one) for level, one in zip(levels, projects, strict=True)
            )
        ),
        frozenset(map(shown, listed(change.planned(*where, "resources")))),
        frozenset(
            (
                shown(name),
                frozenset(map(shown, _each(change, "method", *operations, index, "method_selectors"))),
            )
            for index, name in enumerate(names)
        ),
    )


def _project(number: str) -> str:
    return f"projects/{number}"


def _entrances(plan: TerraformPlan, surroundings: Surroundings) -> Iterator[Finding]:
    """Levels that a rule beside the perimeter names are made by the plan, or named in the fleet file."""
    there = after(plan)
    known = {one.planned("name") for one in there if one.type == LEVEL}
    perimeter = surroundings.fleet.perimeter
    if not isinstance(perimeter, NoPerimeter):
        policy = f"accessPolicies/{perimeter.access_policy}/accessLevels"
        known |= {f"{policy}/{name}" for name in perimeter.existing_access_levels}
    for one in there:
        strangers = sorted(set(_levels(one)) - known) if one.type in _INGRESS else ()
        if strangers:
            said = f"{', '.join(strangers)} would lead in, which the fleet file does not name"
            yield finding("perimeter-rules", one, said, "name it in perimeter.existing_access_levels")


def _levels(one: Planned) -> Iterator[str]:
    """The access levels that a rule names; without unknown ones and ``*``."""
    named = of_blocks(one, "ingress_from", 0, "sources", attribute="access_level")
    yield from (name for name in named if isinstance(name, str) and name not in {"", "*"})


def _ingress(change: Change, surroundings: Surroundings) -> Iterator[Finding]:
    if stays(change):
        yield from _rule(change, surroundings, "the rule for ingress", "ingress")


def _egress(change: Change, surroundings: Surroundings) -> Iterator[Finding]:
    if stays(change):
        yield from _rule(change, surroundings, "the rule for egress", "egress")


def _rule(
    change: Change, surroundings: Surroundings, name: str, way: Way, *path: str | int
) -> Iterator[Finding]:
    whence, where = (*path, f"{way}_from", 0), (*path, f"{way}_to", 0)
    holes = [*_operations(change, *where)]
    if way == "ingress" and _from_everywhere(change, surroundings, *whence):
        holes.append("every source")
    if way == "egress":
        resources = change.planned(*where, "resources")
        anywhere = resources is UNKNOWN or not set(listed(resources)).isdisjoint({"*", None})
        if anywhere and not _reads_objects(change, *where):
            holes.append("more than reading, anywhere")
        if change.planned(*where, "external_resources"):
            holes.append("resources that are not Google Cloud's")
    if holes:
        yield finding("perimeter-rules", change, f"{name} is for {' and '.join(holes)}", _REMEDY)
    identity = change.planned(*whence, "identity_type")
    if identity not in {"ANY_IDENTITY", None, ""}:
        said = f"{name} is for {shown(identity)}, which Workbench cannot use"
        yield finding("perimeter-identity", change, said, 'set identity_type = "ANY_IDENTITY"')


def _operations(change: Change, *where: str | int) -> Iterator[str]:
    """Holes in what a rule lets do; without an operation it is not held to any."""
    names = _each(change, "service_name", *where, "operations")
    if not names or not {"*", None, UNKNOWN}.isdisjoint(names):
        yield "every service"
    if change.planned(*where, "roles"):
        yield "whatever a role holds"


def _from_everywhere(change: Change, surroundings: Surroundings, *whence: str | int) -> bool:
    """Whether a rule for ingress names no source, or every one, or one that nobody can see.

    The name of an access level holds the number of its access policy: while the same plan makes that, it is
    not known yet. The level is judged where it stands, and its name by the next plan.
    """
    sources = listed(change.planned(*whence, "sources"))
    for index in range(len(sources)):
        level = change.planned(*whence, "sources", index, "access_level")
        resource = change.planned(*whence, "sources", index, "resource")
        if level == "*" or resource in {"*", UNKNOWN} or not (level or resource):
            return True
        if level is UNKNOWN and not _is_numbered_later(surroundings):
            return True
    return not sources


def _is_numbered_later(surroundings: Surroundings) -> bool:
    """Whether the plan makes the access policy, whose number is part of its levels' names."""
    perimeter = surroundings.fleet.perimeter
    return (
        not isinstance(perimeter, NoPerimeter)
        and perimeter.access_policy is None
        and _POLICY in surroundings.made
    )


def _reads_objects(change: Change, *where: str | int) -> bool:
    operations = listed(change.planned(*where, "operations"))
    for index in range(len(operations)):
        operation = (*where, "operations", index)
        methods = _each(change, "method", *operation, "method_selectors")
        if change.planned(*operation, "service_name") != "storage.googleapis.com" or not methods:
            return False
        if not methods <= _READING:
            return False
    return bool(operations)


def _each(change: Change, key: str, *path: str | int) -> set[Any]:
    """One value of every block at *path*."""
    return {change.planned(*path, index, key) for index in range(len(listed(change.planned(*path))))}


RULES: Final[Mapping[str, tuple[Rule, ...]]] = {
    **dict.fromkeys(_INGRESS, (_ingress,)),
    **dict.fromkeys((f"{PERIMETER}_egress_policy", f"{PERIMETER}_dry_run_egress_policy"), (_egress,)),
}
WHOLE_PLAN: Final[tuple[PlanRule, ...]] = (_perimeters, _entrances)
