"""Exemptions: in force for a while, and no longer."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from notebook_provisioner.catalog.controls import CONTROLS
from notebook_provisioner.core.findings import Finding
from notebook_provisioner.core.fleet.checks.context import Context

LONGEST: Final = timedelta(days=366)
NOTICE: Final = timedelta(days=30)
EXPIRED: Final = "exemption-expired"


def expiry(context: Context) -> Iterator[Finding]:
    """An exemption ends within a year, and its end is said before it comes."""
    for path, notebook in context.notebooks():
        for index, exemption in enumerate(notebook.exemptions):
            place = (*path, "exemptions", index, "expires")
            what = f"the exemption from {exemption.control} ({CONTROLS[exemption.control].title})"
            left = exemption.expires - context.today
            if left < timedelta(0):
                yield context.error(
                    EXPIRED,
                    place,
                    f"{what} expired on {exemption.expires}",
                    "take it out, or have it agreed on again with a new date; "
                    "nbp plan and nbp apply wait for it",
                )
            elif left > LONGEST:
                last = context.today + LONGEST
                yield context.error(
                    "exemption-long",
                    place,
                    f"{what} holds for over a year",
                    f"agree on a date within a year: {last} or earlier",
                )
            elif left <= NOTICE:
                yield context.warning(
                    "exemption-expiring",
                    place,
                    f"{what} ends after {exemption.expires}; nbp plan and nbp apply then refuse the file",
                    "have it agreed on again with a new date, or take it out and apply",
                )


def repeated(context: Context) -> Iterator[Finding]:
    """One list exempts from a control once."""
    for path, notebook in context.notebooks():
        seen: set[str] = set()
        for index, exemption in enumerate(notebook.exemptions):
            if exemption.control in seen:
                said = f"{exemption.control} is exempted above already"
                place = (*path, "exemptions", index, "control")
                yield context.warning("exemption-repeated", place, said, "keep one of them")
            seen.add(exemption.control)


def idle_timeout(context: Context) -> Iterator[Finding]:
    """Only an exemption lets a notebook run for ever; and it leaves no room for a timeout."""
    for path, notebook in context.notebooks():
        written = context.written_at(path, notebook, "idle_timeout_seconds")
        holder = notebook if written[0] == "notebooks" else context.fleet.defaults
        exempt = any(exemption.control == "idle-timeout-seconds" for exemption in notebook.exemptions)
        if holder.idle_timeout_seconds is None and not exempt:
            yield context.error(
                "idle-timeout-off",
                written,
                "idle shutdown is off without an exemption",
                "write 600 to 86400 seconds, or add an exemption for idle-timeout-seconds",
            )
        if written[:-1] == path and notebook.idle_timeout_seconds is not None and exempt:
            yield context.warning(
                "idle-timeout-ignored",
                written,
                "the exemption from idle-timeout-seconds leaves this without effect",
                "take out one of the two, or write null here",
            )
