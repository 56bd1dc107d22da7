"""``nbp snapshots list``: every snapshot of a boot disk, whose it is, and what prune would do to it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from notebook_provisioner.catalog.prices import snapshot_month
from notebook_provisioner.cli import pruning
from notebook_provisioner.cli.app import App
from notebook_provisioner.cli.prune_report import recycle_bin, row, size, table
from notebook_provisioner.core.counting import counted
from notebook_provisioner.core.snapshots.decisions import (
    Decision,
    OutOfOrder,
    Verdict,
    decide,
    newest_first,
)
from notebook_provisioner.core.snapshots.facts import Snapshot
from notebook_provisioner.core.snapshots.origin import STRANGERS, Origin


def show(
    app: App, selection: pruning.Selection, overrides: Mapping[str, Any], origins: frozenset[Origin]
) -> None:
    """``nbp snapshots list``.

    Args:
        app: The command's App.
        selection: Whose snapshots.
        overrides: Rules, by the fleet file's key.
        origins: Those shown. If empty, all that prune knows as the fleet's; with names, all of these.
    """
    shown = origins or (frozenset(Origin) if selection.names else frozenset(Origin) - STRANGERS)
    rules_of = pruning.rules_for(app, overrides)
    store = app.snapshots()
    notebooks = store.notebooks()
    now = app.clock()()
    register = pruning.register_for(app, notebooks, selection, strangers=True)

    try:
        found = _Listing(decide(store.snapshots(), register, rules_of, now), shown, now)
    except OutOfOrder:
        found = _Listing(decide(newest_first(store.snapshots()), register, rules_of, now), shown, now)
    pruning.require_known(app, selection, register, found.seen)
    rows = sorted(found.rows, key=lambda one: one["created"], reverse=True)
    doomed = [one for one in rows if one["verdict"] == Verdict.DELETE]
    findings = (
        pruning.wrong_clock(app)
        + pruning.unreachable(notebooks)
        + pruning.unseen(selection, found.seen)
        + (recycle_bin(store.recycle_bin()) if doomed else [])
    )
    table(app, rows)
    month = sum(one["usd_per_month"] for one in rows)
    app.output.text(
        f"{counted(len(rows), 'snapshot')}, {size(sum(one['storage_bytes'] for one in rows))}, about "
        f"${month:.2f} a month. prune would free {size(sum(one['storage_bytes'] for one in doomed))} at most."
    )
    hidden = [found.hidden[origin] for origin in sorted(found.hidden)]
    for one in hidden:
        app.output.text(one.sentence)
    app.output.findings(findings)
    app.output.result({"fleet": app.fleet.name, "snapshots": rows, "not_shown": hidden}, findings=findings)


@dataclass(slots=True)
class _Hidden:
    """What the snapshots of an origin that is not shown add up to."""

    origin: Origin
    snapshots: int = 0
    storage_bytes: int = 0
    usd_per_month: float = 0.0

    def add(self, snapshot: Snapshot) -> None:
        self.snapshots += 1
        self.storage_bytes += snapshot.storage_bytes
        self.usd_per_month += snapshot_month(snapshot.storage_bytes, snapshot.locations)

    @property
    def sentence(self) -> str:
        return (
            f"Not shown: {self.snapshots} of origin {self.origin}, {size(self.storage_bytes)}, about "
            f"${self.usd_per_month:.2f} a month; --origin {self.origin} shows them."
        )


class _Listing:
    """What is shown, and what the rest adds up to.

    Attributes:
        rows: The snapshots that are shown, for JSON.
        hidden: The others, by origin.
        seen: Zone and name of the notebooks that have any.
    """

    def __init__(self, decisions: Iterable[Decision], shown: frozenset[Origin], now: datetime) -> None:
        self.rows: list[dict[str, Any]] = []
        self.hidden: dict[Origin, _Hidden] = {}
        self.seen: set[tuple[str, str]] = set()
        for decision in decisions:
            origin = decision.belonging.origin
            self.seen.add(decision.belonging.notebook)
            if origin in shown:
                self.rows.append(row(decision, now))
            else:
                self.hidden.setdefault(origin, _Hidden(origin)).add(decision.snapshot)
