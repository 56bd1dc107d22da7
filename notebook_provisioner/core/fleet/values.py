"""The words that a fleet file's values are made of: each with its rule, its message and its JSON Schema."""

import ipaddress
import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

from cronsim import CronSim, CronSimError
from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from notebook_provisioner.core.fleet.windows import Blackout, Window, is_time_zone

_RFC1035: Final = r"[a-z]([-a-z0-9]*[a-z0-9])?"
_HOST: Final = r"([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\.)+[a-z]([-a-z0-9]{0,61}[a-z0-9])?"


def wrong(code: str, message: str, remedy: str) -> PydanticCustomError:
    """An error about one value: what is wrong with it, what would be right."""
    return PydanticCustomError(code, "{said}", {"said": message, "remedy": remedy})


def _shown(value: str) -> str:
    return value if len(value) <= 60 else f"{value[:57]}…"  # noqa: PLR2004  # a line of a terminal


def _text(
    code: str, what: str, form: str, pattern: str, *examples: str, shortest: int = 1, longest: int = 63
) -> Any:  # noqa: ANN401  # an Annotated type
    """A type of text: *what* it is, its *form* in words, its whole *pattern*, its length in characters."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise wrong(code, f"{_shown(value)!r} is no {what}", f"write {form}, as in {examples[0]}")
        if not shortest <= len(value) <= longest:
            said = f"{_shown(value)!r} has {len(value)} characters; a {what} has {shortest} to {longest}"
            raise wrong(code, said, f"write {form}, as in {examples[0]}")
        return value

    return Annotated[
        str,
        AfterValidator(check),
        WithJsonSchema(
            {
                "type": "string",
                "pattern": f"^(?:{pattern})$",
                "minLength": shortest,
                "maxLength": longest,
                "examples": list(examples),
            }
        ),
    ]


def _checked(check: Callable[[str], str], **schema: Any) -> Any:  # noqa: ANN401  # as _text
    return Annotated[str, AfterValidator(check), WithJsonSchema({"type": "string", **schema})]


_LOWER: Final = "lower-case letters, digits and hyphens, a letter first"

FleetName = _text("fleet-name", "fleet name", _LOWER, _RFC1035, "fraud-analytics", longest=30)
# NAME-data-workspace, the data disk that Google names after the notebook, must fit 63 characters.
NotebookName = _text("notebook-name", "notebook name", _LOWER, _RFC1035, "ana-research", longest=48)
ProfileName = _text("profile-name", "profile name", _LOWER, _RFC1035, "standard")
ResourceName = _text("resource-name", "resource name", _LOWER, _RFC1035, "notebooks")
# Project ids: https://cloud.google.com/resource-manager/docs/creating-managing-projects
ProjectId = _text(
    "project-id",
    "project id",
    "6 to 30 " + _LOWER,
    r"[a-z][-a-z0-9]*[a-z0-9]",
    "acme-notebooks",
    shortest=6,
    longest=30,
)
Region = _text("region", "region", "continent-place and number", r"[a-z]+-[a-z]+[0-9]{1,2}", "europe-west1")
Zone = _text(
    "zone", "zone", "a region, a hyphen and a letter", r"[a-z]+-[a-z]+[0-9]{1,2}-[a-z]", "europe-west1-b"
)
# The pattern of keyRingId in the discovery document cloudkms.v1.
KmsName = _text(
    "kms-name", "key or key ring name", "letters, digits, _ and -", r"[a-zA-Z0-9_-]+", "notebooks"
)
# AccessLevel.name in the discovery document accesscontextmanager.v1.
AccessLevelName = _text(
    "access-level-name",
    "access level name",
    "letters, digits and _, a letter first",
    r"[a-zA-Z][a-zA-Z0-9_]*",
    "corporate_network",
    longest=50,
)
NumericId = _text("numeric-id", "numeric id", "digits in quotes", r"[1-9][0-9]*", "123456789012", longest=20)
CountryCode = _text(
    "country", "country code", "two capital letters", r"[A-Z]{2}", "NL", shortest=2, longest=2
)
KmsKey = _text(
    "kms-key",
    "full name of a key",
    "projects/P/locations/L/keyRings/R/cryptoKeys/K",
    r"projects/[a-z][-a-z0-9]{4,28}[a-z0-9]/locations/[a-z0-9-]+/keyRings/[a-zA-Z0-9_-]{1,63}"
    r"/cryptoKeys/[a-zA-Z0-9_-]{1,63}",
    "projects/acme-keys/locations/europe-west4/keyRings/notebooks/cryptoKeys/fraud",
    longest=300,
)
StatePrefix = _text(
    "state-prefix",
    "state prefix",
    "path segments without a slash at either end",
    r"[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*",
    "notebooks/fraud",
    longest=500,
)
MachineType = _text(
    "machine-type",
    "machine type",
    "series-class-size",
    r"[a-z][a-z0-9]*(-[a-z0-9]+)+",
    "n2-standard-8",
    "g2-standard-8",
)
ImageName = _text("image", "image or image family", _LOWER, _RFC1035, "workbench-instances-2603")
ContainerRepository = _text(
    "container",
    "container repository",
    "host/project/repository/image without tag",
    _HOST + r"(/[a-z0-9][a-z0-9._-]*)+",
    "europe-west1-docker.pkg.dev/acme/notebooks/base",
    longest=255,
)
ContainerTag = _text(
    "container",
    "container tag",
    "letters, digits, _ . and -",
    r"[A-Za-z0-9_][A-Za-z0-9_.-]*",
    "2026-09",
    longest=128,
)
HostName = _text(
    "host-name", "host name", "a full domain name without wildcard", _HOST, "pypi.org", longest=253
)
UrlPattern = _text(
    "url-pattern",
    "allowed address",
    "host or host/path, * only as the first label or the last segment",
    r"(\*\.)?" + _HOST + r"(/[A-Za-z0-9._~%-]+)*(/\*?)?",
    "pypi.org",
    "files.pythonhosted.org/*",
    longest=500,
)
GitRef = _text(
    "git-ref",
    "branch, tag or commit",
    "a name without spaces or a leading hyphen",
    r"[A-Za-z0-9_][A-Za-z0-9._/-]*",
    "main",
    longest=200,
)
Package = _text(
    "unpinned-package",
    "pinned package",
    "name==version",
    r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?(\[[A-Za-z0-9._-]+(,[A-Za-z0-9._-]+)*\])?==[0-9][A-Za-z0-9.!+_-]*",
    "polars==1.35.2",
    longest=200,
)
# Metadata.items.key in the discovery document compute.v1.
MetadataKey = _text(
    "metadata-key",
    "metadata key",
    "letters, digits, _ and -",
    r"[a-zA-Z0-9_-]+",
    "disable-mixer",
    longest=128,
)
Reason = _text(
    "reason",
    "reason",
    "a sentence of 10 characters or more",
    r"(?s:.*\S.*)",
    "Agreed with the risk board.",
    shortest=10,
    longest=1000,
)
GlobPattern = _text(
    "exclude", "pattern", "one path pattern", r"[^\x00-\x1f]+", "*.parquet", "tmp/**", longest=500
)


def _bucket(value: str) -> str:
    """https://cloud.google.com/storage/docs/buckets#naming; names with dots are domain names and refused."""
    remedy = "write 3 to 63 lower-case letters, digits, - and _, as in acme-terraform-state"
    if value.startswith("gs://"):
        raise wrong("bucket-name", f"{_shown(value)!r} is an address", "write the bucket's name alone")
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{1,61}[a-z0-9]", value):
        raise wrong("bucket-name", f"{_shown(value)!r} is no bucket name", remedy)
    if value.startswith("goog") or "google" in value:
        raise wrong("bucket-name", f"{value!r} holds a name that Google keeps for itself", remedy)
    return value


