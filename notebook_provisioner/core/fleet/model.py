"""What a fleet file may say. Rules about one value live in its type, rules across values in ``checks``.

Docstrings under fields are the descriptions that editors show (``nbp schema``). Defaults stand here once;
Terraform's reading of the file repeats them, and a test compares the two.
"""

import functools
import json
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field

from notebook_provisioner.core.fleet import formats, names
from notebook_provisioner.core.fleet.base import Model
from notebook_provisioner.core.fleet.guest import AuditLog, Hardening, Jupyter, PackageIndex, UserScript
from notebook_provisioner.core.fleet.maintenance import Maintenance
from notebook_provisioner.core.fleet.profile import Profile
from notebook_provisioner.core.fleet.surroundings import Encryption, Network, Observability, Perimeter, State
from notebook_provisioner.core.fleet.sync import Sync
from notebook_provisioner.core.fleet.text import wrong

if TYPE_CHECKING:
    from notebook_provisioner.core.fleet.resolve import ResolvedNotebook

Target = Literal["google", "sandbox"]
Control = Literal[
    "notebook-disable-root",
    "notebook-disable-downloads",
    "notebook-disable-nbconvert",
    "notebook-disable-terminal",
    "idle-timeout-seconds",
    "secure-boot",
]
PostStartupBehavior = Literal["run_once", "run_every_start", "download_and_run_every_start"]

IDLE_TIMEOUT_MIN: Final = 600  # seconds; the API refuses less, 0 too
IDLE_TIMEOUT_MAX: Final = 86_400

Keep = Annotated[int, Field(ge=1, le=1_000)]


class Exemption(Model):
    """A hardening control switched off, by someone, for a while."""

    control: Control
    """The control that is switched off."""
    reason: names.Reason
    """Why, and who agreed."""
    expires: formats.Day
    """The last day on which it holds, 366 days ahead at most; then `nbp check`, `plan` and `apply` refuse the
    file."""


class Upgrade(Model):
    """When notebooks may be upgraded."""

    window: formats.WindowText
    """A weekday, two times, a time zone; it may cross midnight."""
    cadence: Literal["weekly", "monthly"] = "monthly"
    """How often an upgrade is looked for."""
    blackout: tuple[formats.BlackoutText, ...] = ()
    """Days without upgrades: `first/last`, both included."""
    working_hours: formats.WorkingHoursText | None = None
    """When its owner works: weekdays, two times, a time zone. Upgrades in these hours are pointed out."""


class Rollout(Model):
    """In which order notebooks are upgraded."""

    canaries: tuple[names.NotebookName, ...] = ()
    """Notebooks that go first. Where none of them has an image family to be upgraded, the first one that has
    it goes first."""
    soak: formats.Duration = "1d"
    """After the canaries, nothing else is upgraded for this long."""
    parallelism: Annotated[int, Field(ge=1, le=100)] = 5
    """How many notebooks are upgraded at a time at most."""
    wave_size: Annotated[int, Field(ge=1, le=10_000)] | None = None
    """Notebooks in each wave after the canaries; all in one where it is not given."""


class Snapshots(Model):
    """Which boot-disk snapshots that upgrades left are kept; one rule that keeps is enough.

    The keep rules mean what they mean to restic's `forget`.
    """

    rollback_points: Keep = 2
    """Newest snapshots of each notebook that an upgrade can be rolled back to; kept whatever else holds."""
    keep_last: Keep | None = None
    """Newest snapshots."""
    keep_hourly: Keep | None = None
    """Hours of which the newest snapshot is kept."""
    keep_daily: Keep | None = None
    """Days of which the newest snapshot is kept."""
    keep_weekly: Keep | None = None
    """Weeks of which the newest snapshot is kept."""
    keep_monthly: Keep | None = None
    """Months of which the newest snapshot is kept."""
    keep_yearly: Keep | None = None
    """Years of which the newest snapshot is kept."""
    keep_within: formats.Duration | None = None
    """Everything younger than this, counted from the newest snapshot: `90d`, `1y6m`."""
    keep_within_hourly: formats.Duration | None = None
    """The newest snapshot of every hour within this."""
    keep_within_daily: formats.Duration | None = None
    """The newest snapshot of every day within this."""
    keep_within_weekly: formats.Duration | None = None
    """The newest snapshot of every week within this."""
    keep_within_monthly: formats.Duration | None = None
    """The newest snapshot of every month within this."""
    keep_within_yearly: formats.Duration | None = None
    """The newest snapshot of every year within this."""
    keep_labels: tuple[formats.LabelKey, ...] = ("hold",)
    """Labels that keep a snapshot, whatever their value. `retain-until=2027-06-30` keeps one through that
    day."""
    min_age: formats.Duration = "1d"
    """Nothing younger than this is deleted."""
    soak: formats.Duration = "7d"
    """After an upgrade or a rollback, nothing of the notebook is deleted for this long."""
    orphans_keep_within: formats.Duration = "90d"
    """Snapshots of notebooks that are gone are kept for this long. Taken from `defaults` alone."""
    grace: formats.Duration | None = None
    """Where given, snapshots are first labelled, and deleted this long after the end of that day, UTC."""


class DataDiskSnapshots(Model):
    """Daily snapshots of the user's disk."""

    hour: Annotated[int, Field(ge=0, le=23)] = 2
    """The hour, in UTC, in which the snapshot is begun."""
    keep_days: Annotated[int, Field(ge=1, le=365)] = 14
    """Days for which each snapshot is kept; the last ones outlive the disk."""


