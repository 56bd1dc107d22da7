"""The composition root: the one place that builds adapters and hands them to commands."""

import functools
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Concatenate, Final, ParamSpec, TypeVar

import click

from notebook_provisioner.cli.main import Settings
from notebook_provisioner.cli.output import Output
from notebook_provisioner.core.errors import InvalidInput, NotFound

if TYPE_CHECKING:
    from notebook_provisioner.core.fleet import Fleet

QUICKSTART: Final = "examples/quickstart/fleet.yaml"

P = ParamSpec("P")
R = TypeVar("R")


class App:
    """What a command needs of the world, built when first asked for.

    Attributes:
        settings: The global options as given.
        output: Where the command's results and talk go.
    """

    def __init__(self, settings: Settings, command: str) -> None:
        self.settings = settings
        self.output = Output(command, json=settings.output_format == "json")

    @functools.cached_property
    def fleet_path(self) -> Path:
        """The fleet file: as given, else ./fleet.yaml, else the quickstart.

        Raises:
            NotFound: The file is not there.
        """
        if self.settings.fleet is not None:
            path = Path(self.settings.fleet)
        else:
            path = Path("fleet.yaml") if Path("fleet.yaml").is_file() else Path(QUICKSTART)
        if not path.is_file():
            raise NotFound(f"no fleet file at {path}", hint="write one with: nbp init")
        return path

    @functools.cached_property
    def fleet_text(self) -> str:
        """What the fleet file says.

        Raises:
            NotFound: The file is not there.
            InvalidInput: It cannot be read as text.
        """
        try:
            return self.fleet_path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            line = self.fleet_path.read_bytes()[: error.start].count(b"\n") + 1
            raise InvalidInput(
                f"{self.fleet_path}:{line} holds bytes that are not UTF-8", hint="save the file as UTF-8 text"
            ) from None
        except OSError as error:
            raise InvalidInput(f"{self.fleet_path} cannot be read: {error.strerror}") from None

    @functools.cached_property
    def today(self) -> date:
        """The day that expiry dates are held against, in UTC."""
        return datetime.now(UTC).date()

    @functools.cached_property
    def fleet(self) -> "Fleet":
        """The fleet file, read and checked, with ``--target`` applied.

        Raises:
            NotFound: The file is not there.
            InvalidInput: It has errors; all of them are findings.
        """
        from notebook_provisioner.core import fleet  # pydantic costs --help a tenth of a second

        return fleet.parse(
            self.fleet_text,
            file=str(self.fleet_path),
            today=self.today,
            target=self.settings.target,
        )


def pass_app(command: Callable[Concatenate[App, P], R]) -> Callable[P, R]:
    """Hand a command its App as the first argument."""

    @functools.wraps(command)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        ctx = click.get_current_context()
        words = ctx.command_path.split(" ", 1)[-1]
        return command(App(ctx.ensure_object(Settings), words), *args, **kwargs)

    return wrapper
