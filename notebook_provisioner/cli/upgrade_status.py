"""What ``nbp upgrade status`` does: read, judge, show."""

from collections.abc import Sequence
from typing import Any

from notebook_provisioner.cli.app import App
from notebook_provisioner.cli.upgrade_calendar import FOUND, belonging, reader
from notebook_provisioner.core.counting import counted
from notebook_provisioner.core.findings import Severity
from notebook_provisioner.core.fleet import ResolvedNotebook
from notebook_provisioner.core.upgrades import status
from notebook_provisioner.core.upgrades.native_schedule import Verdict
from notebook_provisioner.core.upgrades.policy import policies


def show_status(app: App, notebooks: Sequence[ResolvedNotebook], *, whole_fleet: bool) -> int:
    """``nbp upgrade status``.

    Args:
        app: The command's App.
        notebooks: Those of the fleet file that are asked about.
        whole_fleet: Whether that is all of them: then what bears the fleet's label is shown, too.

    Returns:
        The exit status.
    """
    ours = belonging(app)
    asked = {(notebook.zone, notebook.name) for notebook in notebooks}
    sight = reader(app).look(
        lambda zone, name, label: ours(zone, name, label) and (whole_fleet or (zone, name) in asked)
    )
    now = app.clock()()
    known = policies(app.fleet.resolved_notebooks)
    found = [status.assess(notebook, known, now) for notebook in sight.notebooks]
    found.sort(key=lambda item: (item.notebook.name, item.notebook.zone))
    findings = [finding for standing in found for finding in standing.findings]
    findings += status.about_absent(sight, {key: known[key] for key in asked})
    findings += status.about_project(sight) if whole_fleet else ()
    app.output.table(
        "",
        (
            "Notebook",
            "State",
            "Family",
            "Version",
            "Available",
            "Behind",
            "Upgraded",
            "Support",
            "Own schedule",
        ),
        [_status_row(standing) for standing in found],
    )
    available = sum(1 for standing in found if standing.notebook.upgradability.upgradable)
    app.output.text(f"{counted(len(found), 'notebook')}, {available} with something to upgrade to.")
    app.output.findings(findings)
    data = {
        "fleet": app.fleet.name,
        "notebooks": [_status_data(standing) for standing in found],
        "legacy": sight.legacy if whole_fleet else (),
        "unreachable": sorted(sight.unreachable),
    }
    app.output.result(data, findings=findings)
    return FOUND if any(finding.severity is not Severity.NOTE for finding in findings) else 0


def _status_row(standing: status.Standing) -> tuple[str, ...]:
    notebook, age = standing.notebook, standing.age
    check = notebook.upgradability
    available = {True: check.version, False: "-", None: "unknown"}[check.upgradable]
    return (
        notebook.name,
        notebook.state,
        notebook.family or "unknown",
        notebook.version or "unknown",
        available,
        "unknown" if age.days_behind is None else f"{age.days_behind}d",
        f"{notebook.upgraded:%Y-%m-%d}" if notebook.upgraded else "never",
        f"{age.support_ends:%Y-%m}" if age.support_ends else "unknown",
        "-" if standing.schedule.verdict is Verdict.NONE else standing.schedule.message,
    )


def _status_data(standing: status.Standing) -> dict[str, Any]:
    notebook, age = standing.notebook, standing.age
    check = notebook.upgradability
    return {
        "name": notebook.name,
        "zone": notebook.zone,
        "state": notebook.state,
        "health": notebook.health,
        "family": notebook.family or None,
        "image": notebook.image or None,
        "container": notebook.container or None,
        "machine_type": notebook.machine_type or None,
        "version": notebook.version or None,
        "upgradable": check.upgradable,
        "available_version": check.version or None,
        "available_image": check.image or None,
        "message": check.message,
        "days_behind": age.days_behind,
        "released": age.released,
        "support_ends": age.support_ends,
        "last_upgrade": notebook.upgraded,
        "history": notebook.history,
        "idle_timeout_seconds": notebook.idle_timeout.total_seconds() if notebook.idle_timeout else None,
        "schedule": standing.schedule if standing.schedule.expression else None,
    }
