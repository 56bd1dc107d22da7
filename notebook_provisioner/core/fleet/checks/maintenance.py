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
    """The section names a job."""
    maintenance = context.fleet.maintenance
    if maintenance is not None and not maintenance.jobs:
        yield context.error(
            "no-job", ("maintenance",), "no job is named", "add prune or upgrade, each with a schedule"
        )


def silence(context: Context) -> Iterator[Finding]:
    """No alert for silence between two runs."""
    maintenance = context.fleet.maintenance
    for name, job in maintenance.jobs.items() if maintenance is not None else ():
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
    if fleet.maintenance is not None and (fleet.observability is None or not fleet.observability.notify):
        yield context.warning(
            "nobody-notified",
            ("maintenance",),
            "nobody is told when a job fails",
            "add observability: with notify and an address",
        )


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
