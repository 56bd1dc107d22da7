"""The calendar of upgrades for people's calendars: iCalendar, RFC 5545."""

from typing import TYPE_CHECKING, Final

from notebook_provisioner.core.upgrades.plan import ScheduledUpgrade, UpgradePlan

if TYPE_CHECKING:
    from icalendar import Event

PRODUCT: Final = "-//notebook-provisioner//nbp upgrade plan//EN"


def render(plan: UpgradePlan, *, fleet: str, project: str) -> bytes:
    """One event for each upgrade, in UTC; the same plan gives the same bytes.

    An event's UID tells notebook and start: a calendar that imports the next plan, too, keeps what did not
    move.

    Args:
        plan: The plan.
        fleet: The fleet's name.
        project: The project's id.
    """
    from icalendar import Calendar  # a tenth of a second that the table need not pay

    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", f"Upgrades of {fleet}")
    waves = plan.wave_of()
    for upgrade in plan.upgrades:
        calendar.add_component(_event(upgrade, plan, project, waves[upgrade.key].number))
    return bytes(calendar.to_ical())


def _event(upgrade: ScheduledUpgrade, plan: UpgradePlan, project: str, wave: int) -> "Event":
    from icalendar import Event

    event = Event()
    event.add("uid", f"{upgrade.name}.{upgrade.zone}.{project}.{upgrade.start:%Y%m%dT%H%M%SZ}@nbp")
    event.add("dtstamp", plan.made)
    event.add("dtstart", upgrade.start)
    event.add("dtend", upgrade.end)
    event.add("summary", f"Upgrade {upgrade.name} to {upgrade.target_version}")
    event.add("location", f"{project}, {upgrade.zone}")
    lines = [
        f"Wave {wave}{', canary' if upgrade.canary else ''}",
        f"Begins by {upgrade.start_not_after:%H:%M} UTC, or not in this window",
        *upgrade.interrupts,
        upgrade.reason,
    ]
    event.add("description", "\n".join(lines))
    event.add("categories", ["canary" if upgrade.canary else "upgrade"])
    event.add("transp", "TRANSPARENT")  # it takes nobody's time
    return event
