"""Snapshots over real HTTP: pages, retries, lost answers, failed operations, marks."""

import json
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from canned import canned
from snapshot_chaos import RULES
from snapshot_documents import NOTEBOOKS, PROJECT, SNAPSHOTS, ZONE, Control, letters, project, snapshot

from notebook_provisioner.adapters.google import snapshots as module
from notebook_provisioner.adapters.google.rest import Rest
from notebook_provisioner.adapters.google.session import Target
from notebook_provisioner.adapters.google.snapshots import GoogleSnapshots
from notebook_provisioner.core.errors import TargetUnreachable
from notebook_provisioner.core.snapshots import plan as planning
from notebook_provisioner.core.snapshots.caps import Caps
from notebook_provisioner.core.snapshots.origin import Register
from notebook_provisioner.core.snapshots.sweep import Outcome, Result, sweep

pytestmark = [pytest.mark.network, pytest.mark.usefixtures("socket_enabled")]
NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)


@pytest.fixture
def control(connection):
    control = Control(connection.url, connection.token)
    control.ask("POST", "sandbox/v1/reset", {})
    control.ask("POST", "sandbox/v1/settings", {"operation_seconds": 0})
    control.load(project(3, 5, NOW))
    control.clear()
    return control


@pytest.fixture
def store(connection, control):
    del control
    target = Target(url=connection.url, token=connection.token)
    return GoogleSnapshots(Rest(target, patience=5), PROJECT, per_second=0, patience=3)


def send(snapshot, sent):
    """A look that never speaks against sending."""


def results(outcomes):
    return {outcome.name: outcome.result for outcome in outcomes}


def test_snapshots_stream_newest_first(store, control):
    made = [snapshot(f"s-{n:04}", "nb-00000-boot", NOW - timedelta(hours=n), n) for n in range(1_100)]
    control.load({SNAPSHOTS: made})
    control.clear()
    found = list(store.snapshots())
    assert len(found) == 1_115
    assert [item.created for item in found] == sorted((item.created for item in found), reverse=True)
    assert control.counts() == {"compute.snapshots.list": 3}
    assert (found[0].name, found[0].disk, found[0].storage_bytes) == (
        "s-0000",
        (ZONE, "nb-00000-boot"),
        10 * 2**30,
    )


def test_a_snapshot_of_a_regional_disk_belongs_to_no_zone(store, control):
    disk = f"https://www.googleapis.com/compute/v1/projects/{PROJECT}/regions/europe-west1/disks/nb-boot"
    control.load({SNAPSHOTS: [snapshot("regional", "x", NOW, 1, sourceDisk=disk)]})
    assert next(store.snapshots()).disk is None


def test_notebooks_come_with_their_history(store):
    found = store.notebooks()
    assert [item.name for item in found.found] == ["nb-00000", "nb-00001", "nb-00002"]
    first = found.found[0]
    assert (first.zone, first.state, first.health, first.fleet) == (ZONE, "ACTIVE", "HEALTHY", "quickstart")
    assert [entry.snapshot for entry in first.history] == [letters(n) for n in range(1, 6)]
    assert found.unreachable == frozenset()


def test_reading_again_costs_few_calls(store, control):
    store.notebooks()
    names = [letters(n) for n in range(1, 16)]
    control.clear()
    seen = store.again([*names, "gone"], [(ZONE, "nb-00000")])
    assert set(seen.snapshots) == set(names)
    assert list(seen.notebooks) == [(ZONE, "nb-00000")]
    assert sum(control.counts().values()) == 2
    seen = store.again([], [(ZONE, "nb-00000"), (ZONE, "nb-00001"), (ZONE, "gone")])
    assert (ZONE, "nb-00001") in seen.notebooks
    assert (ZONE, "gone") not in seen.notebooks


def test_a_list_may_name_places_that_did_not_answer_and_no_notebook(store, control):
    control.fault(
        method="notebooks.projects.locations.instances.list", kind="unreachable", place="us-east1-b"
    )
    found = store.notebooks()
    assert (found.found, found.unreachable) == ((), {"us-east1-b"})


