"""Names, ids and references in a fleet file."""

from typing import Final

from notebook_provisioner.core.fleet.text import HOST, patterned

_RFC1035: Final = r"[a-z]([-a-z0-9]*[a-z0-9])?"
_LOWER: Final = "lower-case letters, digits and hyphens, a letter first"

FleetName = patterned("fleet-name", "fleet name", _LOWER, _RFC1035, "fraud-analytics", longest=30)
# NAME-data-workspace, the data disk that Google names after the notebook, must fit 63 characters.
NotebookName = patterned("notebook-name", "notebook name", _LOWER, _RFC1035, "ana-research", longest=48)
ProfileName = patterned("profile-name", "profile name", _LOWER, _RFC1035, "standard")
ResourceName = patterned("resource-name", "resource name", _LOWER, _RFC1035, "notebooks")
# https://cloud.google.com/resource-manager/docs/creating-managing-projects (unverified: not re-read)
ProjectId = patterned(
    "project-id",
    "project id",
    "6 to 30 " + _LOWER,
    r"[a-z][-a-z0-9]*[a-z0-9]",
    "acme-notebooks",
    shortest=6,
    longest=30,
)
Region = patterned(
    "region", "region", "continent-place and number", r"[a-z]+-[a-z]+[0-9]{1,2}", "europe-west1"
)
Zone = patterned(
    "zone", "zone", "a region, a hyphen and a letter", r"[a-z]+-[a-z]+[0-9]{1,2}-[a-z]", "europe-west1-b"
)
# The pattern of keyRingId in the discovery document cloudkms.v1.
KmsName = patterned(
    "kms-name", "key or key ring name", "letters, digits, _ and -", r"[a-zA-Z0-9_-]+", "notebooks"
)
# AccessLevel.name in the discovery document accesscontextmanager.v1.
ACCESS_LEVEL_LONGEST: Final = 50
AccessLevelName = patterned(
    "access-level-name",
    "access level name",
    "letters, digits and _, a letter first",
    r"[a-zA-Z][a-zA-Z0-9_]*",
    "corporate_network",
    longest=ACCESS_LEVEL_LONGEST,
)
NumericId = patterned(
    "numeric-id", "numeric id", "digits in quotes", r"[1-9][0-9]*", "123456789012", longest=20
)
ServiceName = patterned(
    "service-name",
    "service",
    "its name at googleapis.com",
    r"[a-z][a-z0-9-]*\.googleapis\.com",
    "oslogin.googleapis.com",
    longest=100,
)
BillingAccount = patterned(
    "billing-account",
    "billing account",
    "three groups of six hexadecimal digits, in capitals",
    r"[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}",
    "012345-6789AB-CDEF01",
)
Currency = patterned(
    "currency", "currency", "three capital letters", r"[A-Z]{3}", "EUR", shortest=3, longest=3
)
CountryCode = patterned(
    "country", "country code", "two capital letters", r"[A-Z]{2}", "NL", shortest=2, longest=2
)
KmsKey = patterned(
    "kms-key",
    "full name of a key",
    "projects/P/locations/L/keyRings/R/cryptoKeys/K",
    r"projects/[a-z][-a-z0-9]{4,28}[a-z0-9]/locations/[a-z0-9-]+/keyRings/[a-zA-Z0-9_-]{1,63}"
    r"/cryptoKeys/[a-zA-Z0-9_-]{1,63}",
    "projects/acme-keys/locations/europe-west4/keyRings/notebooks/cryptoKeys/fraud",
    longest=300,
)
StatePrefix = patterned(
    "state-prefix",
    "state prefix",
    "path segments without a slash at either end",
    r"[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*",
    "notebooks/fraud",
    longest=500,
)
MachineType = patterned(
    "machine-type",
    "machine type",
    "series-class-size",
    r"[a-z][a-z0-9]*(-[a-z0-9]+)+",
    "n2-standard-8",
    "g2-standard-8",
)
ImageName = patterned("image", "image or image family", _LOWER, _RFC1035, "workbench-instances-2603")
ContainerRepository = patterned(
    "container",
    "container repository",
    "host/project/repository/image without tag",
    HOST + r"(/[a-z0-9][a-z0-9._-]*)+",
    "europe-west1-docker.pkg.dev/acme/notebooks/base",
    longest=255,
)
ContainerTag = patterned(
    "container",
    "container tag",
    "letters, digits, _ . and -",
    r"[A-Za-z0-9_][A-Za-z0-9_.-]*",
    "2026-09",
    longest=128,
)
HostName = patterned(
    "host-name", "host name", "a full domain name without wildcard", HOST, "docs.example.com", longest=253
)
HostPattern = patterned(
    "host-pattern",
    "allowed host",
    "a full domain name, * only as the first label; the proxy sees no path",
    r"(\*\.)?" + HOST,
    "docs.example.com",
    "*.example.com",
    longest=253,
)
Certificate = patterned(
    "certificate",
    "certificate",
    "projects/PROJECT/locations/REGION/certificates/NAME",
    r"projects/[^/\s]+/locations/[a-z0-9-]+/certificates/[a-z0-9]([a-z0-9-]*[a-z0-9])?",
    "projects/acme-network/locations/europe-west1/certificates/proxy",
    longest=300,
)
GitRef = patterned(
    "git-ref",
    "branch, tag or commit",
    "a name without spaces or a leading hyphen",
    r"[A-Za-z0-9_][A-Za-z0-9._/-]*",
    "main",
    longest=200,
)
Package = patterned(
    "unpinned-package",
    "pinned package",
    "name==version",
    r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?(\[[A-Za-z0-9._-]+(,[A-Za-z0-9._-]+)*\])?==[0-9][A-Za-z0-9.!+_-]*"
    r"( --hash=sha256:[0-9a-f]{64})*",
    "polars==1.35.2",
    longest=2_000,
)
# Metadata.items.key in the discovery document compute.v1.
MetadataKey = patterned(
    "metadata-key",
    "metadata key",
    "letters, digits, _ and -",
    r"[a-zA-Z0-9_-]+",
    "disable-mixer",
    longest=128,
)
Reason = patterned(
    "reason",
    "reason",
    "a sentence of 10 characters or more",
    r"(?s:.*\S.*)",
    "Agreed with the risk board.",
    shortest=10,
    longest=1000,
)
GlobPattern = patterned(
    "exclude",
    "pattern",
    "one path pattern below the home folder, without ..",
    r"(?!(.*/)?\.\.(/|$))[^\x00-\x1f]+",
    "*.parquet",
    "tmp/**",
    longest=500,
)
IndexUrl = patterned(
    "package-index",
    "package index",
    "an https URL without credentials",
    r"https://" + HOST + r"(:[0-9]{1,5})?(/[A-Za-z0-9._~%+-]+)*/?",
    "https://europe-west1-python.pkg.dev/acme/pypi/simple",
    longest=500,
)
StorageObject = patterned(
    "storage-object",
    "Cloud Storage object",
    "gs://bucket/object",
    r"gs://[a-z0-9][a-z0-9_-]{1,61}[a-z0-9]/[^\x00-\x1f\x7f]+",
    "gs://acme-scripts/welcome.sh",
    longest=1_024,
)
Sha256 = patterned(
    "sha256",
    "SHA-256",
    "64 lower-case hexadecimal digits",
    r"[0-9a-f]{64}",
    "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    shortest=64,
    longest=64,
)
# Sharing a tag is how an image changes under whoever runs it.
PinnedImage = patterned(
    "pinned-image",
    "image by its digest",
    "REPOSITORY/IMAGE@sha256:DIGEST",
    r"[a-z0-9.-]+(/[a-zA-Z0-9._-]+)+@sha256:[0-9a-f]{64}",
    "europe-west4-docker.pkg.dev/acme-images/nbp/nbp@sha256:"
    "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    longest=512,
)
VariableName = patterned(
    "variable-name",
    "environment variable",
    "capital letters, digits and _, a letter first",
    r"[A-Z][A-Z0-9_]*",
    "FEATURE_STORE",
    longest=128,
)
VariableValue = patterned(
    "variable-value",
    "value of a variable",
    "one line of text",
    r"[^\x00-\x1f\x7f]*",
    "eu-west",
    shortest=0,
    longest=4_096,
)


def own_prefix(fleet: str) -> str:
    """What the names of a fleet's own begin with where Google takes no hyphen, as in a role's id."""
    return f"nbp_{fleet.replace('-', '_')}"
