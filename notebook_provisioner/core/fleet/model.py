"""What a fleet file may say. Rules about one value live in its type, rules across values in ``checks``.

Docstrings under fields are the descriptions that editors show (``nbp schema``). Defaults stand here once;
Terraform's reading of the file repeats them, and a test compares the two.
"""

import functools
from typing import TYPE_CHECKING, Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from notebook_provisioner.core.fleet import values as v

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
GpuType = Literal[
    "NVIDIA_TESLA_T4",
    "NVIDIA_TESLA_P4",
    "NVIDIA_TESLA_P100",
    "NVIDIA_TESLA_V100",
    "NVIDIA_L4",
    "NVIDIA_RTX6000",
    "NVIDIA_TESLA_A100",
    "NVIDIA_A100_80GB",
    "NVIDIA_H100_80GB",
    "NVIDIA_H100_MEGA_80GB",
    "NVIDIA_H200_141GB",
    "NVIDIA_B200",
    "NVIDIA_TESLA_T4_VWS",
    "NVIDIA_TESLA_P4_VWS",
    "NVIDIA_TESLA_P100_VWS",
]
DiskType = Literal[
    "PD_STANDARD",
    "PD_BALANCED",
    "PD_SSD",
    "PD_EXTREME",
    "HYPERDISK_BALANCED",
    "HYPERDISK_BALANCED_HIGH_AVAILABILITY",
    "HYPERDISK_ML",
]
PostStartupBehavior = Literal["run_once", "run_every_start", "download_and_run_every_start"]

IDLE_TIMEOUT_MIN: Final = 600  # seconds; the API refuses less, 0 too
IDLE_TIMEOUT_MAX: Final = 86_400
IMAGE_PROJECT: Final = "cloud-notebooks-managed"
IMAGE_FAMILY: Final = "workbench-instances-2603"

DiskSize = Annotated[int, Field(ge=10, le=64_000)]
Port = Annotated[int, Field(ge=1, le=65_535)]
Keep = Annotated[int, Field(ge=1, le=1_000)]


class Model(BaseModel):
    """Frozen, strict about types, and closed: a misspelt key is an error."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True, validate_default=True
    )


class State(Model):
    """Where Terraform keeps its state; the sandbox keeps its own."""

    bucket: v.BucketName
    """A Cloud Storage bucket with versioning on. It must exist."""
    prefix: v.StatePrefix
    """A folder in the bucket, one per fleet."""


class NoEgress(Model):
    """Nothing leaves but calls to Google's APIs."""

    mode: Literal["none"]


class NatAllowlist(Model):
    """Cloud NAT, with a firewall that lets only listed destinations out."""

    mode: Literal["nat-allowlist"]
    addresses: tuple[v.Cidr, ...] = ()
    """Destinations as ranges of addresses."""
    fqdns: tuple[v.HostName, ...] = ()
    """Destinations as full domain names."""
    ports: Annotated[tuple[Port, ...], Field(min_length=1)] = (443,)
    """TCP ports that may be reached there."""


class SecureWebProxy(Model):
    """Secure Web Proxy, which lets only listed URLs out."""

    mode: Literal["secure-web-proxy"]
    proxy_cidr: v.Cidr
    """Range of the proxy-only subnet; /26 or larger."""
    urls: Annotated[tuple[v.UrlPattern, ...], Field(min_length=1)]
    """Allowed addresses: `pypi.org`, `files.pythonhosted.org/*`, `*.example.com`."""


Egress = Annotated[NoEgress | NatAllowlist | SecureWebProxy, Field(discriminator="mode")]


class _Network(Model):
    name: v.ResourceName
    """The VPC network."""
    subnet: v.ResourceName
    """The subnet in the fleet's region."""
    vip: Literal["restricted", "private"] = "restricted"
    """Google addresses that the DNS answers with: `restricted` serves only what VPC Service Controls
    protects, `private` serves every Google API."""
    egress: Egress = NoEgress(mode="none")
    """What may leave the subnet besides calls to Google's APIs."""


class CreateNetwork(_Network):
    """A network made for this fleet."""

    mode: Literal["create"]
    cidr: v.Cidr
    """The subnet's private IPv4 range, /29 or larger."""


class ExistingNetwork(_Network):
    """A network that is there, usually a shared VPC."""

    mode: Literal["existing"]
    host_project: v.ProjectId
    """The project that holds the network."""


Network = Annotated[CreateNetwork | ExistingNetwork, Field(discriminator="mode")]


class DevicePolicy(Model):
    """What a user's device must be like."""

    require_screen_lock: bool = True
    """The device locks its screen."""
    require_encryption: bool = True
    """The device's disk is encrypted."""
    require_corp_owned: bool = False
    """The device belongs to the organization."""
    management_levels: tuple[Literal["NONE", "BASIC", "COMPLETE"], ...] = ()
    """Device management that is accepted; empty accepts every kind."""


