"""``nbp post-startup test``."""

import click

from notebook_provisioner.cli.app import App, pass_app
from notebook_provisioner.cli.main import global_options
from notebook_provisioner.cli.output import Status
from notebook_provisioner.cli.selection import Selector, selected_scripts, selection


@click.command()
@selection
@click.option(
    "--boots",
    type=click.IntRange(1, 10),
    default=1,
    show_default=True,
    help="How often each machine boots and runs its script.",
)
@global_options
@pass_app
def test(app: App, *, selector: Selector, boots: int) -> None:
    """Run post-startup scripts for real, in throw-away machines of namespaces.

    Needs Linux and root, and no Docker. Without names every notebook's script is run. What needs Google's
    network, systemd or a running Jupyter is not in such a machine: those steps are skipped, or fail.

    \b
    Exit status: 0 every script reported COMPLETE, 1 one did not, 3 this host cannot run machines.

    \b
    Example:
      nbp post-startup test ana-research --fleet examples/quickstart/fleet.yaml
    """  # noqa: D301  # Click takes the character \b as: keep these lines as they are
    runs = []
    for name, script in selected_scripts(app, selector, default_all=True).items():
        app.output.say(f"Booting {name} …")
        runs += [(name, run) for run in app.rehearse(name, script, boots=boots)]
    rows = []
    for name, run in runs:
        rows += [(name, str(run.boot), step, result) for step, result in run.steps.items()]
        rows.append((name, str(run.boot), "", run.state if run.is_complete else f"FAILED ({run.words})"))
        if not run.is_complete:
            app.output.say(run.output[-4000:])
    app.output.table("", ("Notebook", "Boot", "Step", "Result"), rows)
    is_complete = all(run.is_complete for _, run in runs)
    app.output.result(
        [{"notebook": name, "run": run} for name, run in runs],
        status=Status.OK if is_complete else Status.ERROR,
    )
    if not is_complete:
        click.get_current_context().exit(1)
