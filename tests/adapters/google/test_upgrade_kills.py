"""The process dies around each request of an upgrade and of a rollback, and the next one carries on."""

import pytest
from snapshot_documents import Control
from upgrade_chaos import FAULTS, Day, Doomed, kill_at, random_day

pytestmark = [pytest.mark.network, pytest.mark.usefixtures("socket_enabled")]


@pytest.fixture(scope="module")
def control(connection):
    return Control(connection.url, connection.token)


# What a stopped notebook's upgrade asks for: hold-idle-shutdown, snapshot-data-disk, start, upgrade,
# restore-settings, restore-power.
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", range(1, 7))
def test_an_upgrade_that_dies_around_a_request_is_carried_on(control, tmp_path, number, when):
    day = Day(control, tmp_path)
    Doomed.plan = staticmethod(kill_at(number, when))
    verdict = day.live()
    assert verdict.wrong == ()
    assert (verdict.outcome, verdict.resumed) == ("succeeded", 1)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", range(1, 4))
def test_a_rollback_that_dies_around_a_request_is_carried_on(control, tmp_path, number, when):
    day = Day(control, tmp_path, state="ACTIVE", rollback=True, data_snapshot=False)
    Doomed.plan = staticmethod(kill_at(number, when))
    verdict = day.live()
    assert verdict.wrong == ()
    assert (verdict.outcome, verdict.resumed) == ("succeeded", 1)


@pytest.mark.parametrize("seed", range(len(FAULTS) + 2))
def test_a_bad_day_breaks_no_promise(control, tmp_path, seed):
    """One of each kind; ``make chaos`` plays a thousand."""
    assert random_day(control, tmp_path, seed).wrong == ()


def test_the_judge_sees_what_is_wrong(control, tmp_path):
    day = Day(control, tmp_path, state="ACTIVE", data_snapshot=False)
    record = day.upgrade()
    day.before["state"] = "STOPPED"
    day.boot_disk = day.fleet.boot_disk("nb")["id"]
    day.judge(record)
    assert len(day.wrong) == 2
