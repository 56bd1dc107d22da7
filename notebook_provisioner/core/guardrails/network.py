"""Guardrails for networks, subnets, routes and firewall rules."""

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any, Final

from notebook_provisioner.core.findings import Finding
from notebook_provisioner.core.guardrails.facts import (
    Network,
    PlanRule,
    Rule,
    Surroundings,
    comes,
    finding,
    goes,
    is_wide,
    listed,
    network,
    stays,
)
from notebook_provisioner.core.terraform_plan import UNKNOWN, Change, TerraformPlan

IAP_RANGE: Final = ipaddress.ip_network("35.235.240.0/20")  # Identity-Aware Proxy's TCP forwarding
_PRIVATE_RANGES: Final = tuple(
    ipaddress.ip_network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
)
_NETWORK: Final = "google_compute_network"
_FIREWALL: Final = "google_compute_firewall"
_IMPLIED_PRIORITY: Final = 65_535  # of the rule that lets everything out; of two that match, the lower wins
_PROXY_PURPOSES: Final = frozenset(
    {"REGIONAL_MANAGED_PROXY", "GLOBAL_MANAGED_PROXY"}
)  # Google's proxies, no VMs


def _firewall(change: Change, _: Surroundings) -> Iterator[Finding]:
    if not stays(change) or change.planned("disabled") is True or not change.planned("allow"):
        return
    if change.planned("direction") == "EGRESS":
        ranges = change.planned("destination_ranges")
        if ranges is UNKNOWN or is_wide(ranges or ["0.0.0.0/0"]):
            yield finding(
                "open-egress",
                change,
                "the rule lets notebooks reach every address on the Internet, or too much of it",
                "name the destinations: network.egress in the fleet file has an allow-list",
            )
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
            f"the rule lets {', '.join(strangers)} in",
            f"allow private ranges only, and SSH from Identity-Aware Proxy ({IAP_RANGE})",
        )


def _default_deny(plan: TerraformPlan) -> Iterator[Finding]:
    rules = [change for change in plan.changes if change.type == _FIREWALL]
    denying = [change for change in rules if stays(change) and _denies_everything(change.after)]
    made = [change for change in plan.changes if change.type == _NETWORK and comes(change)]
    remedy = "keep a rule that denies all egress to 0.0.0.0/0 at a priority below 65535"
    for change in made[len(denying) :]:
        yield finding(
            "default-deny", change, "nothing denies what no rule allows: everything could leave", remedy
        )
    if any(change.type == _NETWORK and goes(change) for change in plan.changes):
        return
    for change in rules:
        if _denies_everything(change.before) and change not in denying and not denying:
            yield finding("default-deny", change, "the rule that denies all egress would be gone", remedy)


def _route(change: Change, _: Surroundings) -> Iterator[Finding]:
    destination = change.planned("dest_range")
    wide = is_wide([destination]) if isinstance(destination, str) else destination is UNKNOWN
    if stays(change) and wide:
        yield finding(
            "default-route",
            change,
            "the route leads to every address on the Internet, or too much of it",
            "route single ranges: network.egress in the fleet file has an allow-list",
        )


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
    if not listed(change.planned("log_config")):
        yield finding("flow-logs", change, "the subnet would not log its flows", "give it a log_config")


def _denies_everything(rule: Mapping[str, Any]) -> bool:
    return (
        rule.get("direction") == "EGRESS"
        and not rule.get("disabled")
        and any(block.get("protocol") == "all" for block in rule.get("deny") or ())
        and any(network(text).prefixlen == 0 for text in rule.get("destination_ranges") or ("0.0.0.0/0",))
        and (rule.get("priority") or 0) < _IMPLIED_PRIORITY
    )


def _is_trusted(one: Network) -> bool:
    return any(
        one.version == trusted.version and one.subnet_of(trusted)  # type: ignore[arg-type]  # one version
        for trusted in (IAP_RANGE, *_PRIVATE_RANGES)
    )


RULES: Final[Mapping[str, tuple[Rule, ...]]] = {
    _FIREWALL: (_firewall,),
    _NETWORK: (_network,),
    "google_compute_route": (_route,),
    "google_compute_subnetwork": (_subnet,),
}
WHOLE_PLAN: Final[tuple[PlanRule, ...]] = (_default_deny,)