def test_a_notebook_that_the_list_leaves_out_is_asked_for_by_name(store, control):
    store.notebooks()
    control.fault(
        method="notebooks.projects.locations.instances.list", kind="unreachable", place="us-east1-b"
    )
    keys = [(ZONE, name) for name in ("nb-00000", "nb-00001", "gone")]
    seen = store.again([], keys)
    assert (list(seen.notebooks), seen.unread) == (keys[:2], {})
    control.fault(method="notebooks.projects.locations.instances.get", kind="status", status=403, count=1)
    seen = store.again([], keys)
    assert len(seen.unread) == 1
    assert "403" in next(iter(seen.unread.values()))
    assert {*seen.notebooks, *seen.unread} >= {*keys[:2]}


def test_a_notebook_in_a_place_that_the_list_names_as_silent_is_not_asked_for(store, control):
    store.notebooks()
    control.fault(method="notebooks.projects.locations.instances.list", kind="unreachable", place=ZONE)
    seen = store.again([], [(ZONE, "nb-00000"), (ZONE, "gone")])
    assert (dict(seen.notebooks), seen.unreachable, seen.unread) == ({}, {ZONE}, {})
    assert "notebooks.projects.locations.instances.get" not in control.counts()


@pytest.mark.parametrize("method", ["compute.snapshots.list", "notebooks.projects.locations.instances.list"])
def test_a_look_that_shows_nothing_at_all_is_an_error(store, control, method):
    store.notebooks()
    control.fault(method=method, kind="status", status=403, reason="forbidden")
    with pytest.raises(TargetUnreachable, match="403"):
        store.again([letters(1)], [(ZONE, "nb-00000"), (ZONE, "gone")])


def test_what_is_deleted_is_gone(store, control):
    wanted = list(store.snapshots())[:4]
    outcomes = list(store.delete(wanted, send))
    assert set(results(outcomes).values()) == {Result.DELETED}
    assert all(outcome.operation and outcome.user for outcome in outcomes)
    assert control.names() == {letters(n) for n in range(1, 16)} - {item.name for item in wanted}


def test_operations_that_take_time_are_settled_together(store, control):
    control.ask("POST", "sandbox/v1/settings", {"operation_seconds": 1.0})
    wanted = list(store.snapshots())[:6]
    outcomes = list(store.delete(wanted, send))
    assert set(results(outcomes).values()) == {Result.PENDING}
    control.clear()
    assert set(results(store.settle(outcomes)).values()) == {Result.DELETED}
    assert "compute.globalOperations.get" not in control.counts()


@pytest.mark.parametrize("allowed", [True, False])
def test_a_large_project_is_polled_in_bulk(store, control, monkeypatch, allowed):
    monkeypatch.setattr(module, "_FILTER_UP_TO", 0)
    control.load(project(40, 6, NOW))
    control.ask("POST", "sandbox/v1/settings", {"operation_seconds": 1.0})
    control.clear()
    if not allowed:
        control.fault(method="compute.globalOperations.list", kind="status", status=403, reason="forbidden")
    report = carry_out(store)
    assert report.count(Result.DELETED) == len(report.results) == 160
    counts = control.counts()
    again = 160 + 2 * 40  # the candidates, and the rollback points that stay
    assert counts["compute.snapshots.delete"] == 160
    if allowed:
        assert "compute.globalOperations.get" not in counts
        pages = sum(number for method, number in counts.items() if method.endswith(".list"))
        assert sum(counts.values()) <= 160 + again + pages
        assert pages <= 10


def test_a_failed_operation_is_told_in_a_large_project(store, control, monkeypatch):
    monkeypatch.setattr(module, "_FILTER_UP_TO", 0)
    control.ask("POST", "sandbox/v1/settings", {"operation_seconds": 0.5})
    control.fault(method="compute.snapshots.delete", kind="failed-operation", status=400, message="in use")
    wanted = list(store.snapshots())[:2]
    outcomes = list(store.settle(list(store.delete(wanted, send))))
    assert set(results(outcomes).values()) == {Result.FAILED}
    assert "in use" in outcomes[0].message


