"""Cloud Logging: log buckets, sinks, log-based metrics, and entries to write and read."""

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from notebook_provisioner.sandbox.server import crud, filters
from notebook_provisioner.sandbox.server.clock import moment_of, rfc3339
from notebook_provisioner.sandbox.server.context import numeric_id
from notebook_provisioner.sandbox.server.errors import already_exists, invalid
from notebook_provisioner.sandbox.server.service import Resource, Service
from notebook_provisioner.sandbox.server.store import Document, Key

if TYPE_CHECKING:
    from collections.abc import Callable

    from notebook_provisioner.sandbox.server.call import Call

SERVICE = Service(
    api="logging",
    version="v2",
    proto_package="google.logging.v2",
    not_emulated=(
        "a deleted log bucket is gone at once, without the week in which Google takes it back",
        "delivery to a sink's destination; counting by metrics; retention; audit logs of the sandbox",
        "entries are filtered by field comparisons only (AIP-160), a list is one page of up to 1,000",
    ),
)

_ENTRIES: Final = "entries"
_PAGE_LIMIT: Final = 1000
_DEFAULT_RETENTION: Final = 30  # days, where a bucket says nothing
# LogEntry.severity in the discovery document
_SEVERITIES: Final = {
    "DEFAULT": 0,
    "DEBUG": 100,
    "INFO": 200,
    "NOTICE": 300,
    "WARNING": 400,
    "ERROR": 500,
    "CRITICAL": 600,
    "ALERT": 700,
    "EMERGENCY": 800,
}
_SEVERITY: Final = re.compile(r"""\b(severity\s*(?:[<>]=?|!?=)\s*)"?(\w+)"?""")
_METRIC_NAME: Final = re.compile(r"(?!/)[\w.,+!*',()%/-]{1,100}", re.ASCII)
_SHARED_WRITER: Final = "serviceAccount:cloud-logs@system.gserviceaccount.com"


def _complete_sink(call: "Call", sink: Document) -> None:
    _short_name(call, sink)
    if not sink.get("destination"):
        raise invalid("A sink needs a destination.")
    sink["createTime"] = rfc3339(call.clock.now())
    # A project's sink writes as the project's logging agent unless the caller asks for the shared identity.
    own = call.query.get("uniqueWriterIdentity") and call.project
    agent = f"service-{call.context.project_number(call.project)}@gcp-sa-logging.iam.gserviceaccount.com"
    sink["writerIdentity"] = f"serviceAccount:{agent}" if own else _SHARED_WRITER


def _short_name(call: "Call", document: Document) -> None:
    """Sinks are named by their id alone."""
    del call
    document["name"] = str(document["name"]).rpartition("/")[2]


def _check_metric(call: "Call", metric: Document) -> None:
    metric["name"] = call.body["name"]  # by its id alone
    if not _METRIC_NAME.fullmatch(metric["name"]):
        raise invalid(
            "A metric's name is 1 to 100 of A-Z, a-z, 0-9 and _-.,+!*',()%/, and begins with no slash."
        )


def _complete_bucket(call: "Call", bucket: Document) -> None:
    del call
    bucket.setdefault("retentionDays", _DEFAULT_RETENTION)
    bucket["lifecycleState"] = "ACTIVE"


def _keep_lock(call: "Call", stored: Document, new: Document) -> None:
    del call
    if not stored.get("locked"):
        return
    if not new.get("locked"):
        raise invalid("A locked bucket cannot be unlocked.")
    if new["retentionDays"] < stored["retentionDays"]:
        raise invalid("A locked bucket's retention period cannot be reduced.")


def _refuse_locked(call: "Call", bucket: Document) -> None:
    del call
    if bucket.get("locked"):
        raise invalid("A locked bucket cannot be deleted.")


# A metric's name may hold slashes, percent-encoded in a URL (LogMetric.name in the discovery document).
_METRICS: Final = Resource(
    collection="projects.metrics",
    verbs=frozenset({"create", "list"}),
    identifier=lambda _, metric: quote(str(metric.get("name", "")), safe=""),
    on_create=_check_metric,
)

SERVICE.add(
    *(
        Resource(
            collection=collection,
            on_create=_complete_bucket,
            on_update=_keep_lock,
            on_delete=_refuse_locked,
        )
        for collection in ("locations.buckets", "projects.locations.buckets")
    ),
    Resource(collection="projects.sinks", on_create=_complete_sink),
    Resource(collection="sinks", on_create=_complete_sink),
    _METRICS,
)


