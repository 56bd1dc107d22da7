"""Guardrails for Secure Web Proxy: it lets through the hosts of the fleet file, and asks its own policy."""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Final

from notebook_provisioner.core.findings import Finding
from notebook_provisioner.core.fleet.surroundings import SecureWebProxy
from notebook_provisioner.core.guardrails.destinations import unnamed_hosts
from notebook_provisioner.core.guardrails.facts import (
    Planned,
    PlanRule,
    Rule,
    Surroundings,
    after,
    finding,
    shown,
    stays,
)
from notebook_provisioner.core.terraform_plan import UNKNOWN, Change, TerraformPlan

URL_LISTS: Final = "google_network_security_url_lists"
POLICY: Final = "google_network_security_gateway_security_policy"
POLICY_RULE: Final = f"{POLICY}_rule"
GATEWAY: Final = "google_network_services_gateway"
# All that a matcher may ask, alternatives of it included.
_LIST: Final = re.compile(r"inUrlList\(host\(\),\s*'([^']+)'\)")
_HOST: Final = re.compile(r"host\(\)\s*==\s*'([^']+)'")
_ONE: Final = rf"({_LIST.pattern}|{_HOST.pattern})"
_MATCHER: Final = re.compile(rf"{_ONE}(\s*\|\|\s*{_ONE})*")
_REMEDY: Final = "name the hosts: network.egress.hosts in the fleet file, with mode: secure-web-proxy"


def _url_list(change: Change, surroundings: Surroundings) -> Iterator[Finding]:
    others = unnamed_hosts(change.planned("values"), surroundings.fleet)
    if stays(change) and others:
        said = f"the list would hold {', '.join(others)}, which the fleet file does not name"
        yield finding("open-egress", change, said, _REMEDY)


def _proxies(plan: TerraformPlan, surroundings: Surroundings) -> Iterator[Finding]:
    there = after(plan)
    lists = {_full_name(one, "urlLists") for one in there if one.type == URL_LISTS}
    policies = {_full_name(one, "gatewaySecurityPolicies") for one in there if one.type == POLICY}
    for change in plan.changes:
        if stays(change) and change.type == POLICY_RULE:
            yield from _rule(change, lists, surroundings)
        elif stays(change) and change.type == GATEWAY:
            yield from _gateway(change, policies, plan, surroundings)


def _rule(change: Change, lists: Collection[str], surroundings: Surroundings) -> Iterator[Finding]:
    """A rule that allows says to which hosts: those of a list of this plan, or single ones."""
    if change.planned("basic_profile") not in {"ALLOW", UNKNOWN} or change.planned("enabled") is False:
        return
    matcher = change.planned("session_matcher")
    if not isinstance(matcher, str) or not _MATCHER.fullmatch(matcher):
        said = f"the proxy would let through what meets {shown(matcher)}, and not the listed hosts alone"
        yield finding("open-egress", change, said, _REMEDY)
        return
    others = [name for name in _LIST.findall(matcher) if name not in lists]
    others += unnamed_hosts(_HOST.findall(matcher), surroundings.fleet)
    if others:
        said = f"the proxy would let through {', '.join(others)}, which the fleet file does not name"
        yield finding("open-egress", change, said, _REMEDY)


def _gateway(
    change: Change, policies: Collection[str], plan: TerraformPlan, surroundings: Surroundings
) -> Iterator[Finding]:
    fleet = surroundings.fleet
    policy = change.planned("gateway_security_policy")
    if not isinstance(fleet.network.egress, SecureWebProxy):
        said = f"a proxy would lead out, and the fleet file says {fleet.network.egress.mode}"
    elif not isinstance(policy, str) or _by_id(policy, plan, fleet.project) not in policies:
        said = f"the proxy would ask the policy {shown(policy)}, whose rules no plan of this fleet shows"
    else:
        return
    yield finding("open-egress", change, said, "leave the proxy to the module network")


def _full_name(one: Planned, collection: str) -> str:
    project, location, name = map(one.planned, ("project", "location", "name"))
    return f"projects/{project}/locations/{location}/{collection}/{name}"


def _by_id(name: str, plan: TerraformPlan, project: str) -> str:
    """A full name as the modules write it: without the API's host, the project by its id."""
    path = name[max(name.find("projects/"), 0) :]
    number = plan.project_numbers.get(project)
    return path.replace(f"projects/{number}/", f"projects/{project}/", 1) if number else path


RULES: Final[Mapping[str, tuple[Rule, ...]]] = {URL_LISTS: (_url_list,)}
WHOLE_PLAN: Final[tuple[PlanRule, ...]] = (_proxies,)
