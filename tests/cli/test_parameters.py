"""Values of options that are none are usage errors, which name the option and what would be right."""

import contextlib
import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from notebook_provisioner.cli import parameters
from notebook_provisioner.cli.main import nbp
from notebook_provisioner.cli.parameters import Shard, StorageObject

FLEET = Path(__file__).parents[2] / "examples" / "quickstart" / "fleet.yaml"

WRONG = [
    (["snapshots", "prune", "--shard", "9/3"], "--shard", "write 1/8"),
    (["snapshots", "list", "--shard", "0/3"], "--shard", "write 1/8"),
    (["snapshots", "prune", "--due", "--lease", "s3://x"], "--lease", "write gs://BUCKET/OBJECT"),
    (["snapshots", "prune", "--lease", "gs://bucket"], "--lease", "write gs://BUCKET/OBJECT"),
    (["snapshots", "prune", "--min-age", "3weeks"], "--min-age", "as in 1y6m or 90d"),
    (["snapshots", "prune", "--keep-within", "x"], "--keep-within", "as in 1y6m or 90d"),
    (["snapshots", "prune", "--keep-within-daily", ""], "--keep-within-daily", "as in 1y6m or 90d"),
    (["snapshots", "list", "--soak", "0d"], "--soak", "as in 1y6m or 90d"),
    (["snapshots", "list", "--orphans-keep-within", "1"], "--orphans-keep-within", "as in 1y6m or 90d"),
    (["snapshots", "list", "--grace", "d"], "--grace", "as in 1y6m or 90d"),
    (["upgrade", "plan", "--soak", "bad"], "--soak", "as in 1y6m or 90d"),
    (["upgrade", "plan", "--canary", "anna"], "--canary", "there are ana-research"),
    (["upgrade", "plan", "--wave-size", "10001"], "--wave-size", "1<=x<=10000"),
    (["upgrade", "run", "--all", "--shard", "a/b"], "--shard", "write 1/8"),
    (["upgrade", "run", "--all", "--lease", "foo"], "--lease", "write gs://BUCKET/OBJECT"),
    (["upgrade", "run", "--all", "--family", "No Family"], "--family", "as in workbench-instances-2603"),
    (["upgrade", "run", "--all", "--notify", "tell 'me"], "--notify", "quote its arguments"),
    (["upgrade", "run", "--all", "--canary", "anna"], "--canary", "there are ana-research"),
    (["upgrade", "rollback", "ana-research", "--lease", "gs:///x"], "--lease", "write gs://BUCKET/OBJECT"),
    (["post-startup", "rerun", "--all", "--canary", "anna"], "--canary", "there are ana-research"),
    (["list", "--label", "team"], "--label", "write KEY=VALUE"),
    (["lock", "show", "--label", "=x"], "--label", "write KEY=VALUE"),
]


UNHEEDED = [
    (["upgrade", "run", "--resume", "--now", "--dry-run"], "does not heed --now, --dry-run;"),
    (["upgrade", "run", "--resume", "--even-if-busy"], "takes --all, --label, --due, --parallel"),
    (["upgrade", "run", "--resume", "--failure-budget", "0"], "does not heed --failure-budget;"),
    (["upgrade", "run", "--resume", "--family", "workbench-instances"], "not heed --family;"),
    (["upgrade", "run", "--resume", "--data-snapshot"], "does not heed --data-snapshot;"),
    (["upgrade", "run", "--resume", "--canary", "ana-research"], "does not heed --canary;"),
    (["post-startup", "rerun", "--resume", "ana-research"], "does not heed [NOTEBOOK]...;"),
    (["post-startup", "rerun", "--resume", "--transport", "api"], "not heed --transport;"),
    (["post-startup", "rerun", "--undo", "--accept", "live"], "does not heed --accept;"),
    (["post-startup", "rerun", "--undo", "--timeout", "5"], "it takes --parallel, --yes"),
    (["post-startup", "rerun", "--undo", "--resume"], "does not heed --undo;"),
]


