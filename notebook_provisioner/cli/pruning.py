"""``nbp snapshots prune``: read, decide, show, act; and what ``nbp snapshots list`` shares with it."""

import uuid
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from notebook_provisioner.cli.app import App
from notebook_provisioner.cli.interrupts import Interrupts
from notebook_provisioner.cli.output import Status
from notebook_provisioner.cli.parameters import Shard, StorageObject
from notebook_provisioner.cli.prune_report import (
    Measured,
    NotMeasured,
    log_line,
    plan_data,
    recycle_bin,
    results_data,
    show_plan,
    show_report,
)
from notebook_provisioner.core.errors import Interrupted, NotFound, ProvisionerError
from notebook_provisioner.core.findings import Finding, Severity
from notebook_provisioner.core.notebooks import NotebookKey
from notebook_provisioner.core.snapshots import plan as planning
from notebook_provisioner.core.snapshots.caps import Caps
from notebook_provisioner.core.snapshots.decisions import OutOfOrder, RulesOf, newest_first
from notebook_provisioner.core.snapshots.facts import Notebooks
from notebook_provisioner.core.snapshots.origin import Register
from notebook_provisioner.core.snapshots.plan import PrunePlan
from notebook_provisioner.core.snapshots.rules import Rules
from notebook_provisioner.core.snapshots.sweep import Alone, Lease, sweep

if TYPE_CHECKING:
    from notebook_provisioner.adapters.google.snapshots import GoogleSnapshots
    from notebook_provisioner.core.fleet.model import Snapshots

PENDING: Final = 3  # the CLI contract: a check found something
FAILED: Final = 1

# What is to be deleted, its notebook and its rollback points are read again right before. What is not, and so
# must not be older than this, is which other snapshots the keep rules counted.
_STALE_AFTER: Final = timedelta(hours=6)


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


def prune(
    app: App,
    run: Run,
    interrupts: Interrupts,
    *,
    act: bool,
    as_job: bool = False,
    lease: StorageObject | None = None,
) -> int:
    """``nbp snapshots prune``.

    Args:
        app: The command's App.
        run: What was asked for.
        interrupts: Whether it was asked to end: then nothing more is sent, and what is known is told.
        act: Whether to do it; then no other run does so meanwhile.
        as_job: Whether to log a line for each snapshot.
        lease: Where the lease is; None for the fleet's own place.

    Returns:
        The exit status.

    Raises:
        Interrupted: It was asked to end; what was done until then is in its data.
    """
    if not act:
        with _changing_nothing():
            return _dry_run(app, run, as_job=as_job)
    with ExitStack() as stack:
        with _changing_nothing():
            with interrupts.gently():  # a lease that is taken and not known of would hold up others
                place: AbstractContextManager[Lease] = app.lease(
                    "snapshots-prune", lease, suffix=run.selection.shard.suffix
                )
                held = stack.enter_context(place)
            interrupts.require_none()
            view = _view(app, run, held, interrupts.asked, as_job=as_job)
        with interrupts.gently():
            return _act(app, view, held, interrupts.asked, as_job=as_job)


@contextmanager
def _changing_nothing() -> Iterator[None]:
    """What may be cut off anywhere."""
    try:
        yield
    except KeyboardInterrupt:
        raise Interrupted("interrupted", hint="nothing was changed: run the same command again") from None


def _dry_run(app: App, run: Run, *, as_job: bool) -> int:
    view = _view(app, run, Alone(), lambda: False, as_job=as_job)
    app.output.result(plan_data(view.plan, view.rules_of, view.now, act=False), findings=view.findings)
    return PENDING if view.plan.pending else 0


def _act(app: App, view: "_View", lease: Lease, stopped: Callable[[], bool], *, as_job: bool) -> int:
    data = plan_data(view.plan, view.rules_of, view.now, act=True)
    findings = view.findings
    if not view.plan.actions:
        app.output.result(data, findings=findings)
        return 0
    clock = app.clock()
    planning.require_fresh(clock() - view.now, _STALE_AFTER)
    common = {
        "run": str(uuid.uuid4()),
        "fleet": app.fleet.name,
        "project": app.fleet.project,
        "principal": app.google_target().principal(),
    }
    journal = app.journal("snapshots-prune", common, _log(app) if as_job else (lambda _: None))
    report = sweep(
        view.plan,
        view.store,
        view.rules_of,
        journal=journal,
        clock=clock,
        lease=lease,
        stopped=stopped,
        clock_ahead=lambda: app.clock_ahead,
    )
    measured = view.measure(stopped) if report.error is None else NotMeasured("the run ended early")
    if report.error is None and stopped():
        report.error = Interrupted(
            "interrupted when all was done", hint="only what it freed was not measured to the end"
        )
    data |= results_data(report, measured)
    show_report(app, report, measured)
    if isinstance(measured, NotMeasured):
        findings.append(Finding("not-measured", Severity.WARNING, "freed bytes", measured.why))
    if report.error is not None:
        report.error.data = data
        report.error.findings = tuple(findings) if app.output.json else ()
        raise report.error
    failed = report.failed or isinstance(measured, NotMeasured)
    app.output.result(data, status=Status.PARTIAL if failed else Status.OK, findings=findings)
    return FAILED if failed else 0


def _log(app: App) -> Callable[[str], None]:
    return lambda line: app.output.say(log_line(line))


