"""Rollback points: what the history names, and is there."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from upgrade_instance import INSTANCE

from notebook_provisioner.core.errors import NotFound
from notebook_provisioner.core.snapshots.facts import Snapshot
from notebook_provisioner.core.upgrade_history import HistoryEntry
from notebook_provisioner.core.upgrades import rollback
from notebook_provisioner.core.upgrades.rollback import NotARollbackPoint


def entry(month, snapshot, *, action="UPGRADE", state="SUCCEEDED"):
    return HistoryEntry(
        action=action,
        state=state,
        created=datetime(2026, month, 1, tzinfo=UTC),
        version=f"m{130 + month}",
        target_version="",
        snapshot=snapshot,
        image=f"projects/p/global/images/workbench-instances-v2026{month:02}01",
    )


def snapshot(name, **changed):
    values = {
        "name": name,
        "id": "1",
        "created": datetime(2026, 1, 1, tzinfo=UTC),
        "status": "READY",
        "kind": "STANDARD",
        "disk": ("europe-west1-b", "ana-boot"),
        "disk_id": "7",
        "by_schedule": False,
        "storage_bytes": 1,
        "storage_settled": True,
        "locations": ("eu",),
        "labels": {},
        "label_fingerprint": "",
    }
    return Snapshot(**{**values, **changed})


def points(entries, *snapshots):
    return rollback.points(replace(INSTANCE, history=tuple(entries)), {item.name: item for item in snapshots})


def test_points_are_newest_first_and_say_what_is_wrong_with_them():
    found = points(
        [
            entry(1, "oldest"),
            entry(2, "pruned"),
            entry(3, "other-disk"),
            entry(4, "failed-one", state="FAILED"),
            entry(5, "", action="ROLLBACK"),
            entry(6, "uploading"),
            entry(7, "running", state="STARTED"),
        ],
        snapshot("oldest"),
        snapshot("other-disk", disk=("europe-west1-b", "ben-boot")),
        snapshot("failed-one"),
        snapshot("uploading", status="UPLOADING"),
        snapshot("running"),
    )
    assert [(point.snapshot, point.problem) for point in found] == [
        ("running", "the upgrade that took it has not ended"),
        ("uploading", "the snapshot is UPLOADING"),
        ("failed-one", ""),
        ("other-disk", "the snapshot is of another disk"),
        ("pruned", "the snapshot was deleted"),
        ("oldest", ""),
    ]
    assert rollback.choose(found, "ana", None).snapshot == "failed-one"
    assert rollback.choose(found, "ana", "projects/p/global/snapshots/oldest").version == "m131"
    assert rollback.choose(found, "ana", "oldest").image == "workbench-instances-v20260101"


def test_what_is_no_point_is_refused_with_the_points_there_are():
    found = points([entry(1, "oldest"), entry(2, "pruned")], snapshot("oldest"))
    with pytest.raises(NotARollbackPoint, match="pruned: the snapshot was deleted"):
        rollback.choose(found, "ana", "pruned")
    with pytest.raises(NotFound, match="no line of ana's upgrade history") as caught:
        rollback.choose(found, "ana", "krwlzipynril")
    assert caught.value.hint == "its rollback points: oldest"
    with pytest.raises(NotFound, match="it was never upgraded"):
        rollback.choose((), "ana", None)
    with pytest.raises(NotFound, match="pruned: the snapshot was deleted"):
        rollback.choose(points([entry(2, "pruned")]), "ana", None)


def test_losses_name_the_moment():
    [point] = points([entry(1, "oldest")], snapshot("oldest"))
    assert "since 2026-01-01 00:00 UTC" in rollback.losses(point)[0]
