"""``nbp schema``."""

import json

import click

from notebook_provisioner.cli.app import App, pass_app
from notebook_provisioner.cli.main import global_options


@click.command()
@global_options
@pass_app
def schema(app: App) -> None:
    """Print the fleet file's JSON Schema, for editors.

    Editors with a YAML language server complete and check fleet files that begin with
    "# yaml-language-server: $schema=fleet.schema.json".

    \b
    Example:
      nbp schema > fleet.schema.json
    """  # noqa: D301  # Click takes the character \b as: keep these lines as they are
    from notebook_provisioner.core.fleet import json_schema  # pydantic costs --help a tenth of a second

    app.output.text(json.dumps(json_schema(), indent=2, ensure_ascii=False))
    app.output.result(json_schema())
