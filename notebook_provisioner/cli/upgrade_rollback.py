"""What ``nbp upgrade rollback`` does: show the points, say what is lost, ask, go back, verify."""

from collections.abc import Sequence
from dataclasses import dataclass

from notebook_provisioner.cli import upgrade_report
from notebook_provisioner.cli.app import App
from notebook_provisioner.cli.confirm import confirm
from notebook_provisioner.cli.parameters import StorageObject
from notebook_provisioner.cli.upgrade_conduct import Conduct
from notebook_provisioner.core.errors import NotFound, Refused
from notebook_provisioner.core.findings import Finding, Severity
from notebook_provisioner.core.notebooks import SETTLED
from notebook_provisioner.core.procedures import Gone, roll_out
from notebook_provisioner.core.upgrades import rollback
from notebook_provisioner.core.upgrades.observed import Observed
from notebook_provisioner.core.upgrades.preflight import ROLLBACK_PERMISSION
from notebook_provisioner.core.upgrades.procedure import ROLLBACK_KIND
from notebook_provisioner.core.upgrades.rollback import RollbackPoint
from notebook_provisioner.core.upgrades.running import Task


@dataclass(frozen=True, slots=True)
class Request:
    """One rollback, as it was asked for.

    Attributes:
        name: The notebook's name.
        zone: Its zone.
        to: The snapshot; None for the newest.
        notify: A program that is told, and its arguments; empty for none.
        lease: Where the lease is kept; None for the usual place.
    """

    name: str
    zone: str
    to: str | None
    notify: tuple[str, ...]
    lease: StorageObject | None


def run(app: App, request: Request, *, yes: bool) -> int:
    """``nbp upgrade rollback``.

    Returns:
        The exit status.

    Raises:
        NotFound: There is no such notebook, or no such rollback point.
        NotARollbackPoint: The snapshot cannot be used.
        Refused: The notebook is being changed, or in another run's hands.
    """
    conduct = Conduct(app, ROLLBACK_KIND, command=request.notify)
    seen = _look(conduct, request)
    names = rollback.snapshot_names(seen.instance)
    found = rollback.points(seen.instance, app.snapshots().again(names, []).snapshots if names else {})
    _show(app, found)
    point = rollback.choose(found, request.name, request.to)
    app.output.say(f"A rollback to {point.snapshot} loses:")
    for loss in rollback.losses(point):
        app.output.say(f"  - {loss}")
    app.output.say(f"It keeps: {rollback.KEPT}.")
    if request.to is None and not yes:
        app.output.say(f"To do it: nbp upgrade rollback {request.name} --to {point.snapshot}")
        app.output.result({"notebook": request.name, "points": found})
        return 0
    if seen.instance.state not in SETTLED:
        raise Refused(
            f"{request.name} is {seen.instance.state}: only one that is ACTIVE or STOPPED is rolled back",
            hint="wait until it is",
        )
    confirm(app, f"Roll {request.name} back to {point.snapshot}?", yes=yes)
    findings = _permission(conduct, request)
    app.output.findings(findings)
    task = Task(request.zone, request.name)
    with app.lease("upgrade", request.lease) as lease:
        report = roll_out(
            [[task]],
            lambda _: conduct.roll_back(seen, point.snapshot, point.version),
            parallel=1,
            failure_budget=0,
            between=lease.renew,
            abandon=conduct.break_off,
        )
    if report.refusal is not None:
        raise report.refusal
    return upgrade_report.end(app, conduct.conductor, conduct.took, report.jobs, (), findings=findings)


def _look(conduct: Conduct, request: Request) -> Observed:
    try:
        return conduct.notebook(request.zone, request.name).observe()
    except Gone:
        raise NotFound(
            f"there is no notebook {request.name} in {request.zone}", hint="nbp list shows what there is"
        ) from None


def _show(app: App, found: Sequence[RollbackPoint]) -> None:
    rows = [
        (
            point.snapshot,
            f"{point.taken:%Y-%m-%d %H:%M}" if point.taken else "unknown",
            point.version or "unknown",
            point.image or "unknown",
            point.problem or "yes",
        )
        for point in found
    ]
    if rows:
        app.output.table("", ("Snapshot", "Taken (UTC)", "Version", "Image", "Usable"), rows)


def _permission(conduct: Conduct, request: Request) -> list[Finding]:
    if conduct.reader.holds(request.zone, request.name, ROLLBACK_PERMISSION):
        return []
    return [
        Finding(
            "upgrade-rollback-permission",
            Severity.WARNING,
            request.name,
            f"Google does not confirm that you hold {ROLLBACK_PERMISSION}: its page names it, and no "
            "list of roles or permissions does",
            "should it be refused: roles/notebooks.admin and roles/notebooks.editor may roll back, and a "
            "custom role that names this permission is probably refused",
        )
    ]
