"""The script is strict, quoted, reproducible, and says itself how it ended. Here it runs in a real bash."""

import json
import os
import shlex
import stat
import subprocess
import sys
from datetime import date
from pathlib import Path

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from notebook_provisioner.core import fleet, post_startup
from notebook_provisioner.core.post_startup import Raw

ROOT = Path(__file__).parents[2]
TEMPLATES = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "post_startup").glob("*.sh.j2")}
TURN_FILE = "/run/lock/notebook-provisioner"


@pytest.fixture(scope="module")
def notebooks():
    path = ROOT / "examples" / "quickstart" / "fleet.yaml"
    parsed = fleet.parse(path.read_text(encoding="utf-8"), file=str(path), today=date(2026, 11, 1))
    return parsed.resolved_notebooks


@pytest.fixture(scope="module")
def script(notebooks):
    return post_startup.render(notebooks[0], TEMPLATES, version="1.2.3")


def test_every_template_is_used():
    assert {post_startup.FRAME, *(step.template for step in post_startup.STEPS)} == set(TEMPLATES)


def test_it_is_the_same_every_time_and_carries_its_origin(notebooks, script):
    assert post_startup.render(notebooks[0], TEMPLATES, version="1.2.3") == script
    assert script.startswith("#!/bin/bash\n")
    assert "notebook-provisioner 1.2.3" in script
    assert post_startup.render(notebooks[1], TEMPLATES, version="1.2.3") != script


def test_shellcheck_has_nothing_to_say(script, tmp_path):
    path = tmp_path / "script.sh"
    path.write_text(script)
    checker = Path(sys.executable).with_name("shellcheck")
    shown = subprocess.run([checker, "--enable=all", path], capture_output=True, text=True, check=False)
    assert shown.stdout == ""


@given(st.text(alphabet=st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_any_text_is_one_word_again(text):
    assert shlex.split(post_startup.shell_form(text)) == [text]


def test_values_have_their_shell_form():
    assert post_startup.shell_form(["a b", 3, True]) == "'a b' 3 true"
    for bad in (None, 1.5, {"a": 1}, object()):
        with pytest.raises(TypeError, match="no shell form"):
            post_startup.shell_form(bad)
    with pytest.raises(ValueError, match="NUL"):
        post_startup.shell_form("\0")


@pytest.mark.parametrize("text", ["", "a b", "$(id)", "a\nb", "x;y", "`id`", "*"])
def test_nothing_that_acts_is_raw(text):
    with pytest.raises(ValueError, match="cannot stand unquoted"):
        Raw(text)


def test_the_environment_quotes_what_a_template_forgets_to(notebooks):
    hostile = notebooks[0].__class__(
        **{
            **{field: getattr(notebooks[0], field) for field in notebooks[0].__slots__},
            "metadata": {"jupyter-user": "x; touch /tmp/pwned #"},
        }
    )
    rendered = post_startup.render(hostile, TEMPLATES, version="1")
    assert "local home='/home/x; touch /tmp/pwned #'" in rendered


def test_a_value_that_is_not_there_is_an_error(notebooks):
    with pytest.raises(jinja2.UndefinedError):
        post_startup.render(notebooks[0], {**TEMPLATES, "report.sh.j2": "{{ nothing }}"}, version="1")


class Machine:
    """A folder of programs that stand before the real ones, and what they were asked."""

    def __init__(self, folder: Path, script: str) -> None:
        self.folder = folder
        self.script = script.replace(TURN_FILE, str(folder / "turn"))
        assert self.script != script
        # Keeps the body of every report.
        self.program(
            "curl", f'while (($#)); do [[ $1 == --data ]] && echo "$2" >>{folder}/reports; shift; done'
        )
        self.program("findmnt", "echo /dev/sdb")

    def program(self, name: str, body: str) -> None:
        path = self.folder / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/bash\n{body}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    def run(self, script: str | None = None) -> subprocess.CompletedProcess:
        return subprocess.run(
            ["bash", "-s"],
            input=script or self.script,
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}"},
        )

    @property
    def reports(self) -> list[dict]:
        path = self.folder / "reports"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@pytest.fixture
def machine(tmp_path, script):
    return Machine(tmp_path, script)


def test_success_is_reported(machine):
    assert machine.run().returncode == 0
    assert [report["state"] for report in machine.reports] == ["STARTED", "COMPLETE"]
    assert machine.reports[-1]["version"] == "1.2.3"


def test_failure_is_reported_with_its_place_and_ends_the_script(machine):
    machine.program("findmnt", "exit 1")
    assert machine.run().returncode == 1
    last = machine.reports[-1]
    assert (last["state"], last["step"], last["exit"]) == ("ERROR", "data-disk", 1)
    assert machine.script.splitlines()[last["line"] - 1].strip() in {"return 1", "step_data_disk"}


def test_a_missing_program_is_a_failure(machine):
    machine.program("findmnt", "exit 127")
    assert machine.run().returncode != 0
    assert machine.reports[-1]["state"] == "ERROR"


def test_a_deaf_metadata_server_does_not_stop_the_work(machine):
    machine.program("curl", "exit 22")
    shown = machine.run()
    assert shown.returncode == 0
    assert "did not take the report" in shown.stdout


def test_two_do_not_run_at_once(machine):
    holder = subprocess.Popen(
        ["flock", str(machine.folder / "turn"), "-c", "echo held; read -r _"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with holder:
        assert holder.stdout.readline() == "held\n"
        assert machine.run().returncode == 75
        holder.stdin.write("\n")
    assert machine.reports == []


def test_a_download_that_was_cut_short_does_nothing(machine):
    lines = machine.script.splitlines(keepends=True)
    for end in range(1, len(lines)):
        cut = "".join(lines[:end])
        if end % 7 == 0 or end > len(lines) - 6:
            machine.run(cut)
            assert machine.reports == [], f"cut after line {end}"