@dataclass(frozen=True, slots=True)
class _View:
    """What a run sees before it acts.

    Attributes:
        store: The project.
        rules_of: The rules of a notebook.
        register: The fleet's notebooks.
        now: When reading began.
        plan: What there is to do.
        findings: What people should know of it.
    """

    store: "GoogleSnapshots"
    rules_of: RulesOf
    register: Register
    now: datetime
    plan: PrunePlan
    findings: list[Finding]

    def measure(self, stopped: Callable[[], bool]) -> Measured | NotMeasured:
        """What the fleet's snapshots add up to now, against the plan; not once nobody wants to wait."""
        stored, settled = 0, True
        try:
            for snapshot in self.store.snapshots():
                if stopped():
                    return NotMeasured("interrupted")
                if snapshot.created <= self.now and self.register.belonging(snapshot):
                    stored += snapshot.storage_bytes
                    settled = settled and snapshot.storage_settled
        except ProvisionerError as error:
            return NotMeasured(error.message)
        return Measured(self.plan.total_bytes - stored, settled)


def _view(app: App, run: Run, lease: Lease, stopped: Callable[[], bool], *, as_job: bool) -> _View:
    """Read, plan, and show the plan."""
    rules_of = rules_for(app, run.rules)
    store = app.snapshots(per_second=run.per_second, heartbeat=_Heartbeat(lease), stopped=stopped)
    notebooks = store.notebooks()
    planning.require_right_clock(app.clock_ahead)
    now = app.clock()()
    register = register_for(app, notebooks, run.selection)
    try:
        plan = planning.make(store.snapshots(), register, rules_of, run.caps, now)
    except OutOfOrder:
        plan = planning.make(newest_first(store.snapshots()), register, rules_of, run.caps, now)
    require_known(app, run.selection, register, plan.seen)
    findings = unreachable(notebooks) + unseen(run.selection, plan.seen)
    if plan.pending:
        findings += recycle_bin(store.recycle_bin(), as_job=as_job)
    show_plan(app, plan, now)
    app.output.findings(findings)
    return _View(store, rules_of, register, now, plan, findings)


class _Heartbeat:
    """Keeps a lease while reading takes its time; gives up quietly: acting asks for the lease in earnest."""

    def __init__(self, lease: Lease) -> None:
        self._renew: Callable[[], None] = lease.renew

    def __call__(self) -> None:
        try:
            self._renew()
        except ProvisionerError:
            self._renew = lambda: None


def rules_for(app: App, overrides: Mapping[str, Any]) -> RulesOf:
    """The rules of each notebook, in being or gone; labels that keep are added to the fleet file's."""

    def read(settings: "Snapshots") -> Rules:
        labels = dict.fromkeys((*settings.keep_labels, *overrides.get("keep_labels", ())))
        return Rules.read(settings, {**overrides, "keep_labels": tuple(labels)})

    defaults = read(app.fleet.defaults.snapshots)
    by_name = {
        notebook.name: replace(read(notebook.snapshots), orphans=defaults.orphans)
        for notebook in app.fleet.resolved_notebooks
    }
    return lambda key: by_name.get(key[1], defaults)


def register_for(
    app: App, notebooks: Notebooks, selection: Selection, *, strangers: bool = False
) -> Register:
    """Whose the snapshots are; *strangers* as `Register` takes it."""
    zones = {notebook.name: notebook.zone for notebook in app.fleet.resolved_notebooks}
    return Register(app.fleet.name, zones, notebooks, selection.former, selection.takes, strangers=strangers)


def require_known(app: App, selection: Selection, register: Register, seen: Collection[NotebookKey]) -> None:
    """Hold the names that were given to be of notebooks that are there, were, or left snapshots.

    Args:
        app: The command's App.
        selection: Has the names.
        register: The fleet's notebooks.
        seen: The notebooks whose snapshots were found.

    Raises:
        NotFound: One is of none.
    """
    if selection.shard.count > 1:  # another part may have seen it
        return
    found = {name for _, name in seen}
    unknown = sorted(name for name in selection.names - found if not register.knows(name))
    if unknown:
        silent = ", ".join(sorted(register.unreachable))
        raise NotFound(
            f"no notebook {', '.join(unknown)} in the fleet {app.fleet.name}, and no snapshot that one left",
            hint=f"its notebooks: {', '.join(register.names) or 'none'}"
            + (f"; nobody knows of {silent}, which did not answer" if silent else ""),
        )


def wrong_clock(app: App) -> list[Finding]:
    """What people should know of this machine's clock."""
    try:
        planning.require_right_clock(app.clock_ahead)
    except planning.WrongClock as error:
        return [Finding(error.code, Severity.WARNING, "clock", error.message, error.hint)]
    return []


def unseen(selection: Selection, seen: Collection[NotebookKey]) -> list[Finding]:
    """What people should know of former notebooks that they named and that left nothing, as a typo does."""
    names = sorted(set(selection.former) - {name for _, name in seen}) if selection.shard.count == 1 else []
    return [
        Finding(
            "former-unseen",
            Severity.WARNING,
            name,
            f"no snapshot of a boot disk {name}-boot is there: nothing is changed by --former {name}",
            "look for the name with: nbp snapshots list --origin stray --origin unclaimed",
        )
        for name in names
    ]


def unreachable(notebooks: Notebooks) -> list[Finding]:
    """What people should know of places that did not answer."""
    return [
        Finding(
            "zone-unreachable",
            Severity.WARNING,
            place,
            "it did not answer: all snapshots of notebooks that were not found, there or elsewhere, are kept",
            "run it again later",
        )
        for place in sorted(notebooks.unreachable)
    ]
