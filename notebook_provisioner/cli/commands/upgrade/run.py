"""``nbp upgrade run``."""

from typing import Final

import click

from notebook_provisioner.cli import options, parameters
from notebook_provisioner.cli.app import App, pass_app
from notebook_provisioner.cli.main import global_options
from notebook_provisioner.cli.selection import Selector, require_canaries, selection

_HEEDED_BY_RESUME: Final = frozenset(
    {"names", "everything", "labels", "resume", "due", "parallel", "notify", "shard", "lease", "yes"}
)


@click.command()
@selection
@click.option("--now", is_flag=True, help="Now, whatever the windows say.")
@click.option(
    "--due",
    is_flag=True,
    help="Run as the scheduled job: carry on what was left, and log a line a step for Cloud Logging.",
)
@click.option("--resume", is_flag=True, help="Only carry on what an earlier run left unfinished.")
@click.option("--dry-run", is_flag=True, help="Look at each notebook, and change none.")
@click.option("--parallel", type=click.IntRange(1, 100), help="At a time at most; else the fleet file's.")
@options.canary()
@options.failure_budget()
@click.option("--family", metavar="FAMILY", type=parameters.IMAGE_FAMILY, help="Change to this image family.")
@click.option("--data-snapshot", is_flag=True, help="First snapshot data disks that have no fresh one.")
@click.option("--even-if-busy", is_flag=True, help="Upgrade although kernels are at work.")
@options.notify()
@options.shard()
@options.lease()
@options.yes()
@global_options
@pass_app
def run(
    app: App,
    *,
    selector: Selector,
    now: bool,
    due: bool,
    resume: bool,
    dry_run: bool,
    parallel: int | None,
    canaries: tuple[str, ...],
    failure_budget: int,
    family: str | None,
    data_snapshot: bool,
    even_if_busy: bool,
    notify: tuple[str, ...] | None,
    shard: parameters.Shard,
    lease: parameters.StorageObject | None,
    yes: bool,
) -> None:
    """Upgrade notebooks, and put everything back as it was.

    Those whose window is open, and that end in it; --now asks for no window. Each is looked at, woken
    if it is stopped, kept from idle shutdown, upgraded, verified, and then gets its idle timeout and
    its power state back, whatever happened in between. Kernels are lost; the data disk stays. A run
    that dies leaves a record, and --resume carries on from it.

    --fleet may be given several times: each fleet has its lease, canaries and report, and one that
    fails stops no other. The exit status is then theirs where all agree, else 1 where one failed or
    was refused, else 3.

    \b
    Exit status: 0 done or nothing to do, 1 some failed, 3 some were left as they are and somebody
    should look, or a dry run found some to upgrade, 4 refused and nothing changed.

    \b
    Example:
      nbp upgrade run --all --fleet examples/quickstart/fleet.yaml
      nbp upgrade run ana-research --now --data-snapshot
      nbp upgrade run --resume
    """  # noqa: D301  # Click takes the character \b as: keep these lines as they are
    if now and due:
        raise click.UsageError("--now is for people, --due for the scheduled job: give one of them")
    if resume:
        options.require_heeded("--resume", beside=_HEEDED_BY_RESUME)
    from notebook_provisioner.cli import many, upgrading  # read models, which --help must not pay for
    from notebook_provisioner.core.upgrades.preflight import Rules

    many.of_one_fleet(app, {"notebooks": selector.names, "--canary": canaries, "--lease": lease})
    several = many.asked(app)

    def act(one: App) -> int:
        notebooks = selector.select(one.fleet, default_all=due or resume)
        require_canaries(canaries, notebooks if now else one.fleet.resolved_notebooks)
        request = upgrading.Request(
            notebooks=notebooks,
            named=bool(selector.names),
            now=now,
            job=due,
            resume=resume,
            dry_run=dry_run,
            canaries=frozenset(canaries),
            parallel=parallel,
            failure_budget=failure_budget,
            family=family,
            rules=Rules(even_if_busy=even_if_busy, data_snapshot=data_snapshot),
            notify=notify or (),
            shard=parameters.Shard() if several else shard,
            lease=lease,
        )
        return upgrading.run(one, request, yes=yes)

    click.get_current_context().exit(many.run(app, shard, act) if several else act(app))
