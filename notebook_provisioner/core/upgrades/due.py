"""What of a calendar may begin at this moment."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from notebook_provisioner.core.notebooks import NotebookKey
from notebook_provisioner.core.upgrades.plan import LeftOut, ScheduledUpgrade, UpgradePlan, Wave, Why
from notebook_provisioner.core.upgrades.policy import Policy
from notebook_provisioner.core.upgrades.running import Task
from notebook_provisioner.core.upgrades.stretches import openings

_AHEAD = timedelta(days=8)  # a weekly window opens at least once in these


def waves(
    plan: UpgradePlan,
    policies: Mapping[NotebookKey, Policy | None],
    now: datetime,
    chosen: Collection[NotebookKey],
) -> list[list[Task]]:
    """The upgrades whose windows are open, in their waves.

    All of an open window are taken, not only those that the calendar lets begin at once: a run works through
    them with as many at a time as the calendar reckons with, and begins none that would not end in time.

    Args:
        plan: The calendar, made for *now*.
        policies: Those that it was made from.
        now: The present.
        chosen: The notebooks to take.
    """
    found = []
    for wave in plan.waves:
        if wave.not_before <= now:
            tasks = [
                Task(item.zone, item.name, item.start_not_after, canary=item.canary)
                for item in wave.upgrades
                if item.key in chosen and _is_open(item, policies[item.key], now)
            ]
            found.append(tasks)
    return [tasks for tasks in found if tasks]


def later(plan: UpgradePlan, now: datetime, keys: Collection[NotebookKey]) -> list[LeftOut]:
    """Those of *keys* whose time has not come, as what a run at *now* leaves out."""
    waves_of = plan.wave_of()
    return [
        LeftOut(
            item.zone,
            item.name,
            Why.LATER,
            f"planned for {item.start:%a %Y-%m-%d %H:%M} UTC" + _awaited(waves_of[item.key], now),
            "for now and all the same: --now",
        )
        for item in plan.upgrades
        if item.key in keys
    ]


def _awaited(wave: Wave, now: datetime) -> str:
    if wave.not_before <= now:
        return ""
    if wave.number == 1:
        return f": those that have it soak until {wave.not_before:%a %Y-%m-%d %H:%M} UTC"
    return f", after wave {wave.number - 1}"


def _is_open(item: ScheduledUpgrade, policy: Policy | None, now: datetime) -> bool:
    """Whether the window that *item* is planned in is open."""
    if policy is None or now > item.start_not_after:
        return False
    opened = openings(policy.window, policy.blackouts, now, now + _AHEAD).stretches
    return bool(opened) and opened[0].start == now and opened[0].end == item.deadline
