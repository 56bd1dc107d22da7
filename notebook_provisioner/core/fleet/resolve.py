"""A notebook with every value filled in: built-in defaults, then ``defaults:``, then the notebook's own.

A key of the notebook replaces the default's key whole. Three do not: labels merge (fleet, defaults,
notebook), metadata merge (defaults, notebook), exemptions append (defaults, then notebook). Terraform's
reading of the file follows the same rule; a test compares the two.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from notebook_provisioner.catalog.images import CURRENT_FAMILY
from notebook_provisioner.core.fleet.guest import AuditLog, Hardening, Jupyter, PackageIndex, UserScript
from notebook_provisioner.core.fleet.model import (
    Control,
    DataDiskSnapshots,
    Exemption,
    Fleet,
    Notebook,
    PostStartupBehavior,
    Repository,
    Snapshots,
    Upgrade,
)
from notebook_provisioner.core.fleet.profile import Image, Profile
from notebook_provisioner.core.fleet.sync import Sync


@dataclass(frozen=True, slots=True)
class ResolvedNotebook:
    """One notebook as it shall be.

    Attributes:
        name: Its name.
        owner: The owner's e-mail address.
        zone: Its zone.
        profile_name: The name of its profile.
        profile: What it runs on; ``image`` is set unless ``container`` is.
        labels: Merged labels.
        idle_timeout_seconds: Seconds of idleness until it is stopped; None, by exemption, for never.
        deletion_protection: Whether Google refuses to delete it.
        managed_euc: Whether code runs with the owner's own rights; no post-startup script runs then.
        exemptions: The defaults' exemptions, then its own.
        upgrade: When it may be upgraded; None for never.
        snapshots: Which boot-disk snapshots are kept.
        data_disk_snapshots: Daily snapshots of the user's disk; None for none.
        sync: Copies of the user's files.
        packages: Pinned Python packages.
        repositories: Git repositories to clone.
        metadata: Merged further metadata.
        post_startup_behavior: When the post-startup script runs.
        hardening: How strict the post-startup script is.
        audit_log: What the notebook records about its use.
        jupyter: Limits of the Jupyter server.
        package_index: Where packages come from.
        environment: Variables that users see.
        user_script: A script of one's own; None for none.
    """

    name: str
    owner: str
    zone: str
    profile_name: str
    profile: Profile
    labels: Mapping[str, str]
    idle_timeout_seconds: int | None
    deletion_protection: bool
    managed_euc: bool
    exemptions: tuple[Exemption, ...]
    upgrade: Upgrade | None
    snapshots: Snapshots
    data_disk_snapshots: DataDiskSnapshots | None
    sync: Sync
    packages: tuple[str, ...]
    repositories: tuple[Repository, ...]
    metadata: Mapping[str, str]
    post_startup_behavior: PostStartupBehavior
    hardening: Hardening
    audit_log: AuditLog
    jupyter: Jupyter
    package_index: PackageIndex
    environment: Mapping[str, str]
    user_script: UserScript | None

    def is_exempt(self, control: Control) -> bool:
        """Whether *control* is switched off here."""
        return any(exemption.control == control for exemption in self.exemptions)


def resolve(fleet: Fleet, notebook: Notebook) -> ResolvedNotebook:
    """Fill in *notebook*'s values. Its profile must be one of the fleet's."""

    def pick(key: str) -> Any:  # noqa: ANN401  # a field's own type, as declared above
        holder = notebook if key in notebook.model_fields_set else fleet.defaults
        return getattr(holder, key)

    profile_name = pick("profile")
    never_idle = any(exemption.control == "idle-timeout-seconds" for exemption in notebook.exemptions)
    return ResolvedNotebook(
        name=notebook.name,
        owner=notebook.owner,
        zone=notebook.zone or fleet.zones[0],
        profile_name=profile_name,
        profile=_with_image(fleet.profiles[profile_name]),
        labels={**fleet.labels, **fleet.defaults.labels, **notebook.labels},
        idle_timeout_seconds=None if never_idle else pick("idle_timeout_seconds"),
        deletion_protection=pick("deletion_protection"),
        managed_euc=pick("managed_euc"),
        exemptions=notebook.exemptions,
        upgrade=pick("upgrade"),
        snapshots=pick("snapshots"),
        data_disk_snapshots=pick("data_disk_snapshots"),
        sync=pick("sync"),
        packages=pick("packages"),
        repositories=pick("repositories"),
        metadata={**fleet.defaults.metadata, **notebook.metadata},
        post_startup_behavior=pick("post_startup_behavior"),
        hardening=pick("hardening"),
        audit_log=pick("audit_log"),
        jupyter=pick("jupyter"),
        package_index=pick("package_index"),
        environment=pick("environment"),
        user_script=pick("user_script"),
    )


def _with_image(profile: Profile) -> Profile:
    if profile.image is not None or profile.container is not None:
        return profile
    return profile.model_copy(update={"image": Image(family=CURRENT_FAMILY)})
