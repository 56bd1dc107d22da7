"""Guardrails for what Google's names resolve to in a network: one virtual IP, the fleet file's."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from notebook_provisioner.catalog.endpoints import DOMAINS, VIRTUAL_IPS
from notebook_provisioner.core.findings import Finding
from notebook_provisioner.core.fleet import CreateNetwork, Fleet, proxy
from notebook_provisioner.core.fleet.surroundings import SecureWebProxy
from notebook_provisioner.core.guardrails.facts import Rule, Surroundings, finding, listed, shown, stays
from notebook_provisioner.core.terraform_plan import UNKNOWN, Change


def _record(change: Change, surroundings: Surroundings) -> Iterator[Finding]:
    if stays(change):
        yield from _judge(change, change.planned("name"), surroundings)


def _response(change: Change, surroundings: Surroundings) -> Iterator[Finding]:
    """A rule of a response policy, which answers before any zone does."""
    if not stays(change):
        return
    name = change.planned("dns_name")
    for index in range(len(listed(change.planned("local_data", 0, "local_datas")))):
        yield from _judge(change, name, surroundings, "local_data", 0, "local_datas", index)


def _judge(change: Change, name: object, surroundings: Surroundings, *path: str | int) -> Iterator[Finding]:
    if isinstance(name, str) and not _is_googles(name):
        answers = change.planned(*path, "rrdatas")
        if _proxys(surroundings.fleet) != (name.rstrip("."), answers):
            yield _somebodys(change, f"{name} would lead to {shown(answers)}")
            return
    vip = surroundings.fleet.network.vip
    kind, answers = change.planned(*path, "type"), change.planned(*path, "rrdatas")
    others = {address for key, addresses in VIRTUAL_IPS.items() if key != vip for address in addresses}
    wrong = [shown(one) for one in listed(answers) if one in others]
    if name is UNKNOWN or _is_googles(str(name)):
        if answers is UNKNOWN:
            wrong = ["addresses that nobody can see"]
        elif kind == "CNAME":
            wrong = [shown(one) for one in listed(answers) if not _leads_to(one, vip)]
        elif kind in {"A", "AAAA", UNKNOWN}:
            wrong = [shown(one) for one in listed(answers) if one not in VIRTUAL_IPS[vip]]
    if wrong:
        yield finding(
            "google-vip",
            change,
            f"{shown(name)} would lead to {', '.join(wrong)}, and not to the {vip} virtual IP",
            "leave the zones as the module network has them; network.vip in the fleet file chooses for all",
        )


def _policy(change: Change, _: Surroundings) -> Iterator[Finding]:
    """A network's policy for names: other servers are asked before any zone."""
    if stays(change) and change.planned("alternative_name_server_config"):
        yield _elsewhere(change, "every name would be asked of servers that the policy names")
    if stays(change) and change.planned("enable_logging") is not True:
        said = "the network would not log which names are asked for"
        yield finding("flow-logs", change, said, "set enable_logging = true")


def _proxys(fleet: Fleet) -> tuple[str, list[str]] | None:
    """The name in the certificate of the fleet's proxy, and the address that it leads to."""
    network = fleet.network
    rules = network.egress
    if (
        not isinstance(network, CreateNetwork)
        or not isinstance(rules, SecureWebProxy)
        or not rules.certificate
    ):
        return None
    return rules.certificate.hostname, [proxy.address(network)]


def _somebodys(change: Change, said: str) -> Finding:
    """A name of the egress allow-list leads out to wherever the network's zones say."""
    remedy = "leave names to their owners: the modules have zones for Google's, and for the proxy's"
    return finding("open-egress", change, said, remedy)


def _zone(change: Change, surroundings: Surroundings) -> Iterator[Finding]:
    """A zone is for Google's names, or the proxy's, and answers itself: who forwards it would."""
    name = change.planned("dns_name")
    own = _proxys(surroundings.fleet)
    if stays(change) and not (
        isinstance(name, str) and (_is_googles(name) or (own and name.rstrip(".") == own[0]))
    ):
        yield _somebodys(change, f"the network would answer for {shown(name)}")
    for block in ("forwarding_config", "peering_config"):
        if stays(change) and change.planned(block):
            name = shown(change.planned("dns_name"))
            yield _elsewhere(change, f"{name} would be asked elsewhere, by the zone's {block}")


def _elsewhere(change: Change, said: str) -> Finding:
    return finding("google-vip", change, said, "leave zones and policies as the module network has them")


def _is_googles(name: str) -> bool:
    bare = name.rstrip(".")
    return any(bare == domain or bare.endswith(f".{domain}") for domain in DOMAINS)


def _leads_to(target: Any, vip: str) -> bool:  # noqa: ANN401  # any planned value
    """Whether a name stays among Google's, and is none that Google has for another virtual IP."""
    others = {f"{key}.googleapis.com." for key in VIRTUAL_IPS if key != vip}
    return isinstance(target, str) and _is_googles(target) and target not in others


RULES: Final[Mapping[str, tuple[Rule, ...]]] = {
    "google_dns_managed_zone": (_zone,),
    "google_dns_policy": (_policy,),
    "google_dns_record_set": (_record,),
    "google_dns_response_policy_rule": (_response,),
}
