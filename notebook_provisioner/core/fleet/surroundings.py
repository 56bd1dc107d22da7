"""What the notebooks stand in: Terraform's state, network, perimeter, encryption."""

from typing import Annotated, Literal

from pydantic import Field

from notebook_provisioner.core.fleet import formats, names
from notebook_provisioner.core.fleet.base import Model

Port = Annotated[int, Field(ge=1, le=65_535)]
Percentage = Annotated[int, Field(ge=1, le=1_000)]


class State(Model):
    """Where Terraform keeps its state; the sandbox keeps its own."""

    bucket: formats.BucketName
    """A Cloud Storage bucket with versioning on. It must exist."""
    prefix: names.StatePrefix
    """A folder in the bucket, one per fleet."""


class NoEgress(Model):
    """Nothing leaves but calls to Google's APIs."""

    mode: Literal["none"]


class NatAllowlist(Model):
    """Cloud NAT, with a firewall that lets only listed destinations out."""

    mode: Literal["nat-allowlist"]
    addresses: tuple[formats.Cidr, ...] = ()
    """Destinations as ranges of addresses."""
    fqdns: Annotated[tuple[names.HostName, ...], Field(max_length=100)] = ()
    """Destinations as full domain names, which Google resolves again and again; they need a default route."""
    ports: Annotated[tuple[Port, ...], Field(min_length=1)] = (443,)
    """TCP ports that may be reached there."""


class ProxyCertificate(Model):
    """What the proxy shows to notebooks, so that they speak TLS to it."""

    name: names.Certificate
    """A regional certificate of Certificate Manager, in the fleet's region."""
    hostname: names.HostName
    """The name in it; inside the network it leads to the proxy."""


class SecureWebProxy(Model):
    """Secure Web Proxy, which lets only listed hosts through. Notebooks are told where it is."""

    mode: Literal["secure-web-proxy"]
    proxy_cidr: formats.Cidr
    """Range of the proxy-only subnet; /26 or larger."""
    hosts: Annotated[tuple[names.HostPattern, ...], Field(min_length=1)]
    """Allowed hosts: `docs.example.com`, `*.example.com`."""
    certificate: ProxyCertificate | None = None
    """Without one, notebooks ask the proxy over plain HTTP; what they fetch over HTTPS stays encrypted."""


Egress = Annotated[NoEgress | NatAllowlist | SecureWebProxy, Field(discriminator="mode")]


class _Network(Model):
    name: names.ResourceName
    """The VPC network."""
    subnet: names.ResourceName
    """The subnet in the fleet's region."""
    vip: Literal["restricted", "private"] = "restricted"
    """Google addresses that the DNS answers with: `restricted` serves only what VPC Service Controls
    protects, `private` serves every Google API."""
    egress: Egress = NoEgress(mode="none")
    """What may leave the subnet besides calls to Google's APIs; `none` for an existing network."""


class CreateNetwork(_Network):
    """A network made for this fleet."""

    mode: Literal["create"]
    cidr: formats.Cidr
    """The subnet's private IPv4 range, /29 or larger."""
    iap_ssh: bool = False
    """Whether SSH may come in from Identity-Aware Proxy, which checks who is calling."""


class ExistingNetwork(_Network):
    """A network that is there, usually a shared VPC."""

    mode: Literal["existing"]
    host_project: names.ProjectId
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

    name: names.AccessLevelName
    """Its name here. In the access policy, which others share, it is called nbp_FLEET_NAME."""
    ip_ranges: tuple[formats.Cidr, ...] = ()
    """Public ranges that requests come from."""
    members: tuple[formats.Member, ...] = ()
    """Users and service accounts; groups are not supported."""
    regions: tuple[names.CountryCode, ...] = ()
    """Countries that requests come from, as ISO 3166-1 alpha-2 codes."""
    device_policy: DevicePolicy | None = None
    """What the device must be like."""


class IngressRule(Model):
    """What may enter the perimeter, for whom; each preset is a list of services with a reason."""

    preset: Literal["workbench-users", "operators", "pipeline", "maintenance"]
    """`workbench-users` open notebooks and reach no other service, `operators` and a `pipeline` run nbp,
    `maintenance` is for the jobs of the fleet that serves this one."""
    access_levels: tuple[names.AccessLevelName, ...] = ()
    """For `workbench-users` and `operators`: of `access_levels` or `existing_access_levels`, which then lead
    to nothing else."""
    projects: tuple[names.NumericId, ...] = ()
    """For `pipeline` and `maintenance`: numbers of the projects that they run in."""


