"""``nbp upgrade``: upgrades around idle shutdown. One file a subcommand."""

import click

from notebook_provisioner.cli.commands.upgrade.plan import plan
from notebook_provisioner.cli.commands.upgrade.rollback import rollback
from notebook_provisioner.cli.commands.upgrade.run import run
from notebook_provisioner.cli.commands.upgrade.status import status


@click.group()
def upgrade() -> None:
    """Upgrade notebooks in their windows, around idle shutdown.

    An upgrade replaces the boot disk, keeps the data disk, and leaves a snapshot. Workbench upgrades
    running notebooks only: its own schedule passes over one that idle shutdown has stopped.
    """


upgrade.add_command(plan)
upgrade.add_command(status)
upgrade.add_command(run)
upgrade.add_command(rollback)
