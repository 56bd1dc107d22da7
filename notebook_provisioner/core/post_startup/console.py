"""What a notebook's serial console shows of its last boot.

The lines of c2d-startup, of the idle check and of systemd are those of a real Debian 11 Workbench instance
(M122, 2024-06). How Google's images word a failed download is unverified: gsutil's and gcloud's own messages
are looked for, and whatever is found is shown as it stands.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from notebook_provisioner.core.post_startup.reports import Report, read_report

# The kernel's first words, at the start of a line: the copies that syslog prints later begin with a date.
# The lab's machines have no kernel of their own.
_BOOT: Final = re.compile(r"^(?:\[ *0\.000000\] Linux version |Booting [\w.-]+$)", re.MULTILINE)
_ESCAPES: Final = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[^\x20-\x7e\n]")
_FLAG: Final = re.compile(r"To run startup scripts again, delete (/[\w./-]+)")
_ALREADY: Final = "Google C2D startup config has already run"
_FINISHED: Final = "Finished Google C2D startup config"
_ACTIVITY: Final = re.compile(r"Setting last notebook activity timestamp (\d{9,11}) at (\d{9,11})")
_OWN: Final = re.compile(r"notebook-provisioner: (\{.*\})\s*$")
_CAUSE: Final = re.compile(r"notebook-provisioner: ERROR in step ([\w.-]+): (.*)")
_LONGEST_LINE: Final = 300


class Download(StrEnum):
    """Why a script could not be fetched."""

    PERIMETER = "perimeter"  # VPC Service Controls refused
    DENIED = "denied"  # IAM refused
    MISSING = "missing"  # there is no such object or bucket
    FAILED = "failed"  # nobody said why


_DOWNLOADS: Final = (
    (
        Download.PERIMETER,
        re.compile(r"vpcServiceControlsUniqueIdentifier|prohibited by organization's policy", re.IGNORECASE),
    ),
    (
        Download.DENIED,
        re.compile(
            r"AccessDeniedException|does not have storage\.objects\.get|storage\.objects\.get' denied"
            r"|HTTP(?:Error)? 403"
        ),
    ),
    (
        Download.MISSING,
        re.compile(
            r"No URLs matched|matched no objects|BucketNotFoundException|NotFoundException: 404"
            r"|HTTP(?:Error)? 404"
        ),
    ),
    (Download.FAILED, re.compile(r"post-startup-script .*cannot be downloaded")),
)


@dataclass(frozen=True, slots=True)
class Console:
    """The last boot, as far as the console still holds it.

    Attributes:
        flag: Path of the flag file that c2d-startup named when it did nothing; None where it did not say so.
        c2d_finished: Whether c2d-startup ended.
        download: Why the post-startup script could not be fetched; None where nothing says so.
        download_line: The line that says so.
        report: The last report of our script.
        cause: Our script's last words about a failure, as ``step: words``; empty without any.
        last_activity: When somebody last used Jupyter, as the image's idle check has it, UTC.
        activity_seen: When the idle check last looked, UTC.
    """

    flag: str | None = None
    c2d_finished: bool = False
    download: Download | None = None
    download_line: str = ""
    report: Report | None = None
    cause: str = ""
    last_activity: datetime | None = None
    activity_seen: datetime | None = None


def read_console(text: str) -> Console:
    """Read the output of serial port 1."""
    text = text.replace("\r", "")
    boots = [found.start() for found in _BOOT.finditer(text)]
    lines = _ESCAPES.sub("", text[boots[-1] if boots else 0 :]).split("\n")
    flag = report = last = seen = None
    already = finished = False
    download: tuple[Download, str] | None = None
    cause = ""
    for line in lines:
        already = already or _ALREADY in line
        finished = finished or _FINISHED in line
        if found := _FLAG.search(line):
            flag = found[1]
        elif found := _ACTIVITY.search(line):
            last, seen = (datetime.fromtimestamp(int(part), UTC) for part in found.groups())
        elif found := _CAUSE.search(line):
            cause = f"{found[1]}: {found[2]}"[:_LONGEST_LINE]
        elif found := _OWN.search(line):
            report = read_report(found[1]) or report
        elif kind := _download(line):
            # The first words of a failure say why; later ones only that there was one.
            download = download if download and kind is Download.FAILED else (kind, line[:_LONGEST_LINE])
    return Console(
        flag=flag if already else None,
        c2d_finished=finished or already,
        download=download[0] if download else None,
        download_line=download[1].strip() if download else "",
        report=report,
        cause=cause,
        last_activity=last,
        activity_seen=seen,
    )


def _download(line: str) -> Download | None:
    return next((kind for kind, pattern in _DOWNLOADS if pattern.search(line)), None)
