"""Snapshots and notebooks as Google's JSON has them, turned into the core's facts."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from notebook_provisioner.adapters.google.upgrade_history import history, moment
from notebook_provisioner.core.notebooks import FLEET_LABEL
from notebook_provisioner.core.snapshots.facts import UNKNOWN, Notebook, Snapshot

SNAPSHOT_FIELDS: Final = (
    "name,id,creationTimestamp,status,snapshotType,sourceDisk,sourceDiskId,autoCreated,"
    "sourceSnapshotSchedulePolicy,storageBytes,storageBytesStatus,storageLocations,labels,labelFingerprint"
)
NOTEBOOK_FIELDS: Final = "name,state,healthState,createTime,labels,upgradeHistory"

_DISK: Final = re.compile(r"(?:^|/)projects/([^/]+)/zones/([^/]+)/disks/([^/]+)$")


def snapshot(item: Mapping[str, Any], project: str) -> Snapshot:
    """A snapshot from Compute Engine's document.

    Args:
        item: The document.
        project: The project's id: of a disk elsewhere, which may well have the same name, nothing is known.
    """
    return Snapshot(
        name=item["name"],
        id=str(item.get("id", "")),
        created=datetime.fromisoformat(item["creationTimestamp"]),
        status=item.get("status", UNKNOWN),
        kind=item.get("snapshotType", UNKNOWN),
        disk=_disk(item.get("sourceDisk", ""), project),
        disk_id=str(item.get("sourceDiskId", "")),
        by_schedule=bool(item.get("autoCreated") or item.get("sourceSnapshotSchedulePolicy")),
        storage_bytes=int(item.get("storageBytes", 0)),
        storage_settled=item.get("storageBytesStatus") == "UP_TO_DATE",
        locations=tuple(item.get("storageLocations", ())),
        labels=item.get("labels", {}),
        label_fingerprint=item.get("labelFingerprint", ""),
    )


def _disk(link: str, project: str) -> tuple[str, str] | None:
    found = _DISK.search(link)
    return (found[2], found[3]) if found and found[1] == project else None


def notebook(item: Mapping[str, Any]) -> Notebook:
    """A notebook from the Notebooks API's document."""
    _, _, _, zone, _, name = item["name"].split("/")
    return Notebook(
        zone=zone,
        name=name,
        state=item.get("state", "STATE_UNSPECIFIED"),
        health=item.get("healthState", "HEALTH_STATE_UNSPECIFIED"),
        created=moment(item.get("createTime")),
        fleet=item.get("labels", {}).get(FLEET_LABEL),
        history=history(item),
    )


def zone(place: str) -> str:
    """The zone of ``projects/P/locations/ZONE`` or of ``projects/P/locations/ZONE/instances/…``."""
    parts = place.split("/")
    return parts[parts.index("locations") + 1] if "locations" in parts[:-1] else place