class EgressRule(Model):
    """What may leave the perimeter, to where."""

    preset: Literal["read-data", "pull-packages", "use-key", "image-configs"]
    """`read-data` reads buckets, `pull-packages` reaches Artifact Registry, `use-key` Cloud KMS;
    `image-configs` lets images before M139 read what they read when they boot."""
    projects: tuple[names.NumericId, ...] = ()
    """Numbers of the projects that hold it; none for `image-configs`."""


class NoPerimeter(Model):
    """No VPC Service Controls."""

    mode: Literal["disabled"]


class _Perimeter(Model):
    organization: names.NumericId | None = None
    """The organization in which an access policy is created, for `project` alone; this or `access_policy`."""
    access_policy: names.NumericId | None = None
    """The access policy to use; this or `organization`."""
    access_levels: tuple[AccessLevel, ...] = ()
    """Ways into the perimeter from outside; one that holds is enough. To all that is protected, or to what
    `ingress` says of it."""
    existing_access_levels: tuple[names.AccessLevelName, ...] = ()
    """Levels of `access_policy` that somebody else looks after, by their names there; what they ask for, nbp
    does not judge."""
    ingress: tuple[IngressRule, ...] = ()
    """What may enter besides."""
    egress: tuple[EgressRule, ...] = ()
    """What may leave; nothing where it is not given."""
    restricted_services: tuple[names.ServiceName, ...] = ()
    """Services to protect besides those that notebooks use."""
    accessible_services: tuple[names.ServiceName, ...] = ()
    """Services that notebooks reach besides the protected ones."""


class DryRunPerimeter(_Perimeter):
    """A perimeter that logs what it would refuse."""

    mode: Literal["dry-run"]


class EnforcedPerimeter(_Perimeter):
    """A perimeter that refuses."""

    mode: Literal["enforced"]


Perimeter = Annotated[NoPerimeter | DryRunPerimeter | EnforcedPerimeter, Field(discriminator="mode")]


class Budget(Model):
    """What the project may cost a month. It tells; it stops nothing."""

    billing_account: names.BillingAccount
    """The billing account that pays for the project."""
    monthly: Annotated[int, Field(ge=1, le=1_000_000_000)]
    """The amount, in whole units of the currency."""
    currency: names.Currency
    """The billing account's currency, as an ISO 4217 code."""
    thresholds: Annotated[tuple[Percentage, ...], Field(min_length=1, max_length=10)] = (50, 90, 100)
    """Percentages of the amount at which people are told."""


class Observability(Model):
    """Audit logs that are kept, and alerts."""

    retention_days: Annotated[int, Field(ge=30, le=3650)] = 400
    """Days for which audit logs are kept."""
    locked: bool = True
    """Whether the log bucket is locked: its retention can then only grow, and it cannot be unlocked."""
    notify: tuple[formats.Owner, ...] = ()
    """E-mail addresses that are told of alerts."""
    budget: Budget | None = None
    """What the project may cost; no budget where it is not given."""


class GoogleManagedEncryption(Model):
    """Keys that Google keeps."""

    mode: Literal["google-managed"]


class CreateKey(Model):
    """A key of one's own, made with the fleet, in the fleet's region."""

    mode: Literal["create"]
    key_ring: names.KmsName
    """The key ring to create."""
    key: names.KmsName
    """The key to create."""
    rotation_days: Annotated[int, Field(ge=1, le=90)] = 90
    """Days between new versions of the key; CIS Google Cloud 1.10 asks for 90 or fewer."""
    protection_level: Literal["SOFTWARE", "HSM"] = "SOFTWARE"
    """Where the key is kept; it cannot be changed later."""


class ExistingKey(Model):
    """A key of one's own that is there."""

    mode: Literal["existing"]
    kms_key: names.KmsKey
    """Its full name; it must be in the fleet's region."""


Encryption = Annotated[GoogleManagedEncryption | CreateKey | ExistingKey, Field(discriminator="mode")]
