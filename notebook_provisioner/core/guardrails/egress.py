"""What leaves a network after a plan: every rule that has a say, in the order in which Google asks them.

By https://docs.cloud.google.com/firewall/docs/firewall-policies-rule-eval-order (read 2026-11-22):
hierarchical policies first, which are an organization's own and in no plan; then VPC firewall rules, and
after them network firewall policies, or the other way round where the network says so. A lower number goes
before a higher one, of two VPC rules with one number the one that denies; at the end, everything may leave.
Regional network firewall policies are not looked at here; each of their rules is held to what it allows.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from notebook_provisioner.core.findings import Finding
from notebook_provisioner.core.guardrails.facts import (
    Planned,
    Surroundings,
    after,
    finding,
    goes,
    is_wide,
    listed,
    network,
    of_blocks,
)
from notebook_provisioner.core.terraform_plan import UNKNOWN, Action, TerraformPlan

NETWORK: Final = "google_compute_network"
FIREWALL: Final = "google_compute_firewall"
POLICY_RULE: Final = "google_compute_network_firewall_policy_rule"
ASSOCIATION: Final = "google_compute_network_firewall_policy_association"

_IMPLIED_PRIORITY: Final = 65_535  # of the rule that lets everything out; of two that match, the lower wins
_ANYWHERE: Final = "0.0.0.0/0"
_TARGETS: Final = (
    "target_tags",
    "target_service_accounts",
    "target_secure_tags",
    "target_forwarding_rules",
    "target_resources",
)
# What a policy's rule may name besides ranges and names of hosts: any part of the Internet.
_VAGUE: Final = (
    "dest_address_groups",
    "dest_network_context",
    "dest_network_type",
    "dest_region_codes",
    "dest_threat_intelligences",
)
_REMEDY: Final = (
    "keep a rule that denies all egress to 0.0.0.0/0 at a priority below 65535, "
    "and before it none that allows as much"
)


@dataclass(frozen=True, slots=True)
class Step:
    """One rule for egress, as far as it matters to all of the Internet.

    Attributes:
        address: The resource that it stands in.
        action: What it does.
        everything: Whether it holds for every packet of every VM.
        ranges: The destinations that it names; 0.0.0.0/0 where they are not known, or not ranges.
    """

    address: str
    action: Literal["allow", "deny", "goto_next"]
    everything: bool
    ranges: Sequence[str]


def default_deny(plan: TerraformPlan, _: Surroundings) -> Iterator[Finding]:
    """Every network denies egress that no rule allows, whichever rule is asked first."""
    there = after(plan)
    changed = {change.address for change in plan.changes if change.action is not Action.KEEP}
    networks = [one for one in there if one.type == NETWORK]
    for one in networks:
        only = len(networks) == 1
        yield from _judge(one, _steps(one, there, only=only), changed)
    yield from _lost_denials(plan, there, networks)


def _judge(one: Planned, steps: list[Step], changed: set[str]) -> Iterator[Finding]:
    allowed: list[str] = []
    for step in steps:
        if step.everything and step.action == "deny":
            return
        if step.action != "allow":
            continue
        allowed += step.ranges
        if is_wide(allowed):
            if step.address not in changed or not is_wide(step.ranges):  # else it is reported where it stands
                message = f"{step.address} lets out too much of the Internet, before anything denies it"
                yield finding("default-deny", one, message, _REMEDY)
            return
    yield finding("default-deny", one, "nothing denies what no rule allows: everything could leave", _REMEDY)


def _lost_denials(
    plan: TerraformPlan, there: Sequence[Planned], networks: Sequence[Planned]
) -> Iterator[Finding]:
    """Denials that go from a network that the plan does not show."""
    if networks or any(change.type == NETWORK and goes(change) for change in plan.changes):
        return
    rules = [one for one in there if one.type == FIREWALL]
    if any(step.everything and step.action == "deny" for rule in rules for step in _of_firewall(rule)):
        return
    for change in plan.changes:
        if change.type == FIREWALL and change.action is not Action.KEEP and _denies_everything(change.before):
            yield finding("default-deny", change, "the rule that denies all egress would be gone", _REMEDY)


def _steps(one: Planned, there: Sequence[Planned], *, only: bool) -> list[Step]:
    """The rules for egress of a network, in Google's order, without what Google implies at the end."""
    classic = [
        (_number(rule), step)
        for rule in there
        if rule.type == FIREWALL and _belongs(rule.planned("network"), rule, one, only=only)
        for step in _of_firewall(rule)
    ]
    classic.sort(key=lambda row: (row[0], row[1].action != "deny"))
    policies = [
        link.planned("firewall_policy")
        for link in there
        if link.type == ASSOCIATION and _belongs(link.planned("attachment_target"), link, one, only=only)
    ]
    rules = [
        (_number(rule), step)
        for rule in there
        if rule.type == POLICY_RULE and any(_same(rule.planned("firewall_policy"), name) for name in policies)
        for step in of_policy_rule(rule)
    ]
    rules.sort(key=lambda row: row[0])
    policy = [step for _, step in rules]
    for index, step in enumerate(policy):
        if step.everything and step.action == "goto_next":
            del policy[index + 1 :]  # nobody asks them any more
            break
    if policies and not any(step.everything for step in policy):
        # Google's guide says that the rest is handed on, the API's reference that it is allowed.
        end = f"the end of the firewall policy {policies[0]}"
        policy.append(Step(end, "allow", everything=True, ranges=(_ANYWHERE,)))
    vpc = [step for _, step in classic]
    order = one.planned("network_firewall_policy_enforcement_order")
    first = order in {"BEFORE_CLASSIC_FIREWALL", UNKNOWN}  # unknown: what the policy allows may come first
    return [*policy, *vpc] if first else [*vpc, *policy]


