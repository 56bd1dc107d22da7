"""What holds for every command: options, streams, exit status, envelope, speed."""

import importlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from fake_app import FakeDirectory, FakeProvisioner, live, run

from notebook_provisioner.cli.main import COMMANDS, nbp
from notebook_provisioner.cli.output import Output
from notebook_provisioner.core.errors import Unforeseen

NBP = str(Path(sys.executable).with_name("nbp"))
QUICKSTART = str(Path(__file__).parents[2] / "examples" / "quickstart" / "fleet.yaml")


def leaves():
    """Every command that does something, with its words."""
    ctx = click.Context(nbp)
    for name in COMMANDS:
        command = nbp.get_command(ctx, name)
        if isinstance(command, click.Group):
            yield from ((f"{name} {word}", inner) for word, inner in command.commands.items())
        else:
            yield name, command


@pytest.mark.parametrize("name", COMMANDS)
def test_the_one_line_help_is_the_commands_own(name):
    command = nbp.get_command(click.Context(nbp), name)
    assert command.get_short_help_str(limit=200) == COMMANDS[name]


@pytest.mark.parametrize(("words", "command"), list(leaves()))
def test_every_command_takes_the_global_options_and_shows_an_example(words, command):
    options = {option for parameter in command.params for option in parameter.opts}
    assert {"--fleet", "--target", "--format", "--verbose"} <= options
    assert "Example:" in command.help
    assert f"nbp {words}" in command.help


@pytest.mark.parametrize("command", ["plan", "apply", "destroy", "list", "show", "doctor"])
def test_help_tells_the_exit_status(command):
    assert "Exit status:" in CliRunner().invoke(nbp, [command, "--help"]).stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("--format", "json", "list"),
        ("list", "--format", "json"),
        ("--fleet", QUICKSTART, "list", "--format", "json"),
        ("list", "--fleet", QUICKSTART, "--target", "sandbox", "--format", "json"),
    ],
)
def test_global_options_stand_before_or_after(arguments):
    result = run(FakeProvisioner({}), FakeDirectory(live("ana-research")), *arguments)
    assert json.loads(result.stdout)["command"] == "list"


def test_a_flag_goes_before_the_environment_and_that_before_the_file(monkeypatch):
    monkeypatch.setenv("NBP_FORMAT", "table")
    monkeypatch.setenv("NBP_FLEET", "/no/such/fleet.yaml")
    ask = [FakeProvisioner({}), FakeDirectory()]
    assert run(*ask, "list").exit_code == 1
    result = run(*ask, "--fleet", QUICKSTART, "--format", "json", "list")
    assert json.loads(result.stdout)["data"]["target"] == "sandbox"


def test_an_error_is_an_envelope_on_stdout_and_nothing_else():
    result = run(FakeProvisioner({}), FakeDirectory(), "--format", "json", "list", "--fleet", "/no/such.yaml")
    shown = json.loads(result.stdout)
    assert (shown["status"], shown["errors"][0]["code"], result.exit_code) == ("error", "not-found", 1)


class Broken:
    def list(self):
        raise ZeroDivisionError("nobody thought\nof this")


def test_what_nobody_thought_of_is_one_line_and_no_traceback():
    result = run(FakeProvisioner({}), Broken(), "list")
    assert result.exit_code == 1
    assert "Traceback" not in result.output
    assert "unforeseen ZeroDivisionError: nobody thought of this" in result.stderr
    assert "-vv" in result.stderr
    assert json.loads(run(FakeProvisioner({}), Broken(), "list", "--format", "json").stdout)["errors"]


def test_two_v_show_the_traceback():
    result = run(FakeProvisioner({}), Broken(), "list", "-vv")
    assert "Traceback" in result.stderr


def nbp_program(*arguments, **options):
    return subprocess.run([NBP, *arguments], capture_output=True, text=True, check=False, **options)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--fleet", "/no/such.yaml", "snapshots", "prune", "--due", "--yes"], "not-found"),
        (["--fleet", "/no/such.yaml", "upgrade", "run", "--due", "--yes"], "not-found"),
        (["snapshots", "prune", "--due", "--bogus"], "usage"),
    ],
)
def test_an_error_of_a_job_is_one_log_line(arguments, code):
    """Cloud Logging takes the severity from JSON lines alone, and the alert on failure looks for it."""
    shown = nbp_program(*arguments)
    [line] = shown.stderr.splitlines()
    entry = json.loads(line)
    assert (entry["severity"], entry["code"], shown.stdout) == ("ERROR", code, "")
    assert entry["message"].startswith(("snapshots prune: ", "upgrade run: "))
    envelope = json.loads(nbp_program("--format", "json", *arguments).stdout)
    assert envelope["errors"][0]["code"] == code