BucketName = _checked(
    _bucket, pattern=r"^[a-z0-9][a-z0-9_-]{1,61}[a-z0-9]$", examples=["acme-terraform-state"]
)


def _owner(value: str) -> str:
    remedy = "write one person's address, as in ana@example.com"
    if re.search(r"[,;\s]", value.strip()):
        raise wrong("owner", f"{_shown(value)!r} names several", f"a notebook has one owner: {remedy}")
    kind, colon, _ = value.partition(":")
    if colon and kind in {"group", "domain", "serviceAccount", "user"}:
        raise wrong("owner", f"{_shown(value)!r} is a principal of IAM", remedy)
    if not re.fullmatch(r"[A-Za-z0-9._%+'-]+@" + _HOST, value):
        raise wrong("owner", f"{_shown(value)!r} is no e-mail address", remedy)
    domain = value.partition("@")[2]
    if domain == "googlegroups.com":
        raise wrong("owner", f"{value!r} is a group; Workbench knows single owners only", remedy)
    if domain.endswith("gserviceaccount.com"):
        raise wrong("owner", f"{value!r} is a service account", remedy)
    return value


Owner = _checked(
    _owner, pattern=r"^[A-Za-z0-9._%+'-]+@[a-z0-9.-]+\.[a-z0-9-]+$", examples=["ana@example.com"]
)