def _of_firewall(rule: Planned) -> Iterator[Step]:
    number = _number(rule)
    if (
        rule.planned("direction") != "EGRESS"
        or rule.planned("disabled") is True
        or number >= _IMPLIED_PRIORITY
    ):
        return
    action: Literal["allow", "deny"] = "allow" if rule.planned("allow") else "deny"
    named = rule.planned("destination_ranges")
    ranges = [_ANYWHERE] if named is UNKNOWN else listed(named) or [_ANYWHERE]
    protocols = of_blocks(rule, action, attribute="protocol")
    # A denial that cannot be seen whole denies nothing; an allowance that cannot be seen allows everything.
    unseen = UNKNOWN in (named, rule.planned("priority"))
    sure = not unseen and "all" in protocols and not any(rule.planned(name) for name in _TARGETS)
    yield Step(rule.address, action, sure and _holds_all(ranges), ranges)


def of_policy_rule(rule: Planned, *path: str | int) -> Iterator[Step]:
    """What a rule of a firewall policy does about egress; *path* leads to it where it stands in a list."""
    if rule.planned(*path, "direction") not in {"EGRESS", UNKNOWN} or rule.planned(*path, "disabled") is True:
        return
    said_action = rule.planned(*path, "action")
    action: Literal["allow", "deny", "goto_next"] = "allow"  # apply_security_profile_group lets through, too
    if said_action in {"deny", "goto_next"}:
        action = said_action
    match = (*path, "match", 0)
    ranges = rule.planned(*match, "dest_ip_ranges")
    names = rule.planned(*match, "dest_fqdns")
    vague = ranges is UNKNOWN or any(_is_set(rule.planned(*match, name)) for name in _VAGUE)
    nothing = not ranges and not names
    shown = [_ANYWHERE] if vague or nothing else list(listed(ranges))
    protocols = of_blocks(rule, *match, "layer4_configs", attribute="ip_protocol")
    unseen = rule.planned(*path, "priority") is UNKNOWN or rule.planned(*path, "direction") is UNKNOWN
    narrowed = unseen or any(rule.planned(*path, name) for name in _TARGETS) or (vague and not nothing)
    everything = "all" in protocols and not narrowed and (nothing or _holds_all(listed(ranges)))
    yield Step(rule.address, action, everything, shown)


def _is_set(value: object) -> bool:
    """Whether a qualifier says something; what the API fills in later says nothing yet."""
    return value is not UNKNOWN and value not in (None, "", [], "UNSPECIFIED")


def _holds_all(ranges: Sequence[str]) -> bool:
    known = [network(text) for text in ranges if text is not None]
    return any(one.prefixlen == 0 and one.version == 4 for one in known)  # noqa: PLR2004


def _number(rule: Planned) -> int:
    """A rule's priority; the first of all where it is not known, since what it allows may come first."""
    priority = rule.planned("priority")
    if priority is UNKNOWN:
        return 0
    return priority if isinstance(priority, int) else 1000  # Google's default for VPC firewall rules


def _belongs(link: object, part: Planned, one: Planned, *, only: bool) -> bool:
    """Whether a part that names its network by *link* is of that network."""
    if isinstance(link, str):
        name = one.planned("name")
        return only if name is UNKNOWN or name is None else link.rsplit("/", 1)[-1] == name
    return only or _module(part.address) == _module(one.address)


def _same(left: object, right: object) -> bool:
    if isinstance(left, str) and isinstance(right, str):
        return left.rsplit("/", 1)[-1] == right.rsplit("/", 1)[-1]
    return True  # not known yet: a plan makes both


def _module(address: str) -> str:
    return address.rpartition(".google_")[0]


def _denies_everything(before: Mapping[str, Any]) -> bool:
    return (
        before.get("direction") == "EGRESS"
        and not before.get("disabled")
        and any(block.get("protocol") == "all" for block in before.get("deny") or ())
        and _holds_all(before.get("destination_ranges") or [_ANYWHERE])
        and (before.get("priority") or 0) < _IMPLIED_PRIORITY
    )
