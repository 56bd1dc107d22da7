"""What ``nbp upgrade run`` does: choose, ask, take the lease, act, report."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, Self

from notebook_provisioner.cli import upgrade_report
from notebook_provisioner.cli.app import App
from notebook_provisioner.cli.confirm import confirm
from notebook_provisioner.cli.parameters import Shard, StorageObject
from notebook_provisioner.cli.procedures import require_none_open
from notebook_provisioner.cli.upgrade_conduct import Conduct
from notebook_provisioner.core.counting import counted
from notebook_provisioner.core.errors import Refused
from notebook_provisioner.core.findings import Finding, Severity
from notebook_provisioner.core.procedures import Job, Record, roll_out
from notebook_provisioner.core.upgrades import due, families, preflight
from notebook_provisioner.core.upgrades.plan import LeftOut
from notebook_provisioner.core.upgrades.preflight import Rules
from notebook_provisioner.core.upgrades.procedure import ROLLBACK_KIND, UPGRADE_KIND
from notebook_provisioner.core.upgrades.running import Task

if TYPE_CHECKING:
    from notebook_provisioner.core.fleet import ResolvedNotebook

_WEEKS: Final = 8  # that the calendar looks ahead
_KINDS: Final = frozenset({UPGRADE_KIND, ROLLBACK_KIND})


class Unsuitable(Refused):
    """What an upgrade needs of the project is not there."""

    code = "upgrade-unsuitable"


@dataclass(frozen=True, slots=True)
class Request:
    """One run, as it was asked for.

    Attributes:
        notebooks: Those that it is about.
        named: Whether they were asked for by name.
        now: Whether windows do not matter.
        job: Whether it is the scheduled job: log lines, and what an earlier run left is carried on first.
        resume: Whether only what earlier runs left is carried on.
        dry_run: Whether nothing is changed.
        canaries: Names of those that go first; the fleet file's where there are none.
        parallel: How many at a time; the fleet file's where None.
        failure_budget: With more failures than this, no other notebook is begun.
        family: The image family that they are asked into; None for their own.
        rules: What they may bear.
        notify: A program that is told, and its arguments; empty for none.
        shard: The part of the fleet that this run takes.
        lease: Where the lease is kept; None for the usual place.
    """

    notebooks: "tuple[ResolvedNotebook, ...]"
    named: bool
    now: bool
    job: bool
    resume: bool
    dry_run: bool
    canaries: frozenset[str]
    parallel: int | None
    failure_budget: int
    family: str | None
    rules: Rules
    notify: tuple[str, ...]
    shard: Shard
    lease: StorageObject | None

    @property
    def places(self) -> tuple[tuple[str, str], ...]:
        """Zone and name of each notebook of this run's shard."""
        keys = ((one.zone, one.name) for one in self.notebooks)
        return tuple(key for key in keys if self.shard.takes(key))


@dataclass(frozen=True, slots=True)
class Choice:
    """What a run is going to do.

    Attributes:
        waves: The notebooks to be upgraded, the canaries first.
        left_out: Those that the calendar leaves out, and why.
        kept: Those that a look at them keeps as they are, and why.
        versions: What the calendar knows of them: the version that each has, and the one on offer.
    """

    waves: Sequence[Sequence[Task]] = ()
    left_out: Sequence[LeftOut] = ()
    kept: Sequence[tuple[Task, str]] = ()
    versions: Mapping[tuple[str, str], tuple[str, str]] = field(default_factory=dict)

    @property
    def tasks(self) -> tuple[Task, ...]:
        """Every notebook, in the order of the waves."""
        return tuple(task for wave in self.waves for task in wave)

    def after(self, looks: Sequence[str | None]) -> Self:
        """What is left to be done after a look at each of the tasks, which told why it must stay as it is."""
        kept = {task.key: (task, why) for task, why in zip(self.tasks, looks, strict=True) if why}
        waves = [[task for task in wave if task.key not in kept] for wave in self.waves]
        return replace(self, waves=[wave for wave in waves if wave], kept=tuple(kept.values()))


@dataclass(slots=True)
class Done:
    """What became of a run.

    Attributes:
        resumed: What an earlier run had left.
        jobs: What was begun, or held back.
    """

    resumed: list[Job[Record]] = field(default_factory=list)
    jobs: list[Job[Task]] = field(default_factory=list)


