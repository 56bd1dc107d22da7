"""``nbp sandbox``: the embedded Google Cloud."""

import shlex
from typing import Literal

import click

from notebook_provisioner.cli.app import App, pass_app
from notebook_provisioner.cli.main import global_options

NOT_RUNNING = 3  # the CLI contract: a check found something


@click.group()
def sandbox() -> None:
    """Run the embedded Google Cloud.

    One process on 127.0.0.1 with its state in .sandbox/. nbp apply starts it when it is needed.
    """


@sandbox.command()
@click.option(
    "--port", type=click.IntRange(1, 65535), help="Where to listen; the last port, or any free one."
)
@click.option(
    "--boot",
    type=click.Choice(["simulated", "lab"]),
    help="Whether notebooks boot in the lab and run their scripts for real; simulated if not said.",
)
@global_options
@pass_app
def start(app: App, port: int | None, boot: "Literal['simulated', 'lab'] | None") -> None:
    """Start the sandbox, or find it running.

    With --boot lab a notebook that starts is a machine of Linux namespaces that runs its post-startup script
    for real: Linux and root, no Docker.

    \b
    Exit status: 0 it answers, 1 it does not come up, 3 the lab cannot run here.

    \b
    Example:
      nbp sandbox start
      nbp sandbox start --boot lab
    """  # noqa: D301  # Click takes the character \b as: keep these lines as they are
    connection = app.sandbox.start(port, boot)
    app.output.text(f"The sandbox answers at {connection.url}.")
    app.output.say('Point tools at it with: eval "$(nbp sandbox env)"')
    app.output.result({"url": connection.url, "directory": str(connection.directory)})


@sandbox.command()
@global_options
@pass_app
def stop(app: App) -> None:
    """Stop the sandbox; its state stays.

    \b
    Exit status: 0 it does not run any more, 1 it does not end.

    \b
    Example:
      nbp sandbox stop
    """  # noqa: D301  # Click takes the character \b as: keep these lines as they are
    was_running = app.sandbox.stop()
    app.output.text("Stopped the sandbox." if was_running else "The sandbox was not running.")
    app.output.result({"was_running": was_running})


@sandbox.command()
@global_options
@pass_app
def status(app: App) -> None:
    """Say whether the sandbox runs, where, and what is in it.

    \b
    Exit status: 0 it runs and answers, 3 it does not.

    \b
    Example:
      nbp sandbox status
    """  # noqa: D301  # Click takes the character \b as: keep these lines as they are
    found = app.sandbox.status()
    if found.url:
        app.output.text(f"The sandbox answers at {found.url} (process {found.pid}, {found.directory}).")
        app.output.text(_boots(found.boot, found.boots))
        rows = [(kind, str(count)) for kind, count in sorted(found.resources.items())]
        app.output.table("", ("Resources", "Count"), rows)
    else:
        app.output.text(
            "The sandbox runs, but does not answer." if found.running else "The sandbox does not run."
        )
    app.output.result(
        {
            "running": found.running,
            "url": found.url,
            "pid": found.pid,
            "directory": str(found.directory),
            "log_file": str(found.log_file),
            "boot": found.boot,
            "boots": found.boots,
            "resources": found.resources,
        }
    )
    if not found.url:
        click.get_current_context().exit(NOT_RUNNING)


def _boots(boot: str | None, boots: dict[str, int] | None) -> str:
    if boot == "lab" and boots is not None:
        return f"Notebooks boot for real, in the lab: {boots['running']} now, {boots['waiting']} waiting."
    return "Notebooks' boots are simulated; nbp sandbox start --boot lab runs their scripts for real."


@sandbox.command()
@global_options
@pass_app
def env(app: App) -> None:
    """Print the variables that point gcloud, Terraform and the Storage client at the sandbox.

    Project and region are those of the fleet file.

    \b
    Exit status: 0 done, 1 the sandbox does not run.

    \b
    Example:
      nbp sandbox env --fleet examples/quickstart/fleet.yaml
    """  # noqa: D301  # Click takes the character \b as: keep these lines as they are
    variables = app.sandbox_variables()
    app.output.text("\n".join(f"export {name}={shlex.quote(value)}" for name, value in variables.items()))
    app.output.result(variables)


@sandbox.command()
@global_options
@pass_app
def reset(app: App) -> None:
    """Forget everything in the sandbox; start it again if it was running.

    \b
    Exit status: 0 done, 1 it does not end or come up.

    \b
    Example:
      nbp sandbox reset
    """  # noqa: D301  # Click takes the character \b as: keep these lines as they are
    was_running = app.sandbox.reset()
    app.output.text("The sandbox is empty" + (", and runs again." if was_running else "."))
    app.output.result({"was_running": was_running})
