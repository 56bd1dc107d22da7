"""Guardrails for networks, subnets, routes and firewall rules."""

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from notebook_provisioner.core.findings import Finding
from notebook_provisioner.core.fleet import Fleet
from notebook_provisioner.core.fleet.surroundings import CreateNetwork, NatAllowlist, SecureWebProxy
from notebook_provisioner.core.guardrails import egress
from notebook_provisioner.core.guardrails.destinations import (
    other_ports,
    unnamed_domains,
    unnamed_ports,
    unnamed_ranges,
    within,
)
from notebook_provisioner.core.guardrails.facts import (
    PlanRule,
    Rule,
    Surroundings,
    comes,
    finding,
    is_wide,
    listed,
    network,
    of_blocks,
    stays,
)
from notebook_provisioner.core.terraform_plan import UNKNOWN, Change

IAP_RANGE: Final = ipaddress.ip_network("35.235.240.0/20")  # Identity-Aware Proxy's TCP forwarding
_NAME_THEM: Final = "name the destinations: network.egress in the fleet file has an allow-list"
_OPEN_EGRESS: Final = (
    "the rule lets notebooks reach every address on the Internet, or too much of it",
    _NAME_THEM,
)
_SSH: Final = frozenset({22})
# Other than ranges: whom a policy's rule may let in.
_SOURCES: Final = (
    "src_address_groups",
    "src_fqdns",
    "src_networks",
    "src_region_codes",
    "src_secure_tags",
    "src_threat_intelligences",
)
_POLICY_RULES: Final = (
    egress.POLICY_RULE,
    "google_compute_firewall_policy_rule",
    "google_compute_firewall_policy_with_rules",
    "google_compute_network_firewall_policy_with_rules",
    "google_compute_region_network_firewall_policy_rule",
    "google_compute_region_network_firewall_policy_with_rules",
)
_JOINS: Final = (
    "google_compute_interconnect_attachment",
    "google_compute_network_peering",
    "google_compute_vpn_tunnel",
    "google_network_connectivity_spoke",
    "google_service_networking_connection",
)
_PROXY_PURPOSES: Final = frozenset(
    {"REGIONAL_MANAGED_PROXY", "GLOBAL_MANAGED_PROXY"}
)  # Google's proxies, no VMs


def _firewall(change: Change, surroundings: Surroundings) -> Iterator[Finding]:
    if not stays(change) or change.planned("disabled") is True or not change.planned("allow"):
        return
    if change.planned("direction") == "EGRESS":
        ranges = change.planned("destination_ranges")
        if ranges is UNKNOWN or is_wide(ranges or ["0.0.0.0/0"]):
            yield finding("open-egress", change, *_OPEN_EGRESS)
        else:
            yield from _beyond(change, ranges, (), _parts(change, "allow"), surroundings.fleet)
        return
    # Google reads "no source at all" as "any source".
    others = [name for name in ("source_tags", "source_service_accounts") if change.planned(name)]
    yield from _ingress(
        change, change.planned("source_ranges"), others, _parts(change, "allow"), surroundings
    )


def _ingress(
    change: Change,
    ranges: Any,  # noqa: ANN401  # any planned value
    others: Sequence[str],
    parts: Sequence[tuple[object, object]],
    surroundings: Surroundings,
) -> Iterator[Finding]:
    """Nothing comes in but SSH from Identity-Aware Proxy, where the fleet file has it."""
    at = surroundings.fleet.network
    has_iap = isinstance(at, CreateNetwork) and at.iap_ssh
    sources = [None] if ranges is UNKNOWN else ranges or ([] if others else ["0.0.0.0/0"])
    strangers = [
        "an unknown range" if text is None else text
        for text in sources
        if not (has_iap and within(network(text), (IAP_RANGE,)))
    ]
    strangers += [f"whoever its {name} name" for name in others]
    ports = [] if strangers else other_ports(parts, _SSH)
    if strangers or ports:
        yield finding(
            "open-ingress",
            change,
            f"the rule lets {', '.join(strangers) or 'Identity-Aware Proxy'} in"
            + (f", by {', '.join(ports)}" if ports else ""),
            f"only Identity-Aware Proxy ({IAP_RANGE}) connects, by SSH: network.iap_ssh in the fleet file",
        )


def _parts(change: Change, *path: str | int, protocol: str = "protocol") -> Sequence[tuple[object, object]]:
    """Protocol and ports of each part of a rule; unknown ones where its parts are."""
    protocols = of_blocks(change, *path, attribute=protocol)
    ports = of_blocks(change, *path, attribute="ports")
    return [*zip(protocols, ports, strict=True)] or [(UNKNOWN, UNKNOWN)]


def _beyond(
    change: Change,
    ranges: Sequence[str | None],
    names: object,
    parts: Sequence[tuple[object, object]],
    fleet: Fleet,
) -> Iterator[Finding]:
    """Where a rule lets out to, and by which ports, besides what the fleet file names."""
    others = [*unnamed_ranges(ranges, fleet), *unnamed_domains(names, fleet)]
    others = others or unnamed_ports(parts, ranges, names, fleet)
    if others:
        said = f"the rule lets out to {', '.join(others)}, which the fleet file does not name"
        yield finding("open-egress", change, said, _NAME_THEM)