def test_an_answer_lost_in_a_large_project_is_resolved_by_reading(store, control, monkeypatch):
    monkeypatch.setattr(module, "_FILTER_UP_TO", 0)
    wanted = list(store.snapshots())[:1]
    control.fault(method="compute.snapshots.delete", kind="drop-after")
    (outcome,) = store.settle(list(store.delete(wanted, send)))
    assert outcome.result is Result.DELETED
    assert control.counts().get("compute.globalOperations.list", 0) == 0


@pytest.mark.parametrize(
    "rule",
    [
        {"kind": "status", "status": 503},
        {"kind": "status", "status": 429},
        {"kind": "status", "status": 403, "reason": "rateLimitExceeded"},
        {"kind": "drop-before"},
        {"kind": "drop-after"},
    ],
)
def test_a_bad_moment_is_sat_out(store, control, rule):
    control.fault(method="compute.snapshots.delete", count=2, **rule)
    wanted = list(store.snapshots())[:3]
    assert set(results(store.delete(wanted, send)).values()) == {Result.DELETED}
    assert not control.names() & {item.name for item in wanted}


def test_a_lost_answer_that_stays_lost_is_resolved_by_reading(store, control):
    wanted = list(store.snapshots())[:1]
    control.fault(method="compute.snapshots.delete", kind="drop-after")
    outcomes = list(store.delete(wanted, send))
    assert results(outcomes) == {wanted[0].name: Result.PENDING}
    assert results(store.settle(outcomes)) == {wanted[0].name: Result.DELETED}


@pytest.mark.parametrize("refusal", [{"status": 403, "reason": "forbidden"}, {"status": 400}])
def test_a_lost_answer_before_a_refusal_is_resolved_by_reading(store, control, refusal):
    wanted = list(store.snapshots())[:1]
    control.fault(method="compute.snapshots.delete", kind="drop-after", count=1)
    control.fault(method="compute.snapshots.delete", kind="status", **refusal)
    outcomes = list(store.delete(wanted, send))
    assert results(outcomes) == {wanted[0].name: Result.PENDING}
    assert results(store.settle(outcomes)) == {wanted[0].name: Result.DELETED}


def test_what_somebody_deletes_while_we_are_throttled_is_not_ours(store, control):
    wanted = list(store.snapshots())[:1]
    control.fault(method="compute.snapshots.delete", kind="status", status=429, count=1)

    def somebody_else(snapshot, sent):
        if sent:
            url = f"compute/v1/projects/{PROJECT}/global/snapshots/{snapshot.name}"
            control.ask("DELETE", url)

    assert results(store.delete(wanted, somebody_else)) == {wanted[0].name: Result.GONE}


def test_what_is_refused_to_the_end_is_failed_without_asking(connection, control):
    target = Target(url=connection.url, token=connection.token)
    store = GoogleSnapshots(Rest(target, patience=0.3, first_pause=0.01), PROJECT, per_second=0)
    wanted = list(store.snapshots())[:1]
    control.fault(method="compute.snapshots.delete", kind="status", status=429)
    (outcome,) = store.delete(wanted, send)
    assert outcome.result is Result.FAILED
    assert "429" in outcome.message


@pytest.mark.parametrize(("faults", "result"), [([], Result.SKIPPED), (["drop-before"], Result.PENDING)])
def test_a_request_that_is_stopped_is_not_sent(store, control, faults, result):
    wanted = list(store.snapshots())[:1]
    for kind in faults:
        control.fault(method="compute.snapshots.delete", kind=kind)

    def stop(snapshot, sent):
        return Outcome(snapshot.name, Result.SKIPPED, "held") if sent or not faults else None

    (outcome,) = store.delete(wanted, stop)
    assert (outcome.result, outcome.message) == (result, "held")
    assert wanted[0].name in control.names()


def test_a_look_that_fails_fails_that_snapshot_alone(store, control):
    wanted = list(store.snapshots())[:2]

    def look(snapshot, sent):
        del sent
        if snapshot is wanted[0]:
            raise TargetUnreachable("no connection")

    outcomes = results(store.delete(wanted, look))
    assert outcomes == {wanted[0].name: Result.FAILED, wanted[1].name: Result.DELETED}
    assert wanted[0].name in control.names()


