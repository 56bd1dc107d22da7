"""Addresses, people, labels and times in a fleet file: what no pattern alone can tell."""

import ipaddress
import re
import unicodedata
from datetime import UTC, date, datetime
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

from cronsim import CronSim, CronSimError
from pydantic import BeforeValidator, Field

from notebook_provisioner.core.fleet.text import HOST, checked, shown, wrong
from notebook_provisioner.core.fleet.windows import Blackout, Window, WorkingHours, is_time_zone

MAX_LABEL: Final = 63  # characters of a label's key, and of its value


def _bucket(value: str) -> str:
    """Hold to https://cloud.google.com/storage/docs/buckets#naming (unverified: not re-read).

    Names with dots are domain names, which need a verified owner; they are refused.
    """
    remedy = "write 3 to 63 lower-case letters, digits, - and _, as in acme-terraform-state"
    if value.startswith("gs://"):
        raise wrong("bucket-name", f"{shown(value)!r} is an address", "write the bucket's name alone")
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{1,61}[a-z0-9]", value):
        raise wrong("bucket-name", f"{shown(value)!r} is no bucket name", remedy)
    if value.startswith("goog") or "google" in value:
        raise wrong("bucket-name", f"{value!r} holds a name that Google keeps for itself", remedy)
    return value


BucketName = checked(
    _bucket, pattern=r"^[a-z0-9][a-z0-9_-]{1,61}[a-z0-9]$", examples=["acme-terraform-state"]
)


def _owner(value: str) -> str:
    remedy = "write one person's address, as in ana@example.com"
    if re.search(r"[,;\s]", value.strip()):
        raise wrong("owner", f"{shown(value)!r} names several", f"a notebook has one owner: {remedy}")
    kind, colon, _ = value.partition(":")
    if colon and kind in {"group", "domain", "serviceAccount", "user"}:
        raise wrong("owner", f"{shown(value)!r} is a principal of IAM", remedy)
    person, _, host = value.partition("@")
    if re.fullmatch(HOST, host.lower()) and host != host.lower():
        said = f"{shown(value)!r} has capitals in its domain"
        raise wrong(
            "owner", said, f"write the domain in lower case, as in {shown(f'{person}@{host.lower()}')}"
        )
    if not re.fullmatch(r"[A-Za-z0-9._%+'-]+@" + HOST, value):
        raise wrong("owner", f"{shown(value)!r} is no e-mail address", remedy)
    domain = value.partition("@")[2]
    if domain == "googlegroups.com":
        raise wrong("owner", f"{value!r} is a group; Workbench knows single owners only", remedy)
    if domain.endswith("gserviceaccount.com"):
        raise wrong("owner", f"{value!r} is a service account", remedy)
    return value


Owner = checked(_owner, pattern=r"^[A-Za-z0-9._%+'-]+@[a-z0-9.-]+\.[a-z0-9-]+$", examples=["ana@example.com"])


def _is_label_letter(letter: str) -> bool:
    return letter in "_-" or unicodedata.category(letter) in {"Ll", "Lo", "Nd", "Nl", "No"}


def _label_key(value: str) -> str:
    """Hold to https://cloud.google.com/compute/docs/labeling-resources (unverified: not re-read)."""
    remedy = "write a lower-case letter, then lower-case letters, digits, _ and -, 63 at most"
    first = unicodedata.category(value[0]) if value else ""
    if first not in {"Ll", "Lo"} or len(value) > MAX_LABEL or not all(map(_is_label_letter, value)):
        raise wrong("label-key", f"{shown(value)!r} is no label key", remedy)
    return value


def _label_value(value: str) -> str:
    """Hold to https://cloud.google.com/compute/docs/labeling-resources (unverified: not re-read)."""
    if len(value) > MAX_LABEL or not all(map(_is_label_letter, value)):
        raise wrong(
            "label-value",
            f"{shown(value)!r} is no label value",
            "write lower-case letters, digits, _ and -, 63 at most",
        )
    return value


LabelKey = checked(_label_key, pattern=r"^[^A-Z\s_0-9-][^A-Z\s]*$", maxLength=MAX_LABEL)
LabelValue = checked(_label_value, pattern=r"^[^A-Z\s]*$", maxLength=MAX_LABEL)


def _network(value: str) -> str:
    try:
        ipaddress.ip_network(value)
    except ValueError as error:
        try:
            right = f"write {ipaddress.ip_network(value, strict=False)}"
        except ValueError:
            right = "write address/length, as in 10.20.0.0/24"
        raise wrong("cidr", f"{shown(value)!r} is no range of addresses: {error}", right) from None
    if "/" not in value:
        raise wrong("cidr", f"{value!r} is one address, no range", f"write {value}/32 for this one alone")
    return value


Cidr = checked(_network, pattern=r"^[0-9a-fA-F.:]+/[0-9]{1,3}$", examples=["10.20.0.0/24"])


def _member(value: str) -> str:
    if not re.fullmatch(r"(user|serviceAccount):[^@\s:]+@" + HOST, value):
        raise wrong(
            "member",
            f"{shown(value)!r} is no member of an access level",
            "write user:ADDRESS or serviceAccount:ADDRESS; groups are not supported there",
        )
    return value


Member = checked(
    _member, pattern=r"^(user|serviceAccount):[^@\s:]+@[^@\s]+$", examples=["user:ana@example.com"]
)


