"""``nbp post-startup render`` writes what apply uploads."""

import hashlib
import json

import pytest
from fake_app import FakeDirectory, FakeProvisioner, run


def render(*arguments):
    return run(FakeProvisioner({}), FakeDirectory(), "post-startup", "render", *arguments)


def test_it_writes_the_scripts_of_all(tmp_path):
    result = render("--all", "--output", str(tmp_path / "new" / "folder"), "--format", "json")
    assert result.exit_code == 0
    scripts = json.loads(result.stdout)["data"]["scripts"]
    assert [script["name"] for script in scripts] == ["ana-research", "ana-training", "ben-research"]
    for script in scripts:
        path = tmp_path / "new" / "folder" / f"{script['name']}.sh"
        assert script["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()


def test_it_writes_the_same_bytes_again_and_those_asked_for_alone(tmp_path):
    render("--all", "--output", str(tmp_path / "a"))
    result = render("ben-research", "--output", str(tmp_path / "b"))
    assert [path.name for path in (tmp_path / "b").iterdir()] == ["ben-research.sh"]
    assert (tmp_path / "a" / "ben-research.sh").read_bytes() == (
        tmp_path / "b" / "ben-research.sh"
    ).read_bytes()
    assert "ben-research" in result.stdout


def test_a_notebook_that_is_not_there_is_named_and_nothing_is_written(tmp_path):
    result = render("nobody", "ben-research", "--output", str(tmp_path / "b"))
    assert result.exit_code == 1
    assert "nobody" in result.stderr
    assert "ana-research" in result.stderr
    assert not (tmp_path / "b").exists()


@pytest.mark.parametrize("arguments", [(), ("--all", "ben-research")])
def test_either_names_or_all(tmp_path, arguments):
    assert render(*arguments, "--output", str(tmp_path)).exit_code == 2


def test_a_label_chooses_too(tmp_path):
    assert render("--label", "workload=training", "--output", str(tmp_path)).exit_code == 0
    assert [path.stem for path in tmp_path.iterdir()] == ["ana-training"]
    assert render("--label", "workload=none", "--output", str(tmp_path)).exit_code == 1


def test_a_place_that_cannot_be_written_is_an_error_without_traceback(tmp_path):
    (tmp_path / "ben-research.sh").mkdir()
    result = render("ben-research", "--output", str(tmp_path))
    assert result.exit_code == 1
    assert "cannot be written" in result.stderr
