"""The copies of a notebook's files: what its timer and the program behind it are told."""

import functools
import json
import re
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from cronsim import CronSim

from notebook_provisioner.core.fleet import Fleet, ResolvedNotebook

LOGGING: Final = "https://logging.googleapis.com"
LIMIT_SECONDS: Final = 4 * 60 * 60  # for one copying

# Names of files that hold secrets, whatever folder they are in. The global git ignore list has them too.
SECRETS: Final = (
    *(".env", ".env.*", ".netrc", ".pypirc", ".boto", ".pgpass", ".git-credentials"),
    *("*.pem", "*.key", "*.p12", "*.pfx", "id_rsa", "id_dsa", "id_ecdsa", "id_ed25519"),
    *("credentials.json", "application_default_credentials.json"),
    *("*service-account*.json", "*service_account*.json"),
)
# Folders that hold settings with secrets in them, or what can be had again.
_FOLDERS: Final = (
    *(".ssh", ".gnupg", ".aws", ".azure", ".docker", ".kube", ".config"),
    *(".cache", ".local", ".ipynb_checkpoints", ".jupyter", ".ipython", ".conda", ".npm", "__pycache__"),
    *("lost+found", ".Trash-*", ".~*"),
)
_WEEKDAYS: Final = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_EVERY_DAY: Final = 31


def settings(fleet: Fleet, notebook: ResolvedNotebook, *, bucket: str, home: str) -> str:
    """What ``sync.py`` on the notebook reads, as JSON."""
    return json.dumps(
        {
            "notebook": notebook.name,
            "fleet": fleet.name,
            "project": fleet.project,
            "bucket": bucket,
            "home": home,
            "exclude": exclusion((*SECRETS, *_FOLDERS, *notebook.sync.exclude)),
            "delete": notebook.sync.delete,
            "stale_after_seconds": notebook.sync.stale_after_hours * 3600,
            "limit_seconds": LIMIT_SECONDS,
            "gcloud": ["gcloud"],
            "state": "/var/lib/notebook-provisioner-sync",
            "logging_url": LOGGING,
        },
        indent=2,
        sort_keys=True,
    )


@functools.cache  # a fleet's notebooks share most of it
def exclusion(patterns: tuple[str, ...]) -> str:
    """One regular expression over paths relative to the home, for gcloud, which matches from the start.

    A pattern without a slash is a name in any folder; with one, a path from the home. Whatever is below a
    folder that matches is excluded with it. ``*`` and ``?`` stop at slashes, ``**`` does not; nothing else is
    special.
    """
    return f"(?s:{'|'.join(_expression(pattern) for pattern in patterns)})$"


def _expression(pattern: str) -> str:
    start = "" if "/" in pattern.rstrip("/") else "(?:.*/)?"
    pattern = pattern.strip("/").removesuffix("/**")
    pieces = re.split(r"(\*\*/?|\*|\?)", pattern)
    wild = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return f"{start}{''.join(wild.get(piece) or re.escape(piece) for piece in pieces)}(?:/.*)?"


@functools.cache
def timer(schedule: str, time_zone: str) -> str:
    """The systemd timer for a cron expression.

    Raises:
        ValueError: The expression says what systemd's calendar cannot: L, W or #.
    """
    events = "\n".join(f"OnCalendar={event} {time_zone}" for event in calendar(schedule))
    return f"""\
# Written by notebook-provisioner.
[Unit]
Description=Copies of the Jupyter home

[Timer]
{events}
RandomizedDelaySec=60
Persistent=true

[Install]
WantedBy=timers.target"""


def calendar(schedule: str) -> tuple[str, ...]:
    """A cron expression as systemd's calendar events, without the zone; two where cron's *or* asks for it.

    Cron runs on a day that is in either list where both the day of the month and the weekday are given;
    systemd on one that is in both.

    Raises:
        ValueError: The expression says what systemd's calendar cannot: L, W or #.
    """
    cron = CronSim(schedule, datetime(2024, 1, 1))  # noqa: DTZ001  # any; only the fields are read
    weekday_numbers = {day for day in cron.weekdays if isinstance(day, int)}
    if min(cron.days) < 0 or len(weekday_numbers) < len(cron.weekdays):
        raise ValueError("L, W and # are not known to the notebook's timer")
    months = _list(cron.months, 12, first=1)
    days = _list(cron.days, _EVERY_DAY, first=1)
    clock = f"{_list(cron.hours, 24)}:{_list(cron.minutes, 60)}:00"
    names = sorted({_WEEKDAYS[day] for day in weekday_numbers}, key=_WEEKDAYS.index)
    weekdays = "" if len(names) == len(_WEEKDAYS) - 1 else f"{','.join(names)} "
    if cron.day_and:
        return (f"{weekdays}*-{months}-{days} {clock}",)
    return (f"*-{months}-{days} {clock}", f"{weekdays}*-{months}-* {clock}")


def _list(numbers: Iterable[int], size: int, *, first: int = 0) -> str:
    wanted = sorted(numbers)
    return "*" if wanted == list(range(first, first + size)) else ",".join(f"{one:02}" for one in wanted)
