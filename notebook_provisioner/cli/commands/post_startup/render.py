"""``nbp post-startup render``."""

from pathlib import Path
from typing import Any

import click

from notebook_provisioner.cli.app import App, pass_app
from notebook_provisioner.cli.main import global_options
from notebook_provisioner.cli.selection import Selector, selected_scripts, selection
from notebook_provisioner.core.errors import InvalidInput


@click.command()
@selection
@click.option(
    "--output",
    required=True,
    metavar="DIRECTORY",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where NOTEBOOK.sh are written; made if it is not there.",
)
@global_options
@pass_app
def render(app: App, *, selector: Selector, output: Path) -> None:
    """Write the post-startup scripts, byte for byte as apply uploads them.

    Offline. The SHA-256 that is shown for a script is its name in the script bucket, and what the
    notebook reports as script_sha256.

    \b
    Exit status: 0 done, 1 failed or no such notebook.

    \b
    Example:
      nbp post-startup render --all --output rendered
      nbp post-startup render ana-research --output rendered
    """  # noqa: D301  # Click takes the character \b as: keep these lines as they are
    import hashlib

    scripts = selected_scripts(app, selector)
    rows: list[dict[str, Any]] = []
    try:
        output.mkdir(parents=True, exist_ok=True)
        for name, script in scripts.items():
            content = script.encode()
            path = output / f"{name}.sh"
            path.write_bytes(content)
            digest = hashlib.sha256(content).hexdigest()
            rows.append({"name": name, "file": str(path), "sha256": digest, "bytes": len(content)})
    except OSError as error:
        raise InvalidInput(f"{error.filename} cannot be written: {error.strerror}") from None
    app.output.table(
        "", ("Notebook", "SHA-256", "File"), [(row["name"], row["sha256"], row["file"]) for row in rows]
    )
    app.output.result(
        {"scripts": rows, "fleet_file_sha256": hashlib.sha256(app.fleet_text.encode()).hexdigest()}
    )