def _is_label_letter(letter: str) -> bool:
    return letter in "_-" or unicodedata.category(letter) in {"Ll", "Lo", "Nd", "Nl", "No"}


def _label_key(value: str) -> str:
    """https://cloud.google.com/compute/docs/labeling-resources#requirements."""
    remedy = "write a lower-case letter, then lower-case letters, digits, _ and -, 63 at most"
    first = unicodedata.category(value[0]) if value else ""
    if first not in {"Ll", "Lo"} or len(value) > 63 or not all(map(_is_label_letter, value)):  # noqa: PLR2004
        raise wrong("label-key", f"{_shown(value)!r} is no label key", remedy)
    return value


def _label_value(value: str) -> str:
    """https://cloud.google.com/compute/docs/labeling-resources#requirements."""
    if len(value) > 63 or not all(map(_is_label_letter, value)):  # noqa: PLR2004  # as above
        raise wrong(
            "label-value",
            f"{_shown(value)!r} is no label value",
            "write lower-case letters, digits, _ and -, 63 at most",
        )
    return value


LabelKey = _checked(_label_key, pattern=r"^[^A-Z\s_0-9-][^A-Z\s]*$", maxLength=63)
LabelValue = _checked(_label_value, pattern=r"^[^A-Z\s]*$", maxLength=63)


def _network(value: str) -> str:
    try:
        ipaddress.ip_network(value)
    except ValueError as error:
        try:
            right = f"write {ipaddress.ip_network(value, strict=False)}"
        except ValueError:
            right = "write address/length, as in 10.20.0.0/24"
        raise wrong("cidr", f"{_shown(value)!r} is no range of addresses: {error}", right) from None
    if "/" not in value:
        raise wrong("cidr", f"{value!r} is one address, no range", f"write {value}/32 for this one alone")
    return value


Cidr = _checked(_network, pattern=r"^[0-9a-fA-F.:]+/[0-9]{1,3}$", examples=["10.20.0.0/24"])


def _member(value: str) -> str:
    if not re.fullmatch(r"(user|serviceAccount):[^@\s:]+@" + _HOST, value):
        raise wrong(
            "member",
            f"{_shown(value)!r} is no member of an access level",
            "write user:ADDRESS or serviceAccount:ADDRESS; groups are not supported there",
        )
    return value


Member = _checked(
    _member, pattern=r"^(user|serviceAccount):[^@\s:]+@[^@\s]+$", examples=["user:ana@example.com"]
)


