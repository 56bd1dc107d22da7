"""The post-startup script after an upgrade: it has run again, by itself or by force, or that is said."""

import json
from pathlib import Path

import pytest
from snapshot_documents import Control
from upgrade_chaos import Day, Doomed, kill_at
from upgrade_fleet import COMPUTE, PROJECT, ZONE

from notebook_provisioner.core.procedures import Outcome
from notebook_provisioner.core.upgrades.script_runs import runs_script_again

pytestmark = [pytest.mark.network, pytest.mark.usefixtures("socket_enabled")]

SCRIPT = (Path(__file__).parents[2] / "core" / "post_startup" / "golden" / "standard.sh").read_bytes()
OLD = ("workbench-instances-v20250101", "workbench-instances-v20250601")


@pytest.fixture(scope="module")
def control(connection):
    return Control(connection.url, connection.token)


def current(fleet):
    return fleet.script(SCRIPT)


def old(fleet):
    fleet.images(*OLD)
    return current(fleet) | {"vmImage": {"project": PROJECT, "name": OLD[0]}}


def report(day):
    path = f"{COMPUTE}/zones/{ZONE}/instances/{day.name}/getGuestAttributes"
    answer = day.control.ask("GET", f"{path}?variableKey=notebook-provisioner/status")
    return json.loads(answer["variableValue"])


def upgrade(day):
    ran = report(day)["run"]
    record = day.upgrade()
    day.judge(record)
    day.wrong = [word for word in day.wrong if "was made from" not in word]  # another family's newest
    return ran, record


@pytest.mark.parametrize("state", ["ACTIVE", "STOPPED"])
def test_an_image_that_runs_it_again_is_waited_for(control, tmp_path, state):
    day = Day(control, tmp_path, state=state, data_snapshot=False, prepare=current)
    ran, record = upgrade(day)
    assert (record.outcome, day.wrong) == (Outcome.SUCCEEDED, [])
    assert report(day)["run"] != ran
    assert "ask-for-script" not in record.finished


@pytest.mark.parametrize("state", ["ACTIVE", "STOPPED"])
def test_an_older_image_is_made_to_run_it_and_behaves_as_before(control, tmp_path, state):
    day = Day(control, tmp_path, state=state, data_snapshot=False, prepare=old)
    ran, record = upgrade(day)
    assert (record.outcome, day.wrong) == (Outcome.SUCCEEDED, [])
    assert report(day)["run"] != ran
    assert report(day)["state"] == "COMPLETE"
    assert {"ask-for-script", "stop-for-script", "start-for-script"} <= set(record.finished)


@pytest.mark.parametrize("number", range(3, 8))
def test_killed_while_it_is_made_to_run(control, tmp_path, number):
    day = Day(control, tmp_path, state="ACTIVE", data_snapshot=False, prepare=old)
    Doomed.plan = staticmethod(kill_at(number, "after"))
    verdict = day.live()
    assert [word for word in verdict.wrong if "was made from" not in word] == []
    assert verdict.outcome == "succeeded"


def test_a_script_that_fails_is_told_and_everything_put_back(control, tmp_path):
    day = Day(control, tmp_path, state="STOPPED", data_snapshot=False, prepare=current)
    day.fleet.guest("nb", post_startup={"outcome": "error", "step": "packages", "line": 321})
    _, record = upgrade(day)
    assert record.outcome is Outcome.FAILED
    assert record.failure.reason == "its post-startup script failed at step packages, line 321"
    assert day.wrong == []


@pytest.mark.parametrize(
    ("version", "image", "again"),
    [
        ("m144", "", True),
        ("M141", "", True),
        ("m140", "", False),
        ("122", "", False),
        ("20260419", "", True),
        ("20260418", "", False),
        ("20260712-1200-rc0", "", True),
        ("", "projects/p/global/images/workbench-instances-2603-v20260712", True),
        ("", "projects/p/global/images/workbench-instances-v20250601", False),
        ("", "projects/p/global/images/our-own", False),
        ("20269999", "", False),
        ("", "", False),
    ],
)
def test_which_images_run_it_again(version, image, again):
    assert runs_script_again(version, image) is again
