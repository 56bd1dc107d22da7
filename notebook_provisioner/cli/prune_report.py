"""What pruning shows, as tables and as JSON: the plan, what became of it, and what it freed."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from notebook_provisioner.catalog.prices import snapshot_month
from notebook_provisioner.cli.app import App
from notebook_provisioner.core.counting import counted
from notebook_provisioner.core.findings import Finding, Severity
from notebook_provisioner.core.snapshots.decisions import Decision, RulesOf, Verdict
from notebook_provisioner.core.snapshots.facts import RecycleBin
from notebook_provisioner.core.snapshots.journal import policies
from notebook_provisioner.core.snapshots.plan import PrunePlan
from notebook_provisioner.core.snapshots.sweep import Outcome, Report, Result

_TABLE_LIMIT: Final = 50
_GIB: Final = 2**30


@dataclass(frozen=True, slots=True)
class Measured:
    """What deleting freed, from reading before and after.

    Attributes:
        freed: Bytes that the fleet's snapshots store less than before.
        settled: Whether Compute Engine has counted to the end.
    """

    freed: int
    settled: bool


@dataclass(frozen=True, slots=True)
class NotMeasured:
    """Nobody knows what deleting freed.

    Attributes:
        why: What came in between.
    """

    why: str


def recycle_bin(found: RecycleBin, *, as_job: bool = False) -> list[Finding]:
    """What people should know of the project's recycle bin.

    Args:
        found: What is known of it.
        as_job: Whether the scheduled job tells: its role can never know, which is no news every night.
    """
    if found.days == 0 or (as_job and found.days is None):
        return []
    if found.days is None:
        message = f"whether deleted snapshots stay in a recycle bin is not known: {found.problem}"
    else:
        days = counted(found.days, "day")
        message = f"deleted snapshots stay in the project's recycle bin for up to {days}"
    remedy = (
        "they may stay on the bill until then"
        if found.days
        else "where there is one, they may stay on the bill"
    )
    return [Finding("recycle-bin", Severity.NOTE, "snapshotRecycleBinPolicy", message, remedy)]


def row(decision: Decision, now: datetime) -> dict[str, Any]:
    """A snapshot and what becomes of it, for JSON."""
    snapshot = decision.snapshot
    zone, notebook = decision.belonging.notebook
    return {
        "name": snapshot.name,
        "notebook": notebook,
        "zone": zone,
        "origin": decision.belonging.origin,
        "created": snapshot.created,
        "age_days": (now - snapshot.created).days,
        "status": snapshot.status,
        "storage_bytes": snapshot.storage_bytes,
        "locations": snapshot.locations,
        "usd_per_month": round(snapshot_month(snapshot.storage_bytes, snapshot.locations), 4),
        "rollback_point": decision.rollback_point,
        "verdict": decision.verdict,
        "claim": decision.belonging.claim if decision.claims else {},
        "reasons": decision.reasons,
        "labels": snapshot.labels,
    }


def table(app: App, rows: Sequence[Mapping[str, Any]]) -> None:
    """Snapshots, as rows of `row`."""
    if app.output.json or not rows:
        return
    columns = ("Snapshot", "Notebook", "Origin", "Age", "Size", "Where", "$/month", "Rollback", "Then", "Why")
    app.output.table(
        "",
        columns,
        [
            (
                one["name"],
                one["notebook"],
                one["origin"].value,
                f"{one['age_days']}d",
                size(one["storage_bytes"]),
                ",".join(one["locations"]),
                f"{one['usd_per_month']:.2f}",
                "yes" if one["rollback_point"] else "no",
                f"{one['verdict']}{', claim' if one['claim'] else ''}",
                "; ".join(one["reasons"]),
            )
            for one in rows
        ],
    )


def show_plan(app: App, plan: PrunePlan, now: datetime) -> None:
    """What there is to do; all of it with -v."""
    shown = plan.decisions if app.settings.verbose else plan.decisions[:_TABLE_LIMIT]
    table(app, [row(decision, now) for decision in shown])
    hidden = len(plan.decisions) - len(shown)
    words = ", ".join(
        f"{plan.counts[verdict]} to {verdict}" for verdict in Verdict if plan.counts.get(verdict)
    )
    app.output.text(
        f"The fleet has {plan.total} of the project's {counted(plan.listed, 'snapshot')}"
        f"{f': {words}' if words else ''}"
        f"{_claims(plan)}"
        f"{f'; {hidden} not shown, -v shows them' if hidden else ''}. "
        f"Deleting frees {size(plan.bytes_at_most)} at most."
    )


def _claims(plan: PrunePlan) -> str:
    """What is to be said of labels that prove an origin."""
    now = f"{plan.claims} on this run" if plan.claims else ""
    later = f"{plan.claims_left} on later runs" if plan.claims_left else ""
    words = ", ".join(filter(None, (now, later)))
    return f"; to get the labels that prove their origin: {words}" if words else ""


def show_report(app: App, report: Report, measured: Measured | NotMeasured) -> None:
    """What was done."""
    words = ", ".join(f"{report.count(result)} {result}" for result in Result if report.count(result))
    app.output.text(f"Done: {words or 'nothing'}.")
    at_most = f"Freed {size(report.bytes_at_most)} at most"
    if isinstance(measured, NotMeasured):
        app.output.text(f"{at_most}; not measured: {measured.why}.")
    else:
        counting = "" if measured.settled else ", and Compute Engine is still counting"
        app.output.text(
            f"{at_most}; the fleet's snapshots add up to {size(measured.freed)} less than before{counting}."
        )
    for decision, outcome in report.results:
        if outcome.result in {Result.SKIPPED, Result.FAILED, Result.PENDING}:
            app.output.say(
                f"{outcome.result}: {decision.snapshot.name}: {outcome.message or 'not finished yet'}"
            )


def plan_data(plan: PrunePlan, rules_of: RulesOf, now: datetime, *, act: bool) -> dict[str, Any]:
    """What there is to do, for JSON; ``policies`` has the rules behind each snapshot's ``policy``."""
    notebooks = dict.fromkeys(decision.belonging.notebook for decision in plan.decisions)
    digests = {key: rules_of(key).digest for key in notebooks}
    return {
        "dry_run": not act,
        "pending": plan.pending,
        "claims": plan.claims,
        "claims_left": plan.claims_left,
        "fleet_snapshots": plan.total,
        "project_snapshots": plan.listed,
        "counts": dict(plan.counts),
        "origins": dict(plan.origins),
        "bytes_at_most": plan.bytes_at_most,
        "policies": policies(plan.decisions, rules_of),
        "plan": [
            {**row(decision, now), "policy": digests[decision.belonging.notebook]}
            for decision in plan.decisions
        ],
    }


