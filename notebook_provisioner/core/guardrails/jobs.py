"""Guardrails for what a fleet's own jobs do, on which fleet file, and when."""

from collections.abc import Iterator, Mapping
from typing import Final

from notebook_provisioner.catalog.jobs import FLEET_FILE, JOBS, MOUNT
from notebook_provisioner.core.findings import Finding
from notebook_provisioner.core.fleet import Fleet, reading
from notebook_provisioner.core.fleet.buckets import bucket_name
from notebook_provisioner.core.fleet.maintenance import JobName, Maintenance, operations_bucket
from notebook_provisioner.core.guardrails.facts import (
    Absent,
    PlanRule,
    Rule,
    Surroundings,
    after,
    finding,
    listed,
    shown,
    stays,
)
from notebook_provisioner.core.guardrails.workloads import CALL, JOB, TASK, TIMER, of_address, of_fleet
from notebook_provisioner.core.impact import NOTEBOOK
from notebook_provisioner.core.terraform_plan import UNKNOWN, Change, TerraformPlan

_CONTAINER: Final = (*TASK, "containers", 0)
_VOLUME: Final = (*TASK, "volumes", 0)
_REMEDY: Final = "leave it to maintenance in the fleet file, as the module maintenance has it"

Wanted = Mapping[tuple[str | int, ...], object]


def _work(change: Change, surroundings: Surroundings) -> Iterator[Finding]:
    fleet = surroundings.fleet
    job = of_fleet(fleet).get(change.name)
    if not stays(change) or job is None or fleet.maintenance is None:
        return
    yield from _held(change, _job(fleet, fleet.maintenance, job))
    for path in ((*TASK, "containers"), (*TASK, "volumes"), (*_CONTAINER, "volume_mounts")):
        if len(listed(change.planned(*path))) > 1:
            said = f"it would have {path[-1]} besides its own"
            yield finding("job-work", change, said, _REMEDY)
    for key in ("command", "env", "working_dir"):
        if change.planned(*_CONTAINER, key):
            said = f"it would have {key}, where the image knows what it runs"
            yield finding("job-work", change, said, _REMEDY)


def _job(fleet: Fleet, maintenance: Maintenance, job: JobName) -> Wanted:
    """What the module maintenance makes of one of the fleet's jobs."""
    served = [bucket_name(one.project, one.fleet, "operations") for one in maintenance.served(job)]
    files = [f"{MOUNT}/{FLEET_FILE}", "--target", "google"]
    for bucket in served:
        files += ["--fleet", f"gs://{bucket}/{FLEET_FILE}"]
    return {
        ("template", 0, "task_count"): maintenance.tasks(job),
        ("template", 0, "parallelism"): maintenance.tasks(job) if served else 1,
        (*TASK, "max_retries"): 0,
        (*TASK, "timeout"): f"{JOBS[job].timeout_seconds}s",
        (*_CONTAINER, "args"): [*JOBS[job].arguments, "--fleet", *files],
        (*_CONTAINER, "volume_mounts", 0, "mount_path"): MOUNT,
        (*_VOLUME, "gcs", 0, "bucket"): operations_bucket(fleet),
        (*_VOLUME, "gcs", 0, "read_only"): True,
    }


def _clock(change: Change, surroundings: Surroundings) -> Iterator[Finding]:
    """A timer starts its job when the fleet file says, and not otherwise."""
    maintenance = surroundings.fleet.maintenance
    job = of_address(surroundings.fleet).get(change.planned(*CALL, "uri"))
    if not stays(change) or job is None or maintenance is None:
        return
    wanted = maintenance.jobs[job]
    yield from _held(
        change,
        {
            ("schedule",): wanted.schedule,
            ("time_zone",): wanted.time_zone,
            (*CALL, "http_method"): "POST",
        },
    )
    if change.planned("paused") is True:
        yield finding("job-work", change, f"the timer of {job} would be paused", _REMEDY)


def _there(plan: TerraformPlan, surroundings: Surroundings) -> Iterator[Finding]:
    """As long as there are notebooks, so are the jobs of the fleet file, and one timer for each."""
    there = after(plan)
    if not any(one.type == NOTEBOOK for one in there):
        return
    jobs = [one.planned("name") for one in there if one.type == JOB]
    calls = [one.planned(*CALL, "uri") for one in there if one.type == TIMER]
    for what, wanted, found in (
        ("job", of_fleet(surroundings.fleet), jobs),
        ("timer", of_address(surroundings.fleet), calls),
    ):
        for name, job in wanted.items():
            if name not in found:
                said = f"there would be no {what} for {job}, which the fleet file asks for"
                yield finding("job-work", Absent("maintenance"), said, _REMEDY)


def _held(change: Change, wanted: Wanted) -> Iterator[Finding]:
    for path, right in wanted.items():
        planned = change.planned(*path)
        if planned != right:
            said = f"its {path[-1]} would be {shown(planned)}, and not {shown(right)}"
            yield finding("job-work", change, said, _REMEDY)


def _published(change: Change, surroundings: Surroundings) -> Iterator[Finding]:
    """The fleet file that jobs read is the one that this plan was made for."""
    fleet = surroundings.fleet
    place = change.planned("bucket") in {operations_bucket(fleet), UNKNOWN}
    if not stays(change) or not place or change.planned("name") not in {FLEET_FILE, UNKNOWN}:
        return
    content = change.planned("content")
    if not isinstance(content, str) or not reading.describes(content, fleet):
        said = "the jobs would read another fleet file than this one, with other rules"
        yield finding(
            "job-work", change, said, "publish the fleet file itself, as the module maintenance does"
        )


RULES: Final[Mapping[str, tuple[Rule, ...]]] = {
    JOB: (_work,),
    TIMER: (_clock,),
    "google_storage_bucket_object": (_published,),
}
ESTATE: Final[tuple[PlanRule, ...]] = (_there,)
