"""The ``nbp`` group: global options, commands loaded on demand, and the one error boundary.

A command module is ``cli/commands/<name>.py`` (dashes become underscores) and holds a Click command
or group named after its last word. It is imported only when it is called or asked for help.
"""

import importlib
import itertools
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import click

from notebook_provisioner import __version__
from notebook_provisioner.cli.output import Output
from notebook_provisioner.core.errors import Interrupted, ProvisionerError, Unforeseen, Usage

# name → one-line help: known without importing, for speed; a test holds it against the commands.
COMMANDS: Final[dict[str, str]] = {
    "apply": "Make the cloud match the fleet file.",
    "check": "Validate the fleet file, offline.",
    "destroy": "Delete everything that apply made.",
    "doctor": "Say what works on this machine, what does not, and why.",
    "init": "Write a commented fleet file to start from.",
    "list": "List the fleet's notebooks as they are.",
    "lock": "Watch and change the flag that keeps c2d-startup from running again.",
    "plan": "Show what apply would change.",
    "post-startup": "Render, watch and re-run the scripts that harden notebooks.",
    "sandbox": "Run the embedded Google Cloud.",
    "schema": "Print the fleet file's JSON Schema, for editors.",
    "show": "Show one notebook in full.",
    "snapshots": "List and prune boot-disk snapshots.",
    "upgrade": "Upgrade notebooks in their windows, around idle shutdown.",
}

TRACEBACK_VERBOSITY: Final = 2

F = TypeVar("F", bound=Callable[..., Any])


@dataclass
class Settings:
    """Global options as given; None where neither flag nor environment says anything."""

    fleet: str | None = None
    fleets: tuple[str, ...] = ()  # all of them, where --fleet was given; most commands take one
    target: str | None = None
    output_format: str = "table"
    verbose: int = 0
    command: str = ""  # the words of the running command, once it is known
    job: bool = False  # run as a scheduled job: errors are log lines
    app_type: type | None = None  # builds the adapters; cli.app.App unless a caller brings its own


class _FleetFile(click.types.StringParamType):
    """A path, or ``gs://BUCKET/OBJECT``; the variable holds one, which may have spaces in it."""

    def split_envvar_value(self, rv: str) -> tuple[str, ...]:
        return (rv,)