def _repository(value: str) -> str:
    remedy = "write https://host/path.git; credentials come from the notebook's own account"
    try:
        parts = urlsplit(value)
        port_is_fine = parts.port is None or parts.port > 0
    except ValueError:
        raise wrong("repository-url", f"{shown(value)!r} is no URL", remedy) from None
    if parts.username is not None or parts.password is not None:
        raise wrong("repository-credentials", "the URL carries credentials", remedy)
    if parts.scheme != "https":
        raise wrong("repository-url", f"{shown(value)!r} is not https", remedy)
    host = re.fullmatch(HOST, (parts.hostname or "").lower())
    path = re.fullmatch(r"(/[A-Za-z0-9._~-]+)+/?", parts.path)
    if not (host and path and port_is_fine) or parts.query or parts.fragment:
        raise wrong("repository-url", f"{shown(value)!r} names no repository", remedy)
    return value


RepositoryUrl = checked(
    _repository, pattern=r"^https://[^@\s]+/[^@\s]+$", examples=["https://source.example.com/team/models.git"]
)


def _time_zone(value: str) -> str:
    if not is_time_zone(value):
        raise wrong(
            "time-zone", f"there is no time zone {shown(value)!r}", "write an IANA name, as in Europe/London"
        )
    return value


TimeZone = checked(_time_zone, examples=["UTC", "Europe/London"])


def _cron(value: str) -> str:
    remedy = "write minute hour day month weekday, as in */30 * * * *"
    if len(value.split()) != 5:  # noqa: PLR2004  # cronsim would read a sixth field as seconds
        raise wrong("cron", f"{shown(value)!r} has not five fields", remedy)
    try:
        next(CronSim(value, datetime(2024, 1, 1, tzinfo=UTC)))
    except CronSimError as error:
        raise wrong("cron", f"{shown(value)!r} is no cron expression: {error}", remedy) from None
    except StopIteration:
        raise wrong("cron", f"{shown(value)!r} never comes", remedy) from None
    return value


def _job_cron(value: str) -> str:
    """Hold to what the module maintenance, too, takes for five fields."""
    single = " ".join(_cron(value).split())
    if value != single:
        raise wrong("cron", f"{shown(value)!r} has blanks to spare", f"write {single}")
    return value


JobCron = checked(_job_cron, examples=["*/30 * * * *", "0 19 * * MON"])


def _timer_cron(value: str) -> str:
    if re.search(r"[LW#]", re.sub(r"[A-Za-z]{3}", "", _cron(value)).upper()):
        raise wrong("cron", f"{shown(value)!r}: the notebook's timer knows no L, W or #", "name the days")
    return value


TimerCron = checked(_timer_cron, examples=["*/30 * * * *", "0 19 * * MON"])


def _window(value: str) -> str:
    try:
        Window.parse(value)
    except ValueError as error:
        raise wrong(
            "window", f"{shown(value)!r}: {error}", "write it as Sat 02:00-06:00 Europe/London"
        ) from None
    return value


WindowText = checked(
    _window,
    pattern=r"^(Mon|Tue|Wed|Thu|Fri|Sat|Sun) [0-2][0-9]:[0-5][0-9]-[0-2][0-9]:[0-5][0-9] [A-Za-z0-9_+/-]+$",
    examples=["Sat 02:00-06:00 Europe/London"],
)


def _working_hours(value: str) -> str:
    try:
        WorkingHours.parse(value)
    except ValueError as error:
        remedy = "write them as Mon-Fri 09:00-17:30 Europe/London"
        raise wrong("working-hours", f"{shown(value)!r}: {error}", remedy) from None
    return value


WorkingHoursText = checked(
    _working_hours,
    pattern=r"^[A-Z][a-z]{2}(-[A-Z][a-z]{2})? \d{2}:\d{2}-\d{2}:\d{2} \S+$",
    examples=["Mon-Fri 09:00-17:30 Europe/London"],
)


def _blackout(value: str) -> str:
    try:
        Blackout.parse(value)
    except ValueError as error:
        raise wrong(
            "blackout", f"{shown(value)!r}: {error}", "write first/last day, as in 2026-12-20/2027-01-03"
        ) from None
    return value


BlackoutText = checked(
    _blackout, pattern=r"^\d{4}-\d{2}-\d{2}(/\d{4}-\d{2}-\d{2})?$", examples=["2026-12-20/2027-01-03"]
)


def _duration(value: str) -> str:
    if not re.fullmatch(r"(?=.)([1-9]\d{0,3}y)?([1-9]\d{0,3}m)?([1-9]\d{0,3}d)?([1-9]\d{0,3}h)?", value):
        raise wrong(
            "duration",
            f"{shown(value)!r} is no duration",
            "write years, months, days, hours, none of them zero, as in 1y6m or 90d",
        )
    return value


Duration = checked(_duration, pattern=r"^([1-9]\d*[ymdh])+$", examples=["90d", "1y6m"])


def _day(value: Any) -> Any:  # noqa: ANN401  # what is no text gets pydantic's own error
    if not isinstance(value, str):
        return value
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise wrong("date", f"{shown(value)!r} is no date", "write year-month-day, as in 2027-06-30")


Day = Annotated[date, BeforeValidator(_day), Field(examples=["2027-06-30"])]
