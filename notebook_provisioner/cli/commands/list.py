"""``nbp list``."""

import click

from notebook_provisioner.cli.app import App, pass_app
from notebook_provisioner.cli.main import global_options
from notebook_provisioner.cli.selection import Selector, selection


@click.command(name="list")
@selection
@global_options
@pass_app
def list_(app: App, *, selector: Selector) -> None:
    """List the fleet's notebooks as they are.

    All of them, unless some are named. Asks the Notebooks and Compute APIs, not Terraform's state.
    A notebook of the fleet file that does not exist is ABSENT; one that bears the fleet's label
    without being in the file says so. --label goes by the fleet file, and shows only its notebooks.

    \b
    Exit status: 0 done, 1 failed.

    \b
    Example:
      nbp list --fleet examples/quickstart/fleet.yaml
    """  # noqa: D301  # Click takes the character \b as: keep these lines as they are
    from notebook_provisioner.cli import changes  # reads the fleet's models, which --help must not pay for

    wanted = {notebook.name for notebook in selector.select(app.fleet, default_all=True)}
    rows = [
        row
        for row in changes.fleet_rows(app, app.notebooks().list())
        if row["name"] in wanted or not selector.is_narrow
    ]
    changes.show_fleet(app, rows)
    app.output.result({"fleet": app.fleet.name, "target": app.fleet.target, "notebooks": rows})
