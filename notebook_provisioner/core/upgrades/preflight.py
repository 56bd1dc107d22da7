"""What is looked at before a notebook is upgraded or rolled back, and what stands against it.

An error keeps the notebook as it is. A warning or a note does not: what cannot be known from outside is said,
not guessed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from notebook_provisioner.core.findings import Finding, Severity
from notebook_provisioner.core.notebooks import ACTIVE, SETTLED, STOPPED
from notebook_provisioner.core.rerun.planning import Use
from notebook_provisioner.core.upgrades.facts import Upgradability
from notebook_provisioner.core.upgrades.observed import Instance
from notebook_provisioner.core.upgrades.verification import unwell

# What a run calls; the methods' pages in the REST references name the permissions.
PERMISSIONS: Final = (
    "compute.disks.list",
    "compute.instances.getGuestAttributes",
    "compute.snapshots.get",
    "compute.snapshots.list",
    "notebooks.instances.checkUpgradability",
    "notebooks.instances.get",
    "notebooks.instances.list",
    "notebooks.instances.start",
    "notebooks.instances.stop",
    "notebooks.instances.update",
    "notebooks.instances.upgrade",
)
SNAPSHOT_PERMISSIONS: Final = ("compute.disks.createSnapshot", "compute.snapshots.create")

# Documented by the method's page, and in no list of roles or permissions: a custom role that names it is
# probably refused, and testIamPermissions may not know it (unverified).
ROLLBACK_PERMISSION: Final = "notebooks.instances.rollback"

BACKUP_FRESH: Final = timedelta(hours=26)  # a nightly schedule, and a night that began late
_LEAST_FREE_MIB: Final = 1024
_INVALID_STATE: Final = "invalid state"


@dataclass(frozen=True, slots=True)
class Quota:
    """How many snapshots a project may have, and has."""

    limit: float
    usage: float


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is read once for all notebooks of a project.

    Attributes:
        missing: Permissions that the caller lacks; None where Google does not say.
        quota: Of snapshots; None where Google does not say.
        backups: When the newest snapshot of each data disk was taken, by zone and the disk's name; None where
            snapshots cannot be listed.
    """

    missing: frozenset[str] | None
    quota: Quota | None
    backups: dict[tuple[str, str], datetime] | None


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known about one notebook.

    Attributes:
        instance: The notebook.
        upgradability: What Workbench says about upgrading it.
        family: The image family that it is asked into; None for its own.
        use: Whether somebody is at work on it.
        use_words: What that is known from.
        data_free_mib: What is left on its data disk; None where nobody knows.
        around: What holds for the project.
        now: When this was read, UTC.
    """

    instance: Instance
    upgradability: Upgradability
    family: str | None
    use: Use
    use_words: str
    data_free_mib: int | None
    around: Surroundings
    now: datetime


@dataclass(frozen=True, slots=True)
class Rules:
    """What the run was asked to bear.

    Attributes:
        even_if_busy: Whether running kernels are no obstacle.
        data_snapshot: Whether a snapshot of the data disk is taken where there is no fresh one.
    """

    even_if_busy: bool = False
    data_snapshot: bool = False


def check(facts: Facts, rules: Rules) -> tuple[Finding, ...]:
    """What is to be said about upgrading a notebook now: the obstacles, or else all the rest."""
    against = [*_state(facts.instance), *_upgradability(facts), *_activity(facts, rules)]
    if any(finding.severity is Severity.ERROR for finding in against):
        return tuple(finding for finding in against if finding.severity is Severity.ERROR)
    found = [*against, *_free_space(facts), *_backup(facts, rules)]
    return tuple(sorted(found, key=lambda finding: finding.severity is Severity.NOTE))


def check_project(around: Surroundings, project: str, notebooks: int) -> tuple[Finding, ...]:
    """What is to be said about the project before *notebooks* of it are upgraded."""
    return (*_permissions(around, project), *_quota(around, project, notebooks))


def obstacle(findings: tuple[Finding, ...]) -> Finding | None:
    """The first finding that keeps a notebook as it is."""
    return next((finding for finding in findings if finding.severity is Severity.ERROR), None)


def nothing_to_do(facts: Facts) -> str | None:
    """Workbench's own words where it says that there is nothing to upgrade to; they are not interpreted."""
    if facts.family is None and facts.upgradability.upgradable is False:
        return f"Workbench says: {facts.upgradability.message or 'not upgradable'}"
    return None


def needs_data_snapshot(facts: Facts, rules: Rules) -> bool:
    """Whether a snapshot of the data disk is taken first."""
    return rules.data_snapshot and facts.instance.data_disks > 0 and not _is_fresh(facts)


