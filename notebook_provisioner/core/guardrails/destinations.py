"""What notebooks may reach besides Google's virtual IP, by the fleet file: addresses, names and ports."""

import ipaddress
from collections.abc import Iterable, Sequence
from typing import Final

from notebook_provisioner.catalog.endpoints import VIRTUAL_IPS
from notebook_provisioner.core.fleet import Fleet
from notebook_provisioner.core.fleet.checks.network import PRIVATE_RANGES
from notebook_provisioner.core.fleet.surroundings import NatAllowlist, SecureWebProxy
from notebook_provisioner.core.guardrails.facts import Network, listed, network, shown
from notebook_provisioner.core.terraform_plan import UNKNOWN

_PRIVATE_RANGES: Final = (*PRIVATE_RANGES, ipaddress.ip_network("fc00::/7"))
_HTTPS: Final = frozenset({443})  # all that Google's APIs speak
_TCP: Final = ("tcp", "6")


def unnamed_ranges(ranges: Iterable[str | None], fleet: Fleet) -> list[str]:
    """Public ranges that the fleet file does not name: neither its virtual IP's nor of its allow-list.

    Not even Google's own, which need no NAT: by another address, every API answers, past the perimeter.
    """
    named = (*_PRIVATE_RANGES, *_virtual_ip(fleet), *_addresses(fleet))
    return [shown(text) for text in ranges if not within(network(text), named)]


def unnamed_domains(names: object, fleet: Fleet) -> list[str]:
    """Domain names of a firewall rule that the fleet file's allow-list does not name."""
    rules = fleet.network.egress
    return _others(names, rules.fqdns if isinstance(rules, NatAllowlist) else ())


def unnamed_hosts(hosts: object, fleet: Fleet) -> list[str]:
    """Hosts that the fleet file does not have the proxy let through."""
    rules = fleet.network.egress
    return _others(hosts, rules.hosts if isinstance(rules, SecureWebProxy) else ())


def unnamed_ports(
    blocks: Iterable[tuple[object, object]], ranges: Iterable[str | None], names: object, fleet: Fleet
) -> list[str]:
    """Ports that the fleet file does not name for where a rule leads; in private ranges it asks for none.

    Args:
        blocks: Protocol and ports of each part of the rule.
        ranges: The ranges that it leads to.
        names: The domain names that it leads to.
        fleet: The fleet file.
    """
    rules = fleet.network.egress
    limits = [limit for text in ranges if (limit := _ports_at(network(text), fleet))]
    if isinstance(rules, NatAllowlist) and names:
        limits.append(frozenset(rules.ports))
    return other_ports(blocks, frozenset.intersection(*limits)) if limits else []


def _ports_at(place: Network, fleet: Fleet) -> frozenset[int]:
    """Ports that the fleet file names for a range, whichever way; none where it asks for none."""
    rules = fleet.network.egress
    named = (
        set(rules.ports) if isinstance(rules, NatAllowlist) and within(place, _addresses(fleet)) else set()
    )
    return frozenset(named | _HTTPS if within(place, _virtual_ip(fleet)) else named)


def other_ports(blocks: Iterable[tuple[object, object]], allowed: frozenset[int]) -> list[str]:
    """Whatever the parts of a rule hold, protocol and ports, besides *allowed* ports of TCP."""
    return [one for protocol, ports in blocks for one in _beyond(protocol, ports, allowed)]


def within(one: Network, ranges: Iterable[Network]) -> bool:
    """Whether a range is part of one of *ranges*."""
    return any(
        one.version == other.version and one.subnet_of(other)  # type: ignore[arg-type]  # one version
        for other in ranges
    )


def _virtual_ip(fleet: Fleet) -> list[Network]:
    addresses = (ipaddress.IPv4Network(one) for one in VIRTUAL_IPS[fleet.network.vip])
    return [*ipaddress.collapse_addresses(addresses)]


def _addresses(fleet: Fleet) -> list[Network]:
    rules = fleet.network.egress
    return [network(text) for text in rules.addresses] if isinstance(rules, NatAllowlist) else []


def _others(planned: object, named: Sequence[str]) -> list[str]:
    if planned is UNKNOWN:
        return [shown(UNKNOWN)]
    return [shown(UNKNOWN if one is None else one) for one in listed(planned) if one not in named]


def _beyond(protocol: object, ports: object, allowed: frozenset[int]) -> list[str]:
    if protocol not in _TCP:
        return [f"protocol {shown(protocol)}"]
    if not listed(ports):
        return ["unknown ports" if ports is UNKNOWN else "every port"]
    return [
        f"port {shown(UNKNOWN if one is None else one)}" for one in listed(ports) if not _holds(allowed, one)
    ]


def _holds(allowed: frozenset[int], ports: object) -> bool:
    """Whether *allowed* holds a port, or every one of a range as in ``8000-8080``."""
    first, _, last = str(ports).partition("-")
    try:
        return allowed.issuperset(range(int(first), int(last or first) + 1))
    except ValueError:
        return False
