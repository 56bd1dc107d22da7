"""Jobs that look after the fleet, and who hears of what goes wrong."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from itertools import islice, pairwise
from typing import Final
from zoneinfo import ZoneInfo

from cronsim import CronSim

from notebook_provisioner.core.findings import Finding
from notebook_provisioner.core.fleet.checks.context import Context
from notebook_provisioner.core.fleet.maintenance import Job

_RUNS: Final = 100  # enough to meet the longest pause of what is started daily or on some weekdays


def some_job(context: Context) -> Iterator[Finding]:
    """The section names a job, and a job has an image."""
    maintenance = context.fleet.maintenance
    if maintenance is None:
        return
    if not maintenance.jobs and maintenance.served_by is None:
        yield context.error(
            "no-job",
            ("maintenance",),
            "no job is named",
            "add prune or upgrade, each with a schedule, or served_by",
        )
    if maintenance.jobs and maintenance.image is None:
        yield context.error(
            "missing-key",
            ("maintenance",),
            "the jobs have no image",
            "add image: REPOSITORY/IMAGE@sha256:DIGEST",
            key=True,
        )


def silence(context: Context) -> Iterator[Finding]:
    """No alert for silence between two runs; without observability there are no alerts."""
    maintenance = context.fleet.maintenance
    if maintenance is None or context.fleet.observability is None:
        return
    for name, job in maintenance.jobs.items():
        pause = _longest_pause(job, context)
        if pause > timedelta(hours=job.silent_after_hours):
            yield context.error(
                "silence-between-runs",
                ("maintenance", name, "schedule"),
                f"up to {_hours(pause)} hours pass between two runs, "
                f"and {job.silent_after_hours} without one raise an alert",
                "start it more often, or raise silent_after_hours (48 at most)",
            )


def watched(context: Context) -> Iterator[Finding]:
    """Somebody is told when a job fails."""
    fleet = context.fleet
    jobs = fleet.maintenance.jobs if fleet.maintenance is not None else {}
    if jobs and (fleet.observability is None or not fleet.observability.notify):
        yield context.warning(
            "nobody-notified",
            ("maintenance",),
            "nobody is told when a job fails",
            "add observability: with notify and an address",
        )


def serving(context: Context) -> Iterator[Finding]:
    """Each fleet that these jobs serve is another one, named once, and there are jobs and tasks for it."""
    maintenance, path = context.fleet.maintenance, ("maintenance", "serves")
    if maintenance is None:
        return
    seen: dict[tuple[str, str], int] = {_itself(context): -1}
    for index, one in enumerate(maintenance.serves):
        first = seen.setdefault((one.project, one.fleet), index)
        if first != index:
            where = "is this fleet itself" if first < 0 else f"stands in entry {first + 1} already"
            said = f"the fleet {one.fleet} of {one.project} {where}"
            yield context.error("served-twice", (*path, index), said, "leave this entry out")
        absent = [job for job in one.jobs or () if job not in maintenance.jobs]
        if absent:
            said = f"there is no job {' or '.join(absent)} here that could serve another fleet"
            yield context.error("no-job", (*path, index), said, f"add {' and '.join(absent)} with a schedule")
    if maintenance.serves and not maintenance.jobs:
        yield context.error(
            "no-job",
            path,
            "there is no job here that could serve another fleet",
            "add prune or upgrade, each with a schedule",
        )
    if maintenance.serves and context.fleet.perimeter.mode == "enforced":
        yield context.warning(
            "closed-perimeter",
            path,
            "the jobs' calls to other projects leave this fleet's perimeter, which refuses them",
            "serve others from a fleet without a perimeter",
            key=True,
        )
    for name, job in maintenance.jobs.items():
        fleets = 1 + len(maintenance.served(name))
        if maintenance.served(name) and (job.tasks or 0) > fleets:
            yield context.warning(
                "idle-tasks",
                ("maintenance", name, "tasks"),
                f"each task takes whole fleets, and there are {fleets}",
                "leave tasks out: each fleet gets one",
            )


def served(context: Context) -> Iterator[Finding]:
    """Nobody does the same work twice, and the jobs of another project come through the perimeter."""
    maintenance, path = context.fleet.maintenance, ("maintenance", "served_by")
    if maintenance is None or maintenance.served_by is None:
        return
    by = maintenance.served_by
    if (by.project, by.fleet) == _itself(context):
        yield context.error("served-twice", path, "this is the fleet itself", "name the fleet with the jobs")
    perimeter = context.fleet.perimeter
    if perimeter.mode == "enforced" and all(rule.preset != "maintenance" for rule in perimeter.ingress):
        yield context.warning(
            "closed-perimeter",
            path,
            f"the perimeter refuses the jobs of {by.project}, which call from outside",
            "add to perimeter.ingress: preset: maintenance, with that project's number in projects",
        )
    for job in maintenance.jobs.keys() & set(by.jobs):
        yield context.error(
            "served-twice",
            ("maintenance", job),
            f"the fleet has a job {job} of its own, and that of {by.fleet} in {by.project} serves it",
            f"keep one: this, or {job} in served_by",
            key=True,
        )


def _itself(context: Context) -> tuple[str, str]:
    return context.fleet.project, context.fleet.name


def budget_is_heard(context: Context) -> Iterator[Finding]:
    """A budget has somebody to tell."""
    watched = context.fleet.observability
    if watched is not None and watched.budget is not None and not watched.notify:
        yield context.error(
            "nobody-notified",
            ("observability", "budget"),
            "nobody is told when the budget is spent",
            "add notify: with an address",
            key=True,
        )


def _longest_pause(job: Job, context: Context) -> timedelta:
    start = datetime.combine(context.today, time(), ZoneInfo(job.time_zone))
    runs = [moment.astimezone(UTC) for moment in islice(CronSim(job.schedule, start), _RUNS)]
    return max(later - earlier for earlier, later in pairwise(runs))


def _hours(span: timedelta) -> str:
    return f"{span.total_seconds() / 3600:g}"
