"""A program of the user's own, told what happens."""

import json
import sys

import pytest

from notebook_provisioner.adapters.notification import NotificationFailed, notify


def test_the_program_reads_one_line_of_json(tmp_path):
    heard = tmp_path / "heard"
    program = f"import sys, pathlib; pathlib.Path({str(heard)!r}).write_text(sys.stdin.read() + sys.argv[1])"
    notify([sys.executable, "-c", program, "$(reboot); `id`"], {"event": "begins", "notebook": "näna"})
    line, argument = heard.read_text().splitlines()
    assert json.loads(line) == {"event": "begins", "notebook": "näna"}
    assert argument == "$(reboot); `id`"


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["/nowhere/to-be-found"], "No such file"),
        ([sys.executable, "-c", "import sys; sys.exit('no route')"], "status 1: no route"),
    ],
)
def test_one_that_fails_says_so(command, words):
    with pytest.raises(NotificationFailed, match=words):
        notify(command, {})
