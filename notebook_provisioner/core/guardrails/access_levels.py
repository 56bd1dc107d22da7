"""Guardrails for access levels: what somebody outside must meet to come in."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from notebook_provisioner.core.findings import Finding
from notebook_provisioner.core.fleet.checks.perimeter import exceeded
from notebook_provisioner.core.guardrails.facts import Rule, Surroundings, finding, listed, network, stays
from notebook_provisioner.core.terraform_plan import UNKNOWN, Change

LEVEL: Final = "google_access_context_manager_access_level"
_CONDITIONS: Final = ("ip_subnetworks", "members", "regions", "required_access_levels", "vpc_network_sources")
_DEVICE_FLAGS: Final = ("require_admin_approval", "require_corp_owned", "require_screen_lock")
_DEVICE_LISTS: Final[Mapping[str, frozenset[str]]] = {
    "allowed_device_management_levels": frozenset({"BASIC", "COMPLETE"}),
    "allowed_encryption_statuses": frozenset({"ENCRYPTED"}),
}  # the values that ask for something, of AccessPolicy's schema DevicePolicy
_REMEDY: Final = "name ip_ranges, members, regions or a device_policy in the fleet file"


def _level(change: Change, _: Surroundings) -> Iterator[Finding]:
    if not stays(change):
        return
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
