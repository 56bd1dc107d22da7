import json
import re

import pytest
from click.testing import CliRunner

from notebook_provisioner.cli.main import nbp


@pytest.fixture
def run(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NBP_FLEET", raising=False)
    return lambda *arguments: CliRunner().invoke(nbp, arguments)


def test_the_starter_passes_its_check(run):
    assert run("init").exit_code == 0
    checked = run("check")
    assert (checked.exit_code, checked.stdout) == (0, "fleet.yaml: no errors, no warnings\n")


def test_what_the_starter_comments_out_is_right_too(run, tmp_path):
    """Every commented key, switched on, still makes a good file."""
    run("init")
    file = tmp_path / "fleet.yaml"
    text = file.read_text(encoding="utf-8").replace("mode: disabled", "mode: dry-run", 1)
    text, count = re.subn(r"(?m)^( *)# ( *(?:[a-z_]+:|- ).*)$", r"\1\2", text)
    file.write_text(text, encoding="utf-8")
    assert count > 20
    checked = run("check")
    assert checked.exit_code == 0, checked.stderr


def test_the_starter_names_every_mode_that_there_is(run, tmp_path):
    kinds = json.loads(run("schema").stdout)["$defs"].values()
    modes = {kind["properties"]["mode"]["const"] for kind in kinds if "mode" in kind["properties"]}
    run("init")
    named = re.findall(r"(?m)^ *mode: (.*)$", (tmp_path / "fleet.yaml").read_text(encoding="utf-8"))
    assert modes <= set(re.findall(r"[a-z-]+", " ".join(named)))


def test_a_file_that_is_there_is_kept(run, tmp_path):
    (tmp_path / "fleet.yaml").write_text("mine", encoding="utf-8")
    result = run("init")
    assert result.exit_code == 4
    assert "fleet.yaml is there already" in result.stderr
    assert (tmp_path / "fleet.yaml").read_text(encoding="utf-8") == "mine"


def test_force_overwrites(run, tmp_path):
    (tmp_path / "fleet.yaml").write_text("mine", encoding="utf-8")
    assert run("init", "--force").exit_code == 0
    assert run("check").exit_code == 0


def test_the_name_can_be_given(run, tmp_path):
    assert run("init", "one.yaml").exit_code == 0
    assert run("init", "--fleet", "two.yaml").exit_code == 0
    assert {path.name for path in tmp_path.iterdir()} == {"one.yaml", "two.yaml"}


def test_a_folder_that_is_not_there(run):
    result = run("init", "nowhere/fleet.yaml")
    assert result.exit_code == 1
    assert "nowhere/fleet.yaml cannot be written: No such file or directory" in result.stderr


def test_json(run):
    envelope = json.loads(run("--format", "json", "init").stdout)
    assert (envelope["command"], envelope["status"], envelope["data"]) == (
        "init",
        "ok",
        {"file": "fleet.yaml"},
    )
