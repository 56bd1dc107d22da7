"""What ``nbp post-startup rerun`` does: read, plan, ask, carry out, and carry on what a dead run left."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar

from notebook_provisioner.adapters.google.rerunning import RerunWorld
from notebook_provisioner.adapters.google.rest import Rest
from notebook_provisioner.cli import procedures as shared
from notebook_provisioner.cli.confirm import confirm
from notebook_provisioner.cli.locking import gcloud
from notebook_provisioner.cli.output import Status
from notebook_provisioner.cli.script_status import facts_reader, scriptless, simulated, wanted
from notebook_provisioner.core.counting import counted
from notebook_provisioner.core.errors import NotFound, Refused
from notebook_provisioner.core.findings import Finding
from notebook_provisioner.core.procedures import (
    Gone,
    Job,
    Outcome,
    Procedure,
    Record,
    Report,
    carry_out,
    roll_out,
)
from notebook_provisioner.core.rerun import procedures
from notebook_provisioner.core.rerun.observed import Seen
from notebook_provisioner.core.rerun.planning import Rerun, RerunPlan, make_plan
from notebook_provisioner.core.rerun.procedures import KIND, Transport

if TYPE_CHECKING:
    from notebook_provisioner.cli.app import App
    from notebook_provisioner.core.fleet import ResolvedNotebook
    from notebook_provisioner.core.plan import Impact

J = TypeVar("J")

PENDING: Final = 3  # the CLI contract: a check found something
FAILED: Final = 1

# Where notebooks reach Cloud Storage; the lab's machines have no TLS.
_STORAGE: Final = {"google": "https://storage.googleapis.com", "sandbox": "http://storage.googleapis.com"}
_LEASE: Final = "post-startup-rerun"  # keeps a second run of this command away
_UNDONE: Final = "undone"  # everything is as it was before the re-run
_RESUME: Final = f"carry on with: nbp {KIND} --resume"


@dataclass(frozen=True, slots=True)
class Request:
    """A re-run as it was asked for.

    Attributes:
        notebooks: Whose scripts.
        canaries: Names of those that go first.
        transport: By which way; None picks.
        parallel: How many at a time.
        failure_budget: With more failures, no further notebook is begun.
        accept: The most that people may be made to bear.
        accepts_busy: Whether somebody said so, and it is not only the default.
        timeout: How long a script may run.
        act: Whether to do it; the plan alone is shown otherwise.
        yes: Whether to ask nothing.
    """

    notebooks: "Sequence[ResolvedNotebook]"
    canaries: Sequence[str]
    transport: Transport | None
    parallel: int
    failure_budget: int
    accept: "Impact"
    accepts_busy: bool
    timeout: timedelta
    act: bool
    yes: bool


def rerun(app: "App", asked: Request) -> int:
    """Plan a re-run, and carry it out.

    Returns:
        The exit status.

    Raises:
        Refused: Nothing was changed.
    """
    facts = facts_reader(app).read(wanted(app, asked.notebooks), app.clock()(), thorough=True)
    plan = make_plan(
        facts, canaries=asked.canaries, transport=asked.transport, accepts_busy=asked.accepts_busy
    )
    plan = replace(plan, findings=(*plan.findings, *scriptless(asked.notebooks), *simulated(facts)))
    _show_plan(app, plan)
    data = {"fleet": app.fleet.name, "dry_run": not asked.act, "canaries": plan.canaries, "plan": plan.reruns}
    try:
        plan.require(asked.accept)
        shared.require_none_open(app, {(one.zone, one.notebook) for one in plan.reruns})
    except Refused as refusal:
        refusal.data = data
        raise
    app.output.findings(plan.findings)
    if not asked.act or not plan.reruns:
        app.output.result(data, findings=plan.findings)
        return PENDING if plan.reruns else 0
    if any(one.transport is Transport.IAP_SSH for one in plan.reruns):
        gcloud(app).program()  # says that there is none before anything is changed
    crew = _Crew(app, asked.timeout)
    confirm(app, f"Run the scripts of {counted(len(plan.reruns), 'notebook')} again?", yes=asked.yes)
    with app.lease(_LEASE) as held:
        report = crew.roll_out(
            plan.waves,
            crew.begin,
            held.renew,
            parallel=asked.parallel,
            failure_budget=asked.failure_budget,
        )
    results = [_result(job.item.notebook, job.item.zone, job) for job in report.jobs]
    if report.refusal is not None:
        report.refusal.data = {**data, "results": results}
        raise report.refusal
    return _finish(app, {**data, "results": results}, results, plan.findings)


def resume(app: "App", *, undo: bool, parallel: int, timeout: timedelta | None) -> int:
    """Carry on what dead runs left; with *undo* only put back what they changed.

    Args:
        app: The command's App.
        undo: Whether nothing is carried on.
        parallel: How many at a time.
        timeout: How long a script may run; None for what the dead run was asked for.

    Returns:
        The exit status.
    """
    crew = _Crew(app, timeout)
    with app.lease(_LEASE) as held:
        left = crew.left()
        report = crew.roll_out(
            [left],
            crew.put_back if undo else crew.carry_on,
            held.renew,
            parallel=parallel,
            failure_budget=len(left),
        )
    results = [_result(job.item.notebook, job.item.zone, job, undo=undo) for job in report.jobs]
    if not results:
        app.output.text("No re-run was left open.")
    return _finish(app, {"fleet": app.fleet.name, "undo": undo, "results": results}, results)


class _Crew:
    """What the procedures of all notebooks need. Shared between threads."""

    def __init__(self, app: "App", timeout: timedelta | None) -> None:
        self._app = app
        self._timeout = timeout
        self._rest = Rest(app.google_target())
        self._gcloud = gcloud(app)
        self._records = app.records()
        self._clock = app.clock()
        self._pauses = app.pauses()
        self._run = str(uuid.uuid4())

    def left(self) -> list[Record]:
        """Re-runs that were left open."""
        return [record for record in self._records.pending() if record.kind == KIND]

    def roll_out(
        self,
        waves: "Sequence[Sequence[J]]",
        carry: "Callable[[J], Record]",
        renew: "Callable[[], None]",
        *,
        parallel: int,
        failure_budget: int,
    ) -> "Report[J]":
        """Carry out for every notebook, with a lease that *renew* holds."""
        try:
            return roll_out(
                waves,
                carry,
                parallel=parallel,
                failure_budget=failure_budget,
                between=renew,
                abandon=self._pauses.break_off,
            )
        except BaseException:
            self._app.output.say(f"What was begun is on record: {_RESUME}")
            raise

    def begin(self, one: Rerun) -> Record:
        """Open a notebook's record, and carry the re-run out.

        Raises:
            NotFound: It was deleted meanwhile.
            Refused: It is not as the plan has it any more; nothing was changed.
            RecordOpen: It is in the middle of something.
        """
        world = self._world(one.zone, one.notebook)
        try:
            return self._begin(one, world)
        except Gone:
            raise NotFound(f"{one.notebook} was deleted meanwhile") from None

    def _begin(self, one: Rerun, world: RerunWorld) -> Record:
        seen = world.observe()
        record = Record(
            kind=KIND,
            run=self._run,
            project=self._app.fleet.project,
            zone=one.zone,
            notebook=one.notebook,
            started=self._clock(),
            before=procedures.before(seen, one.transport),
            wanted={
                "transport": one.transport.value,
                "uri": one.wanted.uri,
                "sha256": one.wanted.sha256,
                "storage": _STORAGE[self._app.fleet.target],
            }
            | self._asked_timeout(),
        )
        self._records.open(record)
        # Between the look and the record, another procedure may have come to its end, and put things back.
        again = world.observe()
        if (again.state, again.metadata) != (one.state, seen.metadata):
            self._records.close(record)
            raise Refused(f"{one.notebook} was changed in this very moment", hint="run it again")
        return self._carry(procedures.build(record, world), record, world)

    def carry_on(self, record: Record) -> Record:
        """Carry on what a dead run left."""
        world = self._world(record.zone, record.notebook)
        record = replace(record, wanted={**record.wanted, **self._asked_timeout()})
        return self._carry(procedures.build(record, world), record, world)

    def put_back(self, record: Record) -> Record:
        """Put back what a dead run changed."""
        world = self._world(record.zone, record.notebook)
        return self._carry(procedures.undo(record, world), record, world)

    def _asked_timeout(self) -> dict[str, int]:
        """For a record's ``wanted``; nothing where nobody asked for one, and the record's own holds."""
        return {procedures.TIMEOUT: int(self._timeout.total_seconds())} if self._timeout else {}

    def _carry(self, procedure: Procedure[Seen], record: Record, world: RerunWorld) -> Record:
        return carry_out(
            procedure,
            record,
            world,
            records=self._records,
            clock=self._clock,
            sleep=self._pauses.sleep,
            say=lambda about, what: self._app.output.say(f"{about.notebook}: {what}"),
        )

    def _world(self, zone: str, name: str) -> RerunWorld:
        return RerunWorld(self._rest, self._app.fleet.project, zone, name, self._gcloud)


def _show_plan(app: "App", plan: RerunPlan) -> None:
    app.output.table(
        "",
        ("Notebook", "State", "Somebody there", "Way", "Because", "Costs"),
        [
            (
                f"{one.notebook} (canary)" if number < plan.canaries else one.notebook,
                one.state,
                f"{one.use}: {one.use_words}",
                one.transport.value,
                one.reason,
                one.cost,
            )
            for number, one in enumerate(plan.reruns)
        ],
    )


def _result(notebook: str, zone: str, job: Job[Any], *, undo: bool = False) -> dict[str, Any]:
    """What became of one notebook, for people and for JSON."""
    record = job.record
    if job.error is not None:
        result = "refused" if isinstance(job.error, Refused) else "error"
        words = f"{job.error.message}; {job.error.hint or _RESUME}"
    elif record is None:
        result, words = "held-back", job.held_back
    else:
        is_back = record.outcome in {Outcome.SUCCEEDED, Outcome.FAILED}
        result = _UNDONE if undo and is_back else record.outcome.value
        words = "; ".join(
            f"{failure.step}: {failure.reason}" for failure in (record.failure, *record.unrestored) if failure
        )
        if record.outcome is Outcome.UNRESTORED:
            words += f"; {_RESUME}"
    return {"name": notebook, "zone": zone, "result": result, "message": words, "record": record}


def _finish(
    app: "App",
    data: Mapping[str, Any],
    results: Sequence[Mapping[str, Any]],
    findings: Sequence[Finding] = (),
) -> int:
    failed = any(item["result"] not in {Outcome.SUCCEEDED.value, _UNDONE} for item in results)
    if results:
        rows = [(item["name"], item["result"], item["message"]) for item in results]
        app.output.table("", ("Notebook", "Result", "Words"), rows)
    app.output.result(data, status=Status.PARTIAL if failed else Status.OK, findings=findings)
    return FAILED if failed else 0
