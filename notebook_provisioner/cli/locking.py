"""What the lock commands share: read what is known, go to the machine where that is asked for, show."""

import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final

from notebook_provisioner.adapters.ssh import Gcloud, IapShell
from notebook_provisioner.cli.confirm import confirm
from notebook_provisioner.cli.output import Status
from notebook_provisioner.cli.procedures import require_none_open
from notebook_provisioner.cli.script_status import facts_reader
from notebook_provisioner.core.counting import counted
from notebook_provisioner.core.errors import ProvisionerError, Refused
from notebook_provisioner.core.findings import Finding, Severity
from notebook_provisioner.core.lock import FlagState, Lock, infer, probed
from notebook_provisioner.core.notebooks import ACTIVE
from notebook_provisioner.core.plan import Impact, Plan, Step
from notebook_provisioner.core.procedures import Unanswered

if TYPE_CHECKING:
    from notebook_provisioner.cli.app import App
    from notebook_provisioner.core.fleet import ResolvedNotebook

PENDING: Final = 3  # the CLI contract: a check found something
FAILED: Final = 1
_TUNNELS: Final = 8  # at a time


def gcloud(app: "App") -> Gcloud:
    """What makes the way to a machine: gcloud, or what stands in for it on the sandbox."""
    if app.fleet.target == "google":
        return Gcloud()
    connection = app.connect_sandbox()
    return Gcloud(
        (sys.executable, "-m", "notebook_provisioner.sandbox.ssh"),
        {"NBP_SANDBOX_URL": connection.url, "NBP_SANDBOX_TOKEN": connection.token},
    )


def show(app: "App", notebooks: "Sequence[ResolvedNotebook]", *, probe: bool) -> int:
    """``nbp lock show``.

    Returns:
        The exit status.
    """
    reader = facts_reader(app)
    instances = reader.instances()

    def known(one: "ResolvedNotebook") -> Lock:
        instance = instances.get((one.zone, one.name))
        console = reader.console(one.zone, one.name) if instance and instance.vm else None
        return infer(one.name, one.zone, instance, console)

    with ThreadPoolExecutor(_TUNNELS) as pool:
        locks = list(pool.map(known, notebooks))
    findings: list[Finding] = []
    if probe:
        locks, findings = _on_the_machines(app, locks, lambda shell: shell.probe())
    _table(app, locks)
    app.output.findings(findings)
    app.output.result(
        {"fleet": app.fleet.name, "locks": locks},
        status=Status.PARTIAL if findings else Status.OK,
        findings=findings,
    )
    return FAILED if findings else 0


def change(
    app: "App", notebooks: "Sequence[ResolvedNotebook]", *, present: bool, act: bool, yes: bool
) -> int:
    """``nbp lock set`` and ``nbp lock clear``.

    Returns:
        The exit status.

    Raises:
        Refused: A notebook is in no state for it; nothing was changed.
    """
    instances = facts_reader(app).instances()
    locks = [infer(one.name, one.zone, instances.get((one.zone, one.name)), None) for one in notebooks]
    plan = _plan(locks, present=present)
    app.output.table(
        "",
        ("Notebook", "State", "Does", "Because"),
        [
            (step.subject, lock.state, step.action, step.reason)
            for step, lock in zip(plan.steps, locks, strict=True)
        ],
    )
    if wrong := [finding for lock in locks for finding in _obstacles(lock)]:
        raise Refused(
            f"nothing was changed: {', '.join(finding.subject for finding in wrong)} cannot be reached",
            hint="do what the findings say, or leave those notebooks out",
            findings=wrong,
        )
    data: dict[str, Any] = {"fleet": app.fleet.name, "dry_run": not act, "plan": plan.steps}
    if not act:
        app.output.result(data)
        return PENDING
    require_none_open(app, {(one.zone, one.name) for one in notebooks})
    word = "Lay" if present else "Take away"
    confirm(app, f"{word} the flag on {counted(len(locks), 'notebook')}?", yes=yes)
    changed, findings = _on_the_machines(app, locks, lambda shell: shell.set_flag(present=present))
    _table(app, changed)
    app.output.findings(findings)
    status = Status.PARTIAL if findings else Status.OK
    app.output.result({**data, "locks": changed}, status=status, findings=findings)
    return FAILED if findings else 0


def _plan(locks: Sequence[Lock], *, present: bool) -> Plan:
    if present:
        action, reason = "touch the flag over iap-ssh", "c2d's scripts do not run at the next start"
    else:
        action, reason = "remove both flags over iap-ssh", "all of c2d's scripts run at the next start"
    steps = tuple(Step(lock.notebook, action, reason, Impact.LIVE) for lock in locks)
    return Plan(steps, None if steps else "no notebook was named")


def _obstacles(lock: Lock) -> list[Finding]:
    if not lock.way:
        return [_finding("lock-no-way", lock, lock.words)]
    if lock.state != ACTIVE:
        return [_finding("lock-off", lock, f"it is {lock.state}: SSH reaches a machine that runs")]
    return []


def _on_the_machines(
    app: "App", locks: Sequence[Lock], do: Callable[[IapShell], Any]
) -> tuple[list[Lock], list[Finding]]:
    """What was found on the machines that can be reached, and what went wrong on the way."""
    program = gcloud(app)

    def one(lock: Lock) -> tuple[Lock, Finding | None]:
        if not lock.way or lock.state != ACTIVE:
            return lock, None
        try:
            flag = do(IapShell(app.fleet.project, lock.zone, lock.notebook, program))
        except (ProvisionerError, Unanswered) as error:
            return lock, _finding("lock-unreachable", lock, str(error), getattr(error, "hint", None))
        return (
            probed(lock.notebook, lock.zone, lock.state, flag.flags, flag.unit, has_c2d=flag.has_c2d),
            None,
        )

    with ThreadPoolExecutor(_TUNNELS) as pool:
        done = list(pool.map(one, locks))
    return [lock for lock, _ in done], [finding for _, finding in done if finding]


def _finding(code: str, lock: Lock, message: str, remedy: str | None = None) -> Finding:
    return Finding(code, Severity.ERROR, lock.notebook, message, remedy)


def _table(app: "App", locks: Sequence[Lock]) -> None:
    app.output.table(
        "",
        ("Notebook", "State", "Flag", "Says", "File", "Words"),
        [
            (
                lock.notebook,
                lock.state,
                lock.flag.value,
                lock.source.value,
                ", ".join(lock.paths) or "-",
                f"{lock.words}; {lock.way} can tell" if _is_open(lock) else lock.words,
            )
            for lock in locks
        ],
    )


def _is_open(lock: Lock) -> bool:
    return lock.flag is FlagState.UNKNOWN and bool(lock.way)
