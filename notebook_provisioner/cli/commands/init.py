"""``nbp init``."""

from datetime import timedelta
from importlib import resources
from pathlib import Path
from typing import Final

import click

from notebook_provisioner.cli.app import App, pass_app
from notebook_provisioner.cli.main import global_options
from notebook_provisioner.core.errors import NotFound, Refused

_A_DAY: Final = "2030-06-30"  # of the starter's exemption, which must be within a year
_HALF_A_YEAR: Final = timedelta(days=182)


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), required=False)
@click.option("--force", is_flag=True, help="Overwrite a file that is there.")
@global_options
@pass_app
def init(app: App, file: Path | None, *, force: bool) -> None:
    """Write a commented fleet file to start from.

    FILE is fleet.yaml, or what --fleet says, unless it is given.

    \b
    Example:
      nbp init fleet.yaml
    """  # noqa: D301  # Click takes the character \b as: keep these lines as they are
    path = file or Path(app.settings.fleet or "fleet.yaml")
    starter = resources.files(__package__).joinpath("starter.yaml").read_text(encoding="utf-8")
    starter = starter.replace(_A_DAY, str(app.today + _HALF_A_YEAR))
    try:
        with path.open("w" if force else "x", encoding="utf-8") as target:
            target.write(starter)
    except FileExistsError:
        raise Refused(
            f"{path} is there already", hint="name another file, or overwrite it with --force"
        ) from None
    except OSError as error:
        raise NotFound(f"{path} cannot be written: {error.strerror}") from None
    app.output.say(f"Wrote {path}. Next: nbp check --fleet {path}")
    app.output.result({"file": str(path)})