@pytest.fixture(autouse=True)
def _quickstart(monkeypatch):
    monkeypatch.setenv("NBP_FLEET", str(FLEET))


@pytest.mark.parametrize(("arguments", "option", "right"), WRONG, ids=[" ".join(row[0]) for row in WRONG])
def test_a_wrong_value_is_a_usage_error_that_says_what_would_be_right(arguments, option, right):
    done = CliRunner().invoke(nbp, arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert f"Invalid value for '{option}'" in done.stderr
    assert right in done.stderr
    assert f"Usage: nbp {arguments[0]}" in done.stderr


@pytest.mark.parametrize(("arguments", "said"), UNHEEDED, ids=[" ".join(row[0]) for row in UNHEEDED])
def test_what_carrying_on_does_not_heed_is_a_usage_error_that_says_what_it_does(arguments, said):
    done = CliRunner().invoke(nbp, arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr


@pytest.mark.parametrize("variable", ["NBP_SHARD", "NBP_LEASE"])
def test_a_wrong_value_in_the_environment_is_one_too_and_names_the_variable(variable, monkeypatch):
    monkeypatch.setenv(variable, "9/3")
    done = CliRunner().invoke(nbp, ["snapshots", "prune"])
    assert done.exit_code == 2
    assert f"(env var: '{variable}')" in done.stderr


def test_a_wrong_value_in_the_fleet_file_is_a_finding(tmp_path):
    fleet = tmp_path / "fleet.yaml"
    text = FLEET.read_text("utf-8")
    fleet.write_text(text + "\nrollout: {soak: bad}\n", "utf-8")
    done = CliRunner().invoke(nbp, ["upgrade", "plan", "--fleet", str(fleet), "--format", "json"])
    assert done.exit_code == 1
    (found,) = json.loads(done.stdout)["findings"]
    assert (found["code"], found["subject"]) == ("duration", "rollout.soak")


def test_a_usage_error_found_late_shows_the_commands_usage():
    done = CliRunner().invoke(nbp, ["lock", "clear"])
    assert done.exit_code == 2
    assert "Usage: nbp lock clear" in done.stderr


def read(kind, text):
    return kind.convert(text, None, None)


@given(st.integers(1, 10_000), st.data())
def test_every_shard_is_read_as_it_is_written(count, data):
    part = data.draw(st.integers(1, count))
    assert read(parameters.SHARD, f"{part}/{count}") == Shard(part - 1, count)


@given(st.text())
def test_no_text_breaks_a_type(text):
    for kind in (parameters.SHARD, parameters.STORAGE_OBJECT, parameters.LABEL, parameters.PROGRAM):
        with contextlib.suppress(click.BadParameter):
            assert read(kind, text) is not None


@given(st.text(), st.text(), st.integers(1, 9))
def test_a_notebook_is_in_exactly_one_shard(zone, name, count):
    assert sum(Shard(index, count).takes((zone, name)) for index in range(count)) == 1


def test_a_task_of_cloud_run_is_a_shard_and_a_flag_wins(monkeypatch):
    monkeypatch.setenv("CLOUD_RUN_TASK_INDEX", "2")
    monkeypatch.setenv("CLOUD_RUN_TASK_COUNT", "5")
    assert Shard.of_task() == Shard(2, 5)
    assert Shard.of_task().suffix == "-3-of-5"
    assert Shard().suffix == ""


def test_what_is_right_is_read():
    assert read(parameters.STORAGE_OBJECT, "gs://b-1/a/b") == StorageObject("b-1", "a/b")
    assert read(parameters.LABEL, "team=a=b") == ("team", "a=b")
    assert read(parameters.PROGRAM, "tell 'the others' now") == ("tell", "the others", "now")
    assert read(parameters.DURATION, "1y6m") == "1y6m"
    assert read(parameters.IMAGE_FAMILY, "workbench-instances") == "workbench-instances"
