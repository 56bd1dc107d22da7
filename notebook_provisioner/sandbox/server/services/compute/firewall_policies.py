"""Global network firewall policies: their rules, and the networks that they hold for.

Every policy is born with rules of lowest priority that hand the decision on (``goto_next``), as Google's
guide has it: https://docs.cloud.google.com/firewall/docs/firewall-policies-rule-details. The discovery
document speaks of a default rule that allows; which of the two is so is unverified.
"""

import ipaddress
import re
from typing import TYPE_CHECKING, Any, Final

from notebook_provisioner.sandbox.server import crud
from notebook_provisioner.sandbox.server.errors import ApiError, invalid, not_found
from notebook_provisioner.sandbox.server.service import Resource
from notebook_provisioner.sandbox.server.services.compute.api import (
    SERVICE,
    absolute,
    in_use,
    path_of,
    require,
)
from notebook_provisioner.sandbox.server.store import Document

if TYPE_CHECKING:
    from notebook_provisioner.sandbox.server.call import Call

_LOWEST: Final = 2_147_483_647  # the priority of the last rule
_ACTIONS: Final = frozenset({"allow", "deny", "goto_next"})
_LABEL: Final = "[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
_HOST: Final = re.compile(rf"({_LABEL}\.)+{_LABEL}")
_MOST_FQDNS: Final = 100  # a rule (discovery document)


def _on_create(_: "Call", policy: Document) -> None:
    policy.setdefault("policyType", "VPC_POLICY")
    predefined = [
        ("EGRESS", "::/0"),
        ("INGRESS", "::/0"),
        ("EGRESS", "0.0.0.0/0"),
        ("INGRESS", "0.0.0.0/0"),
    ]
    policy["rules"] = [
        {
            "kind": "compute#firewallPolicyRule",
            "description": "default rule",
            "priority": _LOWEST - 3 + index,
            "action": "goto_next",
            "direction": direction,
            "enableLogging": False,
            "match": {
                "layer4Configs": [{"ipProtocol": "all"}],
                ("destIpRanges" if direction == "EGRESS" else "srcIpRanges"): [block],
            },
        }
        for index, (direction, block) in enumerate(predefined)
    ]
    policy["associations"] = []
    policy["ruleTupleCount"] = len(predefined) * 2


def _on_delete(call: "Call", policy: Document) -> None:
    if policy["associations"]:
        raise in_use(call.match.name, path_of(policy["associations"][0]["attachmentTarget"], call.project))


def _check_rule(rule: Document) -> None:
    action = rule.get("action")
    if action == "apply_security_profile_group":
        raise ApiError("UNIMPLEMENTED", "not emulated by the sandbox: security profile groups")
    if action not in _ACTIONS:
        raise invalid(f"Invalid value for field 'resource.action': '{action}'.")
    if rule.get("direction") not in {"EGRESS", "INGRESS"}:
        raise invalid("Invalid value for field 'resource.direction': EGRESS or INGRESS.")
    if action == "goto_next" and rule.get("enableLogging"):
        raise invalid("Invalid value for field 'resource.enableLogging': a goto_next rule cannot log.")
    _check_match(rule.get("match") or {}, near="src" if rule["direction"] == "EGRESS" else "dest")


def _check_match(match: dict[str, Any], near: str) -> None:
    if not match.get("layer4Configs"):
        raise invalid("Invalid value for field 'resource.match.layer4Configs': it is required.")
    if not any(value for name, value in match.items() if name != "layer4Configs"):
        raise invalid("Invalid value for field 'resource.match': it names neither source nor destination.")
    if match.get(f"{near}Fqdns"):
        raise invalid(
            f"Invalid value for field 'resource.match.{near}Fqdns': names stand on the far side of a rule."
        )
    for name in ("srcIpRanges", "destIpRanges"):
        for text in match.get(name, []):
            _check_block(text, name)
    for name in ("srcFqdns", "destFqdns"):
        _check_hosts(match.get(name, []), name)


def _check_hosts(hosts: list[str], name: str) -> None:
    if len(hosts) > _MOST_FQDNS:
        raise invalid(f"Invalid value for field 'resource.match.{name}': at most {_MOST_FQDNS} names.")
    for host in hosts:
        if not _HOST.fullmatch(host):
            raise invalid(f"Invalid value for field 'resource.match.{name}': '{host}' is no full name.")


def _check_block(text: str, name: str) -> None:
    try:
        ipaddress.ip_network(text)
    except ValueError as error:
        raise invalid(f"Invalid value for field 'resource.match.{name}': '{text}'. {error}") from error


