"""Where the fleet file is, and what it says."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from notebook_provisioner.cli.main import Settings
from notebook_provisioner.cli.parameters import StorageObject
from notebook_provisioner.core.errors import InvalidInput, NotFound

if TYPE_CHECKING:
    from notebook_provisioner.cli.app import App
    from notebook_provisioner.core.fleet import Fleet

QUICKSTART: Final = "examples/quickstart/fleet.yaml"
PUBLISHED: Final = "gs://"


def place(settings: Settings) -> str:
    """The fleet file: as given, else ./fleet.yaml, else the quickstart.

    Raises:
        click.UsageError: Several were given, to a command that takes one.
        NotFound: The file is not there.
    """
    if len(settings.fleets) > 1:
        raise click.UsageError(f"{settings.command} takes one --fleet, and there are {len(settings.fleets)}")
    if settings.fleet is not None and settings.fleet.startswith(PUBLISHED):
        return settings.fleet
    if settings.fleet is not None:
        path = Path(settings.fleet)
    else:
        path = Path("fleet.yaml") if Path("fleet.yaml").is_file() else _quickstart()
    if not path.is_file():
        raise NotFound(f"no fleet file at {path}", hint="write one with: nbp init")
    return str(path)


def read(app: "App") -> str:
    """What the fleet file says; bytes that are not UTF-8 are escaped, and reading the fleet finds them.

    Raises:
        click.UsageError: Several were given, to a command that takes one.
        NotFound: The file is not there.
        InvalidInput: It cannot be opened.
        TargetUnreachable: It is in Cloud Storage, which does not answer.
    """
    file = app.fleet_file
    if file.startswith(PUBLISHED):
        return _published(app, file).decode(encoding="utf-8", errors="surrogateescape")
    try:
        return Path(file).read_text(encoding="utf-8", errors="surrogateescape")
    except OSError as error:
        raise InvalidInput(f"{file} cannot be read: {error.strerror}") from None


def require_its_own(fleet: "Fleet", file: str) -> None:
    """Hold a published file to be about the fleet whose bucket it is in.

    Who may write in one project's bucket must not choose which other project a shared job works in, or by
    which rules: the job has rights in all of them.

    Args:
        fleet: What the file says.
        file: Where it was read; a path is held to nothing.

    Raises:
        InvalidInput: It is about a fleet that publishes its file elsewhere.
    """
    from notebook_provisioner.core.fleet.buckets import bucket_name

    own = bucket_name(fleet.project, fleet.name, "operations")
    if file.startswith(PUBLISHED) and StorageObject.parse(file).bucket != own:
        raise InvalidInput(
            f"{file} is about the fleet {fleet.name} of {fleet.project}, which publishes its file in gs://{own}",
            hint="a file in Cloud Storage is heeded in its own fleet's bucket alone; apply the fleet whose "
            "bucket this is, and look who may write there",
        )


def _published(app: "App", file: str) -> bytes:
    from notebook_provisioner.adapters.google.fleet_files import read as download

    try:
        found = StorageObject.parse(file)
    except ValueError as error:
        raise InvalidInput(str(error)) from None
    # The file says which target the fleet is on, and is to be found first.
    return download(app.target(app.settings.target or "google"), found.bucket, found.name)


def _quickstart() -> Path:
    """The quickstart of the checkout one stands in, else the one that came with the installation."""
    from notebook_provisioner.adapters.files import data

    here = Path(QUICKSTART)
    return here if here.is_file() else data("examples") / "quickstart" / "fleet.yaml"