def _policy_rule(change: Change, surroundings: Surroundings) -> Iterator[Finding]:
    """A rule of a firewall policy of any kind, or a policy with its rules in it."""
    if not stays(change):
        return
    paths: list[tuple[str | int, ...]] = [()]
    if change.type.endswith("_with_rules"):
        paths = [("rule", index) for index in range(len(listed(change.planned("rule"))))]
    for path in paths:
        for step in egress.of_policy_rule(change, *path):
            if step.action != "allow":
                continue
            if is_wide(step.ranges):
                yield finding("open-egress", change, *_OPEN_EGRESS)
                continue
            match = (*path, "match", 0)
            names = change.planned(*match, "dest_fqdns")
            parts = _parts(change, *match, "layer4_configs", protocol="ip_protocol")
            yield from _beyond(change, step.ranges, names, parts, surroundings.fleet)
        if change.planned(*path, "direction") in {"INGRESS", UNKNOWN}:
            yield from _policy_ingress(change, surroundings, *path)


def _policy_ingress(change: Change, surroundings: Surroundings, *path: str | int) -> Iterator[Finding]:
    if change.planned(*path, "action") in {"deny", "goto_next"} or change.planned(*path, "disabled") is True:
        return
    match = (*path, "match", 0)
    others = [name for name in _SOURCES if change.planned(*match, name)]
    parts = _parts(change, *match, "layer4_configs", protocol="ip_protocol")
    yield from _ingress(change, change.planned(*match, "src_ip_ranges"), others, parts, surroundings)


def _route(change: Change, surroundings: Surroundings) -> Iterator[Finding]:
    destination = change.planned("dest_range")
    wide = is_wide([destination]) if isinstance(destination, str) else destination is UNKNOWN
    if stays(change) and wide and not _needs_default_route(surroundings.fleet):
        yield finding(
            "default-route",
            change,
            "the route leads to every address on the Internet, or too much of it",
            "route single ranges: network.egress in the fleet file has an allow-list",
        )
    elif (
        stays(change)
        and isinstance(destination, str)
        and not wide
        and (unnamed := unnamed_ranges([destination], surroundings.fleet))
    ):
        said = f"the route leads to {', '.join(unnamed)}, which the fleet file does not name"
        yield finding("open-egress", change, said, _NAME_THEM)


def _needs_default_route(fleet: Fleet) -> bool:
    """Whether the fleet file allows destinations whose addresses nobody knows beforehand."""
    rules = fleet.network.egress
    return isinstance(rules, SecureWebProxy) or (isinstance(rules, NatAllowlist) and bool(rules.fqdns))


def _network(change: Change, _: Surroundings) -> Iterator[Finding]:
    if comes(change) and change.planned("delete_default_routes_on_create") is not True:
        yield finding(
            "default-route",
            change,
            "the network would be born with a default route",
            "set delete_default_routes_on_create = true",
        )
    if stays(change) and change.planned("auto_create_subnetworks") is not False:
        yield finding(
            "automatic-subnets",
            change,
            "the network would have a subnet in every region",
            "set auto_create_subnetworks = false",
        )


def _subnet(change: Change, _: Surroundings) -> Iterator[Finding]:
    if not stays(change) or change.planned("purpose") in _PROXY_PURPOSES:
        return
    if change.planned("private_ip_google_access") is not True:
        yield finding(
            "private-google-access",
            change,
            "notebooks in the subnet would not reach Google's APIs",
            "set private_ip_google_access = true",
        )
    if change.planned("stack_type") != "IPV4_ONLY":
        yield finding(
            "open-egress",
            change,
            "the subnet may carry IPv6, and the rule that denies all egress is for IPv4",
            'set stack_type = "IPV4_ONLY"',
        )
    samples = change.planned("log_config", 0, "flow_sampling")
    if not listed(change.planned("log_config")) or samples is UNKNOWN or samples == 0:
        yield finding("flow-logs", change, "the subnet would not log its flows", "give it a log_config")


def _nat(change: Change, surroundings: Surroundings) -> Iterator[Finding]:
    """Cloud NAT is for the allow-list, and for the subnets that it names."""
    if not stays(change):
        return
    rules = surroundings.fleet.network.egress
    if not isinstance(rules, NatAllowlist):
        said = f"a NAT would lead out, and the fleet file says {rules.mode}"
    elif change.planned("source_subnetwork_ip_ranges_to_nat") != "LIST_OF_SUBNETWORKS":
        said = "the NAT would lead out of every subnet"
    else:
        return
    yield finding("open-egress", change, said, "leave NAT to network.egress in the fleet file")


def _joined(change: Change, _: Surroundings) -> Iterator[Finding]:
    if stays(change):
        yield finding(
            "open-egress",
            change,
            "the network would be joined to another, with routes that no guardrail sees",
            "leave it alone: a notebook reaches Google's APIs, and what network.egress names",
        )


RULES: Final[Mapping[str, tuple[Rule, ...]]] = {
    egress.FIREWALL: (_firewall,),
    egress.NETWORK: (_network,),
    **dict.fromkeys(_POLICY_RULES, (_policy_rule,)),
    "google_compute_route": (_route,),
    "google_compute_router_nat": (_nat,),
    **dict.fromkeys(_JOINS, (_joined,)),
    "google_compute_subnetwork": (_subnet,),
}
ESTATE: Final[tuple[PlanRule, ...]] = (egress.default_deny,)
