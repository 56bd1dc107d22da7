"""One command over several fleets: each by itself, whatever becomes of the others, and one report."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import click

from notebook_provisioner.cli.app import App
from notebook_provisioner.cli.main import unforeseen
from notebook_provisioner.cli.output import Status
from notebook_provisioner.cli.parameters import Shard
from notebook_provisioner.core.counting import counted
from notebook_provisioner.core.errors import Interrupted, ProvisionerError

DONE: Final = 0
FAILED: Final = 1
FOUND: Final = 3  # the CLI contract: a check found something

_WORDS: Final = {DONE: "done", FAILED: "failed", FOUND: "found something", 4: "refused"}


def asked(app: App) -> bool:
    """Whether the command is about several fleets."""
    return len(app.settings.fleets) > 1


def of_one_fleet(app: App, given: Mapping[str, object]) -> None:
    """Refuse what makes sense for one fleet alone.

    Args:
        app: The command's App.
        given: What was given, by the name of its argument or option.

    Raises:
        click.UsageError: There are several fleets, and one of these.
    """
    if asked(app) and (wrong := [name for name, value in given.items() if value]):
        raise click.UsageError(f"one fleet alone has {' and '.join(wrong)}: give one --fleet")


def apps(app: App) -> tuple[App, ...]:
    """One App a fleet: the command's own where there is one."""
    return tuple(_of(app, file) for file in dict.fromkeys(app.settings.fleets)) if asked(app) else (app,)


def run(app: App, shard: Shard, command: Callable[[App], int]) -> int:
    """Run *command* for each fleet of the shard; one that fails stops no other.

    All of their files are read first, so that whatever is wrong with any of them is told at once.

    Args:
        app: The command's App, which is about several fleets.
        shard: Which of them are this run's.
        command: What is done with one; gets an App of its own, and returns the exit status.

    Returns:
        The exit status of all, as `together` says.

    Raises:
        Interrupted: Somebody pressed Ctrl-C; what was done until then is in its data.
    """
    fleets = [_Fleet(app, file) for file in shard.share(app.settings.fleets)]
    for one in fleets:
        one.carry_out(_read)
    try:
        for one in fleets:
            if one.status == DONE:
                one.announce()
                one.carry_out(command)
    except KeyboardInterrupt:
        stopped = Interrupted(
            "interrupted", hint="run the same command again: what is done is not done twice"
        )
        stopped.data = {"fleets": [one.entry for one in fleets if one.answered]}
        raise stopped from None
    status = together([one.status for one in fleets])
    rows = [(one.name, one.project, _WORDS.get(one.status, str(one.status)), one.file) for one in fleets]
    if rows:
        app.output.table("", ("Fleet", "Project", "Result", "File"), rows)
    count = len(set(app.settings.fleets))
    part = f", shard {shard}" if shard.count > 1 else ""
    app.output.text(f"{len(fleets)} of {counted(count, 'fleet')}{part}.")
    app.output.result({"fleets": [one.entry for one in fleets]}, status=_status(fleets))
    return status


def together(statuses: Sequence[int]) -> int:
    """The exit status of several: theirs where all agree, else the worst.

    A refusal (4) promises that nothing was changed. Beside fleets where something may have been, it is a
    failure in part (1).
    """
    different = set(statuses)
    if len(different) <= 1:
        return statuses[0] if statuses else DONE
    return FOUND if different == {DONE, FOUND} else FAILED


class _Fleet:
    """One of them, and what became of it."""

    def __init__(self, app: App, file: str) -> None:
        self.file = file
        self.name = self.project = ""
        self.status = DONE
        self._answer: dict[str, Any] = {}
        self._app = _of(app, file)
        self._know()

    @property
    def answered(self) -> bool:
        """Whether it has come to an end."""
        return bool(self._answer)

    @property
    def entry(self) -> dict[str, Any]:
        """Its part of the report."""
        told = {key: self._answer.get(key) for key in ("status", "data", "findings", "errors")}
        return {
            "file": self.file,
            "fleet": self.name,
            "project": self.project,
            "exit_status": self.status,
            **told,
        }

    def announce(self) -> None:
        """Say whose turn it is, and remember it in log lines."""
        self.name, self.project = self._app.fleet.name, self._app.fleet.project
        self._know()
        self._app.output.text(f"{self.name} of {self.project} ({self.file})")

    def carry_out(self, command: Callable[[App], int]) -> None:
        """Do it; a failure becomes its message, its findings and its exit status.

        Raises:
            KeyboardInterrupt: Somebody wants all to end.
        """
        try:
            self.status = command(self._app)
        except ProvisionerError as error:
            failure = error
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except Exception as error:  # noqa: BLE001  # the others have their turn whatever this one met
            failure = unforeseen(error, self._app.settings)
        else:
            return
        self.status = failure.exit_code
        self._app.output.error(failure)
        if isinstance(failure, Interrupted):
            raise KeyboardInterrupt

    def _know(self) -> None:
        known = {"fleet": self.name, "project": self.project, "file": self.file}
        self._app.output = replace(
            self._app.output,
            log=self._app.settings.job,
            about={key: value for key, value in known.items() if value},
            deliver=self._answer.update,
        )


def _of(app: App, file: str) -> App:
    return type(app)(replace(app.settings, fleet=file, fleets=()), app.output.command)


def _read(app: App) -> int:
    app.fleet  # noqa: B018  # read, checked and kept
    return DONE


def _status(fleets: Sequence[_Fleet]) -> Status:
    found = {Status(one.entry["status"] or Status.OK) for one in fleets}
    return found.pop() if len(found) == 1 else Status.PARTIAL if found else Status.OK
