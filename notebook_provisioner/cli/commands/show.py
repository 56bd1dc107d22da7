"""``nbp show``."""

from collections.abc import Mapping
from typing import Any

import click

from notebook_provisioner.cli.app import App, pass_app
from notebook_provisioner.cli.main import global_options
from notebook_provisioner.core.errors import NotFound


@click.command()
@click.argument("name")
@global_options
@pass_app
def show(app: App, name: str) -> None:
    """Show one notebook in full.

    NAME is a notebook of the fleet. Shows it as it is, its metadata, and what the fleet file
    says about it.

    \b
    Exit status: 0 done, 1 failed or no such notebook.

    \b
    Example:
      nbp show ana-research --fleet examples/quickstart/fleet.yaml
    """  # noqa: D301  # Click takes the character \b as: keep these lines as they are
    from notebook_provisioner.cli import changes  # reads the fleet's models, which --help must not pay for

    live = app.notebooks().list()
    row = next((row for row in changes.fleet_rows(app, live) if row["name"] == name), None)
    if row is None:
        names = ", ".join(notebook.name for notebook in app.fleet.notebooks) or "none"
        raise NotFound(f"no notebook {name} in the fleet {app.fleet.name}", hint=f"its notebooks: {names}")
    metadata = next((dict(item.metadata) for item in live if item.name == name), {})
    wanted = next((item for item in app.fleet.resolved_notebooks if item.name == name), None)
    app.output.table(
        "", ("Notebook", name), [(key, _words(value)) for key, value in row.items() if key != "name"]
    )
    app.output.text("")
    app.output.table("", ("Metadata", "Value"), sorted(metadata.items()))
    app.output.result({**row, "metadata": metadata, "fleet_file": wanted})


def _words(value: Any) -> str:  # noqa: ANN401  # any cell
    if isinstance(value, Mapping):
        return ", ".join(f"{key}={item}" for key, item in sorted(value.items())) or "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "-" if value is None else str(value)
