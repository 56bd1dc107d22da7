"""``notebook-upgrade-schedule``: the instance upgrades itself at its hour, if it is running then.

"Workbench can only upgrade instances when they're running": an hour that finds it otherwise is missed, and
not made up for (https://cloud.google.com/vertex-ai/docs/workbench/instances/upgrade).
"""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from cronsim import CronSim, CronSimError

from notebook_provisioner.sandbox.server.errors import ApiError
from notebook_provisioner.sandbox.server.services.notebooks import upgrades
from notebook_provisioner.sandbox.server.services.notebooks.api import SERVICE, begin_unasked, is_busy
from notebook_provisioner.sandbox.server.store import Document, Key

if TYPE_CHECKING:
    from notebook_provisioner.sandbox.server.context import Context

_KEY: Final = "notebook-upgrade-schedule"
_FIRE: Final = "notebooks.v2.scheduled-upgrade"


def watch(context: "Context", instance: Document) -> None:
    """Plan the next hour of an instance's schedule, if that is another one than before."""
    place = _place(instance["name"])
    known = context.store.get(place) or {"cron": "", "change": 0, "fired": 0, "missed": 0}
    cron = instance["gceSetup"].get("metadata", {}).get(_KEY, "")
    if cron == known["cron"]:
        return
    context.store.put(place, known | {"cron": cron, "change": known["change"] + 1})
    _plan(context, cron, {"name": instance["name"], "change": known["change"] + 1})


def forget(context: "Context", name: str) -> None:
    """Forget the schedule of an instance that is deleted."""
    context.store.delete(_place(name))


def tally(context: "Context", name: str) -> Document:
    """How many hours ``fired`` and were ``missed``, since the instance has a schedule."""
    known = context.store.get(_place(name)) or {}
    return {"fired": known.get("fired", 0), "missed": known.get("missed", 0)}


def _plan(context: "Context", cron: str, arguments: Document) -> None:
    try:
        moment = next(CronSim(cron, datetime.fromtimestamp(context.clock.now(), UTC)))
    except (CronSimError, StopIteration):
        return  # no expression, or one that never comes: what Google says to it is unverified
    context.later(moment.timestamp() - context.clock.now(), _FIRE, arguments)


@SERVICE.effect("scheduled-upgrade")
def _fire(context: "Context", arguments: Document) -> None:
    name, place = arguments["name"], _place(arguments["name"])
    known = context.store.get(place)
    instance = context.store.get(Key.of("notebooks", name))
    if known is None or instance is None or known["change"] != arguments["change"]:
        return
    _plan(context, known["cron"], arguments)
    runs = instance["state"] == "ACTIVE" and not is_busy(context, name)
    context.store.put(
        place, known | ({"fired": known["fired"] + 1} if runs else {"missed": known["missed"] + 1})
    )
    if not runs:
        return
    try:
        source = upgrades.prepare(context, name, instance, None)
    except ApiError:
        return  # nothing newer
    begin_unasked(context, name, then="rebuilt", state="UPGRADING", fate="upgrade", source=source)


def _place(name: str) -> Key:
    return Key("notebooks", "upgradeSchedules", name)
