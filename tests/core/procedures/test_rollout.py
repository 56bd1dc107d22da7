"""Many notebooks: waves, budget, what holds one back, and what ends a run."""

import threading
from datetime import UTC, datetime

import pytest

from notebook_provisioner.core.errors import TargetUnreachable
from notebook_provisioner.core.procedures import Outcome, Record, RecordOpen, roll_out


def record(name, outcome=Outcome.SUCCEEDED):
    return Record("work", "one", "p-one", "zone", name, datetime(2026, 3, 1, tzinfo=UTC), outcome=outcome)


def test_every_notebook_is_told_of_in_order_and_at_most_some_run_at_once():
    lock, running, most = threading.Lock(), [], []

    def carry(name):
        with lock:
            running.append(name)
            most.append(len(running))
        threading.Event().wait(0.005)
        with lock:
            running.remove(name)
        return record(name)

    names = [f"nb-{number}" for number in range(20)]
    report = roll_out([names[:2], names[2:]], carry, parallel=3, failure_budget=0)
    assert [job.item for job in report.jobs] == names
    assert 1 < max(most) <= 3


def test_a_canary_that_fails_ends_the_roll_out_whatever_the_budget():
    def carry(name):
        return record(name, Outcome.FAILED if name == "canary" else Outcome.SUCCEEDED)

    report = roll_out([["canary"], ["a", "b"]], carry, parallel=1, failure_budget=5)
    assert [bool(job.held_back) for job in report.jobs] == [False, True, True]


def test_more_failures_than_the_budget_hold_the_rest_back():
    report = roll_out(
        [[f"nb-{n}" for n in range(6)]],
        lambda name: record(name, Outcome.FAILED),
        parallel=1,
        failure_budget=2,
    )
    assert [job.failed for job in report.jobs] == [True, True, True, False, False, False]
    assert report.jobs[-1].held_back == "3 failed, which is more than the budget of 2"


def test_a_target_that_does_not_answer_is_that_notebooks_error():
    def carry(name):
        if name == "a":
            raise TargetUnreachable("no connection")
        return record(name)

    report = roll_out([["a", "b"]], carry, parallel=1, failure_budget=1)
    assert [job.error is not None for job in report.jobs] == [True, False]
    assert report.failures == 1


def test_what_may_not_start_says_why():
    report = roll_out(
        [["a", "b"]],
        record,
        parallel=1,
        failure_budget=0,
        may_start=lambda name: "the window closes at 06:00" if name == "b" else None,
    )
    assert [job.held_back for job in report.jobs] == ["", "the window closes at 06:00"]


def test_what_cannot_be_looked_at_failed():
    def may_start(_name):
        raise TargetUnreachable("no connection")

    report = roll_out([["a", "b"]], record, parallel=1, failure_budget=0, may_start=may_start)
    assert report.failures == 1
    assert report.jobs[1].held_back


def test_what_nobody_foresaw_abandons_the_run():
    begun, ended = [], threading.Event()

    def carry(name):
        begun.append(name)
        if name == "a":
            raise ZeroDivisionError
        ended.wait(60)
        return record(name)

    with pytest.raises(ZeroDivisionError):
        roll_out([["a", "b", "c", "d"]], carry, parallel=2, failure_budget=9, abandon=ended.set)
    assert ended.is_set()
    assert "d" not in begun


@pytest.mark.parametrize(
    ("others", "refused"),
    [("refused", True), ("held back", True), ("done", False), ("unreachable", False)],
)
def test_a_run_is_refused_only_if_nothing_was_begun(others, refused):
    def carry(name):
        if name == "ana" or others == "refused":
            raise RecordOpen(f"{name} is in another run's hands")
        if others == "unreachable":
            raise TargetUnreachable("no answer")
        return record(name)

    report = roll_out(
        [["ana", "ben"]],
        carry,
        parallel=1,
        failure_budget=2,
        may_start=lambda name: "busy" if (name, others) == ("ben", "held back") else None,
    )
    assert (str(report.refusal) if report.refusal else None) == (
        "ana is in another run's hands" if refused else None
    )
