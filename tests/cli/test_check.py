import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from notebook_provisioner.cli.main import nbp

ROOT = Path(__file__).parents[2]
QUICKSTART = str(ROOT / "examples/quickstart/fleet.yaml")


@pytest.fixture
def run(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for name in ("NBP_FLEET", "NBP_TARGET", "NBP_FORMAT"):
        monkeypatch.delenv(name, raising=False)
    return lambda *arguments, **options: CliRunner().invoke(nbp, arguments, **options)


@pytest.fixture
def broken(tmp_path):
    text = Path(QUICKSTART).read_text(encoding="utf-8")
    file = tmp_path / "broken.yaml"
    file.write_text(text.replace("ana@example.com", "group:ana@example.com", 1), encoding="utf-8")
    return str(file)


MORE = "; how its parts go together is checked once each of them is right"


def test_a_good_file(run):
    result = run("check", "--fleet", QUICKSTART)
    assert (result.exit_code, result.stdout) == (0, f"{QUICKSTART}: no errors, no warnings\n")


def test_errors_are_said_with_their_line_and_end_in_3(run, broken):
    result = run("check", "--fleet", broken)
    assert result.exit_code == 3
    assert result.stdout == f"{broken}: 1 error, no warnings{MORE}\n"
    assert (
        f"{broken}:50:12: error: notebooks[0].owner: 'group:ana@example.com' is a principal of IAM"
        in result.stderr
    )


def test_warnings_alone_end_in_0(run, tmp_path):
    file = tmp_path / "fleet.yaml"
    file.write_text(
        Path(QUICKSTART).read_text(encoding="utf-8").replace("10.20.0.0/24", "10.4.0.0/24"), encoding="utf-8"
    )
    result = run("check")
    assert result.exit_code == 0
    assert result.stdout == "fleet.yaml: no errors, 1 warning\n"
    assert "warning: network.cidr" in result.stderr


def test_json(run, broken):
    result = run("--format", "json", "check", "--fleet", broken)
    envelope = json.loads(result.stdout)
    assert result.exit_code == 3
    assert (envelope["schema"], envelope["command"], envelope["status"]) == ("nbp/1", "check", "error")
    assert envelope["data"] == {"file": broken, "errors": 1, "warnings": 0, "notebooks": None}
    assert envelope["findings"][0]["code"] == "owner"
    assert envelope["findings"][0]["location"] == {"file": broken, "line": 50, "column": 12}
    assert result.stderr == ""


def test_the_target_flag_counts(run):
    result = run("check", "--fleet", QUICKSTART, "--target", "google")
    assert result.exit_code == 3
    assert "the target google needs a place for Terraform's state" in result.stderr


def test_a_file_that_is_not_there(run):
    result = run("check", "--fleet", "nowhere.yaml")
    assert result.exit_code == 1
    assert "no fleet file at nowhere.yaml" in result.stderr
    assert "nbp init" in result.stderr


def test_a_file_that_is_not_utf_8(run, tmp_path):
    (tmp_path / "fleet.yaml").write_bytes(b"version: 1\nname: caf\xe9\n")
    result = run("check")
    assert result.exit_code == 3
    assert result.stdout == f"fleet.yaml: 1 error, no warnings{MORE}\n"
    assert "fleet.yaml:2:10: error: fleet: not YAML: the byte 0xE9 is not UTF-8" in result.stderr


def test_a_flag_before_the_command_wins_over_the_environment(run, broken):
    assert run("--fleet", QUICKSTART, "check", env={"NBP_FLEET": broken}).exit_code == 0
    assert run("check", "--fleet", QUICKSTART, env={"NBP_FLEET": broken}).exit_code == 0
    assert run("check", env={"NBP_FLEET": broken}).exit_code == 3


def test_several_files_are_all_told_and_held_together(run, broken, tmp_path):
    text = Path(QUICKSTART).read_text(encoding="utf-8")
    served = tmp_path / "served.yaml"
    by = "maintenance:\n  served_by: {project: nbp-quickstart, fleet: quickstart, jobs: [prune]}\n"
    served.write_text(text.replace("name: quickstart", "name: served", 1) + by, encoding="utf-8")
    absent = str(tmp_path / "absent.yaml")
    files = [broken, QUICKSTART, str(served), absent]
    options = [word for file in files for word in ("--fleet", file)]
    result = run("check", *options)
    assert result.exit_code == 3
    assert f"{broken}: 1 error, no warnings" in result.stdout
    assert "4 files, with what they say of each other: 3 errors, no warnings" in result.stdout
    assert f"{broken}:50:12: error" in result.stderr
    line = served.read_text("utf-8").count("\n")
    assert f"{served}:{line}:3: error: maintenance.served_by" in result.stderr
    assert f"{absent}: error: fleet: no fleet file at {absent} [not-found]" in result.stderr

    envelope = json.loads(run("check", *options, "--format", "json").stdout)
    assert {row["file"]: row["errors"] for row in envelope["data"]["fleets"]} == {
        broken: 1,
        QUICKSTART: 0,
        str(served): 0,
        absent: 1,
    }
    assert (envelope["data"]["errors"], len(envelope["findings"])) == (3, 3)
