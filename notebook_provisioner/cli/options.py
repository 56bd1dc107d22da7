"""Options that several commands share. Cheap to import: ``--help`` pays for it."""

from collections.abc import Callable, Collection
from typing import Any

import click
from click.core import ParameterSource

from notebook_provisioner.cli import parameters
from notebook_provisioner.core.plan import Impact

Decorator = Callable[[Any], Any]


def accept(default: Impact) -> Decorator:
    """``--accept``: the impact above which a plan is refused; the command gets an ``Impact``."""
    return click.option(
        "--accept",
        type=click.Choice([level.label for level in Impact if level >= Impact.LIVE]),
        default=default.label,
        show_default=True,
        callback=lambda _context, _parameter, value: Impact[value.upper()],
        help="The most that people at the notebooks may be made to bear.",
    )


def yes() -> Decorator:
    """``--yes``: ask nothing."""
    return click.option("--yes", is_flag=True, help="Ask nothing. About the sandbox nothing is ever asked.")


def canary() -> Decorator:
    """``--canary``, the argument ``canaries``; ``selection.require_canaries`` knows whether they are any."""
    return click.option(
        "--canary", "canaries", multiple=True, metavar="NOTEBOOK", help="Goes first. Repeatable."
    )


def failure_budget() -> Decorator:
    """``--failure-budget``: with more failures, nothing else is begun."""
    return click.option(
        "--failure-budget",
        type=click.IntRange(min=0),
        default=0,
        show_default=True,
        help="With more failures, no further notebook is begun.",
    )


def notify() -> Decorator:
    """``--notify``: the command gets a program and its arguments, or None."""
    return click.option(
        "--notify",
        metavar="COMMAND",
        type=parameters.PROGRAM,
        envvar="NBP_NOTIFY",
        show_envvar=True,
        help="A program that reads what begins and ends, a line of JSON each; no shell sees it.",
    )


def shard() -> Decorator:
    """``--shard``: the command gets a ``Shard``; the tasks of a Cloud Run job are shards by themselves.

    Where several fleets are given, `many.run` has it, and the shard of each is `Shard()`: the whole fleet.
    """
    return click.option(
        "--shard",
        metavar="I/N",
        type=parameters.SHARD,
        default=parameters.Shard.of_task,
        envvar="NBP_SHARD",
        show_envvar=True,
        help="The I-th of N parts of the fleet; of several fleets, each whole.",
    )


def lease(text: str = "Where the lease is kept.") -> Decorator:
    """``--lease``: the command gets a ``StorageObject``, or None."""
    return click.option(
        "--lease",
        metavar="gs://BUCKET/OBJECT",
        type=parameters.STORAGE_OBJECT,
        envvar="NBP_LEASE",
        show_envvar=True,
        help=text,
    )


def require_heeded(flag: str, *, beside: Collection[str]) -> None:
    """Refuse what was written beside a flag that would not heed it; the environment's words are let pass.

    Args:
        flag: The option that was given, as in ``--resume``.
        beside: The command's parameters that it heeds, itself among them; global options are always.

    Raises:
        click.UsageError: Another one was given.
    """
    context = click.get_current_context()
    unheeded = [
        parameter.human_readable_name if isinstance(parameter, click.Argument) else parameter.opts[0]
        for parameter in context.command.params
        if parameter.name not in beside
        and parameter.expose_value
        and context.get_parameter_source(parameter.name or "") is ParameterSource.COMMANDLINE
    ]
    if unheeded:
        heeded = [
            parameter.opts[0]
            for parameter in context.command.params
            if isinstance(parameter, click.Option) and parameter.name in beside and parameter.opts[0] != flag
        ]
        raise click.UsageError(
            f"{flag} is about what is on record, and does not heed {', '.join(unheeded)}; "
            f"it takes {', '.join(heeded)}"
        )
