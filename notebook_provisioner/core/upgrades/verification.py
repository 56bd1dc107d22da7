"""What must be seen of a notebook before its upgrade, or its rollback, counts as done."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from notebook_provisioner.core.notebooks import ACTIVE, HEALTHY
from notebook_provisioner.core.post_startup.reports import Report, State
from notebook_provisioner.core.procedures import Record
from notebook_provisioner.core.upgrade_history import HistoryEntry
from notebook_provisioner.core.upgrades.observed import Instance, Observed

# Keys of healthInfo that speak of Jupyter and the system: the discovery document's example for
# Instance.healthInfo, and dumps of real instances in github.com/GoogleCloudPlatform/gcpdiag.
HEALTH_KEYS: Final = ("jupyterlab_api_status", "jupyterlab_status", "system_health")
_WELL: Final = "1"

UPGRADE: Final = "UPGRADE"
ROLLBACK: Final = "ROLLBACK"


def before(seen: Observed) -> dict[str, Any]:
    """What is to be put back after a procedure, and what tells new from old; for ``Record.before``."""
    instance, disks, report = seen.instance, seen.disks(), seen.report()
    return {
        "state": instance.state,
        "idle_timeout": instance.idle_timeout,
        "behavior": instance.behavior,
        "entries": len(instance.history),
        "version": instance.version,
        "boot_disk": disks.boot.id if disks.boot else "",
        "image": disks.boot.image if disks.boot else "",
        "data_disk": disks.data.id if disks.data else "",
        "script_run": report.run if report else "",
        "script_at": report.at.isoformat() if report else "",
    }


def new_entry(instance: Instance, record: Record, action: str) -> HistoryEntry | None:
    """The history's newest entry, if this procedure made it."""
    added = [item for item in instance.history[record.before["entries"] :] if item.action == action]
    return added[-1] if added else None


def unwell(instance: Instance) -> Iterator[str]:
    """What is wrong with a notebook that should be at work."""
    if instance.state != ACTIVE:
        yield f"it is {instance.state}"
    if instance.health != HEALTHY:
        bad = [key for key, value in instance.health_info.items() if value != _WELL]
        yield f"its health is {instance.health}" + (f" ({', '.join(sorted(bad))})" if bad else "")
    for key in HEALTH_KEYS:
        if instance.health == HEALTHY and instance.health_info.get(key, _WELL) != _WELL:
            yield f"its {key} is {instance.health_info[key]}"


def unverified(seen: Observed, record: Record, action: str) -> Iterator[str]:
    """Everything that is not as it must be after *action*; the cheap looks first."""
    instance = seen.instance
    yield from unwell(instance)
    entry = new_entry(instance, record, action)
    if entry is None:
        yield f"its upgrade history has no {action}"
        return
    if entry.state != "SUCCEEDED":
        yield f"its upgrade history says {entry.state}"
        return
    yield from _disks(seen, record)
    if action == UPGRADE and (status := seen.snapshot(entry.snapshot) if entry.snapshot else None) != "READY":
        yield f"the snapshot of the old boot disk is {status or 'not there'}"


def lost_data_disk(seen: Observed, record: Record) -> str | None:
    """Why the data disk is not the one that was there; None where it is, or cannot be seen yet."""
    wanted, disk = record.before["data_disk"], seen.disks().data
    if wanted and disk is not None and disk.id != wanted:
        return f"the data disk is another one: {disk.id}, and was {wanted}"
    return None


def _disks(seen: Observed, record: Record) -> Iterator[str]:
    disks, was = seen.disks(), record.before
    if disks.boot is None:
        yield "it has no boot disk"
    elif disks.boot.id == was["boot_disk"]:
        yield "its boot disk is the old one"
    else:
        yield from _source(disks.boot.image, disks.boot.snapshot, record.wanted)
    if disks.data is None:
        yield "its data disk is gone"
    elif disks.data.id != was["data_disk"]:
        yield "its data disk is another one"
    elif not disks.data.attached:
        yield "its data disk is not attached"


def _source(image: str, snapshot: str, wanted: Mapping[str, Any]) -> Iterator[str]:
    """Whether a boot disk was made from what was asked for."""
    if wanted.get("image") and image and last(image) != last(wanted["image"]):
        yield f"its boot disk was made from {last(image)}, not from {last(wanted['image'])}"
    if wanted.get("snapshot") and snapshot and snapshot != wanted["snapshot"]:
        yield f"its boot disk was made from the snapshot {snapshot}, not from {wanted['snapshot']}"


def ran_since(report: Report | None, record: Record) -> Report | None:
    """The report of a run that began after the record did; None while there is none."""
    if report is None:
        return None
    same = report.run == record.before["script_run"] if report.run else False
    old = record.before["script_at"]
    if same or (not report.run and old and report.at <= datetime.fromisoformat(old)):
        return None
    return report


def script_lacks(seen: Observed, record: Record) -> str | None:
    """What is not so yet about the post-startup script; None where the wanted one ran to its end."""
    report = ran_since(seen.report(), record)
    if report is None:
        return "its post-startup script has not reported since"
    if report.state is not State.COMPLETE:
        return f"its post-startup script is at step {report.step}"
    if report.script_sha256 != record.wanted["script"]:
        return f"another post-startup script ran: {report.script_sha256[:12] or 'one without a digest'}"
    return None


def script_failed(seen: Observed, record: Record) -> str | None:
    """Why the post-startup script will not come to its end; None while it may."""
    report = ran_since(seen.report(), record)
    if report is not None and report.state is State.ERROR:
        return f"its post-startup script failed at step {report.step}, line {report.line}"
    return None


def last(link: str) -> str:
    """The last part of a link or a path."""
    return link.rsplit("/", 1)[-1]
