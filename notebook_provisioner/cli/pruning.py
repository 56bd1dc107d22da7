"""What the snapshot commands share: read, decide, show, act."""

import json
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from notebook_provisioner.catalog.prices import snapshot_month
from notebook_provisioner.cli.app import App
from notebook_provisioner.cli.output import Status
from notebook_provisioner.cli.parameters import Shard, StorageObject
from notebook_provisioner.core.findings import Finding, Severity
from notebook_provisioner.core.notebooks import NotebookKey
from notebook_provisioner.core.snapshots import plan as planning
from notebook_provisioner.core.snapshots.caps import Caps
from notebook_provisioner.core.snapshots.decisions import (
    Decision,
    OutOfOrder,
    RulesOf,
    Verdict,
    decide,
    newest_first,
)
from notebook_provisioner.core.snapshots.facts import Notebooks, Snapshot
from notebook_provisioner.core.snapshots.origin import Register
from notebook_provisioner.core.snapshots.plan import PrunePlan
from notebook_provisioner.core.snapshots.rules import Rules
from notebook_provisioner.core.snapshots.sweep import Lease, Outcome, Report, Result, sweep

PENDING: Final = 3  # the CLI contract: a check found something
FAILED: Final = 1

_STALE_AFTER: Final = timedelta(minutes=15)
_TABLE_LIMIT: Final = 50
_GIB: Final = 2**30


@dataclass(frozen=True, slots=True)
class Selection:
    """Which of the fleet's notebooks are looked at.

    Attributes:
        names: These alone; all where empty.
        former: Names of notebooks that are gone.
        shard: The part of the fleet.
    """

    names: frozenset[str]
    former: tuple[str, ...]
    shard: Shard

    def takes(self, key: NotebookKey) -> bool:
        """Whether a notebook is in it."""
        return (not self.names or key[1] in self.names) and self.shard.takes(key)


@dataclass(frozen=True, slots=True)
class Run:
    """One run of prune, as asked for."""

    selection: Selection
    rules: Mapping[str, Any]
    caps: Caps
    per_second: float


def show_all(app: App, selection: Selection, overrides: Mapping[str, Any]) -> None:
    """``nbp snapshots list``."""
    rules_of = _rules(app, overrides)
    store = app.snapshots()
    notebooks = store.notebooks()
    now = app.clock()()
    register = _register(app, notebooks, selection)
    try:
        found = list(decide(store.snapshots(), register, rules_of, now))
    except OutOfOrder:
        found = list(decide(newest_first(store.snapshots()), register, rules_of, now))
    findings = _unreachable(notebooks)
    rows = [_row(decision, now) for decision in found]
    _table(app, rows)
    month = sum(row["usd_per_month"] for row in rows)
    gone = sum(row["storage_bytes"] for row in rows if row["verdict"] == Verdict.DELETE)
    app.output.text(
        f"{len(rows)} snapshots, {_size(sum(row['storage_bytes'] for row in rows))}, about ${month:.2f} a "
        f"month. prune would free {_size(gone)} at most."
    )
    app.output.findings(findings)
    app.output.result({"fleet": app.fleet.name, "snapshots": rows}, findings=findings)


def prune_as_job(app: App, run: Run, *, act: bool, lease: StorageObject | None) -> int:
    """``nbp snapshots prune --due``: one at a time, with a log line for each snapshot on stderr."""
    with app.lease("snapshots-prune", lease, suffix=run.selection.shard.suffix) as held:
        return prune(app, run, act=act, lease=held, echo=lambda line: app.output.say(_log_line(line)))


def prune(
    app: App,
    run: Run,
    *,
    act: bool,
    lease: Lease | None = None,
    echo: Callable[[str], None] = lambda _: None,
) -> int:
    """``nbp snapshots prune``.

    Args:
        app: The command's App.
        run: What was asked for.
        act: Whether to do it.
        lease: What keeps other runs away.
        echo: Gets the journal's lines.

    Returns:
        The exit status.
    """
    rules_of = _rules(app, run.rules)
    store = app.snapshots(per_second=run.per_second)
    clock = app.clock()
    notebooks = store.notebooks()
    now = clock()
    register = _register(app, notebooks, run.selection)
    try:
        plan = planning.make(store.snapshots(), register, rules_of, run.caps, now)
    except OutOfOrder:
        plan = planning.make(newest_first(store.snapshots()), register, rules_of, run.caps, now)
    findings = _unreachable(notebooks)
    _show_plan(app, plan, now)
    data = _plan_data(plan, now, act=act)
    if not act or not plan.actions:
        app.output.findings(findings)
        app.output.result(data, findings=findings)
        return PENDING if plan.actions else 0
    planning.require_fresh(clock() - now, _STALE_AFTER)
    findings += _recycle_bin(store.recycle_days())
    app.output.findings(findings)
    journal = app.journal("snapshots-prune", {"run": str(uuid.uuid4()), "fleet": app.fleet.name}, echo)
    report = sweep(plan, store, rules_of, journal=journal, clock=clock, lease=lease)
    left = (item for item in store.snapshots() if item.created <= now and register.belonging(item))
    data |= _results_data(plan, report, left)
    _show_report(app, report, data["freed"])
    app.output.result(data, status=Status.PARTIAL if report.failed else Status.OK, findings=findings)
    if report.error is not None:
        raise report.error
    return FAILED if report.failed else 0


