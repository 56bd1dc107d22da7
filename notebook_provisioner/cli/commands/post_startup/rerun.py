"""``nbp post-startup rerun``."""

from datetime import timedelta

import click
from click.core import ParameterSource

from notebook_provisioner.cli import options
from notebook_provisioner.cli.app import App, pass_app
from notebook_provisioner.cli.main import global_options
from notebook_provisioner.cli.selection import Selector, require_canaries, selection
from notebook_provisioner.core.plan import Impact


@click.command()
@selection
@click.option(
    "--transport",
    type=click.Choice(["auto", "api", "iap-ssh", "startup-script"]),
    default="auto",
    show_default=True,
    help="By which way; auto is api.",
)
@options.canary()
@click.option(
    "--parallel", type=click.IntRange(1, 64), default=8, show_default=True, help="Notebooks at a time."
)
@options.failure_budget()
@click.option(
    "--timeout",
    type=click.IntRange(min=1),
    default=60,
    show_default=True,
    metavar="MINUTES",
    help="How long a script may run; --resume goes on with the dead run's.",
)
@options.accept(Impact.RESTART)
@click.option("--dry-run", is_flag=True, help="Show the plan, and do nothing.")
@click.option("--resume", is_flag=True, help="Carry on what a run that died left.")
@click.option("--undo", is_flag=True, help="Put back what a run that died changed.")
@options.yes()
@global_options
@pass_app
def rerun(
    app: App,
    *,
    selector: Selector,
    transport: str,
    canaries: tuple[str, ...],
    parallel: int,
    failure_budget: int,
    timeout: int,
    accept: Impact,
    dry_run: bool,
    resume: bool,
    undo: bool,
    yes: bool,
) -> None:
    """Run notebooks' post-startup scripts again, by force.

    The script must be in the bucket already, and the notebook pointed at it: nbp apply does both.
    Stops and starts a notebook that is on; starts one that is off, and stops it again. Its
    post-startup-script-behavior is what it was afterwards, whatever happens in between; a run that was
    killed is carried on with --resume. Refuses a notebook where somebody is at work, as far as its
    console tells, unless --accept restart is written out.

    \b
    Exit status: 0 every script ran to its end, 1 one did not, 3 a dry run found something to do,
    4 refused and nothing changed.

    \b
    Example:
      nbp post-startup rerun --all --canary ana-research --dry-run --fleet examples/quickstart/fleet.yaml
      nbp post-startup rerun ana-research ben-research --yes
      nbp post-startup rerun --resume
    """  # noqa: D301  # Click takes the character \b as: keep these lines as they are
    from notebook_provisioner.cli import rerunning  # reads the fleet's models, which --help must not pay for
    from notebook_provisioner.core.rerun.procedures import Transport

    context = click.get_current_context()
    if resume or undo:
        beside = {"resume", "parallel", "timeout", "yes"} if resume else {"undo", "parallel", "yes"}
        options.require_heeded("--resume" if resume else "--undo", beside=beside)
        given = context.get_parameter_source("timeout") is not ParameterSource.DEFAULT
        own = timedelta(minutes=timeout) if given else None
        context.exit(rerunning.resume(app, undo=undo, parallel=parallel, timeout=own))
    notebooks = selector.select(app.fleet)
    require_canaries(canaries, notebooks)
    asked = rerunning.Request(
        notebooks=notebooks,
        canaries=canaries,
        transport=None if transport == "auto" else Transport(transport),
        parallel=parallel,
        failure_budget=failure_budget,
        accept=accept,
        accepts_busy=context.get_parameter_source("accept") is not ParameterSource.DEFAULT
        and accept >= Impact.RESTART,
        timeout=timedelta(minutes=timeout),
        act=not dry_run,
        yes=yes,
    )
    context.exit(rerunning.rerun(app, asked))