def _state(instance: Instance) -> Iterator[Finding]:
    subject = instance.name
    if instance.state not in SETTLED:
        yield Finding(
            "upgrade-state",
            Severity.ERROR,
            subject,
            f"it is {instance.state}: only a notebook that is ACTIVE or STOPPED is upgraded",
            "wait until it is, or see what holds it up: nbp show",
        )
    elif instance.state == ACTIVE and (wrong := list(unwell(instance))):
        yield Finding(
            "upgrade-unwell",
            Severity.ERROR,
            subject,
            f"{'; '.join(wrong)}: whether an upgrade went well could not be told",
            "mend it first; nbp post-startup status may say why",
        )
    if instance.data_disks == 0:
        yield Finding(
            "upgrade-one-disk",
            Severity.ERROR,
            subject,
            "it has no data disk: Workbench upgrades notebooks with two disks only",
            "make it anew",
        )


def _upgradability(facts: Facts) -> Iterator[Finding]:
    answer, subject = facts.upgradability, facts.instance.name
    if facts.family is not None:
        yield Finding(
            "upgrade-across-families",
            Severity.WARNING,
            subject,
            f"it goes to the image family {facts.family}, which nothing but a rollback undoes",
            f"write image: {{family: {facts.family}}} into its profile before the next nbp apply: Terraform "
            "replaces a notebook whose image changes",
        )
    elif answer.upgradable is None:
        woken = facts.instance.state == STOPPED and _INVALID_STATE in answer.message.lower()
        yield Finding(
            "upgrade-unknown",
            Severity.NOTE if woken else Severity.ERROR,
            subject,
            f"Workbench does not say whether it can be upgraded: {answer.message}",
            "it is woken to find out" if woken else "run it again later",
        )


def _activity(facts: Facts, rules: Rules) -> Iterator[Finding]:
    if facts.use is Use.UNKNOWN:
        yield Finding(
            "upgrade-use-unknown",
            Severity.NOTE,
            facts.instance.name,
            f"whether somebody is at work is not known: {facts.use_words}",
        )
    elif facts.use is Use.BUSY:
        yield Finding(
            "upgrade-busy",
            Severity.WARNING if rules.even_if_busy else Severity.ERROR,
            facts.instance.name,
            f"somebody is at work, and kernels would be lost: {facts.use_words}",
            None if rules.even_if_busy else "wait, or accept that with --even-if-busy",
        )


def _free_space(facts: Facts) -> Iterator[Finding]:
    free, subject = facts.data_free_mib, facts.instance.name
    if free is None:
        yield Finding(
            "upgrade-space-unknown",
            Severity.NOTE,
            subject,
            "free space on the data disk is not known: only the notebook can see it, and it did not report",
        )
    elif free < _LEAST_FREE_MIB:
        yield Finding(
            "upgrade-space",
            Severity.WARNING,
            subject,
            f"its data disk has {free} MiB left: Jupyter may not start on a full disk",
            "have files deleted, or a larger data disk",
        )


def _backup(facts: Facts, rules: Rules) -> Iterator[Finding]:
    subject = facts.instance.name
    if facts.around.backups is None:
        yield Finding(
            "upgrade-backup-unknown",
            Severity.WARNING,
            subject,
            "whether its data disk has a fresh snapshot is not known: snapshots cannot be listed",
            "grant compute.snapshots.list",
        )
    elif not _is_fresh(facts) and not rules.data_snapshot:
        newest = _newest(facts)
        said = f"the newest is of {newest:%Y-%m-%d %H:%M} UTC" if newest else "there is none"
        yield Finding(
            "upgrade-backup",
            Severity.WARNING,
            subject,
            f"its data disk has no fresh snapshot: {said}. An upgrade keeps the disk; nothing else guards it",
            "take one first with --data-snapshot, or write data_disk_snapshots into the fleet file",
        )


def _newest(facts: Facts) -> datetime | None:
    instance, backups = facts.instance, facts.around.backups or {}
    return backups.get((instance.zone, f"{instance.name}-data-workspace"))


def _is_fresh(facts: Facts) -> bool:
    newest = _newest(facts)
    return newest is not None and facts.now - newest <= BACKUP_FRESH


def _permissions(around: Surroundings, project: str) -> Iterator[Finding]:
    if around.missing is None:
        yield Finding(
            "upgrade-permissions-unknown",
            Severity.WARNING,
            project,
            "Google does not say which permissions you have",
        )
    elif around.missing:
        yield Finding(
            "upgrade-permissions",
            Severity.ERROR,
            project,
            f"you lack {', '.join(sorted(around.missing))}",
            "roles/notebooks.admin has those of notebooks, and docs/operators/upgrades.md a smaller role",
        )


def _quota(around: Surroundings, project: str, notebooks: int) -> Iterator[Finding]:
    quota = around.quota
    if quota is None:
        yield Finding(
            "upgrade-quota-unknown",
            Severity.NOTE,
            project,
            "the quota of snapshots is not known; every upgrade takes one",
        )
    elif quota.usage + notebooks > quota.limit:
        yield Finding(
            "upgrade-quota",
            Severity.ERROR,
            project,
            f"every upgrade takes a snapshot: {notebooks} are needed, and {quota.limit - quota.usage:.0f} "
            f"are left of {quota.limit:.0f}",
            "nbp snapshots prune, or ask Google for a larger quota",
        )
