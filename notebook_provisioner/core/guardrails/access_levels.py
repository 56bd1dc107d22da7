"""Guardrails for access levels: what somebody outside must meet to come in."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from notebook_provisioner.core.findings import Finding
from notebook_provisioner.core.fleet import Fleet
from notebook_provisioner.core.fleet.checks.perimeter import exceeded
from notebook_provisioner.core.fleet.names import own_prefix
from notebook_provisioner.core.fleet.surroundings import AccessLevel, DevicePolicy, NoPerimeter
from notebook_provisioner.core.guardrails.facts import (
    Rule,
    Surroundings,
    finding,
    listed,
    network,
    shown,
    stays,
)
from notebook_provisioner.core.terraform_plan import UNKNOWN, Change

LEVEL: Final = "google_access_context_manager_access_level"
_CONDITIONS: Final = ("ip_subnetworks", "members", "regions", "required_access_levels", "vpc_network_sources")
_DEVICE_FLAGS: Final = ("require_admin_approval", "require_corp_owned", "require_screen_lock")
_DEVICE_LISTS: Final[Mapping[str, frozenset[str]]] = {
    "allowed_device_management_levels": frozenset({"BASIC", "COMPLETE"}),
    "allowed_encryption_statuses": frozenset({"ENCRYPTED"}),
}  # the values that ask for something, of AccessPolicy's schema DevicePolicy
_REMEDY: Final = "name ip_ranges, members, regions or a device_policy in the fleet file"


def level_name(fleet: Fleet, name: str) -> str:
    """What one of the fleet's own levels is called in its policy, as the module perimeter names it."""
    return f"{own_prefix(fleet.name)}_{name}"


def _level(change: Change, surroundings: Surroundings) -> Iterator[Finding]:
    if not stays(change):
        return
    found = [*_open(change)]
    yield from found or _other(change, surroundings.fleet)


def _other(change: Change, fleet: Fleet) -> Iterator[Finding]:
    """A level of the fleet's own asks for what the fleet file says."""
    name = change.planned("name")
    called = name.rpartition("/")[2] if isinstance(name, str) else change.planned("title")
    levels = () if isinstance(fleet.perimeter, NoPerimeter) else fleet.perimeter.access_levels
    wanted = {level_name(fleet, level.name): level for level in levels}.get(called)
    if wanted is None and name is not UNKNOWN:
        return
    condition = ("basic", 0, "conditions", 0)
    only = len(listed(change.planned("basic", 0, "conditions"))) == 1
    if (
        wanted is None
        or not only
        or any(
            set(map(shown, listed(change.planned(*condition, key)))) != set(map(str, values))
            for key, values in _lists(wanted)
        )
        or not _asks_as_much(change, wanted.device_policy, *condition)
    ):
        said = f"the access level {shown(called)} asks for something else than the fleet file says"
        yield finding(
            "open-access-level", change, said, "leave it to perimeter.access_levels in the fleet file"
        )


def _lists(level: AccessLevel) -> Iterator[tuple[str, Sequence[object]]]:
    yield "ip_subnetworks", level.ip_ranges
    yield "members", level.members
    yield "regions", level.regions


def _asks_as_much(change: Change, wanted: DevicePolicy | None, *path: str | int) -> bool:
    """Whether a condition asks of devices all that the fleet file asks of them."""
    if wanted is None:
        return True
    policy = (*path, "device_policy", 0)
    flags = {
        "require_screen_lock": wanted.require_screen_lock,
        "require_corp_owned": wanted.require_corp_owned,
    }
    kept = all(change.planned(*policy, flag) is True for flag, asked in flags.items() if asked)
    encrypted = listed(change.planned(*policy, "allowed_encryption_statuses"))
    managed = listed(change.planned(*policy, "allowed_device_management_levels"))
    return (
        kept
        and (not wanted.require_encryption or encrypted == ["ENCRYPTED"])
        and (not wanted.management_levels or set(managed) == set(wanted.management_levels))
    )


def _open(change: Change) -> Iterator[Finding]:
    if change.planned("custom"):
        said = "the access level asks for an expression, which nothing here can judge"
        yield finding("open-access-level", change, said, _REMEDY)
        return
    conditions = listed(change.planned("basic", 0, "conditions"))
    for index in range(len(conditions)):
        yield from _judge(change, "basic", 0, "conditions", index)
    if not conditions:
        said = "the access level asks for nothing, so it lets everybody in"
        yield finding("open-access-level", change, said, _REMEDY)


def _condition(change: Change, _: Surroundings) -> Iterator[Finding]:
    if stays(change):
        yield from _judge(change)


def _judge(change: Change, *path: str | int) -> Iterator[Finding]:
    """One condition: all that it names must hold, so one thing that nobody else meets is enough."""
    ranges = change.planned(*path, "ip_subnetworks")
    if change.planned(*path, "negate") not in {None, False}:
        asked = "for the opposite of what it names"
    elif ranges is UNKNOWN or _too_many(listed(ranges)):
        asked = "for an unknown range" if ranges is UNKNOWN else f"for {', '.join(map(str, listed(ranges)))}"
    elif any(_names(change.planned(*path, key)) for key in _CONDITIONS) or _asks_of_devices(change, *path):
        return
    else:
        asked = "for nothing"
    said = f"the access level asks {asked}, so it lets everybody in"
    yield finding("open-access-level", change, said, _REMEDY)


def _names(planned: object) -> bool:
    """Whether a list names something, and nothing that nobody can see: one of it is enough to come in."""
    return bool(listed(planned)) and None not in listed(planned)


def _too_many(ranges: Sequence[str | None]) -> bool:
    """Whether *ranges* hold more than what the fleet file may name, all together; unknown ones do."""
    known = [network(text) for text in ranges if text is not None]
    return len(known) < len(ranges) or bool(exceeded(known))


def _asks_of_devices(change: Change, *path: str | int) -> bool:
    policy = (*path, "device_policy", 0)
    if any(change.planned(*policy, flag) is True for flag in _DEVICE_FLAGS):
        return True
    if change.planned(*policy, "os_constraints") not in (None, [], UNKNOWN):
        return True
    return any(
        bool(given := set(listed(change.planned(*policy, key)))) and given <= asking
        for key, asking in _DEVICE_LISTS.items()
    )


def _everybodys(change: Change, _: Surroundings) -> Iterator[Finding]:
    if stays(change):
        yield finding(
            "open-access-level",
            change,
            "it would replace every level of the access policy, others' too, and nothing here judges them",
            f"make single ones: {LEVEL}",
        )


RULES: Final[Mapping[str, tuple[Rule, ...]]] = {
    LEVEL: (_level,),
    f"{LEVEL}_condition": (_condition,),
    f"{LEVEL}s": (_everybodys,),
}
