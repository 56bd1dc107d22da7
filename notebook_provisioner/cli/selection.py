"""Which of the fleet's notebooks a command is about: names, ``--all``, ``--label``."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from notebook_provisioner.core.errors import InvalidInput, NotFound

if TYPE_CHECKING:
    from notebook_provisioner.core.fleet import Fleet, ResolvedNotebook

F = TypeVar("F", bound=Callable[..., Any])


def selection(command: F) -> F:
    """The arguments ``names``, ``everything`` and ``labels``; `chosen` reads them."""
    options = (
        click.argument("names", nargs=-1, metavar="[NOTEBOOK]..."),
        click.option("--all", "everything", is_flag=True, help="Every notebook of the fleet."),
        click.option(
            "--label", "labels", multiple=True, metavar="KEY=VALUE", help="Those with it. Repeatable."
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def chosen(
    fleet: "Fleet",
    names: Sequence[str],
    labels: Sequence[str],
    *,
    everything: bool,
    default_all: bool = False,
) -> "tuple[ResolvedNotebook, ...]":
    """The notebooks that were named, in the fleet file's order.

    Args:
        fleet: The fleet.
        names: Their names.
        labels: ``KEY=VALUE``; a notebook must bear every one.
        everything: Whether ``--all`` was given.
        default_all: Whether nothing at all means all.

    Raises:
        click.UsageError: Not exactly one of the three was given.
        NotFound: There is no notebook of a name, or none with the labels.
        InvalidInput: A label has no ``=``.
    """
    ways = [bool(names), everything, bool(labels)]
    if sum(ways) > 1 or not (any(ways) or default_all):
        raise click.UsageError("name notebooks, or give --all, or --label KEY=VALUE")
    notebooks = fleet.resolved_notebooks
    known = [notebook.name for notebook in notebooks]
    if unknown := [name for name in names if name not in known]:
        raise NotFound(
            f"no notebook {', '.join(unknown)} in the fleet {fleet.name}",
            hint=f"its notebooks: {', '.join(known) or 'none'}",
        )
    pairs = dict(_pair(label) for label in labels)
    found = tuple(
        notebook
        for notebook in notebooks
        if (not names or notebook.name in names)
        and all(notebook.labels.get(key) == value for key, value in pairs.items())
    )
    if labels and not found:
        raise NotFound(f"no notebook of the fleet {fleet.name} bears {', '.join(labels)}")
    return found


def _pair(label: str) -> tuple[str, str]:
    key, equals, value = label.partition("=")
    if not key or not equals:
        raise InvalidInput(f"--label {label!r} has no value", hint="write --label KEY=VALUE")
    return key, value
