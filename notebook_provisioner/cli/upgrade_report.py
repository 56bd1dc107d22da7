"""What ``nbp upgrade run`` shows: what it is about to do, and what became of it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from notebook_provisioner.cli.app import App
from notebook_provisioner.cli.output import Status
from notebook_provisioner.core.errors import Refused
from notebook_provisioner.core.findings import Finding
from notebook_provisioner.core.procedures import Job, Outcome, Record
from notebook_provisioner.core.upgrades.plan import HARMLESS, LeftOut, Why
from notebook_provisioner.core.upgrades.running import Conductor, Task

FAILED: Final = 1
FOUND: Final = 3  # the CLI contract: a check found something

_NAMED: Final = 5  # notebooks in one finding

Key = tuple[str, str]  # zone, name


class Result(StrEnum):
    """What became of a notebook."""

    UPGRADED = "upgraded"
    ROLLED_BACK = "rolled-back"
    CURRENT = "current"  # there is nothing to upgrade to
    WOULD_UPGRADE = "would-upgrade"  # a dry run
    LEFT = "left"  # as it was; the reason says why
    FAILED = "failed"  # and put back as it was
    UNRESTORED = "unrestored"  # something is not as it was: --resume
    UNFINISHED = "unfinished"  # Google did not answer any more: --resume
    GONE = "gone"  # somebody deleted it


_OUTCOMES: Final = {
    Outcome.FAILED: Result.FAILED,
    Outcome.UNRESTORED: Result.UNRESTORED,
    Outcome.GONE: Result.GONE,
    Outcome.OPEN: Result.UNFINISHED,
}
_FAILURES: Final = frozenset({Result.FAILED, Result.UNRESTORED, Result.UNFINISHED})


@dataclass(frozen=True, slots=True)
class Row:
    """One notebook.

    Attributes:
        notebook: Its name.
        zone: Its zone.
        result: What became of it.
        before: The version that it had, in Workbench's words.
        after: The version that it was asked to.
        seconds: How long it took.
        reason: Why it is not upgraded; empty where it is.
        needs_attention: Whether somebody should do something.
    """

    notebook: str
    zone: str
    result: Result
    before: str = ""
    after: str = ""
    seconds: int | None = None
    reason: str = ""
    needs_attention: bool = False


def left_rows(
    conductor: Conductor, kept: Sequence[tuple[Task, str]], left_out: Sequence[LeftOut]
) -> list[Row]:
    """Those that are not upgraded: what a look keeps as it is, and what the calendar leaves out."""
    return [_kept(conductor, *item) for item in kept] + [_left(conductor, item) for item in left_out]


def show_choice(app: App, tasks: Sequence[Task], left: Sequence[Row], now: datetime) -> None:
    """Say what is about to be done."""
    app.output.say(f"{len(tasks)} to upgrade, {len(left)} not now.")
    for task in tasks:
        if task.start_by is not None:
            minutes = int((task.start_by - now).total_seconds() // 60)
            app.output.say(f"  {task.name}: must begin within {minutes} min")


def dry_run(
    app: App,
    conductor: Conductor,
    tasks: Sequence[Task],
    left: Sequence[Row],
    findings: Sequence[Finding],
) -> int:
    """Say what a run would do; returns the exit status."""
    rows = [
        Row(task.name, task.zone, Result.WOULD_UPGRADE, *_versions(conductor, task.key)) for task in tasks
    ]
    rows += left
    _show(app, rows, [*findings, *_findings(conductor)], dry_run=True)
    return FOUND if tasks or any(row.needs_attention for row in rows) else 0


def end(
    app: App,
    conductor: Conductor,
    took: Mapping[Key, timedelta],
    jobs: Sequence[Job[Task] | Job[Record]],
    left: Sequence[Row],
    *,
    findings: Sequence[Finding],
) -> int:
    """Say what became of every notebook; returns the exit status."""
    rows = [*(_row(conductor, job, took) for job in jobs), *left]
    failed = any(row.result in _FAILURES for row in rows)
    everything = [*findings, *_findings(conductor)]
    _show(app, rows, everything, dry_run=False, status=Status.PARTIAL if failed else Status.OK)
    if any(row.result in {Result.UNRESTORED, Result.UNFINISHED} for row in rows):
        app.output.say("Some notebooks are not as they were: nbp upgrade run --resume carries on.")
    if failed:
        return FAILED
    return FOUND if any(row.needs_attention for row in rows) else 0


def _row(conductor: Conductor, job: Job[Task] | Job[Record], took: Mapping[Key, timedelta]) -> Row:
    item = job.item
    name, zone = (item.name, item.zone) if isinstance(item, Task) else (item.notebook, item.zone)
    task = item if isinstance(item, Task) else Task(zone, name)
    if isinstance(job.error, Refused):
        return _kept(conductor, task, f"{job.error.message}; {job.error.hint}")
    if job.error is not None:
        return Row(name, zone, Result.UNFINISHED, reason=job.error.message)
    if job.record is None:
        return _kept(conductor, task, job.held_back)
    record = job.record
    done = Result.ROLLED_BACK if record.wanted["snapshot"] else Result.UPGRADED
    seconds = took.get((zone, name))
    return Row(
        notebook=name,
        zone=zone,
        result=_OUTCOMES.get(record.outcome, done),
        before=record.before["version"],
        after=record.wanted["version"] or _versions(conductor, (zone, name))[1],
        seconds=int(seconds.total_seconds()) if seconds is not None else None,
        reason="; ".join(_reasons(record)),
        needs_attention=record.outcome is not Outcome.SUCCEEDED,
    )


def _reasons(record: Record) -> list[str]:
    failures = [record.failure] if record.failure else []
    return [f"{item.step}: {item.reason}" for item in (*failures, *record.unrestored)]


def _kept(conductor: Conductor, task: Task, why: str) -> Row:
    current = task.key in conductor.current
    return Row(
        task.name,
        task.zone,
        Result.CURRENT if current else Result.LEFT,
        *_versions(conductor, task.key),
        reason=why,
        needs_attention=not current,
    )


def _versions(conductor: Conductor, key: Key) -> tuple[str, str]:
    return conductor.versions.get(key, ("", ""))


def _left(conductor: Conductor, item: LeftOut) -> Row:
    remedy = f" ({item.remedy})" if item.remedy else ""
    result = Result.CURRENT if item.why is Why.CURRENT else Result.LEFT
    return Row(
        item.name,
        item.zone,
        result,
        *_versions(conductor, item.key),
        reason=f"{item.message}{remedy}",
        needs_attention=item.why not in HARMLESS,
    )


def _findings(conductor: Conductor) -> list[Finding]:
    return [finding for key in sorted(conductor.findings) for finding in conductor.findings[key]]


def _show(
    app: App, rows: Sequence[Row], findings: Sequence[Finding], *, dry_run: bool, status: Status = Status.OK
) -> None:
    columns = ("Notebook", "Zone", "Result", "From", "To", "Took", "Why")
    app.output.table("", columns, [_cells(row) for row in rows])
    app.output.findings(_together(findings))
    counts = {result: sum(row.result is result for row in rows) for result in Result}
    words = ", ".join(f"{count} {result}" for result, count in counts.items() if count)
    app.output.text(f"{words or 'nothing to do'}.")
    data: dict[str, Any] = {
        "dry_run": dry_run,
        "counts": {result.value: count for result, count in counts.items() if count},
        "notebooks": [asdict(row) for row in rows],
    }
    app.output.result(data, status=status, findings=findings)


def _together(findings: Sequence[Finding]) -> list[Finding]:
    """What is said of several notebooks, once; for people."""
    subjects: dict[Finding, list[str]] = {}
    for finding in findings:
        subjects.setdefault(replace(finding, subject=""), []).append(finding.subject)
    found = []
    for finding, names in subjects.items():
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        found.append(replace(finding, subject=", ".join(names[:_NAMED]) + more))
    return found


def _cells(row: Row) -> tuple[str, ...]:
    took = "" if row.seconds is None else f"{row.seconds // 60}:{row.seconds % 60:02}"
    return row.notebook, row.zone, row.result.value, row.before, row.after, took, row.reason
