"""``nbp upgrade rollback``."""

import click

from notebook_provisioner.cli import options
from notebook_provisioner.cli.app import App, pass_app
from notebook_provisioner.cli.main import global_options
from notebook_provisioner.cli.parameters import StorageObject
from notebook_provisioner.cli.selection import Selector


@click.command()
@click.argument("name", metavar="NOTEBOOK")
@click.option("--to", metavar="SNAPSHOT", help="The snapshot to go back to; else the newest.")
@click.option("--yes", is_flag=True, help="Do it, and ask nothing.")
@options.notify()
@options.lease()
@global_options
@pass_app
def rollback(
    app: App,
    *,
    name: str,
    to: str | None,
    yes: bool,
    notify: tuple[str, ...] | None,
    lease: StorageObject | None,
) -> None:
    """Make a notebook's boot disk anew from the snapshot that an upgrade left.

    Without --to and --yes it lists the rollback points, says what going back to the newest would
    lose, and changes nothing. Points are what the upgrade history names and is there and READY. The
    rollback is verified as an upgrade is, and idle timeout and power state are put back.

    \b
    Exit status: 0 done, or listed, 1 failed, 4 refused and nothing changed.

    \b
    Example:
      nbp upgrade rollback ana-research --fleet examples/quickstart/fleet.yaml
      nbp upgrade rollback ana-research --to krwlzipynril
    """  # noqa: D301  # Click takes the character \b as: keep these lines as they are
    from notebook_provisioner.cli import upgrade_rollback  # reads the fleet's models; --help must not pay

    [notebook] = Selector((name,)).select(app.fleet)
    request = upgrade_rollback.Request(
        name=notebook.name,
        zone=notebook.zone,
        to=to,
        notify=notify or (),
        lease=lease,
    )
    click.get_current_context().exit(upgrade_rollback.run(app, request, yes=yes))
