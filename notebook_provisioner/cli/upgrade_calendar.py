"""What ``nbp upgrade plan`` does: read, plan, show, write."""

import dataclasses
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from notebook_provisioner.cli.app import App
from notebook_provisioner.core.counting import counted
from notebook_provisioner.core.errors import InvalidInput
from notebook_provisioner.core.findings import Finding, Severity
from notebook_provisioner.core.upgrades import calendar
from notebook_provisioner.core.upgrades.facts import Sight
from notebook_provisioner.core.upgrades.plan import (
    HARMLESS,
    UPGRADE_IMPACT,
    ScheduledUpgrade,
    UpgradePlan,
)
from notebook_provisioner.core.upgrades.policy import Rollout, policies

if TYPE_CHECKING:
    from notebook_provisioner.adapters.google.upgrades import UpgradeFacts

FOUND: Final = 3  # the CLI contract: a check found something
_TABLE_LIMIT: Final = 50


@dataclasses.dataclass(frozen=True, slots=True)
class Request:
    """A plan, as asked for.

    Attributes:
        overrides: What wins over the fleet file's ``rollout``.
        weeks: How far to look ahead.
        ical: Where an iCalendar file goes; None for none.
        html: Where the picture goes; None for none.
    """

    overrides: Mapping[str, Any]
    weeks: int
    ical: Path | None
    html: Path | None


def reader(app: App) -> "UpgradeFacts":
    """Reads the fleet's project.

    Raises:
        TargetUnreachable: The sandbox does not come up.
    """
    from notebook_provisioner.adapters.google.rest import Rest
    from notebook_provisioner.adapters.google.upgrades import UpgradeFacts

    return UpgradeFacts(Rest(app.google_target()), app.fleet.project)


def belonging(app: App) -> Callable[[str, str, str | None], bool]:
    """Tells the fleet's notebooks: by their label, else by the fleet file."""
    fleet = app.fleet.name
    listed = {(notebook.zone, notebook.name) for notebook in app.fleet.resolved_notebooks}
    return lambda zone, name, label: label == fleet if label is not None else (zone, name) in listed


def make_plan(app: App, sight: Sight, overrides: Mapping[str, Any], now: datetime, weeks: int) -> UpgradePlan:
    """The calendar for *sight*, by the fleet file.

    Args:
        app: The command's App.
        sight: What was read.
        overrides: What wins over the fleet file's ``rollout``.
        now: The present.
        weeks: How far to look ahead.
    """
    fleet = app.fleet
    rollout = Rollout.read(fleet.rollout, overrides)
    until = now + timedelta(weeks=weeks)
    return calendar.make(sight, policies(fleet.resolved_notebooks), rollout, now, until)


def show_plan(app: App, request: Request) -> int:
    """``nbp upgrade plan``.

    Returns:
        The exit status.
    """
    now = app.clock()()
    sight = reader(app).look(belonging(app), durations=True)
    plan = make_plan(app, sight, request.overrides, now, request.weeks)
    names = {"fleet": app.fleet.name, "project": app.fleet.project}
    if request.ical is not None:
        from notebook_provisioner.core.upgrades import ical

        _write(app, request.ical, ical.render(plan, **names))
    if request.html is not None:
        from notebook_provisioner.core.upgrades import timeline

        _write(app, request.html, timeline.render(plan, **names, templates=_templates()).encode())
    findings = _stranded(plan)
    _show_table(app, plan)
    app.output.findings(findings)
    app.output.result(_plan_data(plan), findings=findings)
    return FOUND if plan.upgrades or findings else 0


def _stranded(plan: UpgradePlan) -> list[Finding]:
    return [
        Finding(item.why.value, Severity.WARNING, item.name, item.message, item.remedy)
        for item in plan.stranded
    ]


def _show_table(app: App, plan: UpgradePlan) -> None:
    waves = plan.wave_of()
    planned = plan.upgrades
    shown = planned if app.settings.verbose else planned[:_TABLE_LIMIT]
    if shown:
        app.output.table(
            "",
            ("Wave", "Notebook", "To", "Begins", "Takes", "Closes", "Machine", "Snapshot", "Interrupts"),
            [_plan_row(item, waves[item.key].number) for item in shown],
        )
    hidden = f"; {len(planned) - len(shown)} not shown, -v shows them" if len(planned) > len(shown) else ""
    counts = _counts(plan)
    left = ", ".join(f"{count} {why}" for why, count in counts.items())
    waves_ahead = f"{counted(len(plan.waves), 'wave')} until {plan.until:%Y-%m-%d}"
    app.output.text(f"{len(planned)} to upgrade in {waves_ahead}{hidden}. Not upgraded: {left or 'none'}.")
    if planned:
        machine = sum(item.cost.machine_hours for item in planned)
        month = sum(item.cost.usd_per_month for item in planned)
        app.output.text(
            f"It costs {machine:.1f} hours of machines that would be stopped, and snapshots for ${month:.2f} "
            "a month at most, until they are pruned."
        )


def _plan_row(item: ScheduledUpgrade, wave: int) -> tuple[str, ...]:
    zone = ZoneInfo(item.time_zone)
    return (
        f"{wave}, canary" if item.canary else str(wave),
        item.name,
        item.target_version,
        f"{item.start.astimezone(zone):%a %Y-%m-%d %H:%M %Z}",
        f"{item.expected // timedelta(minutes=1)} min",
        f"{item.deadline.astimezone(zone):%H:%M}",
        f"{item.cost.machine_hours:.1f} h" if item.cost.machine_hours else "-",
        f"${item.cost.usd_per_month:.2f}/month",
        "; ".join(item.interrupts) or "nobody",
    )


def _counts(plan: UpgradePlan) -> dict[str, int]:
    counts: dict[str, int] = {}
    for item in plan.left_out:
        counts[item.why.value] = counts.get(item.why.value, 0) + 1
    return dict(sorted(counts.items()))


def _plan_data(plan: UpgradePlan) -> dict[str, Any]:
    return {
        "made": plan.made,
        "until": plan.until,
        "parallelism": plan.parallelism,
        "waves": [
            {
                "number": wave.number,
                "canary": wave.canary,
                "not_before": wave.not_before,
                "upgrades": [_upgrade_data(item) for item in wave.upgrades],
            }
            for wave in plan.waves
        ],
        "left_out": [
            {
                **{field.name: getattr(item, field.name) for field in dataclasses.fields(item)},
                "harmless": item.why in HARMLESS,
            }
            for item in plan.left_out
        ],
        "counts": _counts(plan),
    }


def _upgrade_data(item: ScheduledUpgrade) -> dict[str, Any]:
    data = {field.name: getattr(item, field.name) for field in dataclasses.fields(item)}
    del data["expected"]
    return data | {
        "end": item.end,
        "expected_minutes": item.expected // timedelta(minutes=1),
        "impact": UPGRADE_IMPACT,
    }


def _templates() -> dict[str, str]:
    folder = resources.files("notebook_provisioner.cli").joinpath("templates")
    return {name: folder.joinpath(name).read_text("utf-8") for name in ("timeline.html.j2", "timeline.css")}


def _write(app: App, path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise InvalidInput(f"{path} cannot be written: {error.strerror}") from None
    app.output.say(f"Wrote {path}")
