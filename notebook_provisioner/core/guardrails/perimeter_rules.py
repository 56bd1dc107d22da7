"""Guardrails for what a service perimeter lets in and out, in its own blocks or in resources beside it."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal

from notebook_provisioner.core.findings import Finding
from notebook_provisioner.core.fleet.surroundings import NoPerimeter
from notebook_provisioner.core.guardrails.access_levels import LEVEL
from notebook_provisioner.core.guardrails.facts import (
    Planned,
    PlanRule,
    Rule,
    Surroundings,
    after,
    finding,
    listed,
    of_blocks,
    shown,
    stays,
)
from notebook_provisioner.core.guardrails.perimeter import PERIMETER
from notebook_provisioner.core.terraform_plan import UNKNOWN, Change, TerraformPlan

Way = Literal["ingress", "egress"]

_WAYS: Final[tuple[Way, ...]] = ("ingress", "egress")
_READING: Final = frozenset({"google.storage.objects.get", "google.storage.objects.list"})
_POLICY: Final = "google_access_context_manager_access_policy"
_INGRESS: Final = (f"{PERIMETER}_ingress_policy", f"{PERIMETER}_dry_run_ingress_policy")
_WAYS_IN: Final = (PERIMETER, *_INGRESS)
_REMEDY: Final = "use a preset of perimeter.ingress or perimeter.egress in the fleet file"


def _embedded(change: Change, surroundings: Surroundings) -> Iterator[Finding]:
    """Rules of the enforced and of the planned configuration."""
    if not stays(change):
        return
    for place in ("status", "spec"):
        for way in _WAYS:
            path = (place, 0, f"{way}_policies")
            rules = change.planned(*path)
            if rules is UNKNOWN:
                said = f"nobody can see the rules for {way} of the {place}"
                yield finding("perimeter-rules", change, said, _REMEDY)
            for index in range(len(listed(rules))):
                name = f"rule {index + 1} for {way} of the {place}"
                yield from _rule(change, surroundings, name, way, *path, index)


def _entrances(plan: TerraformPlan, surroundings: Surroundings) -> Iterator[Finding]:
    """Levels that lead in are made by the plan, which judges them, or named in the fleet file.

    Those of an access policy that the same plan makes have no name yet, and are judged where they stand.
    """
    there = after(plan)
    known = {one.planned("name") for one in there if one.type == LEVEL}
    perimeter = surroundings.fleet.perimeter
    if not isinstance(perimeter, NoPerimeter):
        policy = f"accessPolicies/{perimeter.access_policy}/accessLevels"
        known |= {f"{policy}/{name}" for name in perimeter.existing_access_levels}
    for one in there:
        strangers = sorted(set(_levels(one)) - known) if one.type in _WAYS_IN else ()
        if strangers:
            said = f"{', '.join(strangers)} would lead in, which the fleet file does not name"
            yield finding("perimeter-rules", one, said, "name it in perimeter.existing_access_levels")


def _levels(one: Planned) -> Iterator[str]:
    """The access levels that a perimeter names, or a rule beside it; without unknown ones and ``*``."""
    rules: list[tuple[str | int, ...]] = [()]
    named: list[Any] = []
    for place in ("status", "spec"):
        named += listed(one.planned(place, 0, "access_levels"))
        policies = (place, 0, "ingress_policies")
        rules += [(*policies, index) for index in range(len(listed(one.planned(*policies))))]
    for rule in rules:
        named += of_blocks(one, *rule, "ingress_from", 0, "sources", attribute="access_level")
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
    perimeter = surroundings.fleet.perimeter
    is_numbered_later = (
        not isinstance(perimeter, NoPerimeter)
        and perimeter.access_policy is None
        and _POLICY in surroundings.made
    )
    sources = listed(change.planned(*whence, "sources"))
    for index in range(len(sources)):
        level = change.planned(*whence, "sources", index, "access_level")
        resource = change.planned(*whence, "sources", index, "resource")
        if level == "*" or resource in {"*", UNKNOWN} or not (level or resource):
            return True
        if level is UNKNOWN and not is_numbered_later:
            return True
    return not sources


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
    PERIMETER: (_embedded,),
    **dict.fromkeys(_INGRESS, (_ingress,)),
    **dict.fromkeys((f"{PERIMETER}_egress_policy", f"{PERIMETER}_dry_run_egress_policy"), (_egress,)),
}
WHOLE_PLAN: Final[tuple[PlanRule, ...]] = (_entrances,)
