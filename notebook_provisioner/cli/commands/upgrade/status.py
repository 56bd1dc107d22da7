"""``nbp upgrade status``."""

import click

from notebook_provisioner.cli.app import App, pass_app
from notebook_provisioner.cli.main import global_options
from notebook_provisioner.cli.selection import Selector, selection


@click.command()
@selection
@global_options
@pass_app
def status(app: App, *, selector: Selector) -> None:
    """Show what each notebook runs, what there is to upgrade to, and whether its own schedule fires.

    Shows every notebook of the fleet unless some are named. What is available is the Notebooks API's
    answer, in its own words. Dates that no source names are unknown. Workbench's own schedule, the
    metadata key notebook-upgrade-schedule, passes over stopped notebooks: with idle shutdown, it may
    never fire. Former user-managed notebooks are named: the API cannot upgrade them.

    \b
    Exit status: 0 done, 1 failed or no such notebook, 3 something needs attention.

    \b
    Example:
      nbp upgrade status --fleet examples/quickstart/fleet.yaml
      nbp upgrade status ana-research --format json
    """  # noqa: D301  # Click takes the character \b as: keep these lines as they are
    from notebook_provisioner.cli import (
        upgrade_status,
    )  # reads the fleet's models, which --help must not pay

    found = selector.select(app.fleet, default_all=True)
    status = upgrade_status.show_status(app, found, whole_fleet=not selector.is_narrow)
    click.get_current_context().exit(status)
