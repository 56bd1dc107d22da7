"""Tables on terminals of every width."""

import os
import pty
import subprocess
import sys

import pytest

PROGRAM = """
from notebook_provisioner.cli.output import Output
rows = [["krwlzipynril", "ana-research", "delete", "no rule keeps it, and it is older than all that do"]]
Output("snapshots list").table("", ["Name", "Notebook", "Then", "Why"], rows)
"""


def printed(columns):
    """What the program prints on a terminal so wide."""
    ours, theirs = pty.openpty()
    variables = {**os.environ, "COLUMNS": str(columns), "TERM": "dumb"}
    subprocess.run([sys.executable, "-c", PROGRAM], stdout=theirs, env=variables, check=True)
    os.close(theirs)
    shown = os.read(ours, 65_536).decode()
    os.close(ours)
    return shown.replace("\r\n", "\n")


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_nothing_is_cut_or_left_out(columns):
    words = printed(columns).split()
    for word in ("Why", "krwlzipynril", "ana-research", "delete", "older"):
        assert word in words


def test_the_last_column_has_a_line_of_its_own_where_there_is_no_room():
    assert printed(50).splitlines() == [
        "Name          Notebook      Then",
        "    Why",
        "krwlzipynril  ana-research  delete",
        "    no rule keeps it, and it is older than all that do",
    ]