@pytest.mark.parametrize("when", ["before", "meanwhile"])
def test_nobody_waits_for_the_end_of_a_deletion_once_the_run_is_told_to_end(connection, control, when):
    asked = threading.Event()
    target = Target(url=connection.url, token=connection.token)
    store = GoogleSnapshots(Rest(target, stopped=asked.is_set), PROJECT, per_second=0)
    going, *_, stays = store.snapshots()
    control.fault(method="compute.snapshots.delete", kind="endless-operation")
    (outcome,) = store.delete([going], send)
    pending = [outcome, replace(outcome, name=stays.name)]
    timer = threading.Timer(0 if when == "before" else 2, asked.set)
    timer.start()
    started = time.monotonic()
    if when == "before":
        timer.join()
    assert results(store.settle(pending)) == {going.name: Result.DELETED, stays.name: Result.PENDING}
    assert time.monotonic() - started < 60  # of ten minutes


@pytest.mark.parametrize(
    ("operation", "message"),
    [
        ({"error": {"errors": [{"code": "IN_USE", "message": "it is"}, {"code": "X"}]}}, "IN_USE: it is; X"),
        ({"error": {"errors": [{"message": "it is in use"}]}}, "it is in use"),
        ({"error": {"errors": [{}]}}, "the operation failed, and does not say why"),
        ({"error": {"errors": None}}, "the operation failed, and does not say why"),
        ({"error": "no"}, "the operation failed, and does not say why"),
        ({"httpErrorStatusCode": 409, "httpErrorMessage": "CONFLICT"}, "CONFLICT"),
    ],
)
def test_an_operation_that_failed_is_failed_with_whatever_it_says(store, operation, message):
    wanted = list(store.snapshots())[:1]
    with canned((200, json.dumps({"status": "DONE", "name": "op", **operation}))) as (url, _):
        elsewhere = GoogleSnapshots(Rest(Target(url=url, token="none")), PROJECT, per_second=0)
        (outcome,) = elsewhere.delete(wanted, send)
    assert (outcome.result, outcome.message, outcome.operation) == (Result.FAILED, message, "op")


def test_an_answer_that_is_no_json_leaves_open_what_became_of_the_request(store):
    wanted = list(store.snapshots())[:1]
    with canned((200, "<html>")) as (url, _):
        rest = Rest(Target(url=url, token="none"), patience=0.1, first_pause=0.01)
        (outcome,) = GoogleSnapshots(rest, PROJECT, per_second=0).delete(wanted, send)
    assert (outcome.result, "no JSON object" in outcome.message) == (Result.PENDING, True)


class Nowhere:
    """Implements sweep.Journal, and forgets."""

    def write(self, entries):
        list(entries)


def carry_out(store):
    plan = planning.make(
        store.snapshots(), Register("quickstart", {}, store.notebooks()), lambda _: RULES, Caps(share=1), NOW
    )
    return sweep(plan, store, lambda _: RULES, journal=Nowhere(), clock=lambda: datetime.now(UTC))


def test_what_somebody_holds_while_we_are_throttled_is_not_deleted(connection, control):
    """Deletions are refused; meanwhile some snapshots get a label; then deletions go through again."""
    target = Target(url=connection.url, token=connection.token)
    store = GoogleSnapshots(Rest(target, patience=60), PROJECT, per_second=0, patience=60)
    control.fault(method="compute.snapshots.delete", kind="status", status=429)
    everything = {item.name: item for item in store.snapshots()}
    held = {letters(n) for n in (1, 2, 6, 11)}

    def hold():
        for name in held:
            body = {"labels": {"hold": ""}, "labelFingerprint": everything[name].label_fingerprint}
            control.ask("POST", f"compute/v1/projects/{PROJECT}/global/snapshots/{name}/setLabels", body)
        time.sleep(1)  # requests that were looked at before the label are on their way, and still refused
        control.ask("DELETE", "sandbox/v1/faults")

    timer = threading.Timer(0.5, hold)
    timer.start()
    report = carry_out(store)
    timer.join()
    found = {outcome.name: outcome for _, outcome in report.results}
    assert {name: found[name].result for name in held} == dict.fromkeys(held, Result.SKIPPED)
    assert {found[name].message for name in held} == {"it got the label hold"}
    gone = {letters(n) for n in (3, 7, 8, 12, 13)}
    assert {name for name in found if found[name].result is Result.DELETED} == gone
    assert control.names() == set(everything) - gone