def _rules(app: App, overrides: Mapping[str, Any]) -> RulesOf:
    defaults = Rules.read(app.fleet.defaults.snapshots, overrides)
    by_name = {
        notebook.name: replace(Rules.read(notebook.snapshots, overrides), orphans=defaults.orphans)
        for notebook in app.fleet.resolved_notebooks
    }
    return lambda key: by_name.get(key[1], defaults)


def _register(app: App, notebooks: Notebooks, selection: Selection) -> Register:
    zones = {notebook.name: notebook.zone for notebook in app.fleet.resolved_notebooks}
    return Register(app.fleet.name, zones, notebooks, selection.former, selection.takes)


def _unreachable(notebooks: Notebooks) -> list[Finding]:
    return [
        Finding(
            "zone-unreachable",
            Severity.WARNING,
            zone,
            "the zone did not answer: all snapshots of its notebooks are kept",
            "run it again later",
        )
        for zone in sorted(notebooks.unreachable)
    ]


def _recycle_bin(days: int | None) -> list[Finding]:
    if days is None:
        return []
    return [
        Finding(
            "recycle-bin",
            Severity.NOTE,
            "snapshotRecycleBinPolicy",
            f"deleted snapshots stay in the project's recycle bin for up to {days} days",
            "they may stay on the bill until then",
        )
    ]


def _row(decision: Decision, now: datetime) -> dict[str, Any]:
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
        "reasons": decision.reasons,
        "labels": snapshot.labels,
    }


def _table(app: App, rows: Sequence[Mapping[str, Any]]) -> None:
    if app.output.json or not rows:
        return
    columns = ("Snapshot", "Notebook", "Origin", "Age", "Size", "Where", "$/month", "Rollback", "Then", "Why")
    app.output.table(
        "",
        columns,
        [
            (
                row["name"],
                row["notebook"],
                row["origin"].value,
                f"{row['age_days']}d",
                _size(row["storage_bytes"]),
                ",".join(row["locations"]),
                f"{row['usd_per_month']:.2f}",
                "yes" if row["rollback_point"] else "no",
                row["verdict"].value,
                "; ".join(row["reasons"]),
            )
            for row in rows
        ],
    )


def _show_plan(app: App, plan: PrunePlan, now: datetime) -> None:
    shown = plan.decisions if app.settings.verbose else plan.decisions[:_TABLE_LIMIT]
    _table(app, [_row(decision, now) for decision in shown])
    hidden = len(plan.decisions) - len(shown)
    words = ", ".join(
        f"{plan.counts[verdict]} to {verdict}" for verdict in Verdict if plan.counts.get(verdict)
    )
    app.output.text(
        f"{plan.total} of the project's {plan.listed} snapshots are the fleet's: {words or 'none'}"
        f"{f'; {hidden} not shown, -v shows them' if hidden else ''}. "
        f"Deleting frees {_size(plan.bytes_at_most)} at most."
    )


def _show_report(app: App, report: Report, freed: Mapping[str, Any]) -> None:
    words = ", ".join(f"{report.count(result)} {result}" for result in Result if report.count(result))
    app.output.text(f"Done: {words or 'nothing'}.")
    app.output.text(
        f"Freed {_size(freed['bytes_at_most'])} at most; the fleet's snapshots add up to "
        f"{_size(freed['bytes_measured'])} less than before"
        f"{'' if freed['settled'] else ', and Compute Engine is still counting'}."
    )
    for decision, outcome in report.results:
        if outcome.result in {Result.SKIPPED, Result.FAILED, Result.PENDING}:
            app.output.say(
                f"{outcome.result}: {decision.snapshot.name}: {outcome.message or 'not finished yet'}"
            )


def _plan_data(plan: PrunePlan, now: datetime, *, act: bool) -> dict[str, Any]:
    return {
        "dry_run": not act,
        "pending": len(plan.actions),
        "fleet_snapshots": plan.total,
        "project_snapshots": plan.listed,
        "counts": dict(plan.counts),
        "origins": dict(plan.origins),
        "bytes_at_most": plan.bytes_at_most,
        "plan": [_row(decision, now) for decision in plan.decisions],
    }


def _results_data(plan: PrunePlan, report: Report, left: Iterable[Snapshot]) -> dict[str, Any]:
    stored, settled = 0, True
    for snapshot in left:
        stored += snapshot.storage_bytes
        settled = settled and snapshot.storage_settled
    return {
        "results": [_result(outcome) for _, outcome in report.results],
        "freed": {
            "bytes_at_most": report.bytes_at_most,
            "bytes_measured": plan.total_bytes - stored,
            "settled": settled,
        },
    }


def _result(outcome: Outcome) -> dict[str, Any]:
    return {
        "name": outcome.name,
        "result": outcome.result,
        "message": outcome.message,
        "operation": outcome.operation,
        "user": outcome.user,
    }


def _log_line(line: str) -> str:
    """A journal's line in the shape that Cloud Logging reads from a container's output."""
    entry = json.loads(line)
    failed = entry.get("result") in {Result.FAILED, Result.PENDING}
    words = " ".join(filter(None, (entry["event"], entry["action"], entry["snapshot"], entry.get("result"))))
    message = ": ".join(filter(None, (words, entry.get("message"))))
    return json.dumps({"severity": "ERROR" if failed else "INFO", **entry, "message": message})


def _size(number: int) -> str:
    return f"{number / _GIB:.1f} GiB"
