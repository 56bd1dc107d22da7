"""Guardrails for the audit logs that the fleet file asks for: written, collected, kept and watched."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

from notebook_provisioner.catalog import alerts
from notebook_provisioner.core.counting import counted
from notebook_provisioner.core.findings import Finding
from notebook_provisioner.core.fleet import Fleet
from notebook_provisioner.core.fleet.maintenance import job_account
from notebook_provisioner.core.fleet.surroundings import Observability
from notebook_provisioner.core.guardrails.facts import (
    Absent,
    Addressed,
    Planned,
    PlanRule,
    Rule,
    Surroundings,
    after,
    finding,
    goes,
    last_part,
    listed,
    shown,
    stays,
)
from notebook_provisioner.core.guardrails.storage import under_the_key
from notebook_provisioner.core.guardrails.workloads import job_name
from notebook_provisioner.core.impact import NOTEBOOK
from notebook_provisioner.core.terraform_plan import UNKNOWN, Action, Change, TerraformPlan

BUCKET: Final = "google_logging_project_bucket_config"
SINK: Final = "google_logging_project_sink"
CONFIG: Final = "google_project_iam_audit_config"
ALERTS: Final = "google_monitoring_alert_policy"
CHANNEL: Final = "google_monitoring_notification_channel"
_SUCCESSES: Final = (
    'metric.type="run.googleapis.com/job/completed_execution_count" AND metric.labels.result="succeeded"'
    ' AND resource.type="cloud_run_job"'
)
_SILENCE: Final = (("filter",), ("duration",), ("aggregations", 0, "alignment_period"))
_LONGEST_WINDOW: Final = 25 * 3600  # seconds
_SERVICES: Final = ("notebooks.googleapis.com", "storage.googleapis.com")
_LOG_TYPES: Final = frozenset({"ADMIN_READ", "DATA_READ", "DATA_WRITE"})
_COLLECTED: Final = ("cloudaudit.googleapis.com/activity", "cloudaudit.googleapis.com/data_access")
_LOG: Final = r'log_id\("[^"]+"\)'
_ALTERNATIVES: Final = re.compile(rf"{_LOG}( OR {_LOG})*")  # nothing in it that takes entries out again
_REMEDY: Final = "keep what the module observability makes, or take observability out of the fleet file"


def _log_bucket_key(change: Change, surroundings: Surroundings) -> Iterator[Finding]:
    if stays(change):
        place = ("cmek_settings", 0, "kms_key_name")
        yield from under_the_key(change, surroundings, "the log bucket", place)


def _audited(plan: TerraformPlan, surroundings: Surroundings) -> Iterator[Finding]:
    """As long as there are notebooks, what the fleet file asks for stands; what is locked, for ever."""
    # An apply that tries to delete a locked log bucket fails when the sink that fills it is gone.
    buckets = [change for change in plan.changes if change.type == BUCKET]
    locked = [change for change in buckets if goes(change) and change.before.get("locked") is True]
    for change in locked:
        remedy = f"take it out of the state, and it stays as it is: terraform state rm '{change.address}'"
        yield finding("audit-logs", change, "it is locked, and Google does not delete it", remedy)
    wanted = surroundings.fleet.observability
    there = after(plan)
    if wanted is None or not any(one.type == NOTEBOOK for one in there):
        return
    for kind, what in ((BUCKET, "log bucket"), (SINK, "sink that collects audit logs")):
        if not any(one.type == kind for one in there) and not (kind == BUCKET and locked):
            yield _finding(_gone(plan, kind), f"there would be no {what}")
    for service in _SERVICES:
        configs = [one for one in there if one.type == CONFIG and one.planned("service") == service]
        if not configs:
            yield _finding(_gone(plan, CONFIG), f"nobody would log who reads and writes in {service}")
        for one in configs:
            yield from _config(one)
    yield from _kept(there, wanted)
    yield from _watched(there, surroundings.fleet)
    yield from _told(there, wanted)


def _watched(there: Sequence[Planned], fleet: Fleet) -> Iterator[Finding]:
    """Each alert of the catalogue looks at the log, and none is switched off."""
    policies = [one for one in there if one.type == ALERTS]
    watched: set[object] = set()
    for one in policies:
        if one.planned("enabled") not in {None, True}:
            yield _finding(one, "the alert would be off")
            continue
        conditions = range(len(listed(one.planned("conditions"))))
        watched |= {
            one.planned("conditions", index, "condition_matched_log", 0, "filter") for index in conditions
        }
        watched |= {
            tuple(one.planned("conditions", index, "condition_threshold", 0, *path) for path in _SILENCE)
            for index in conditions
        }
    wanted: Mapping[str, object] = {**_filters(fleet), **_silences(fleet)}
    for name, chosen in wanted.items():
        if chosen not in watched:
            yield _finding(
                Absent("observability"), f"nothing that is on would alert of {name}, as the module does"
            )


def _silences(fleet: Fleet) -> Mapping[str, tuple[str, ...]]:
    """How a job without a success is looked for, as the module observability does: see jobs.tf there."""
    jobs = fleet.maintenance.jobs if fleet.maintenance is not None else {}
    looked_for = {}
    for name, job in jobs.items():
        seconds = job.silent_after_hours * 3600
        looked_for[f"the silence of {name}"] = (
            f'{_SUCCESSES} AND resource.labels.job_name="{job_name(fleet, name)}"',
            f"{max(seconds - _LONGEST_WINDOW, 120)}s",
            f"{min(seconds, _LONGEST_WINDOW)}s",
        )
    return looked_for


def _told(there: Sequence[Planned], wanted: Observability) -> Iterator[Finding]:
    """Whom the fleet file names is told of each alert, and nobody else."""
    channels = [one for one in there if one.type == CHANNEL]
    addresses = [one.planned("labels", "email_address") for one in channels]
    for one, address in zip(channels, addresses, strict=True):
        if address not in wanted.notify:
            yield _finding(one, f"{shown(address)} would be told, whom the fleet file does not name")
    for address in wanted.notify:
        if address not in addresses:
            yield _finding(Absent("observability"), f"{address} would not be told of alerts")
    # A channel has its name from Google: until it has been made, nobody knows it.
    known = {last_part(one.planned("name")) for one in channels}
    for one in there:
        if one.type == ALERTS and wanted.notify:
            told = one.planned("notification_channels")
            named = {""} if told is UNKNOWN else {last_part(name) for name in listed(told)}
            if not named or not named <= known:
                yield _finding(one, "the alert would tell nobody, or others than the fleet file names")


def _filters(fleet: Fleet) -> Mapping[str, str]:
    """What each alert looks for, as the module observability writes it for this fleet."""
    maintenance = fleet.maintenance
    jobs = maintenance.jobs if maintenance is not None else {}
    by = maintenance.served_by if maintenance is not None else None
    upgrader = "nobody"
    if "upgrade" in jobs:
        upgrader = job_account(fleet.project, fleet.name, "upgrade")
    elif by is not None and "upgrade" in by.jobs:
        upgrader = job_account(by.project, by.fleet, "upgrade")
    return {
        row.name: row.filter.replace("UPGRADER", upgrader)
        .replace("PROJECT", fleet.project)
        .replace("JOB", f"nbp-{fleet.name}-{row.job}")
        for row in alerts.ALERTS
        if row.job is None or row.job in jobs
    }


def _kept(there: Sequence[Planned], wanted: Observability) -> Iterator[Finding]:
    places = {_place(one) for one in there if one.type == BUCKET}
    for one in there:
        if one.type == BUCKET:
            yield from _bucket(one, wanted)
        elif one.type == SINK:
            yield from _sink(one, places)
        elif one.type == CONFIG:
            yield from _exempted(one)


def _config(one: Planned) -> Iterator[Finding]:
    blocks = range(len(listed(one.planned("audit_log_config"))))
    logged = {one.planned("audit_log_config", index, "log_type") for index in blocks}
    if missing := _LOG_TYPES - logged:
        yield _finding(one, f"it would not log {', '.join(sorted(missing))}")


def _exempted(one: Planned) -> Iterator[Finding]:
    """Whichever service it is for: what allServices exempts is exempt in each.

    By the discovery document cloudresourcemanager.v1: AuditConfig.
    """
    blocks = range(len(listed(one.planned("audit_log_config"))))
    if any(one.planned("audit_log_config", index, "exempted_members") for index in blocks):
        yield _finding(one, "somebody would be left out of the log")


def _bucket(one: Planned, wanted: Observability) -> Iterator[Finding]:
    if wanted.locked and one.planned("locked") is not True:
        yield _finding(one, "the log bucket would not be locked, though the fleet file says so")
    days = one.planned("retention_days")
    if not isinstance(days, int) or days < wanted.retention_days:
        yield _finding(one, f"logs would not be kept for {counted(wanted.retention_days, 'day')}")


def _place(bucket: Planned) -> str:
    """A log bucket as a sink names it."""
    project, location, name = map(bucket.planned, ("project", "location", "bucket_id"))
    return f"logging.googleapis.com/projects/{project}/locations/{location}/buckets/{name}"


def _sink(one: Planned, places: Collection[str]) -> Iterator[Finding]:
    destination = one.planned("destination")
    if places and (not isinstance(destination, str) or destination not in places):
        yield _finding(one, f"the sink would send to {shown(destination)}, and not to the fleet's log bucket")
    chosen = one.planned("filter")
    everything = chosen in {None, ""}
    alternatives = isinstance(chosen, str) and _ALTERNATIVES.fullmatch(chosen) is not None
    if not everything and not (alternatives and all(name in chosen for name in _COLLECTED)):
        yield _finding(one, "the sink would not collect every audit log")
    if one.planned("disabled") not in {None, False} or one.planned("exclusions"):
        yield _finding(one, "the sink would be off, or leave entries out")


def _gone(plan: TerraformPlan, kind: str) -> Addressed:
    gone = [change for change in plan.changes if change.type == kind and change.action is not Action.KEEP]
    return gone[0] if gone else Absent("observability")


def _finding(one: Addressed, said: str) -> Finding:
    return finding("audit-logs", one, said, _REMEDY)


RULES: Final[Mapping[str, tuple[Rule, ...]]] = {BUCKET: (_log_bucket_key,)}
ESTATE: Final[tuple[PlanRule, ...]] = (_audited,)
