"""Ask before the real cloud changes."""

import sys

import click

from notebook_provisioner.cli.app import App
from notebook_provisioner.core.errors import ConfirmationNeeded, Refused


def confirm(app: App, question: str, *, yes: bool, word: str | None = None, data: object = None) -> None:
    """Have a change confirmed; on the sandbox, and with ``--yes``, ask nothing.

    Args:
        app: The command's App.
        question: What is about to happen, as a question.
        yes: Whether ``--yes`` was given.
        word: What must be typed to confirm; None takes y or n.
        data: What was about to happen, for the JSON envelope of a refusal.

    Raises:
        ConfirmationNeeded: Nobody is there to ask.
        Refused: The answer was no.
    """
    if yes or app.fleet.target == "sandbox":
        return
    if not sys.stdin.isatty():
        needed = ConfirmationNeeded(
            "nothing was changed: there is no terminal to ask at", hint="confirm beforehand with --yes"
        )
        needed.data = data
        raise needed
    if word is None:
        agreed = click.confirm(question, err=True)
    else:
        agreed = (
            click.prompt(f"{question} Type {word} to go on", err=True, default="", show_default=False) == word
        )
    if not agreed:
        refused = Refused("nothing was changed: it was not confirmed")
        refused.data = data
        raise refused
