"""Rollback points of a notebook, and what a rollback to one of them loses."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from notebook_provisioner.core.errors import NotFound, Refused
from notebook_provisioner.core.snapshots.facts import Snapshot
from notebook_provisioner.core.upgrade_history import HistoryEntry
from notebook_provisioner.core.upgrades.observed import Instance
from notebook_provisioner.core.upgrades.verification import UPGRADE, last


class NotARollbackPoint(Refused):
    """The snapshot exists, and the notebook cannot be rolled back to it."""

    code = "not-a-rollback-point"


@dataclass(frozen=True, slots=True)
class RollbackPoint:
    """A snapshot of the old boot disk that an upgrade left.

    Attributes:
        snapshot: Its name.
        taken: When the upgrade began, UTC; None where the API does not say.
        version: What the notebook ran before that upgrade, in the API's words.
        image: The image that it ran, by name; empty where the API does not say.
        problem: Why it cannot be used; empty where it can.
    """

    snapshot: str
    taken: datetime | None
    version: str
    image: str
    problem: str = ""


def snapshot_names(instance: Instance) -> tuple[str, ...]:
    """The snapshots that a notebook's upgrades left, newest first."""
    return tuple(
        entry.snapshot for entry in reversed(instance.history) if entry.action == UPGRADE and entry.snapshot
    )


def points(instance: Instance, snapshots: Mapping[str, Snapshot]) -> tuple[RollbackPoint, ...]:
    """What the history names, with what is wrong with it; newest first.

    Args:
        instance: The notebook.
        snapshots: Those of its snapshots that exist, by name.
    """
    names = snapshot_names(instance)
    entries = [entry for entry in reversed(instance.history) if entry.snapshot in names]
    return tuple(_point(instance, entry, snapshots.get(entry.snapshot)) for entry in entries)


def choose(found: Sequence[RollbackPoint], notebook: str, wanted: str | None) -> RollbackPoint:
    """The point to roll back to: *wanted*, or the newest that can be used.

    Args:
        found: The notebook's points, newest first.
        notebook: Its name.
        wanted: A snapshot's name or its path; None for the newest.

    Raises:
        NotFound: There is no such point, or none at all.
        NotARollbackPoint: It cannot be used.
    """
    usable = [point for point in found if not point.problem]
    if wanted is None:
        if not usable:
            raise NotFound(
                f"{notebook} has no rollback point: {_why_none(found)}",
                hint="an upgrade leaves one, and nbp snapshots prune keeps the newest ones",
            )
        return usable[0]
    name = last(wanted)
    point = next((point for point in found if point.snapshot == name), None)
    if point is None:
        raise NotFound(
            f"{name} is in no line of {notebook}'s upgrade history",
            hint=f"its rollback points: {', '.join(item.snapshot for item in usable) or 'none'}",
        )
    if point.problem:
        raise NotARollbackPoint(
            f"{notebook} cannot be rolled back to {name}: {point.problem}",
            hint=f"its rollback points: {', '.join(item.snapshot for item in usable) or 'none'}",
        )
    return point


def losses(point: RollbackPoint) -> tuple[str, ...]:
    """What a rollback loses, in plain words."""
    since = f" since {point.taken:%Y-%m-%d %H:%M} UTC" if point.taken else " since the upgrade"
    boot_disk = (
        f"everything that was changed on the boot disk{since}: system packages, what pip and conda installed "
        "without --user, home folders other than Jupyter's"
    )
    forward = (
        "the way forward: whether Workbench takes a snapshot of the present boot disk before a rollback is "
        "documented nowhere; an upgrade brings the newest image back, not what was installed on it"
    )
    return boot_disk, "running kernels and terminals", forward


KEPT = "the data disk with Jupyter's home folder stays as it is, with all that was saved since"


def _point(instance: Instance, entry: HistoryEntry, snapshot: Snapshot | None) -> RollbackPoint:
    problem = next(_problems(instance, entry, snapshot), "")
    return RollbackPoint(entry.snapshot, entry.created, entry.version, last(entry.image), problem)


def _problems(instance: Instance, entry: HistoryEntry, snapshot: Snapshot | None) -> Iterator[str]:
    if snapshot is None:
        yield "the snapshot was deleted"
        return
    if snapshot.status != "READY":
        yield f"the snapshot is {snapshot.status}"
    if snapshot.disk != (instance.zone, f"{instance.name}-boot"):
        yield "the snapshot is of another disk"
    if entry.state == "STARTED":
        yield "the upgrade that took it has not ended"


def _why_none(found: Sequence[RollbackPoint]) -> str:
    return "; ".join(f"{point.snapshot}: {point.problem}" for point in found) or "it was never upgraded"
