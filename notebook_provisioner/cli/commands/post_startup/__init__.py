"""``nbp post-startup``: the scripts that harden notebooks."""

import click

from notebook_provisioner.cli.commands.post_startup.render import render
from notebook_provisioner.cli.commands.post_startup.rerun import rerun
from notebook_provisioner.cli.commands.post_startup.status import status
from notebook_provisioner.cli.commands.post_startup.test import test


@click.group()
def post_startup() -> None:
    """Render, watch and re-run the scripts that harden notebooks.

    nbp apply renders and uploads them; each notebook runs its own as root after its first start,
    and reports how that ended in the guest attribute notebook-provisioner/status.
    """


post_startup.add_command(render)
post_startup.add_command(rerun)
post_startup.add_command(status)
post_startup.add_command(test)
