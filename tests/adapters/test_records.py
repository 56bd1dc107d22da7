"""One contract for both places where records are kept."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from snapshot_documents import Control

from notebook_provisioner.adapters.google.records import BucketRecords
from notebook_provisioner.adapters.google.session import Target
from notebook_provisioner.adapters.records import FileRecords
from notebook_provisioner.core.procedures import Asked, Failure, Record, RecordLost, RecordOpen

AT = datetime(2026, 3, 1, 4, 30, tzinfo=UTC)


@pytest.fixture
def control(connection):
    control = Control(connection.url, connection.token)
    control.ask("POST", "sandbox/v1/reset", {})
    control.ask("POST", "storage/v1/b?project=p-one", {"name": "records-of-one"})
    return control


@pytest.fixture(params=["file", "bucket"])
def place(request, tmp_path):
    """Makes records that share one place, as two runs do."""
    if request.param == "file":
        return lambda: FileRecords(tmp_path / "records")
    request.getfixturevalue("socket_enabled")
    connection = request.getfixturevalue("connection")
    request.getfixturevalue("control")
    target = Target(url=connection.url, token=connection.token)
    return lambda: BucketRecords(target, "records-of-one", "fleet/procedures")


def record(name="alpha", run="one"):
    return Record(
        kind="post-startup rerun",
        run=run,
        project="p-one",
        zone="europe-west1-b",
        notebook=name,
        started=AT,
        before={"power": "STOPPED", "metadata": {"idle-timeout-seconds": "600", "emoji": "☃ '$()\n"}},
    )


@pytest.mark.network
def test_a_record_comes_back_as_it_was(place):
    full = replace(
        record(),
        finished=("start",),
        asked={"start": Asked(AT, 2, "projects/p/operations/o"), "hold": Asked(AT, 1)},
        failure=Failure("hold", "no permission"),
        unrestored=(Failure("power", "…"),),
    )
    place().open(full)
    assert place().pending() == (full,)


@pytest.mark.network
def test_a_notebook_has_one_open_record(place):
    place().open(record())
    with pytest.raises(
        RecordOpen, match=r"alpha \(europe-west1-b\) is in the middle of 'post-startup rerun'"
    ):
        place().open(record(run="two"))
    place().open(record("beta"))
    assert [found.notebook for found in place().pending()] == ["alpha", "beta"]


@pytest.mark.network
def test_a_record_is_replaced_and_taken_away(place):
    records = place()
    records.open(record())
    for times in (1, 2):
        records.save(replace(record(), asked={"start": Asked(AT, times)}))
    assert place().pending()[0].asked == {"start": Asked(AT, 2)}
    records.close(record())
    assert place().pending() == ()
    records.open(record(run="two"))


@pytest.mark.network
def test_a_resumed_run_carries_the_record_on(place):
    place().open(record())
    later = place()
    [found] = later.pending()
    later.save(replace(found, finished=("start",)))
    later.close(found)
    assert place().pending() == ()


@pytest.mark.network
def test_a_run_does_not_touch_the_record_of_another(place):
    mine = place()
    mine.open(record())
    theirs = place()
    [found] = theirs.pending()
    theirs.close(found)
    theirs.open(record(run="two"))
    with pytest.raises(RecordLost, match="another run took over"):
        mine.save(record())
    with pytest.raises(RecordLost, match="another run took over"):
        mine.close(record())
    assert [found.run for found in place().pending()] == ["two"]


@pytest.mark.network
def test_of_two_runs_that_open_at_once_one_is_refused(place):
    runs = {name: place() for name in ("one", "two", "three", "four")}
    together = threading.Barrier(len(runs))

    def begin(run):
        together.wait()
        try:
            runs[run].open(record(run=run))
        except RecordOpen as refusal:
            return refusal.hint
        return None

    with ThreadPoolExecutor(len(runs)) as pool:
        hints = list(pool.map(begin, runs))
    assert hints.count(None) == 1
    assert set(hints) - {None} == {
        "wait for its end; if it died, carry on with: nbp post-startup rerun --resume"
    }
    assert [found.run for found in place().pending()] == [list(runs)[hints.index(None)]]


@pytest.mark.network
def test_records_can_be_listed_while_others_come_and_go(place):
    stays, busy, watcher = record("alpha"), place(), place()
    place().open(stays)
    over = threading.Event()

    def come_and_go():
        for number in range(20):
            one = record(f"beta-{number % 3}")
            busy.open(one)
            busy.save(replace(one, finished=("start",)))
            busy.close(one)
        over.set()

    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(come_and_go)
        while not over.is_set() and not done.done():
            assert stays in watcher.pending()
        done.result()
    assert watcher.pending() == (stays,)


def test_a_rollback_is_carried_on_by_the_run_that_can(tmp_path):
    records = FileRecords(tmp_path)
    records.open(replace(record(), kind="upgrade rollback"))
    with pytest.raises(RecordOpen) as refusal:
        records.open(record(run="two"))
    assert "nbp upgrade run --resume" in (refusal.value.hint or "")


@pytest.mark.network
@pytest.mark.usefixtures("socket_enabled")
@pytest.mark.parametrize("method", ["storage.objects.insert", "storage.objects.delete"])
def test_a_lost_answer_of_cloud_storage_is_found_out_by_looking(connection, control, method):
    records = BucketRecords(Target(url=connection.url, token=connection.token), "records-of-one", "r")
    if method.endswith("delete"):
        records.open(record())
        control.fault(method=method, kind="drop-after", count=1)
        records.close(record())
        assert records.pending() == ()
    else:
        control.fault(method=method, kind="drop-after", count=1)
        records.open(record())
        records.save(replace(record(), finished=("start",)))
        assert [found.finished for found in records.pending()] == [("start",)]
