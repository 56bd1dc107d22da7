"""Cloud Scheduler: jobs with their schedules. Nothing is called when their time comes."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from notebook_provisioner.sandbox.server.clock import rfc3339
from notebook_provisioner.sandbox.server.errors import ApiError, invalid
from notebook_provisioner.sandbox.server.service import Resource, Service
from notebook_provisioner.sandbox.server.store import Document

if TYPE_CHECKING:
    from notebook_provisioner.sandbox.server.call import Call
    from notebook_provisioner.sandbox.server.context import Context

SERVICE = Service(
    api="cloudscheduler",
    version="v1",
    proto_package="google.cloud.scheduler.v1",
    not_emulated=(
        "calling targets: neither at their time nor by `run`, whose attempt ends in UNIMPLEMENTED",
    ),
)

_JOBS: Final = "projects.locations.jobs"
_TARGETS: Final = ("httpTarget", "pubsubTarget", "appEngineHttpTarget")


def _complete(call: "Call", job: Document) -> None:
    job["state"] = "ENABLED"
    if "httpTarget" in job:
        job.setdefault("attemptDeadline", "180s")
        job["httpTarget"].setdefault("httpMethod", "POST")
    _check(call, job, job)


def _check(call: "Call", _: Document, job: Document) -> None:
    if sum(target in job for target in _TARGETS) != 1:
        raise invalid(f"A job has exactly one target: {', '.join(_TARGETS)}.")
    job.setdefault("timeZone", "UTC")
    _next_run(str(job.get("schedule", "")), str(job["timeZone"]), call.clock.now())
    job["userUpdateTime"] = rfc3339(call.clock.now())


def _next_run(schedule: str, zone: str, now: float) -> float:
    """When a cron schedule is due next, in seconds since the epoch.

    Raises:
        ApiError: 400; the schedule or the time zone is wrong.
    """
    try:
        start = datetime.fromtimestamp(now, UTC).astimezone(ZoneInfo(zone))
        return next(CronSim(schedule, start)).timestamp()
    except (CronSimError, StopIteration):
        raise invalid(f"Schedule '{schedule}' is no unix-cron schedule such as '0 9 * * 1'.") from None
    except (ZoneInfoNotFoundError, ValueError):
        raise invalid(
            f"Time zone '{zone}' is unknown; a tz database name such as Europe/Amsterdam."
        ) from None


def _shown(context: "Context", job: Document) -> Document:
    if job["state"] != "ENABLED":
        return job
    due = _next_run(str(job["schedule"]), str(job["timeZone"]), context.clock.now())
    return {**job, "scheduleTime": rfc3339(due)}


SERVICE.add(Resource(collection=_JOBS, on_create=_complete, on_update=_check, view=_shown))


@SERVICE.method(f"{_JOBS}.pause", f"{_JOBS}.resume")
def switch(call: "Call") -> Document:
    """Pause or resume a job."""
    job = call.load() | {"state": "PAUSED" if call.method.verb == "pause" else "ENABLED"}
    call.store.put(call.key, job)
    return _shown(call.context, job)


@SERVICE.method(f"{_JOBS}.run")
def run(call: "Call") -> Document:
    """Attempt a job now: the attempt ends in UNIMPLEMENTED, because the sandbox calls nobody."""
    refusal = ApiError("UNIMPLEMENTED", "not emulated by the sandbox: calling a scheduler job's target")
    attempt = {"code": refusal.rpc_code, "message": refusal.message}
    job = call.load() | {"lastAttemptTime": rfc3339(call.clock.now()), "status": attempt}
    call.store.put(call.key, job)
    return _shown(call.context, job)
