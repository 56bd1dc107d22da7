"""The perimeter: its policy, and the ways into it."""

import ipaddress
from collections.abc import Iterable, Iterator
from typing import Final

from notebook_provisioner.core.findings import Finding
from notebook_provisioner.core.fleet.checks.context import Context
from notebook_provisioner.core.fleet.names import ACCESS_LEVEL_LONGEST, own_prefix
from notebook_provisioner.core.fleet.source import Path
from notebook_provisioner.core.fleet.surroundings import (
    AccessLevel,
    DevicePolicy,
    EgressRule,
    ExistingNetwork,
    IngressRule,
    NoPerimeter,
)

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# By IP version: the range that an access level's ranges hold no more than, all together. The Internet in
# pieces is the Internet. The module perimeter says the same.
_WIDEST: Final = (ipaddress.ip_network("0.0.0.0/8"), ipaddress.ip_network("::/32"))


def access_policy(context: Context) -> Iterator[Finding]:
    """A perimeter has an access policy: a given one, or one made in an organization."""
    perimeter = context.fleet.perimeter
    if isinstance(perimeter, NoPerimeter):
        return
    remedy = "write access_policy to use one, or organization to create one"
    if perimeter.organization is None and perimeter.access_policy is None:
        yield context.error("access-policy", ("perimeter",), "the perimeter has no access policy", remedy)
    if perimeter.organization is not None and perimeter.access_policy is not None:
        said = "organization and access_policy exclude each other"
        yield context.error("access-policy", ("perimeter", "organization"), said, remedy, key=True)
    if perimeter.mode == "enforced" and not any(
        (perimeter.access_levels, perimeter.existing_access_levels, perimeter.ingress)
    ):
        yield context.warning(
            "no-access-level",
            ("perimeter",),
            "nobody outside the perimeter will reach a notebook",
            "add access_levels with the ranges that people come from",
        )


def shared_network(context: Context) -> Iterator[Finding]:
    """An access policy made here is scoped to the fleet's project, and no perimeter in it takes another.

    "Policies can only have a single scope", and perimeters restrict projects within it only:
    ``AccessPolicy.scopes`` in Google's discovery document of accesscontextmanager v1, revision 20261027.
    """
    perimeter, network = context.fleet.perimeter, context.fleet.network
    if isinstance(perimeter, NoPerimeter) or not isinstance(network, ExistingNetwork):
        return
    if (
        perimeter.access_policy is None
        and perimeter.organization
        and network.host_project != context.fleet.project
    ):
        yield context.error(
            "scoped-access-policy",
            ("perimeter", "organization"),
            f"an access policy made here is for {context.fleet.project} alone, and {network.host_project}, "
            "which holds the network, must be in the same perimeter",
            "write access_policy, with a policy whose scope holds both projects",
            key=True,
        )


def access_levels(context: Context) -> Iterator[Finding]:
    """Access levels have distinct names that fit, are there already or ask for something."""
    perimeter = context.fleet.perimeter
    if isinstance(perimeter, NoPerimeter):
        return
    names: set[str] = set()
    for index, name in enumerate(perimeter.existing_access_levels):
        if name in names:
            path: Path = ("perimeter", "existing_access_levels", index)
            yield context.error(
                "duplicate-access-level", path, f"{name} stands above", "take one of them out"
            )
        names.add(name)
    if names and perimeter.access_policy is None:
        yield context.error(
            "access-policy",
            ("perimeter", "existing_access_levels"),
            "a policy that is made here holds no level yet",
            "write access_policy, with the number of the one that holds them",
            key=True,
        )
    for index, level in enumerate(perimeter.access_levels):
        path = ("perimeter", "access_levels", index)
        if level.name in names:
            said = f"there is another access level {level.name}"
            yield context.error("duplicate-access-level", (*path, "name"), said, "give each its own name")
        names.add(level.name)
        called = f"{own_prefix(context.fleet.name)}_{level.name}"  # as the module perimeter does
        if len(called) > ACCESS_LEVEL_LONGEST:
            yield context.error(
                "access-level-name",
                (*path, "name"),
                f"in the access policy {level.name} would be called {called}, which is longer than "
                f"{ACCESS_LEVEL_LONGEST} characters",
                f"shorten it by {len(called) - ACCESS_LEVEL_LONGEST}",
            )
        if not (level.ip_ranges or level.members or level.regions or level.device_policy):
            yield context.error(
                "open-access-level",
                path,
                f"the access level {level.name} asks for nothing, so it lets everybody in",
                "add ip_ranges, members, regions or device_policy",
            )
        if level.device_policy and not _asks(level.device_policy):
            yield context.error(
                "open-access-level",
                (*path, "device_policy"),
                f"the device policy of {level.name} asks for nothing, so every device meets it",
                "ask for a screen lock, encryption, an owner or management, or take device_policy out",
            )
        yield from _ranges(context, path, level)