@SERVICE.method("projects.metrics.get")
def get_metric(call: "Call") -> Document:
    """A log-based metric."""
    return crud.get(_about_metric(call), _METRICS)


@SERVICE.method("projects.metrics.update")
def update_metric(call: "Call") -> Document:
    """Replace a log-based metric."""
    return crud.update(_about_metric(call), _METRICS)


@SERVICE.method("projects.metrics.delete")
def delete_metric(call: "Call") -> Document:
    """Delete a log-based metric."""
    return crud.delete(_about_metric(call), _METRICS)


def _about_metric(call: "Call") -> "Call":
    parent, _, identifier = call.match.name.partition("/metrics/")
    return call.about(Key("logging", f"{parent}/metrics", quote(identifier, safe="")))


@SERVICE.method("locations.buckets.createAsync")
@SERVICE.method("projects.locations.buckets.createAsync")
def create_bucket(call: "Call") -> Document:
    """Make a log bucket, answering with an operation: what hashicorp/google asks for."""
    key = call.key_of(f"{call.match.name}/buckets/{call.query['bucketId']}")
    if call.store.get(key) is not None:
        raise already_exists(key.name)
    now = rfc3339(call.clock.now())
    bucket = {**call.body, "name": key.name, "createTime": now, "updateTime": now}
    _complete_bucket(call, bucket)
    call.store.put(key, bucket, created=call.clock.now())
    return call.operation(key, verb="create", response="LogBucket")


@SERVICE.method("projects.getCmekSettings")
def get_cmek_settings(call: "Call") -> Document:
    """The account that encrypts log buckets; a project has no key of its own there."""
    number = call.context.project_number(call.project)
    return {
        "name": f"projects/{number}/cmekSettings",
        "serviceAccountId": f"cmek-p{number}@gcp-sa-logging.iam.gserviceaccount.com",
    }


@SERVICE.method("entries.write")
def write(call: "Call") -> Document:
    """Take log entries."""
    shared = {field: call.body[field] for field in ("logName", "resource", "labels") if field in call.body}
    now = call.clock.now()
    for given in call.body.get("entries", []):
        entry = {"severity": "DEFAULT", "timestamp": rfc3339(now), **shared, **given}
        entry["labels"] = {**shared.get("labels", {}), **given.get("labels", {})}
        if not entry.get("logName") or not entry.get("resource"):
            raise invalid("A log entry needs a logName and a resource, of its own or for the whole request.")
        entry.setdefault("insertId", numeric_id())
        entry["receiveTimestamp"] = rfc3339(now)
        call.store.put(_entry_key(entry), entry, created=now)
    return {}


@SERVICE.method("entries.list")
def list_(call: "Call") -> Document:
    """Log entries of some projects, by time."""
    resources = tuple(f"{name}/logs/" for name in call.body.get("resourceNames", []))
    if not resources:
        raise invalid("entries.list needs resourceNames: projects/PROJECT.")
    order = call.body.get("orderBy", "timestamp asc")
    if order not in {"timestamp asc", "timestamp desc"}:
        raise invalid(f"Invalid orderBy '{order}': 'timestamp asc' or 'timestamp desc'.")
    matches = _compiled(str(call.body.get("filter", "")))
    found = [
        entry.document
        for entry in call.store.page("logging", _ENTRIES)
        if entry.document["logName"].startswith(resources) and matches(entry.document)
    ]
    if order == "timestamp desc":
        found.reverse()
    found = found[: int(call.body.get("pageSize") or _PAGE_LIMIT)]
    return {"entries": found} if found else {}


def _compiled(text: str) -> "Callable[[Document], bool]":
    """A filter in which severities compare by their weight, not by their names."""
    weighed = _SEVERITY.sub(lambda found: f"{found[1]}{_SEVERITIES.get(found[2].upper(), found[2])}", text)
    matches = filters.compile_filter(weighed, searches=True)
    return lambda entry: matches({**entry, "severity": _SEVERITIES[entry["severity"]]})


def _entry_key(entry: Document) -> Key:
    """Entries are kept in the order of their time; one of the same log, time and insertId is replaced."""
    moment = moment_of(str(entry["timestamp"]))
    return Key("logging", _ENTRIES, f"{moment:020.6f} {entry['insertId']} {entry['logName']}")