def run(app: App, request: Request, *, yes: bool) -> int:
    """``nbp upgrade run``.

    Returns:
        The exit status.

    Raises:
        RecordOpen: A notebook that was named is in the middle of something.
        NotFound: There is no such image family.
        Unsuitable: The project lacks something.
    """
    by_name = request.named and not (request.resume or request.job)
    if by_name:
        require_none_open(app, request.places)
    choice = Choice() if request.resume else _choose(app, request)
    conduct = Conduct(app, UPGRADE_KIND, command=request.notify, log=request.job)
    conduct.conductor.rules, conduct.conductor.versions = request.rules, dict(choice.versions)
    asked = choice.tasks
    findings = _surroundings(conduct, request, asked) if asked else ()
    if request.dry_run or not request.job:  # a job asks nobody, and looks at each when its turn comes
        conduct.note_open()
        choice = choice.after(conduct.look(asked))
    if asked:
        findings += _suited(conduct, len(choice.tasks))
    left = upgrade_report.left_rows(conduct.conductor, choice.kept, choice.left_out)
    upgrade_report.show_choice(app, choice.tasks, left, conduct.clock())
    if request.dry_run:
        return upgrade_report.dry_run(app, conduct.conductor, choice.tasks, left, findings)
    done = Done()
    if choice.tasks or request.resume or request.job:
        if choice.tasks:
            words = f"Upgrade {counted(len(choice.tasks), 'notebook')}? Their kernels are lost."
            confirm(app, words, yes=yes)
        with app.lease("upgrade", request.lease, suffix=request.shard.suffix) as lease:
            done = _act(conduct, request, choice, lease.renew)
    if by_name:
        conduct.require_begun(done.jobs)
    jobs: list[Job[Record] | Job[Task]] = [*done.resumed, *done.jobs]
    return upgrade_report.end(app, conduct.conductor, conduct.took, jobs, left, findings=findings)


def _choose(app: App, request: Request) -> Choice:
    if request.now:
        first = request.canaries or frozenset(app.fleet.rollout.canaries)
        canaries = [Task(*key, canary=True) for key in request.places if key[1] in first]
        others = [Task(*key) for key in request.places if key[1] not in first]
        return Choice([wave for wave in (canaries, others) if wave])
    from notebook_provisioner.cli import upgrade_calendar
    from notebook_provisioner.core.upgrades.policy import policies

    sight = upgrade_calendar.reader(app).look(upgrade_calendar.belonging(app), durations=True)
    now = app.clock()()
    overrides = {"canaries": tuple(request.canaries), "parallelism": request.parallel}
    plan = upgrade_calendar.make_plan(app, sight, overrides, now, _WEEKS)
    chosen = frozenset(request.places)
    waves = due.waves(plan, policies(app.fleet.resolved_notebooks), now, chosen)
    begun = {task.key for wave in waves for task in wave}
    left = [item for item in plan.left_out if item.key in chosen]
    left += due.later(plan, now, chosen - begun)
    versions = {item.key: (item.version, item.upgradability.version) for item in sight.notebooks}
    return Choice(waves, left, versions=versions)


def _surroundings(conduct: Conduct, request: Request, tasks: Sequence[Task]) -> tuple[Finding, ...]:
    """Look at the project, and at the image family, once for all notebooks.

    Raises:
        NotFound: There is no such image family.
    """
    about_family: tuple[Finding, ...] = ()
    if request.family is not None:
        conduct.conductor.family = conduct.reader.family(request.family)
        about_family = families.check(conduct.conductor.family)
    wanted = preflight.PERMISSIONS + (preflight.SNAPSHOT_PERMISSIONS if request.rules.data_snapshot else ())
    conduct.conductor.around = conduct.reader.surroundings(wanted, [task.key for task in tasks])
    return about_family


def _suited(conduct: Conduct, upgrades: int) -> tuple[Finding, ...]:
    """What is to be said about the project before so many upgrades.

    Raises:
        Unsuitable: Something that they need is not there.
    """
    found = preflight.check_project(conduct.conductor.around, conduct.app.fleet.project, upgrades)
    if any(finding.severity is Severity.ERROR for finding in found):
        raise Unsuitable(
            "no notebook was touched: the project lacks what upgrades need",
            hint="see the findings",
            findings=found,
        )
    return found


def _act(conduct: Conduct, request: Request, choice: Choice, renew: Callable[[], None]) -> Done:
    done = Done()
    parallel = request.parallel or conduct.app.fleet.rollout.parallelism
    if request.resume or request.job:
        left = [record for record in conduct.pending(_KINDS) if _is_ours(record, request)]
        done.resumed = roll_out(
            [left] if left else [],
            conduct.resume,
            parallel=parallel,
            failure_budget=len(left),
            between=renew,
            abandon=conduct.break_off,
        ).jobs
    if choice.tasks:
        conduct.note_open()  # what was carried on has come to its end
        done.jobs = roll_out(
            choice.waves,
            conduct.upgrade,
            parallel=parallel,
            failure_budget=request.failure_budget,
            may_start=conduct.may_start,
            between=renew,
            abandon=conduct.break_off,
        ).jobs
    return done


def _is_ours(record: Record, request: Request) -> bool:
    return (record.zone, record.notebook) in request.places
