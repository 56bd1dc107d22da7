"""Guardrails for networks, subnets, routes and firewall rules."""

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from notebook_provisioner.core.findings import Finding
from notebook_provisioner.core.fleet import Fleet
from notebook_provisioner.core.fleet.surroundings import NatAllowlist, SecureWebProxy
from notebook_provisioner.core.guardrails import egress
from notebook_provisioner.core.guardrails.destinations import (
    PRIVATE_RANGES,
    unnamed_domains,
    unnamed_ports,
    unnamed_ranges,
    within,
)
from notebook_provisioner.core.guardrails.facts import (
    Network,
    PlanRule,
    Rule,
    Surroundings,
    comes,
    finding,
    is_wide,
    listed,
    network,
    of_blocks,
    shown,
    stays,
)
from notebook_provisioner.core.terraform_plan import UNKNOWN, Change

IAP_RANGE: Final = ipaddress.ip_network("35.235.240.0/20")  # Identity-Aware Proxy's TCP forwarding
_NAME_THEM: Final = "name the destinations: network.egress in the fleet file has an allow-list"
_OPEN_EGRESS: Final = (
    "the rule lets notebooks reach every address on the Internet, or too much of it",
    _NAME_THEM,
)
_INGRESS_REMEDY: Final = f"allow private ranges only, and SSH from Identity-Aware Proxy ({IAP_RANGE})"
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
            parts = (
                of_blocks(change, "allow", attribute="protocol"),
                of_blocks(change, "allow", attribute="ports"),
            )
            yield from _beyond(change, ranges, (), [*zip(*parts, strict=True)], surroundings.fleet)
        return
    ranges = change.planned("source_ranges")
    tagged = change.planned("source_tags") or change.planned("source_service_accounts")
    if ranges is UNKNOWN:
        strangers = ["an unknown range"]
    else:
        # Google reads "no source at all" as "any source".
        texts = ranges or ([] if tagged else ["0.0.0.0/0"])
        strangers = [text for text in texts if not _is_trusted(network(text))]
    if strangers:
        yield finding(
            "open-ingress",
            change,
            f"the rule lets {', '.join(map(shown, strangers))} in",
            _INGRESS_REMEDY,
        )


def _beyond(
    change: Change,
    ranges: Sequence[str | None],
    names: object,
    parts: Sequence[tuple[object, object]],
    fleet: Fleet,
) -> Iterator[Finding]:
    """Where a rule lets out to, and by which ports, besides what the fleet file names."""
    others = [*unnamed_ranges(ranges, fleet), *unnamed_domains(names, fleet)]
    others = others or unnamed_ports(parts or [(UNKNOWN, UNKNOWN)], ranges, names, fleet)
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
            layers = (*match, "layer4_configs")
            parts = (
                of_blocks(change, *layers, attribute="ip_protocol"),
                of_blocks(change, *layers, attribute="ports"),
            )
            yield from _beyond(change, step.ranges, names, [*zip(*parts, strict=True)], surroundings.fleet)
        if change.planned(*path, "direction") in {"INGRESS", UNKNOWN}:
            yield from _policy_ingress(change, path)


def _policy_ingress(change: Change, path: tuple[str | int, ...]) -> Iterator[Finding]:
    if change.planned(*path, "action") in {"deny", "goto_next"} or change.planned(*path, "disabled") is True:
        return
    ranges = change.planned(*path, "match", 0, "src_ip_ranges")
    tagged = change.planned(*path, "match", 0, "src_secure_tags") or change.planned(
        *path, "match", 0, "src_networks"
    )
    if ranges is UNKNOWN:
        strangers = ["an unknown range"]
    elif ranges:
        strangers = [text for text in ranges if not _is_trusted(network(text))]
    else:
        strangers = [] if tagged else ["whoever its match names, without a range"]
    if strangers:
        yield finding(
            "open-ingress", change, f"the rule lets {', '.join(map(shown, strangers))} in", _INGRESS_REMEDY
        )


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


def _is_trusted(one: Network) -> bool:
    return within(one, (IAP_RANGE, *PRIVATE_RANGES))


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
