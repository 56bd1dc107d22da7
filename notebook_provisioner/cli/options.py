"""Options that several commands share. Cheap to import: ``--help`` pays for it."""

from collections.abc import Callable
from typing import Any

import click

from notebook_provisioner.core.plan import Impact


def accept(default: Impact) -> Callable[[Any], Any]:
    """``--accept``: the impact above which a plan is refused; the command gets an ``Impact``."""
    return click.option(
        "--accept",
        type=click.Choice([level.label for level in Impact if level >= Impact.LIVE]),
        default=default.label,
        show_default=True,
        callback=lambda _context, _parameter, value: Impact[value.upper()],
        help="The most that people at the notebooks may be made to bear.",
    )


def yes() -> Callable[[Any], Any]:
    """``--yes``: ask nothing."""
    return click.option("--yes", is_flag=True, help="Ask nothing. About the sandbox nothing is ever asked.")