def results_data(report: Report, measured: Measured | NotMeasured) -> dict[str, Any]:
    """What was done, for JSON; ``bytes_measured`` is None where it was not measured."""
    freed: dict[str, Any] = {"bytes_at_most": report.bytes_at_most}
    if isinstance(measured, Measured):
        freed |= {"bytes_measured": measured.freed, "settled": measured.settled}
    else:
        freed |= {"bytes_measured": None, "settled": False, "not_measured": measured.why}
    return {"results": [_result(outcome) for _, outcome in report.results], "freed": freed}


def _result(outcome: Outcome) -> dict[str, Any]:
    return {
        "name": outcome.name,
        "result": outcome.result,
        "message": outcome.message,
        "operation": outcome.operation,
        "user": outcome.user,
    }


def log_line(line: str) -> str:
    """A journal's line in the shape that Cloud Logging reads from a container's output.

    An alert reads the severity: Compute Engine begins each deletion with a ``pending``, which is no failure
    as long as another line follows.
    """
    entry = json.loads(line)
    failed = entry.get("final", False) and entry["result"] in {Result.FAILED, Result.PENDING}
    about = (entry.get(key) for key in ("event", "action", "snapshot", "result"))
    words = " ".join(filter(None, about if "snapshot" in entry else (entry["event"], entry["policy"])))
    message = ": ".join(filter(None, (words, entry.get("message"))))
    return json.dumps({"severity": "ERROR" if failed else "INFO", **entry, "message": message})


def size(number: int) -> str:
    """Bytes in GiB."""
    return f"{number / _GIB:.1f} GiB"
