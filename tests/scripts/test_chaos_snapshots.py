"""The judge of bad days: what a log of calls says about who was in time."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from snapshot_calls import CallLog, Moment
from snapshot_chaos import killed_too_seldom, table
from snapshot_documents import claim, notebook, snapshot
from snapshot_promises import Day, removable

_PLACE = "/compute/v1/projects/p/global/snapshots"
_LABEL = ("compute.snapshots.setLabels", f"{_PLACE}/abc/setLabels?quotaUser=person-1", 200)
_LOOK = ("compute.snapshots.list", f"{_PLACE}?maxResults=500&filter=name%20eq%20%22abc%7Cdef%22", 200)
_LIST = ("compute.snapshots.list", f"{_PLACE}?maxResults=500", 200)
_GET = ("compute.snapshots.get", f"{_PLACE}/abc?fields=name", 200)
_DELETE = ("compute.snapshots.delete", f"{_PLACE}/abc?requestId=1", 200)
_LOST = ("compute.snapshots.delete", f"{_PLACE}/abc?requestId=1", 0)


class _Told:
    """A sandbox's control API that has only a log."""

    def __init__(self, *calls: tuple[str, str, int]) -> None:
        self._calls = [{"method": method, "path": path, "status": status} for method, path, status in calls]

    def ask(self, method: str, path: str) -> dict[str, Any]:
        assert (method, path) == ("GET", "sandbox/v1/requests")
        return {"total": len(self._calls), "latest": self._calls[-5:]}


def _moment(*calls: tuple[str, str, int], answers_lost: bool = False, notebook: str = "") -> Moment:
    log = CallLog(_Told(*calls))
    act, deletion = log.act("person-1"), log.deletion("abc", answers_lost=answers_lost)
    assert act is not None
    assert deletion is not None
    return log.moment(act, deletion, "abc", notebook=notebook)


@pytest.mark.parametrize("look", [_LOOK, _LIST, _GET])
def test_a_label_before_a_look_is_in_time(look):
    assert _moment(_LABEL, look, _DELETE) is Moment.IN_TIME


@pytest.mark.parametrize(
    "unseen",
    [
        ("compute.snapshots.get", f"{_PLACE}/abc?quotaUser=person-2", 200),  # another person's look
        ("compute.snapshots.get", f"{_PLACE}/abc", 503),  # one that was refused
        ("compute.snapshots.get", f"{_PLACE}/def", 200),  # one at another snapshot
        ("compute.snapshots.list", f"{_PLACE}?filter=name%20eq%20%22def%22", 200),
    ],
)
def test_a_label_after_the_last_look_is_too_late(unseen):
    assert _moment(_LOOK, _LABEL, unseen, _DELETE) is Moment.TOO_LATE


def test_a_rollback_counts_from_a_look_at_snapshot_and_notebook():
    notebook = ("notebooks.projects.locations.instances.get", "/notebooks/v2/projects/p/instances/nb", 200)
    assert _moment(_LABEL, _LOOK, notebook, _DELETE, notebook="nb") is Moment.IN_TIME
    assert _moment(_LOOK, _LABEL, notebook, _DELETE, notebook="nb") is Moment.TOO_LATE  # of another's look
    assert _moment(_LABEL, _LOOK, _DELETE, notebook="nb") is Moment.TOO_LATE


def test_that_a_notebook_is_not_there_any_more_is_a_look_too():
    missing = ("notebooks.projects.locations.instances.get", "/notebooks/v2/projects/p/instances/nb", 404)
    assert _moment(_LABEL, _LOOK, missing, _DELETE, notebook="nb") is Moment.IN_TIME


def test_what_is_planned_is_planned_when_the_first_list_of_notebooks_is_read():
    refused = ("notebooks.projects.locations.instances.list", "/notebooks/v2/projects/p/instances", 503)
    answered = (*refused[:2], 200)
    assert CallLog(_Told(_LABEL, refused, answered, _LOOK)).planned() == 2
    assert CallLog(_Told(_LABEL, refused)).planned() == 2


def test_what_is_left_of_a_notebook_goes_by_its_labels_and_its_age():
    now = datetime.now(UTC)

    def taken(name, days, of, **labels):
        return snapshot(name, f"{of}-boot", now - timedelta(days=days), 1, labels=labels)

    there = notebook(
        "there", [(f"u{n}", now - timedelta(days=n)) for n in (40, 30, 20)], now - timedelta(365)
    )
    anew = notebook("anew", [("v20", now - timedelta(days=20))], now - timedelta(days=50))
    found = [
        *(taken(f"u{n}", n, "there") for n in (20, 30, 40)),
        taken("v20", 20, "anew"),
        taken("by-hand", 30, "anew", **claim("anew")),  # younger than the notebook
        taken("young", 60, "anew", **claim("anew")),
        taken("predecessors", 100, "anew", **claim("anew")),
        taken("unclaimed", 100, "gone", **{"nbp-fleet": "quickstart"}),
        taken("anothers", 100, "gone", **claim("gone") | {"nbp-fleet": "another"}),
        taken("orphan", 100, "gone", **claim("gone")),
    ]
    assert removable(found, [there, anew]) == {"u40", "predecessors", "orphan"}


def test_a_deletion_that_is_sent_again_wants_a_look():
    assert CallLog(_Told(_LOOK, _LOST, _DELETE)).sent_again_unseen("abc")
    assert not CallLog(_Told(_LOST, _LOOK, _DELETE)).sent_again_unseen("abc")
    other_run = ("compute.snapshots.delete", f"{_PLACE}/abc?requestId=2", 200)
    assert not CallLog(_Told(_LOST, other_run)).sent_again_unseen("abc")


def test_a_label_after_the_deletion_changes_nothing():
    assert _moment(_LOOK, _DELETE, _LABEL) is Moment.AFTERWARDS


def test_a_deletion_whose_answer_was_lost_counts_from_then():
    assert _moment(_LOOK, _LOST, _LABEL, _LOOK, _DELETE, answers_lost=True) is Moment.AFTERWARDS
    assert _moment(_LOOK, _LOST, _LABEL, _LOOK, _DELETE) is Moment.IN_TIME


def test_a_log_that_forgot_its_beginning_judges_nothing():
    with pytest.raises(ValueError, match="forgot"):
        CallLog(_Told(*[_LOOK] * 6))


def test_kills_that_miss_the_sweep_are_not_counted_as_kills():
    met, missed = Day("kill", mid_sweep=True), Day("kill")
    assert not killed_too_seldom([met, missed])
    assert killed_too_seldom([met, missed, missed])
    assert table([met, missed]).splitlines()[-1].split() == ["kill", "2", "0", "0", "0", "0", "0", "1", "0"]