def _repository(value: str) -> str:
    remedy = "write https://host/path.git; credentials come from the notebook's own account"
    try:
        parts = urlsplit(value)
        port_is_fine = parts.port is None or parts.port > 0
    except ValueError:
        raise wrong("repository-url", f"{_shown(value)!r} is no URL", remedy) from None
    if parts.username is not None or parts.password is not None:
        raise wrong("repository-credentials", "the URL carries credentials", remedy)
    if parts.scheme != "https":
        raise wrong("repository-url", f"{_shown(value)!r} is not https", remedy)
    host = re.fullmatch(_HOST, (parts.hostname or "").lower())
    path = re.fullmatch(r"(/[A-Za-z0-9._~-]+)+/?", parts.path)
    if not (host and path and port_is_fine) or parts.query or parts.fragment:
        raise wrong("repository-url", f"{_shown(value)!r} names no repository", remedy)
    return value


RepositoryUrl = _checked(
    _repository, pattern=r"^https://[^@\s]+/[^@\s]+$", examples=["https://source.example.com/team/models.git"]
)


def _time_zone(value: str) -> str:
    if not is_time_zone(value):
        raise wrong(
            "time-zone", f"there is no time zone {_shown(value)!r}", "write an IANA name, as in Europe/London"
        )
    return value


TimeZone = _checked(_time_zone, examples=["UTC", "Europe/London"])


def _cron(value: str) -> str:
    remedy = "write minute hour day month weekday, as in */30 * * * *"
    if len(value.split()) != 5:  # noqa: PLR2004  # cronsim would read a sixth field as seconds
        raise wrong("cron", f"{_shown(value)!r} has not five fields", remedy)
    try:
        next(CronSim(value, datetime(2024, 1, 1, tzinfo=UTC)))
    except CronSimError as error:
        raise wrong("cron", f"{_shown(value)!r} is no cron expression: {error}", remedy) from None
    except StopIteration:
        raise wrong("cron", f"{_shown(value)!r} never comes", remedy) from None
    return value


Cron = _checked(_cron, examples=["*/30 * * * *", "0 19 * * MON"])


def _window(value: str) -> str:
    try:
        Window.parse(value)
    except ValueError as error:
        raise wrong(
            "window", f"{_shown(value)!r}: {error}", "write it as Sat 02:00-06:00 Europe/London"
        ) from None
    return value


WindowText = _checked(
    _window,
    pattern=r"^(Mon|Tue|Wed|Thu|Fri|Sat|Sun) [0-2][0-9]:[0-5][0-9]-[0-2][0-9]:[0-5][0-9] [A-Za-z0-9_+/-]+$",
    examples=["Sat 02:00-06:00 Europe/London"],
)


def _blackout(value: str) -> str:
    try:
        Blackout.parse(value)
    except ValueError as error:
        raise wrong(
            "blackout", f"{_shown(value)!r}: {error}", "write first/last day, as in 2026-12-20/2027-01-03"
        ) from None
    return value


BlackoutText = _checked(
    _blackout, pattern=r"^\d{4}-\d{2}-\d{2}(/\d{4}-\d{2}-\d{2})?$", examples=["2026-12-20/2027-01-03"]
)


def _duration(value: str) -> str:
    if not re.fullmatch(r"(?=.)([1-9]\d{0,3}y)?([1-9]\d{0,3}m)?([1-9]\d{0,3}d)?([1-9]\d{0,3}h)?", value):
        raise wrong(
            "duration",
            f"{_shown(value)!r} is no duration",
            "write years, months, days, hours, as in 1y6m or 90d",
        )
    return value


Duration = _checked(_duration, pattern=r"^([1-9]\d*[ymdh])+$", examples=["90d", "1y6m"])


def _day(value: Any) -> Any:  # noqa: ANN401  # what is no text gets pydantic's own error
    if not isinstance(value, str):
        return value
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise wrong("date", f"{_shown(value)!r} is no date", "write year-month-day, as in 2027-06-30")


Day = Annotated[date, BeforeValidator(_day), Field(examples=["2027-06-30"])]