class Repository(Model):
    """A git repository, cloned into the notebook."""

    url: formats.RepositoryUrl
    """Its https URL, without credentials."""
    ref: names.GitRef | None = None
    """Branch, tag or commit; the default branch where it is not given."""


class _Settings(Model):
    profile: names.ProfileName | None = None
    """One of `profiles`."""
    labels: dict[formats.LabelKey, formats.LabelValue] = Field(default_factory=dict)
    """Labels; they add to the wider ones, and win over them."""
    idle_timeout_seconds: Annotated[int, Field(ge=IDLE_TIMEOUT_MIN, le=IDLE_TIMEOUT_MAX)] | None = 3600
    """Seconds of idleness until the notebook is stopped; null needs an exemption."""
    deletion_protection: bool = True
    """Whether Google refuses to delete the notebook."""
    managed_euc: bool = False
    """Managed end-user credentials: code runs with the owner's own Google rights, once they consent, and not
    as the notebook's service account. No post-startup script runs. Settled when the notebook is made."""
    upgrade: Upgrade | None = None
    """When upgrades may happen; never where it is not given."""
    snapshots: Snapshots = Snapshots()
    """Which boot-disk snapshots are kept."""
    data_disk_snapshots: DataDiskSnapshots | None = None
    """Daily snapshots of the user's disk; none where it is not given."""
    sync: Sync = Sync()
    """Copies of the user's files to a bucket."""
    packages: tuple[names.Package, ...] = ()
    """Python packages to install, each pinned: `polars==1.35.2`. ` --hash=sha256:…` may follow; then every
    package, with all that it needs, must be listed with its hashes."""
    repositories: tuple[Repository, ...] = ()
    """Git repositories to clone."""
    metadata: dict[names.MetadataKey, Annotated[str, Field(max_length=262_144)]] = Field(default_factory=dict)
    """Further instance metadata; they add to the defaults' and win over them. Only keys that Google documents
    for users, and that have no place of their own in this file."""
    post_startup_behavior: PostStartupBehavior = "run_once"
    """When the post-startup script runs."""
    hardening: Hardening = Hardening()
    """How strict the post-startup script is."""
    audit_log: AuditLog = AuditLog()
    """What the notebook records about its use; nothing where it is not given."""
    jupyter: Jupyter = Jupyter()
    """Limits of the Jupyter server."""
    package_index: PackageIndex = PackageIndex()
    """Where packages come from; the image's own settings where nothing is given."""
    environment: dict[names.VariableName, names.VariableValue] = Field(default_factory=dict)
    """Environment variables that users see; no credentials."""
    user_script: UserScript | None = None
    """A script of one's own, run last."""


class Defaults(_Settings):
    """What every notebook has that does not say otherwise."""


class Notebook(_Settings):
    """One person's notebook."""

    name: names.NotebookName
    """Its name, unlike every other in the fleet."""
    owner: formats.Owner
    """The one person who can open it."""
    zone: names.Zone | None = None
    """One of `zones`; the first of them where it is not given."""
    exemptions: tuple[Exemption, ...] = ()
    """Hardening controls that are switched off, for this notebook alone."""


def _whole_number(value: Any) -> Any:  # noqa: ANN401  # what is no number gets pydantic's own error
    """Refuse what Python holds to be equal to 1, and is not written so."""
    if isinstance(value, (bool, float)):
        raise wrong("wrong-type", f"{json.dumps(value)} is no whole number", "write 1")
    return value


class Fleet(Model):
    """A fleet of hardened Vertex AI Workbench notebooks."""

    version: Annotated[Literal[1], BeforeValidator(_whole_number)]
    """The version of this format."""
    name: names.FleetName
    """The fleet's name; what is made for it is named after it."""
    target: Target
    """Where it lives: the real cloud, or the embedded sandbox."""
    project: names.ProjectId
    """The Google Cloud project that holds the notebooks."""
    region: names.Region
    """The region of network, keys and buckets."""
    zones: Annotated[tuple[names.Zone, ...], Field(min_length=1)]
    """The region's zones that notebooks may be in; the first is for those that name none."""
    state: State | None = None
    """Where Terraform keeps its state. Needed for the target google, unused by the sandbox."""
    network: Network
    """The network that the notebooks are in."""
    perimeter: Perimeter
    """The VPC Service Controls perimeter around the project."""
    encryption: Encryption
    """The key that disks and buckets are encrypted with."""
    observability: Observability | None = None
    """Audit logs and alerts; none of them is set up where it is not given."""
    maintenance: Maintenance | None = None
    """Jobs that prune snapshots and upgrade notebooks; none where it is not given."""
    labels: dict[formats.LabelKey, formats.LabelValue] = Field(default_factory=dict)
    """Labels of everything that is made."""
    profiles: Annotated[dict[names.ProfileName, Profile], Field(min_length=1)]
    """What notebooks can run on, by name."""
    rollout: Rollout = Rollout()
    """In which order notebooks are upgraded."""
    defaults: Defaults = Defaults()
    """What every notebook has that does not say otherwise."""
    notebooks: tuple[Notebook, ...]
    """The notebooks."""

    @functools.cached_property
    def resolved_notebooks(self) -> "tuple[ResolvedNotebook, ...]":
        """The notebooks with every value filled in, in the file's order."""
        from notebook_provisioner.core.fleet.resolve import resolve  # which needs these models

        return tuple(resolve(self, notebook) for notebook in self.notebooks)