def test_a_request_that_never_arrives_is_failed(store, control):
    wanted = list(store.snapshots())[:1]
    control.fault(method="compute.snapshots.delete", kind="drop-before")
    (outcome,) = store.settle(list(store.delete(wanted, send)))
    assert outcome.result is Result.FAILED
    assert wanted[0].name in control.names()


def test_a_failed_operation_is_failed(store, control):
    wanted = list(store.snapshots())[:2]
    control.fault(method="compute.snapshots.delete", kind="failed-operation", status=400, message="in use")
    outcomes = list(store.delete(wanted, send))
    assert set(results(outcomes).values()) == {Result.FAILED}
    assert "in use" in outcomes[0].message
    assert {item.name for item in wanted} <= control.names()


def test_no_permission_is_failed_at_once(store, control):
    control.fault(method="compute.snapshots.delete", kind="status", status=403, reason="forbidden")
    wanted = list(store.snapshots())[:1]
    assert results(store.delete(wanted, send)) == {wanted[0].name: Result.FAILED}
    assert control.counts()["compute.snapshots.delete"] == 1


def test_what_somebody_else_deleted_is_gone_and_not_ours(store):
    wanted = list(store.snapshots())[:1]
    assert results(store.delete(wanted, send)) == {wanted[0].name: Result.DELETED}
    assert results(store.delete(wanted, send)) == {wanted[0].name: Result.GONE}


def test_marks_are_set_and_taken_off_beside_other_labels(store, control):
    name = next(store.snapshots()).name
    control.load({SNAPSHOTS: [snapshot(name, "nb-00000-boot", NOW, 1, labels={"team": "one"})]})
    changes = [(next(store.snapshots()), {"nbp-prune": "2026-06-15", "nbp-fleet": "one"})]
    assert results(store.label(changes, Result.MARKED, send)) == {name: Result.MARKED}
    marked = next(store.snapshots())
    assert marked.labels == {"team": "one", "nbp-prune": "2026-06-15", "nbp-fleet": "one"}
    unmarked = store.label([(marked, {"nbp-prune": None})], Result.UNMARKED, send)
    assert results(unmarked) == {name: Result.UNMARKED}
    assert next(store.snapshots()).labels == {"team": "one", "nbp-fleet": "one"}


def test_somebodys_new_label_is_not_overwritten(store, control):
    old = next(store.snapshots())
    url = f"compute/v1/projects/{PROJECT}/global/snapshots/{old.name}/setLabels"
    control.ask("POST", url, {"labels": {"hold": ""}, "labelFingerprint": old.label_fingerprint})
    (outcome,) = store.label([(old, {"nbp-prune": "2026-06-15"})], Result.MARKED, send)
    assert outcome.result is Result.FAILED
    assert next(store.snapshots()).labels == {"hold": ""}


def test_a_refusal_to_read_is_said(store, control):
    control.fault(method="compute.snapshots.list", kind="status", status=403, reason="forbidden")
    with pytest.raises(TargetUnreachable, match="403"):
        list(store.snapshots())


def test_an_unhealthy_notebook_shows(store, control):
    page = control.ask("GET", f"notebooks/v2/projects/{PROJECT}/locations/{ZONE}/instances")
    ill = page["instances"][0] | {"healthState": "UNHEALTHY", "state": "UPGRADING"}
    control.load({NOTEBOOKS: [ill]})
    assert {(item.state, item.health) for item in store.notebooks().found} == {
        ("ACTIVE", "HEALTHY"),
        ("UPGRADING", "UNHEALTHY"),
    }