class AccessLevel(Model):
    """Who may enter the perimeter, from where; all conditions must hold."""

    name: v.AccessLevelName
    """Its name in the access policy."""
    ip_ranges: tuple[v.Cidr, ...] = ()
    """Public ranges that requests come from."""
    members: tuple[v.Member, ...] = ()
    """Users and service accounts; groups are not supported."""
    regions: tuple[v.CountryCode, ...] = ()
    """Countries that requests come from, as ISO 3166-1 alpha-2 codes."""
    device_policy: DevicePolicy | None = None
    """What the device must be like."""


class NoPerimeter(Model):
    """No VPC Service Controls."""

    mode: Literal["disabled"]


class _Perimeter(Model):
    organization: v.NumericId | None = None
    """The organization in which an access policy is created; this or `access_policy`."""
    access_policy: v.NumericId | None = None
    """The access policy to use; this or `organization`."""
    access_levels: tuple[AccessLevel, ...] = ()
    """Ways into the perimeter from outside; one that holds is enough."""


class DryRunPerimeter(_Perimeter):
    """A perimeter that logs what it would refuse."""

    mode: Literal["dry-run"]


class EnforcedPerimeter(_Perimeter):
    """A perimeter that refuses."""

    mode: Literal["enforced"]


Perimeter = Annotated[NoPerimeter | DryRunPerimeter | EnforcedPerimeter, Field(discriminator="mode")]


class GoogleManagedEncryption(Model):
    """Keys that Google keeps."""

    mode: Literal["google-managed"]


class CreateKey(Model):
    """A key of one's own, made with the fleet, in the fleet's region."""

    mode: Literal["create"]
    key_ring: v.KmsName
    """The key ring to create."""
    key: v.KmsName
    """The key to create."""
    rotation_days: Annotated[int, Field(ge=1, le=90)] = 90
    """Days between new versions of the key; CIS Google Cloud 1.10 asks for 90 or fewer."""
    protection_level: Literal["SOFTWARE", "HSM"] = "SOFTWARE"
    """Where the key is kept; it cannot be changed later."""


class ExistingKey(Model):
    """A key of one's own that is there."""

    mode: Literal["existing"]
    kms_key: v.KmsKey
    """Its full name; it must be in the fleet's region."""


Encryption = Annotated[GoogleManagedEncryption | CreateKey | ExistingKey, Field(discriminator="mode")]


class Gpu(Model):
    """GPUs of one kind."""

    type: GpuType
    """The Notebooks API's name for it."""
    count: Annotated[int, Field(ge=1, le=16)] = 1
    """How many; each machine type allows certain counts."""


class BootDisk(Model):
    """The system's disk, replaced by every upgrade."""

    size_gb: DiskSize = 150
    """GB; Google recommends 150."""
    type: DiskType = "PD_BALANCED"
    """The kind of disk."""


class DataDisk(Model):
    """The user's disk, kept by every upgrade."""

    size_gb: DiskSize = 100
    """GB; it can grow later, never shrink."""
    type: DiskType = "PD_BALANCED"
    """The kind of disk."""


class Image(Model):
    """A VM image: a family, whose newest is taken, or one image by name."""

    project: v.ProjectId = IMAGE_PROJECT
    """The project that holds it."""
    family: v.ImageName | None = None
    """The family; this or `name`."""
    name: v.ImageName | None = None
    """The image; this or `family`."""


class Container(Model):
    """A container image, run on Google's host image in place of a VM image."""

    repository: v.ContainerRepository
    """Where it is, without tag."""
    tag: v.ContainerTag = "latest"
    """Its tag."""


class Profile(Model):
    """What a notebook runs on."""

    machine_type: v.MachineType
    """The Compute Engine machine type."""
    gpu: Gpu | None = None
    """GPUs, where there are any."""
    boot_disk: BootDisk = BootDisk()
    """The system's disk."""
    data_disk: DataDisk = DataDisk()
    """The user's disk."""
    image: Image | None = None
    """The VM image; by default the newest of Google's current family. Not together with `container`."""
    container: Container | None = None
    """A container image. Not together with `image`."""
    confidential_compute: Literal["SEV"] | None = None
    """Memory encryption by the processor."""


class Exemption(Model):
    """A hardening control switched off, by someone, for a while."""

    control: Control
    """The control that is switched off."""
    reason: v.Reason
    """Why, and who agreed."""
    expires: v.Day
    """The last day on which it holds; afterwards the file is refused."""


