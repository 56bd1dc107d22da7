"""Which of the fleet's notebooks a command is about: names, ``--all``, ``--label``."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from notebook_provisioner.cli import parameters
from notebook_provisioner.core.errors import NotFound

if TYPE_CHECKING:
    from notebook_provisioner.cli.app import App
    from notebook_provisioner.core.fleet import Fleet, ResolvedNotebook


@dataclass(frozen=True, slots=True)
class Selector:
    """Notebooks, as they were asked for.

    Attributes:
        names: Their names.
        everything: Whether ``--all`` was given.
        labels: Keys and values; a notebook must bear every one.
    """

    names: tuple[str, ...] = ()
    everything: bool = False
    labels: tuple[tuple[str, str], ...] = ()

    @property
    def is_narrow(self) -> bool:
        """Whether some of the fleet are asked for, and not all."""
        return bool(self.names or self.labels)

    @property
    def is_given(self) -> bool:
        """Whether anything was asked for at all."""
        return self.is_narrow or self.everything

    def select(self, fleet: "Fleet", *, default_all: bool = False) -> "tuple[ResolvedNotebook, ...]":
        """The notebooks that were asked for, in the fleet file's order.

        Args:
            fleet: The fleet.
            default_all: Whether nothing at all means all.

        Raises:
            click.UsageError: Not exactly one of the three was given.
            NotFound: There is no notebook of a name, or none with the labels.
        """
        if sum(map(bool, (self.names, self.everything, self.labels))) > 1 or not (
            self.is_given or default_all
        ):
            raise click.UsageError("name notebooks, or give --all, or --label KEY=VALUE")
        notebooks = fleet.resolved_notebooks
        known = [notebook.name for notebook in notebooks]
        if unknown := [name for name in self.names if name not in known]:
            raise NotFound(
                f"no notebook {', '.join(unknown)} in the fleet {fleet.name}",
                hint=f"its notebooks: {', '.join(known) or 'none'}",
            )
        found = tuple(
            notebook
            for notebook in notebooks
            if (not self.names or notebook.name in self.names)
            and all(notebook.labels.get(key) == value for key, value in self.labels)
        )
        if self.labels and not found:
            asked = ", ".join("=".join(label) for label in self.labels)
            raise NotFound(f"no notebook of the fleet {fleet.name} bears {asked}")
        return found


def selection(command: Callable[..., Any]) -> Callable[..., Any]:
    """Names, ``--all`` and ``--label``; the command gets them as ``selector``, a `Selector`."""

    @functools.wraps(command)
    def wrapper(
        *args: Any,  # noqa: ANN401  # whatever the command takes besides
        names: tuple[str, ...],
        everything: bool,
        labels: tuple[tuple[str, str], ...],
        **kwargs: Any,  # noqa: ANN401  # whatever the command takes besides
    ) -> Any:  # noqa: ANN401  # whatever the command returns
        return command(*args, selector=Selector(names, everything, labels), **kwargs)

    options = (
        click.argument("names", nargs=-1, metavar="[NOTEBOOK]..."),
        click.option("--all", "everything", is_flag=True, help="Every notebook of the fleet."),
        click.option(
            "--label",
            "labels",
            multiple=True,
            metavar="KEY=VALUE",
            type=parameters.LABEL,
            help="Those with it. Repeatable.",
        ),
    )
    decorated: Callable[..., Any] = wrapper
    for option in reversed(options):
        decorated = option(decorated)
    return decorated


def selected_scripts(app: "App", selector: Selector, *, default_all: bool = False) -> dict[str, str]:
    """The post-startup scripts of the notebooks that were asked for, by name; some have none.

    Raises:
        click.UsageError: Not exactly one way of asking was used.
        NotFound: A notebook that was named is not there, or has none.
    """
    notebooks = selector.select(app.fleet, default_all=default_all)
    scripts = app.scripts()
    if lacking := [name for name in selector.names if name not in scripts]:
        raise NotFound(
            f"no notebook {', '.join(lacking)} with a script in the fleet {app.fleet.name}",
            hint=f"those with one: {', '.join(scripts) or 'none'}",
        )
    return {one.name: scripts[one.name] for one in notebooks if one.name in scripts}


def require_canaries(canaries: Sequence[str], notebooks: "Sequence[ResolvedNotebook]") -> None:
    """Hold canaries to be of those that a command is about.

    Raises:
        click.BadParameter: One is not.
    """
    known = [notebook.name for notebook in notebooks]
    if strangers := [name for name in canaries if name not in known]:
        said = f"a canary is one of the notebooks, and {', '.join(strangers)} is not"
        raise click.BadParameter(f"{said}; there are {', '.join(known) or 'none'}", param_hint="'--canary'")
