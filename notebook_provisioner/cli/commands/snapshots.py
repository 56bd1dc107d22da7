"""``nbp snapshots``: list and prune boot-disk snapshots."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from notebook_provisioner.cli import options, parameters
from notebook_provisioner.cli.app import App, pass_app
from notebook_provisioner.cli.main import global_options
from notebook_provisioner.core.snapshots.origin import Origin

F = TypeVar("F", bound=Callable[..., Any])


@click.group()
def snapshots() -> None:
    """List and prune boot-disk snapshots.

    Every upgrade of a notebook leaves a snapshot of the old boot disk, and nobody deletes it. Which
    are kept stands in the fleet file, under snapshots:; options override it for one run. The keep
    rules mean what they mean to restic forget; one rule that keeps is enough.
    """


def _selection(command: F) -> F:
    """Which notebooks, and by which rules."""
    count = click.IntRange(min=1, max=1_000)
    length: dict[str, Any] = {"metavar": "TIME", "type": parameters.DURATION}
    units = ("hourly", "daily", "weekly", "monthly", "yearly")
    given = [
        click.argument("names", nargs=-1, metavar="[NOTEBOOK]..."),
        click.option(
            "--former",
            multiple=True,
            metavar="NAME",
            help="A notebook that is gone: all it left is an orphan, hand-made or not. Repeatable.",
        ),
        options.shard(),
        click.option("--rollback-points", type=click.IntRange(0, 1_000), help="Rollback points to keep."),
        click.option("--keep-last", type=count, help="Newest snapshots to keep."),
        *(click.option(f"--keep-{unit}", type=count, hidden=True) for unit in units),
        click.option("--keep-within", **length, help="Keep what is younger, as in 90d or 1y6m."),
        *(click.option(f"--keep-within-{unit}", **length, hidden=True) for unit in units),
        click.option(
            "--keep-label",
            "keep_labels",
            multiple=True,
            metavar="LABEL",
            type=parameters.LABEL_KEY,
            help="Keep what bears it, whatever its value, besides the fleet file's. Repeatable.",
        ),
        click.option("--min-age", **length, help="Delete nothing younger."),
        click.option("--soak", **length, help="Delete nothing for so long after an upgrade."),
        click.option("--orphans-keep-within", **length, help="Keep snapshots of gone notebooks."),
        click.option("--grace", **length, help="Mark first, delete so long after."),
    ]
    for option in reversed(given):
        command = option(command)
    return command


@snapshots.command(name="list")
@_selection
@click.option(
    "--origin",
    "origins",
    multiple=True,
    type=click.Choice([origin.value for origin in Origin]),
    help="Only these. Repeatable. By default all but foreign and stray, unless notebooks are named.",
)
@global_options
@pass_app
def list_(
    app: App,
    /,
    *,
    names: tuple[str, ...],
    former: tuple[str, ...],
    shard: parameters.Shard,
    origins: tuple[str, ...],
    **rules: str | int | tuple[str, ...] | None,
) -> None:
    """List the fleet's snapshots: whose they are, what they cost, and what prune would do.

    Costs are estimates at Google's list price for the US; what a snapshot stores changes when its
    neighbours are deleted. Regional snapshots are not shown: version 1 of the API does not know them.
    More rules: --keep-hourly, --keep-daily, --keep-weekly, --keep-monthly and --keep-yearly, and with
    a time --keep-within-hourly to --keep-within-yearly. --fleet may be given several times.

    Of other snapshots of boot disks, the foreign ones (another's notebook) and the stray ones (nothing
    says whose), only the number is told, unless --origin or a notebook's name asks for them.

    \b
    Exit status: 0 done, 1 failed, 4 refused: the rules keep nothing.

    \b
    Example:
      nbp snapshots list
      nbp snapshots list ana-research --keep-monthly 6
      nbp snapshots list --origin stray
    """  # noqa: D301  # Click takes the character \b as: keep these lines as they are
    from notebook_provisioner.cli import many, pruning, snapshot_list  # models, which --help must not pay for

    many.of_one_fleet(app, {"notebooks": names, "--former": former})
    several = many.asked(app)
    selection = pruning.Selection(frozenset(names), former, parameters.Shard() if several else shard)

    def show(one: App) -> int:
        snapshot_list.show(one, selection, rules, frozenset(map(Origin, origins)))
        return many.DONE

    click.get_current_context().exit(many.run(app, shard, show) if several else show(app))


@snapshots.command()
@_selection
@click.option("--yes", is_flag=True, help="Do it; a dry run without.")
@click.option("--due", is_flag=True, help="Run as the scheduled job: with a log line a snapshot.")
@options.lease("Where --yes keeps its lease.")
@click.option(
    "--max-deletions",
    type=click.IntRange(min=1),
    default=1_000,
    show_default=True,
    help="Most in one run; as many marks, and as many labels on what stays.",
)
@click.option(
    "--max-per-notebook",
    type=click.IntRange(min=1),
    default=50,
    show_default=True,
    help="Most of a notebook, and most marks.",
)
@click.option(
    "--max-share",
    type=click.FloatRange(0, 1),
    default=0.5,
    show_default=True,
    help="Refuse where more of the fleet's snapshots are to go; of up to 10, only where all are.",
)
@click.option(
    "--per-second",
    type=click.FloatRange(min=0),
    default=20.0,
    show_default=True,
    help="Changes a second at most; slows down by itself when Google asks. 0 for no limit.",
)
@global_options
@pass_app
def prune(
    app: App,
    /,
    *,
    names: tuple[str, ...],
    former: tuple[str, ...],
    shard: parameters.Shard,
    yes: bool,
    due: bool,
    lease: parameters.StorageObject | None,
    max_deletions: int,
    max_per_notebook: int,
    max_share: float,
    per_second: float,
    **rules: str | int | tuple[str, ...] | None,
) -> None:
    """Delete the snapshots that no rule keeps.

    A dry run unless --yes is given. Only what is proven to come from an upgrade of this fleet's
    notebooks is ever deleted, also when they are gone; never what a schedule or a hand made (but
    see --former), the newest rollback points, or anything of a notebook that is unhealthy or was
    upgraded lately. Labels keep too: hold, retain-until=2027-06-30, and --keep-label's. Each snapshot and its
    notebook are read again right before. What stays gets labels that prove its origin later.

    More rules: --keep-hourly, --keep-daily, --keep-weekly, --keep-monthly and --keep-yearly, and with
    a time --keep-within-hourly to --keep-within-yearly.

    --fleet may be given several times: each fleet has its lease, caps and report, and one that fails
    stops no other. The exit status is then theirs where all agree, else 1 where one failed or was
    refused, else 3.

    \b
    Exit status: 0 done or nothing to do, 1 some could not be deleted, 3 a dry run found some to
    delete or mark, 4 refused and nothing changed: the rules keep nothing, a cap, a wrong clock, or
    another run, 130 interrupted by Ctrl-C or SIGTERM: what was sent is waited for, and told.

    \b
    Example:
      nbp snapshots prune
      nbp snapshots prune --keep-monthly 6 --yes
    """  # noqa: D301  # Click takes the character \b as: keep these lines as they are
    from notebook_provisioner.cli import (
        many,
        pruning,
    )  # read the fleet's models, which --help must not pay for
    from notebook_provisioner.cli.interrupts import Interrupts
    from notebook_provisioner.core.snapshots.caps import Caps

    many.of_one_fleet(app, {"notebooks": names, "--former": former, "--lease": lease})
    several = many.asked(app)
    run = pruning.Run(
        selection=pruning.Selection(frozenset(names), former, parameters.Shard() if several else shard),
        rules=rules,
        caps=Caps(number=max_deletions, per_notebook=max_per_notebook, share=max_share),
        per_second=per_second,
    )

    with Interrupts() as interrupts:

        def act(one: App) -> int:
            return pruning.prune(one, run, interrupts, act=yes, as_job=due, lease=lease)

        status = many.run(app, shard, act) if several else act(app)
    click.get_current_context().exit(status)
