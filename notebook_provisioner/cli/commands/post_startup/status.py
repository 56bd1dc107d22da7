"""``nbp post-startup status``."""

import click

from notebook_provisioner.cli.app import App, pass_app
from notebook_provisioner.cli.main import global_options
from notebook_provisioner.cli.selection import Selector, selection


@click.command()
@selection
@global_options
@pass_app
def status(app: App, *, selector: Selector) -> None:
    """Say which script each notebook ran, which it should have, and what is wrong.

    Reads the scripts' own reports in guest attributes; where one is not as it should be, the serial
    console and the script bucket too. Changes nothing. Without names: every notebook. Everybody on a
    notebook can write its guest attributes, so a report is its word, not proof.

    \b
    Exit status: 0 every notebook ran the wanted script to its end, 1 failed, 3 one did not.

    \b
    Example:
      nbp post-startup status --fleet examples/quickstart/fleet.yaml
      nbp post-startup status ana-research --format json
    """  # noqa: D301  # Click takes the character \b as: keep these lines as they are
    from notebook_provisioner.cli import (
        script_status,  # reads the fleet's models, which --help must not pay for
    )

    notebooks = selector.select(app.fleet, default_all=True)
    click.get_current_context().exit(script_status.show(app, notebooks))
