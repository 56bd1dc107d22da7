"""The grants that the modules make for one fleet, and where a plan's grants stand among them."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from string import Formatter
from typing import Final

from notebook_provisioner.catalog import grants
from notebook_provisioner.core.fleet import CreateKey, ExistingNetwork, Fleet
from notebook_provisioner.core.fleet.buckets import bucket_name
from notebook_provisioner.core.fleet.maintenance import job_account, operations_bucket
from notebook_provisioner.core.fleet.names import own_prefix
from notebook_provisioner.core.guardrails.facts import Planned, Surroundings
from notebook_provisioner.core.guardrails.notebooks import own_account
from notebook_provisioner.core.guardrails.storage import fleet_key
from notebook_provisioner.core.terraform_plan import UNKNOWN, Unknown

_TIMER: Final = "timer"


@dataclass(frozen=True, slots=True)
class Granted:
    """A grant that the modules make for this fleet.

    Attributes:
        member: Who holds it.
        on: What it is on, as ``place`` names it.
        only: Its condition's expression; empty for none.
    """

    member: str
    on: str
    only: str


Table = Mapping[tuple[str, str], Sequence[Granted]]


def of_fleet(surroundings: Surroundings, project_number: str | None) -> Table:
    """All grants of the modules for a fleet, by type of resource and role.

    Args:
        surroundings: The fleet, and its notebooks.
        project_number: The number of its project; None where the plan does not say it: then none of
            Google's service agents is known to be the project's.
    """
    table = defaultdict[tuple[str, str], list[Granted]](list)
    for names in _names(surroundings, project_number):
        for row, asked in _ROWS:
            if asked <= names.keys():
                one = Granted(*(text.format_map(names) for text in (row.member, row.on, row.only)))
                table[row.kind, row.role.format_map(names)].append(one)
    return table


def place(change: Planned, kind: str) -> str | Unknown | None:
    """What a planned grant is on, as the catalogue names it; unknown or None where that is not to be told."""
    template = grants.PLACES[kind]
    names = {name: change.planned(name) for name in _fields(template)}
    last = list(names.values())[-1]
    if isinstance(last, str) and "/" in last:  # the whole name, as Google's provider keeps it
        return last.removeprefix("b/")
    for value in names.values():
        if not isinstance(value, str):
            return UNKNOWN if value is UNKNOWN else None
    return template.format_map(names)


def custom_roles(fleet: Fleet) -> Mapping[str, frozenset[str]]:
    """What each custom role of the fleet may hold, by its id."""
    return {f"{own_prefix(fleet.name)}_{name}": held for name, held in grants.PERMISSIONS.items()}


def timer_account(fleet: Fleet) -> str:
    """The e-mail address that the fleet's timers run as, as the module maintenance names it."""
    return job_account(fleet.project, fleet.name, _TIMER)


def _names(surroundings: Surroundings, project_number: str | None) -> Iterator[Mapping[str, str]]:
    """What the braces of the rows stand for: of the fleet, of each notebook, of each job."""
    fleet = surroundings.fleet
    ours = _of_fleet(fleet)
    if project_number is not None:
        yield ours | _surrounding(fleet) | {"project_number": project_number}
    for notebook in surroundings.notebooks.values():
        if notebook.managed_euc:  # Google chooses its account
            continue
        own = {
            "notebook": notebook.name,
            "notebook_account": own_account(fleet.project, notebook.name),
            "owner": notebook.owner,
            "script_bucket": bucket_name(fleet.project, fleet.name, "scripts"),
            "zone": notebook.zone,
        }
        if notebook.sync.enabled:
            own["sync_bucket"] = bucket_name(fleet.project, fleet.name, notebook.name, "sync")
        yield ours | own
    for job in _jobs(fleet):
        yield ours | job


def _of_fleet(fleet: Fleet) -> dict[str, str]:
    return {
        "fleet": fleet.name,
        "project": fleet.project,
        "region": fleet.region,
        "role_prefix": own_prefix(fleet.name),
    }


def _surrounding(fleet: Fleet) -> dict[str, str]:
    found = {}
    if isinstance(fleet.encryption, CreateKey) and (key := fleet_key(fleet)) is not None:
        found["key"] = key
    if isinstance(fleet.network, ExistingNetwork):
        found |= {"host_project": fleet.network.host_project, "subnet": fleet.network.subnet}
    return found


def _jobs(fleet: Fleet) -> Iterator[dict[str, str]]:
    """The fleet's own jobs, and those of the fleet that serves it."""
    maintenance, bucket = fleet.maintenance, operations_bucket(fleet)
    if maintenance is None or bucket is None:
        return
    timer = {"timer_account": timer_account(fleet)}
    mine = [(job, fleet.project, fleet.name, timer) for job in maintenance.jobs]
    by = maintenance.served_by
    theirs = [(job, by.project, by.fleet, dict[str, str]()) for job in by.jobs] if by is not None else []
    for job, project, name, more in mine + theirs:
        started = [
            f'resource.name.startsWith("projects/_/buckets/{bucket}/objects/{folder}")'
            for folder in grants.FOLDERS[job]
        ]
        yield {
            "job": job,
            "job_account": job_account(project, name, job),
            "operations_bucket": bucket,
            "own_folders": " || ".join(started),
            **more,
        }


def _fields(template: str) -> list[str]:
    return [name for _, name, _, _ in Formatter().parse(template) if name]


_ROWS: Final = tuple(
    (row, frozenset(_fields(row.role + row.member + row.on + row.only))) for row in grants.GRANTS
)
