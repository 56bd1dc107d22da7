"""``nbp upgrade plan``."""

from pathlib import Path

import click

from notebook_provisioner.cli import options, parameters
from notebook_provisioner.cli.app import App, pass_app
from notebook_provisioner.cli.main import global_options
from notebook_provisioner.cli.selection import require_canaries

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.option(
    "--weeks", type=click.IntRange(1, 104), default=8, show_default=True, help="How far to look ahead."
)
@options.canary()
@click.option(
    "--soak",
    metavar="TIME",
    type=parameters.DURATION,
    help="How long the others wait after the canaries, as in 1d or 36h.",
)
@click.option("--parallelism", type=click.IntRange(1, 100), help="Upgrades at a time at most.")
@click.option("--wave-size", type=click.IntRange(1, 10_000), help="Notebooks in a wave after the canaries.")
@click.option("--ical", type=_FILE, metavar="FILE", help="Write an iCalendar file, an event an upgrade.")
@click.option("--html", type=_FILE, metavar="FILE", help="Write a picture of the timeline, one HTML file.")
@global_options
@pass_app
def plan(
    app: App,
    *,
    weeks: int,
    canaries: tuple[str, ...],
    soak: str | None,
    parallelism: int | None,
    wave_size: int | None,
    ical: Path | None,
    html: Path | None,
) -> None:
    """Plan the upgrades: which notebook when, what it interrupts, what it costs.

    Nothing is changed. Windows, cadence, blackouts and working hours stand in the fleet file, under
    upgrade:, the order under rollout:; options win over the latter. Every notebook of the fleet gets
    its time, or is named with the reason why not. How long upgrades take is told from those that the
    Notebooks API remembers; while it remembers none, an hour is assumed. Costs are estimates.

    \b
    Exit status: 0 nothing to upgrade, 1 failed, 3 upgrades are planned, or some cannot be.

    \b
    Example:
      nbp upgrade plan --fleet examples/quickstart/fleet.yaml
      nbp upgrade plan --canary ana-research --ical upgrades.ics --html upgrades.html
    """  # noqa: D301  # Click takes the character \b as: keep these lines as they are
    from notebook_provisioner.cli import (
        upgrade_calendar,
    )  # reads the fleet's models, which --help must not pay

    require_canaries(canaries, app.fleet.resolved_notebooks)
    overrides = {"canaries": canaries, "soak": soak, "parallelism": parallelism, "wave_size": wave_size}
    request = upgrade_calendar.Request(overrides=overrides, weeks=weeks, ical=ical, html=html)
    click.get_current_context().exit(upgrade_calendar.show_plan(app, request))
