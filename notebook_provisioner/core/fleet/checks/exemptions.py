"""Exemptions: in force for a while, and no longer."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from notebook_provisioner.catalog.controls import CONTROLS
from notebook_provisioner.core.findings import Finding
from notebook_provisioner.core.fleet.checks.context import Context

LONGEST: Final = timedelta(days=366)


def expiry(context: Context) -> Iterator[Finding]:
    """Expired exemptions stop; those for over a year are named."""
    for path, settings in context.settings():
        for index, exemption in enumerate(settings.exemptions):
            place = (*path, "exemptions", index, "expires")
            what = f"the exemption from {exemption.control} ({CONTROLS[exemption.control].title})"
            if exemption.expires < context.today:
                yield context.error(
                    "exemption-expired",
                    place,
                    f"{what} expired on {exemption.expires}",
                    "take it out, or have it agreed on again with a new date",
                )
            elif exemption.expires - context.today > LONGEST:
                yield context.warning(
                    "exemption-long", place, f"{what} holds for over a year", "agree on a date within a year"
                )


def repeated(context: Context) -> Iterator[Finding]:
    """One list exempts from a control once."""
    for path, settings in context.settings():
        seen: set[str] = set()
        for index, exemption in enumerate(settings.exemptions):
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
        exemptions = context.fleet.defaults.exemptions + notebook.exemptions
        exempt = any(exemption.control == "idle-timeout-seconds" for exemption in exemptions)
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
