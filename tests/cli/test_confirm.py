"""On Google Cloud a person confirms at a terminal: y for a change, the fleet's name for its end."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

SUPPORT = Path(__file__).parents[1] / "support"
QUICKSTART = Path(__file__).parents[2] / "examples" / "quickstart" / "fleet.yaml"
PROGRAM = """
import sys
from fake_app import FakeDirectory, FakeProvisioner, fake_app
from plan_documents import change, document, notebook
from notebook_provisioner.cli.main import Settings, nbp

create = document(change("google_workbench_instance", ["create"], after=notebook()))
delete = document(change("google_workbench_instance", ["delete"], before=notebook()))
terraform = FakeProvisioner(create, delete)
try:
    nbp.main(sys.argv[1:], obj=Settings(app_type=fake_app(terraform, FakeDirectory())))
finally:
    print("applied" if "apply" in terraform.calls else "untouched")
"""


@pytest.mark.parametrize(
    ("command", "answer", "status", "end"),
    [
        ("apply", "y", 0, "applied"),
        ("apply", "n", 4, "untouched"),
        ("apply", "", 4, "untouched"),
        ("destroy", "quickstart", 0, "applied"),
        ("destroy", "y", 4, "untouched"),
    ],
)
def test_the_answer_decides(google_fleet, command, answer, status, end):
    controller, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, command, "--fleet", google_fleet],
        stdin=terminal,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(SUPPORT)},
    )
    os.close(terminal)
    os.write(controller, f"{answer}\n".encode())
    results, talk = process.communicate(timeout=60)
    os.close(controller)
    assert process.returncode == status, talk
    assert results.splitlines()[-1] == end
    if status:
        assert "not confirmed" in talk


@pytest.mark.parametrize("command", ["apply", "destroy"])
def test_without_a_terminal_the_refusal_carries_the_plan(google_fleet, command):
    shown = subprocess.run(
        [sys.executable, "-c", PROGRAM, command, "--fleet", google_fleet, "--format", "json"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(SUPPORT)},
    )
    envelope, _ = json.JSONDecoder().raw_decode(shown.stdout)
    assert (shown.returncode, envelope["status"]) == (4, "refused")
    assert envelope["errors"][0]["code"] == "confirmation-needed"
    assert envelope["data"]["refused"]
    assert len(envelope["data"]["steps"]) == 1
