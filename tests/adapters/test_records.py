"""One contract for both places where records are kept."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from snapshot_documents import Control

from notebook_provisioner.adapters.google.records import BucketRecords
from notebook_provisioner.adapters.google.session import Target
from notebook_provisioner.adapters.records import FileRecords
from notebook_provisioner.core.procedures import Asked, Failure, Record, RecordOpen

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
    with pytest.raises(RecordOpen):
        mine.save(record())
    with pytest.raises(RecordOpen):
        mine.close(record())
    assert [found.run for found in place().pending()] == ["two"]


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