def _asks(policy: DevicePolicy) -> bool:
    # NONE is a device that nobody manages.
    managed = bool(policy.management_levels) and "NONE" not in policy.management_levels
    return policy.require_screen_lock or policy.require_encryption or policy.require_corp_owned or managed


def rules(context: Context) -> Iterator[Finding]:
    """Rules for ingress and egress say for whom, and in the form that their preset takes."""
    perimeter = context.fleet.perimeter
    if isinstance(perimeter, NoPerimeter):
        return
    known = {*(level.name for level in perimeter.access_levels), *perimeter.existing_access_levels}
    for index, rule in enumerate(perimeter.ingress):
        path: Path = ("perimeter", "ingress", index)
        by_project = rule.preset in {"pipeline", "maintenance"}
        wanted, other = ("projects", "access_levels") if by_project else ("access_levels", "projects")
        yield from _form(context, path, rule, wanted, other)
        for place, name in enumerate(rule.access_levels):
            if name not in known:
                said = f"there is no access level {name}"
                remedy = f"write one of {', '.join(sorted(known))}" if known else "add it to access_levels"
                yield context.error("unknown-access-level", (*path, "access_levels", place), said, remedy)
    for index, outward in enumerate(perimeter.egress):
        path = ("perimeter", "egress", index)
        if outward.preset != "image-configs":
            yield from _form(context, path, outward, "projects", "")
        elif outward.projects:
            said = "image-configs is for Google's own bucket, whose project is not ours to name"
            yield context.error("perimeter-rule", (*path, "projects"), said, "take projects out", key=True)


def _form(
    context: Context, path: Path, rule: IngressRule | EgressRule, wanted: str, other: str
) -> Iterator[Finding]:
    if not getattr(rule, wanted):
        said = f"{rule.preset} does not say for whom"
        yield context.error("perimeter-rule", path, said, f"add {wanted}, or take the rule out")
    if other and getattr(rule, other):
        said = f"{rule.preset} takes no {other}"
        yield context.error("perimeter-rule", (*path, other), said, f"write {wanted}", key=True)


def _ranges(context: Context, path: Path, level: AccessLevel) -> Iterator[Finding]:
    for widest in exceeded(map(ipaddress.ip_network, level.ip_ranges)):
        yield context.error(
            "open-access-level",
            (*path, "ip_ranges"),
            f"the IPv{widest.version} ranges of {level.name} hold more addresses than a /{widest.prefixlen}: "
            "too many to say where people come from",
            f"write ranges that hold a /{widest.prefixlen} or less, all together",
            key=True,
        )
    for index, text in enumerate(level.ip_ranges):
        addresses = ipaddress.ip_network(text)
        place = (*path, "ip_ranges", index)
        if addresses.version == 4 and addresses.is_private and not _is_documentation(text):  # noqa: PLR2004
            said = f"{text} is private; requests arrive from public addresses"
            yield context.warning(
                "private-range", place, said, "write the public range that people come from"
            )


def exceeded(ranges: Iterable[_Network]) -> list[_Network]:
    """The widest range of each IP version that an access level's *ranges* hold more than, all together."""
    distinct = set(ranges)
    return [
        widest
        for widest in _WIDEST
        if sum(one.num_addresses for one in distinct if one.version == widest.version) > widest.num_addresses
    ]


def _is_documentation(text: str) -> bool:
    """RFC 5737's ranges are for examples; Python counts them as private."""
    examples = ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")
    network = ipaddress.IPv4Network(text)
    return any(network.subnet_of(ipaddress.IPv4Network(example)) for example in examples)


def virtual_ip(context: Context) -> Iterator[Finding]:
    """Inside a perimeter, DNS answers with the VIP that serves only what the perimeter protects."""
    fleet = context.fleet
    if fleet.perimeter.mode != "disabled" and fleet.network.vip == "private":
        yield context.warning(
            "private-vip-in-perimeter",
            ("network", "vip"),
            "the private VIP also serves Google APIs that no perimeter can protect",
            "write vip: restricted",
        )
