"""A folder that cannot be written is an error of the user's that names it, in every command that needs it."""

import json
import os

import pytest
from click.testing import CliRunner

from notebook_provisioner.cli.main import nbp

COMMANDS = [
    ("plan",),
    ("apply",),
    ("destroy",),
    ("list",),
    ("sandbox", "start"),
    ("sandbox", "stop"),
    ("sandbox", "status"),
    ("sandbox", "reset"),
    ("snapshots", "list"),
]


@pytest.fixture(params=["below /proc", "a file", "a closed folder"])
def bad_home(request, tmp_path, monkeypatch):
    """A home that not even root can write, except for the last, where there is no root."""
    if request.param == "below /proc":
        path = "/proc/nope"
    elif request.param == "a file":
        path = tmp_path / "file"
        path.write_text("")
    else:
        if os.geteuid() == 0:
            pytest.skip("root may write everywhere")
        path = tmp_path / "closed"
        path.mkdir(mode=0o500)
    monkeypatch.setenv("NBP_HOME", str(path))
    return str(path)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_home_that_cannot_be_written_is_named(command, bad_home):
    result = CliRunner().invoke(nbp, ["--format", "json", *command])
    assert result.exit_code == 1
    (error,) = json.loads(result.stdout)["errors"]
    assert error["code"] == "invalid-input"
    assert bad_home in error["message"]
    assert "NBP_HOME" in error["message"]


def test_doctor_finds_it(bad_home):
    result = CliRunner().invoke(nbp, ["--format", "json", "doctor"])
    assert result.exit_code == 3
    checks = {check["name"]: check for check in json.loads(result.stdout)["data"]["checks"]}
    assert checks["home"]["verdict"] == "missing"
    assert bad_home in checks["home"]["detail"]
    assert "NBP_HOME" in checks["home"]["remedy"]


def test_a_current_folder_that_is_gone_is_said(tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    result = CliRunner().invoke(nbp, ["--format", "json", "sandbox", "status"])
    assert json.loads(result.stdout)["errors"][0]["code"] == "invalid-input"


def test_looking_makes_nothing(tmp_path, monkeypatch):
    home = tmp_path / "not" / "there" / "yet"
    monkeypatch.setenv("NBP_HOME", str(home))
    assert CliRunner().invoke(nbp, ["sandbox", "status"]).exit_code == 3
    assert list(tmp_path.iterdir()) == []
