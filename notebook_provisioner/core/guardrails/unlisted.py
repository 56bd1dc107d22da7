"""Guardrails for what no module makes: other types, other arguments, and programs that Terraform runs."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from notebook_provisioner.catalog import resources
from notebook_provisioner.catalog.arguments import ARGUMENTS
from notebook_provisioner.catalog.grants import SUBNET
from notebook_provisioner.core.findings import Finding
from notebook_provisioner.core.fleet import ExistingNetwork
from notebook_provisioner.core.guardrails.facts import (
    Absent,
    PlanRule,
    Surroundings,
    comes,
    finding,
    shown,
    stays,
)
from notebook_provisioner.core.impact import NOTEBOOK
from notebook_provisioner.core.terraform_plan import UNKNOWN, Change, TerraformPlan


def unlisted(change: Change) -> Iterator[Finding]:
    """Name a resource of a type that no module makes, whatever the other guardrails know of it."""
    if stays(change) and change.type not in resources.TYPES:
        yield finding(
            "unlisted-resource",
            change,
            f"no module makes a {change.type}, and no guardrail knows all that it may open",
            "keep it in a configuration of its own, outside the fleet's, where somebody reviews it",
        )


def arguments(change: Change) -> Iterator[Finding]:
    """Name arguments that no module gives a resource, and values that none gives it."""
    known = ARGUMENTS.get(change.type)
    if not stays(change) or known is None:
        return
    for path, allowed in known.held.items():
        for planned in change.each(*path):
            if not _is_one_of(planned, allowed):
                yield _argument(
                    change, path, planned, f"leave it {' or '.join(map(shown, allowed)) or 'out'}"
                )
    for path in known.filled_in:
        # As far as a plan tells: what nobody writes is unknown at first, and stays what it was afterwards.
        before = () if comes(change) else [*change.each_before(*path)]
        for planned in change.each(*path):
            if planned is not UNKNOWN and planned not in before and not _is_empty(planned):
                yield _argument(change, path, planned, "leave it out")


def _argument(change: Change, path: tuple[str, ...], planned: object, remedy: str) -> Finding:
    said = f"{'.'.join(path)} would be {shown(planned)}, which no module makes it"
    return finding("unlisted-argument", change, f"{said}, and no guardrail knows what that opens", remedy)


def _is_one_of(planned: Any, allowed: Sequence[Any]) -> bool:  # noqa: ANN401  # any planned value
    """Whether a value is one that the modules give, or none; Google may put a place before a name."""
    if not allowed:
        return _is_empty(planned)
    name = planned.rpartition("/")[2] if isinstance(planned, str) else planned
    return planned in (None, "", [], {}) or planned in allowed or name in allowed


def _is_empty(planned: object) -> bool:
    """Whether a value says nothing, as a block does that the API fills in and that switches nothing on."""
    if isinstance(planned, Mapping):
        return all(map(_is_empty, planned.values()))
    return all(map(_is_empty, planned)) if isinstance(planned, list) else planned in (None, "", False, 0)


def place(change: Change, surroundings: Surroundings) -> Iterator[Finding]:
    """What a plan makes is the fleet's: in its project, and in its region where it is anywhere."""
    if not stays(change):
        return
    fleet = surroundings.fleet
    project, at = fleet.project, {fleet.region, *fleet.zones}
    if change.type == f"{SUBNET}_iam_member" and isinstance(fleet.network, ExistingNetwork):
        project = fleet.network.host_project
    notebook = surroundings.notebooks.get(change.name) if change.type == NOTEBOOK else None
    if notebook is not None:
        at = {notebook.zone}
    planned = change.planned("project")
    if planned is not None and str(planned).removeprefix("projects/") != project:
        said = f"it would be in the project {shown(planned)}, and not in {project}"
        yield finding("fleet-place", change, said, "leave its project to the module")
    for key in ("location", "region", "zone"):
        planned = change.planned(key)
        if planned is not None and str(planned).lower().rpartition("/")[2] not in at:
            said = f"its {key} would be {shown(planned)}, and not {' or '.join(sorted(at))}"
            yield finding("fleet-place", change, said, "leave it to region and zones in the fleet file")


def _besides(plan: TerraformPlan, _: Surroundings) -> Iterator[Finding]:
    """What changes the cloud, or in whose name, where no plan shows it."""
    for rows, does, remedy in (
        (
            plan.programs,
            "would run on the machine that applies, with its rights, and no plan shows what it does",
            "take it out; user_script in the fleet file runs code on notebooks",
        ),
        (
            plan.providers,
            "may have Terraform act in another's name or project, or ask another's server",
            "take it out; endpoints and credentials come from whoever applies",
        ),
    ):
        for address, what in rows:
            yield finding("unlisted-resource", Absent(address), f"{what} {does}", remedy)


WHOLE_PLAN: Final[tuple[PlanRule, ...]] = (_besides,)
