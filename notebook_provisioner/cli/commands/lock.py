"""``nbp lock``: the flag that keeps c2d-startup from running again."""

import click

from notebook_provisioner.cli import options
from notebook_provisioner.cli.app import App, pass_app
from notebook_provisioner.cli.main import global_options
from notebook_provisioner.cli.selection import Selector, selection


@click.group()
def lock() -> None:
    """Watch and change the flag that keeps c2d-startup from running again.

    Google's images run c2d-startup's scripts once, and lay /root/google_vm_config.lock. No API shows
    that file: it is inferred from the serial console, or looked at over SSH through IAP with gcloud.
    """


@lock.command()
@selection
@click.option(
    "--transport",
    type=click.Choice(["console", "iap-ssh"]),
    default="console",
    show_default=True,
    help="Infer it from the console, or look at the machine.",
)
@global_options
@pass_app
def show(app: App, *, selector: Selector, transport: str) -> None:
    """Say whether the flag is there, who says so, and who could know better.

    Without names: every notebook. Changes nothing.

    \b
    Exit status: 0 done, 1 failed, or a machine could not be reached.

    \b
    Example:
      nbp lock show --fleet examples/quickstart/fleet.yaml
      nbp lock show ana-research --transport iap-ssh
    """  # noqa: D301  # Click takes the character \b as: keep these lines as they are
    from notebook_provisioner.cli import locking  # reads the fleet's models, which --help must not pay for

    notebooks = selector.select(app.fleet, default_all=True)
    click.get_current_context().exit(locking.show(app, notebooks, probe=transport == "iap-ssh"))


@lock.command()
@selection
@click.option("--dry-run", is_flag=True, help="Show the plan, and do nothing.")
@options.yes()
@global_options
@pass_app
def clear(app: App, *, selector: Selector, dry_run: bool, yes: bool) -> None:
    """Take the flag away: all of c2d's scripts run at the next start.

    Over SSH through IAP, both places where the flag may be. Restarts nothing: nbp post-startup rerun
    --transport iap-ssh does both. On Workbench instances whether that runs the post-startup script is
    unverified.

    \b
    Exit status: 0 done, 1 failed, 3 a dry run, 4 refused and nothing changed.

    \b
    Example:
      nbp lock clear ana-research --dry-run --fleet examples/quickstart/fleet.yaml
    """  # noqa: D301  # Click takes the character \b as: keep these lines as they are
    from notebook_provisioner.cli import locking  # reads the fleet's models, which --help must not pay for

    notebooks = selector.select(app.fleet)
    status = locking.change(app, notebooks, present=False, act=not dry_run, yes=yes)
    click.get_current_context().exit(status)


@lock.command(name="set")
@selection
@click.option("--dry-run", is_flag=True, help="Show the plan, and do nothing.")
@options.yes()
@global_options
@pass_app
def set_(app: App, *, selector: Selector, dry_run: bool, yes: bool) -> None:
    """Lay the flag: c2d's scripts do not run at the next start.

    \b
    Exit status: 0 done, 1 failed, 3 a dry run, 4 refused and nothing changed.

    \b
    Example:
      nbp lock set ana-research --yes --fleet examples/quickstart/fleet.yaml
    """  # noqa: D301  # Click takes the character \b as: keep these lines as they are
    from notebook_provisioner.cli import locking  # reads the fleet's models, which --help must not pay for

    notebooks = selector.select(app.fleet)
    status = locking.change(app, notebooks, present=True, act=not dry_run, yes=yes)
    click.get_current_context().exit(status)