def _remember(name: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    def callback(ctx: click.Context, parameter: click.Parameter, value: Any) -> None:  # noqa: ANN401
        source = ctx.get_parameter_source(parameter.name or "")
        settings = ctx.ensure_object(Settings)
        # The group has read the environment; read again for the command, it would win over the group's flags.
        given = source is click.core.ParameterSource.COMMANDLINE or (
            source is click.core.ParameterSource.ENVIRONMENT and ctx.parent is None
        )
        if given and value is not None:
            setattr(settings, name, value)
            if name == "fleets":
                settings.fleet = value[-1]

    return callback


def global_options(command: F) -> F:
    """Add the options that every command takes, before or after its name."""
    options = (
        click.option(
            "--fleet",
            "fleets",
            multiple=True,
            type=_FleetFile(),
            envvar="NBP_FLEET",
            show_envvar=True,
            metavar="FILE",
            expose_value=False,
            callback=_remember("fleets"),
            help="Fleet file, or gs://BUCKET/OBJECT; ./fleet.yaml, else the quickstart.",
        ),
        click.option(
            "--target",
            envvar="NBP_TARGET",
            show_envvar=True,
            type=click.Choice(["google", "sandbox"]),
            expose_value=False,
            callback=_remember("target"),
            help="Default: what the fleet file says.",
        ),
        click.option(
            "--format",
            "output_format",
            envvar="NBP_FORMAT",
            show_envvar=True,
            expose_value=False,
            type=click.Choice(["table", "json"]),
            callback=_remember("output_format"),
            help="How results are printed; table by default.",
        ),
        click.option(
            "-v",
            "--verbose",
            count=True,
            expose_value=False,
            callback=_remember("verbose"),
            help="Show all of a plan, and Terraform's own; twice: tracebacks.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


class LazyGroup(click.Group):
    """A group that imports a command's module only when that command is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All commands, sorted."""
        del ctx
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command's module and return the command."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        name = cmd_name.replace("-", "_")
        module = importlib.import_module(f"notebook_provisioner.cli.commands.{name}")
        command: click.Command = getattr(module, "list_" if name == "list" else name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing one."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(sorted(COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401  # Click's own signature
        """Run a command; a failure becomes its message, its findings and its exit status."""
        settings = ctx.ensure_object(Settings)
        try:
            return super().invoke(ctx)
        except ProvisionerError as error:
            failure = error
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except Exception as error:  # noqa: BLE001  # the last line of defence: no traceback reaches a user
            failure = unforeseen(error, settings)
        command = settings.command or ctx.invoked_subcommand or ""
        Output(command, json=settings.output_format == "json", log=settings.job).error(failure)
        raise click.exceptions.Exit(failure.exit_code)


def unforeseen(error: Exception, settings: Settings) -> Unforeseen:
    """What nobody thought of, as an error of ours."""
    if settings.verbose >= TRACEBACK_VERBOSITY:
        import traceback

        traceback.print_exception(error)
    words = " ".join(str(error).split()) or "no message"
    return Unforeseen(
        f"unforeseen {type(error).__name__}: {words}",
        hint="this is a bug in nbp: run the command again with -vv, and report the traceback",
    )


def _show_usage(error: click.ClickException, settings: Settings, *, as_json: bool) -> None:
    """Print Click's error for a program. Its context knows the command before the command runs."""
    ctx = error.ctx if isinstance(error, click.UsageError) else None
    words = ctx.command_path.split(" ")[1:] if ctx else []
    # Click's message is the whole help where a group stands alone.
    alone = isinstance(error, click.exceptions.NoArgsIsHelpError)
    message = "a command is missing" if alone else error.format_message()
    usage = Usage(message, hint=f"{' '.join(['nbp', *words])} --help lists what there is")
    Output(" ".join(words) or settings.command, json=as_json, log=settings.job).error(usage)


def _wants_json(settings: Settings, arguments: Sequence[str]) -> bool:
    """Whether JSON was asked for. Click stops at a wrong option, before it has read those behind it."""
    chosen = settings.output_format if settings.output_format == "json" else os.environ.get("NBP_FORMAT")
    for word, after in itertools.pairwise([*arguments, ""]):
        if word == "--format":
            chosen = after
        elif word.startswith("--format="):
            chosen = word.removeprefix("--format=")
    return chosen == "json"


@click.group(
    cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, prog_name="nbp")
@global_options
def nbp() -> None:
    """Provision and operate fleets of hardened Vertex AI Workbench notebooks.

    One fleet file says what there shall be; `nbp apply` makes it so with Terraform.

    Exit status: 0 done or nothing to do, 1 failed, 2 usage, 3 a check found something,
    4 refused and nothing changed, 130 interrupted.

    \b
    Environment, besides what the options name:
      NBP_HOME                  holds .nbp and .sandbox; the current folder by default
      NBP_TERRAFORM             the Terraform or OpenTofu to use
      NBP_REAL_PROVIDER_MIRROR  a filesystem mirror with hashicorp/google, or: registry
    """  # noqa: D301  # Click takes the character \b as: keep these lines as they are


def main() -> None:
    """Run ``nbp`` as a program. Exits; never returns."""
    settings = Settings(job="--due" in sys.argv[1:])  # wrong options are told to the log, too
    try:
        status = nbp.main(standalone_mode=False, obj=settings)
    except click.ClickException as error:
        as_json = _wants_json(settings, sys.argv[1:])
        if as_json or settings.job:
            _show_usage(error, settings, as_json=as_json)
        else:
            error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        Output(settings.command, json=settings.output_format == "json", log=settings.job).error(
            Interrupted("interrupted", hint="run the same command again, unless a line above says otherwise")
        )
        sys.exit(Interrupted.exit_code)
    sys.exit(status if isinstance(status, int) else 0)