def _complete_rule(rule: Document) -> Document:
    rule["kind"] = "compute#firewallPolicyRule"
    rule.setdefault("enableLogging", False)
    match = rule["match"]
    ends = sum(
        len(value) for key, value in match.items() if key != "layer4Configs" and isinstance(value, list)
    )
    rule["ruleTupleCount"] = len(match["layer4Configs"]) * ends
    return rule


def _rule(policy: Document, priority: object) -> Document:
    for rule in policy["rules"]:
        if rule["priority"] == int(str(priority)):
            found: Document = rule
            return found
    raise invalid(f"The firewall policy does not contain a rule at priority {priority}.")


def _store(call: "Call", policy: Document) -> Document:
    policy["rules"].sort(key=lambda rule: rule["priority"])
    policy["ruleTupleCount"] = sum(rule.get("ruleTupleCount", 2) for rule in policy["rules"])
    crud.stamp_changed(call.context, SERVICE, "FirewallPolicy", policy)
    call.store.put(call.key, policy)
    return call.operation()


@SERVICE.method("networkFirewallPolicies.addRule")
def add_rule(call: "Call") -> Document:
    """Add a rule at a priority that is free."""
    policy = call.load()
    rule = dict(call.body)
    _check_rule(rule)
    if "priority" not in rule:
        raise invalid("Invalid value for field 'resource.priority': it is required.")
    if any(other["priority"] == rule["priority"] for other in policy["rules"]):
        # As security policies, Compute Engine's other policies of rules, say it; unverified for these.
        said = f"Invalid value for field 'resource.priority': '{rule['priority']}'. "
        raise invalid(f"{said}Cannot have rules with the same priorities.")
    policy["rules"].append(_complete_rule(absolute(rule, call.project)))
    return _store(call, policy)


@SERVICE.method("networkFirewallPolicies.getRule")
def get_rule(call: "Call") -> Document:
    """The rule at a priority."""
    return _rule(call.load(), call.query.get("priority", 0))


@SERVICE.method("networkFirewallPolicies.patchRule")
def patch_rule(call: "Call") -> Document:
    """Change a rule; what the body leaves out stays."""
    policy = call.load()
    rule = _rule(policy, call.query.get("priority", 0))
    rule |= absolute(dict(call.body), call.project)
    _check_rule(rule)
    _complete_rule(rule)
    return _store(call, policy)


@SERVICE.method("networkFirewallPolicies.removeRule")
def remove_rule(call: "Call") -> Document:
    """Take a rule out; those that the policy was born with stay."""
    policy = call.load()
    rule = _rule(policy, call.query.get("priority", 0))
    if rule["priority"] > _LOWEST - 4:
        raise invalid("A predefined rule cannot be removed.")
    policy["rules"].remove(rule)
    return _store(call, policy)


@SERVICE.method("networkFirewallPolicies.addAssociation")
def add_association(call: "Call") -> Document:
    """Let the policy hold for a network; a network has one global policy."""
    policy = call.load()
    association = absolute(dict(call.body), call.project)
    target = str(association.get("attachmentTarget", ""))
    if any(other["name"] == association.get("name") for other in policy["associations"]):
        said = f"Invalid value for field 'resource.name': '{association['name']}'. "
        raise invalid(f"{said}An association with that name already exists.")  # unverified words
    require(call.context, "attachmentTarget", target, call.project)
    for entry in call.store.page("compute", call.key.collection):
        for other in entry.document.get("associations", []):
            if other["attachmentTarget"] == target and not call.query.get("replaceExistingAssociation"):
                raise invalid(f"'{target}' is associated with {entry.key.id} already.")
    association["shortName"] = call.key.id
    policy["associations"].append(association)
    return _store(call, policy)


@SERVICE.method("networkFirewallPolicies.getAssociation")
def get_association(call: "Call") -> Document:
    """The association of a name."""
    return _association(call, call.load())


@SERVICE.method("networkFirewallPolicies.removeAssociation")
def remove_association(call: "Call") -> Document:
    """Let the policy no longer hold for a network."""
    policy = call.load()
    policy["associations"].remove(_association(call, policy))
    return _store(call, policy)


def _association(call: "Call", policy: Document) -> Document:
    name = call.query.get("name")
    for association in policy["associations"]:
        if association["name"] == name:
            found: Document = association
            return found
    raise not_found(f"{call.match.name}/associations/{name}")


SERVICE.add(Resource(collection="networkFirewallPolicies", on_create=_on_create, on_delete=_on_delete))