def test_what_nobody_thought_of_in_a_job_is_a_log_line(capsys):
    Output("snapshots prune", log=True).error(Unforeseen("unforeseen ZeroDivisionError: no message"))
    entry = json.loads(capsys.readouterr().err)
    assert (entry["severity"], entry["code"]) == ("ERROR", "unforeseen")


def test_a_wrong_command_line_ends_in_2():
    assert nbp_program("no-such-command").returncode == 2
    shown = nbp_program("--format", "json", "apply", "--no-such-option")
    assert shown.returncode == 2
    assert json.loads(shown.stdout)["errors"][0]["code"] == "usage"


@pytest.mark.parametrize(
    ("arguments", "command", "message"),
    [
        (["list", "--bogus"], "list", "No such option"),
        (["apply", "--accept", "foo"], "apply", "'foo' is not one of"),
        (["snapshots", "prune", "--bogus"], "snapshots prune", "No such option"),
        (["sandbox", "bogus"], "sandbox", "No such command"),
        (["sandbox"], "sandbox", "a command is missing"),
        (["no-such-command"], "", "No such command"),
    ],
)
def test_a_wrong_command_line_names_its_command(arguments, command, message):
    shown = nbp_program("--format", "json", *arguments)
    assert shown.returncode == 2
    document = json.loads(shown.stdout)
    (error,) = document["errors"]
    assert (document["command"], document["status"], error["code"]) == (command, "error", "usage")
    assert message in error["message"]
    assert "\n" not in error["message"]
    assert " ".join(["nbp", *command.split(), "--help"]) in error["hint"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["list", "--bogus", "--format", "json"],
        ["list", "--format=json", "--bogus"],
        ["--bogus", "--format", "json", "list"],
    ],
)
def test_a_wrong_command_line_is_told_as_json_wherever_that_was_asked_for(arguments):
    shown = nbp_program(*arguments)
    assert shown.returncode == 2
    assert json.loads(shown.stdout)["errors"][0]["code"] == "usage"


def test_the_environment_asks_for_json_too():
    shown = nbp_program("--bogus", env={**os.environ, "NBP_FORMAT": "json"})
    assert json.loads(shown.stdout)["errors"][0]["code"] == "usage"
    assert nbp_program("--bogus", "--format", "table", env={**os.environ, "NBP_FORMAT": "json"}).stdout == ""


def test_ctrl_c_ends_in_130(tmp_path):
    code = (
        "import sys, time\n"
        "from notebook_provisioner.cli import main\n"
        "from notebook_provisioner.cli.app import App\n"
        "def wait(self): print('waiting', flush=True); time.sleep(30)\n"
        "App.notebooks = wait\n"
        f"sys.argv = ['nbp', 'list', '--fleet', {QUICKSTART!r}]\n"
        "main.main()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        # A suite that runs in the background ignores SIGINT, and its children would too.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509  # one thread
    )
    assert process.stdout.readline() == "waiting\n"
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, talk = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted" in talk
    assert "Traceback" not in talk


def test_a_reader_that_leaves_early_is_no_failure_with_a_traceback():
    with subprocess.Popen(
        [NBP, "schema"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        process.stdout.close()
        assert "Traceback" not in process.stderr.read()


def test_help_imports_nothing_that_costs():
    # A clock would be flaky; what costs is importing these (bench/startup.py measures).
    costly = "{'pydantic', 'yaml', 'rich', 'jinja2', 'google', 'requests', 'python_terraform'}"
    code = (
        "import sys\n"
        "from notebook_provisioner.cli import main\n"
        "sys.argv = ['nbp', '--help']\n"
        "try: main.main()\n"
        f"except SystemExit: print(sorted({costly} & set(sys.modules)), file=sys.stderr)\n"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stderr.strip() == "[]"


@pytest.mark.parametrize("name", COMMANDS)
def test_a_commands_module_imports_no_google(name):
    module = f"notebook_provisioner.cli.commands.{name.replace('-', '_')}"
    code = f"import sys, {module}; print(sorted({{'google', 'rich', 'pydantic'}} & set(sys.modules)))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"
    assert importlib.import_module(module)


def test_completion_knows_the_commands():
    environment = {
        **os.environ,
        "_NBP_COMPLETE": "bash_complete",
        "COMP_WORDS": "nbp sand",
        "COMP_CWORD": "1",
    }
    assert "sandbox" in nbp_program(env=environment).stdout