class Upgrade(Model):
    """When notebooks may be upgraded."""

    window: v.WindowText
    """A weekday, two times, a time zone; it may cross midnight."""
    cadence: Literal["weekly", "monthly"] = "monthly"
    """How often an upgrade is looked for."""
    blackout: tuple[v.BlackoutText, ...] = ()
    """Days without upgrades: `first/last`, both included."""


class Snapshots(Model):
    """Which boot-disk snapshots are kept; one rule that keeps is enough."""

    rollback_points: Keep = 2
    """Newest snapshots of each notebook that an upgrade can be rolled back to."""
    keep_last: Keep | None = None
    """Newest snapshots of any origin."""
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
    keep_within: v.Duration | None = None
    """Everything younger than this: `90d`, `1y6m`."""


class Sync(Model):
    """Copies of the user's files to a bucket."""

    enabled: bool = False
    """Whether files are copied."""
    schedule: v.Cron = "*/30 * * * *"
    """When, as a cron expression of five fields."""
    time_zone: v.TimeZone = "UTC"
    """The zone that the schedule is in."""
    exclude: tuple[v.GlobPattern, ...] = ()
    """Paths that are left out."""


class Repository(Model):
    """A git repository, cloned into the notebook."""

    url: v.RepositoryUrl
    """Its https URL, without credentials."""
    ref: v.GitRef | None = None
    """Branch, tag or commit; the default branch where it is not given."""


class _Settings(Model):
    profile: v.ProfileName | None = None
    """One of `profiles`."""
    labels: dict[v.LabelKey, v.LabelValue] = {}
    """Labels; they add to the wider ones, and win over them."""
    idle_timeout_seconds: Annotated[int, Field(ge=IDLE_TIMEOUT_MIN, le=IDLE_TIMEOUT_MAX)] | None = 3600
    """Seconds of idleness until the notebook is stopped; null needs an exemption."""
    deletion_protection: bool = True
    """Whether Google refuses to delete the notebook."""
    exemptions: tuple[Exemption, ...] = ()
    """Hardening controls that are switched off. A notebook's add to the defaults'."""
    upgrade: Upgrade | None = None
    """When upgrades may happen; never where it is not given."""
    snapshots: Snapshots = Snapshots()
    """Which boot-disk snapshots are kept."""
    sync: Sync = Sync()
    """Copies of the user's files to a bucket."""
    packages: tuple[v.Package, ...] = ()
    """Python packages to install, each pinned: `polars==1.35.2`."""
    repositories: tuple[Repository, ...] = ()
    """Git repositories to clone."""
    metadata: dict[v.MetadataKey, Annotated[str, Field(max_length=262_144)]] = {}
    """Further instance metadata; they add to the defaults' and win over them. Keys that Workbench or this
    tool sets are refused."""
    post_startup_behavior: PostStartupBehavior = "run_once"
    """When the post-startup script runs."""


class Defaults(_Settings):
    """What every notebook has that does not say otherwise."""


class Notebook(_Settings):
    """One person's notebook."""

    name: v.NotebookName
    """Its name, unlike every other in the fleet."""
    owner: v.Owner
    """The one person who can open it."""
    zone: v.Zone | None = None
    """One of `zones`; the first of them where it is not given."""


class Fleet(Model):
    """A fleet of hardened Vertex AI Workbench notebooks."""

    version: Literal[1]
    """The version of this format."""
    name: v.FleetName
    """The fleet's name; what is made for it is named after it."""
    target: Target
    """Where it lives: the real cloud, or the embedded sandbox."""
    project: v.ProjectId
    """The Google Cloud project that holds the notebooks."""
    region: v.Region
    """The region of network, keys and buckets."""
    zones: Annotated[tuple[v.Zone, ...], Field(min_length=1)]
    """The region's zones that notebooks may be in; the first is for those that name none."""
    state: State | None = None
    """Where Terraform keeps its state. Needed for the target google, unused by the sandbox."""
    network: Network
    """The network that the notebooks are in."""
    perimeter: Perimeter
    """The VPC Service Controls perimeter around the project."""
    encryption: Encryption
    """The key that disks and buckets are encrypted with."""
    labels: dict[v.LabelKey, v.LabelValue] = {}
    """Labels of everything that is made."""
    profiles: Annotated[dict[v.ProfileName, Profile], Field(min_length=1)]
    """What notebooks can run on, by name."""
    defaults: Defaults = Defaults()
    """What every notebook has that does not say otherwise."""
    notebooks: tuple[Notebook, ...]
    """The notebooks."""

    @functools.cached_property
    def resolved_notebooks(self) -> "tuple[ResolvedNotebook, ...]":
        """The notebooks with every value filled in, in the file's order."""
        from notebook_provisioner.core.fleet.resolve import resolve  # which needs these models

        return tuple(resolve(self, notebook) for notebook in self.notebooks)
