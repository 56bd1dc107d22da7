"""What may leave the network besides calls to Google's APIs."""

import ipaddress
from collections.abc import Iterable, Iterator
from typing import Final

from notebook_provisioner.catalog import endpoints, google_public
from notebook_provisioner.core.findings import Finding
from notebook_provisioner.core.fleet import proxy
from notebook_provisioner.core.fleet.checks.context import Context
from notebook_provisioner.core.fleet.checks.network import PRIVATE_RANGES
from notebook_provisioner.core.fleet.checks.perimeter import exceeded
from notebook_provisioner.core.fleet.source import Path
from notebook_provisioner.core.fleet.surroundings import (
    CreateNetwork,
    ExistingNetwork,
    NatAllowlist,
    NoEgress,
    SecureWebProxy,
)

WIDEST: Final = 8  # prefix length; wider is no allow-list
# Google recommends /23 and refuses less than /26:
# https://cloud.google.com/load-balancing/docs/proxy-only-subnets (unverified: not re-read)
SMALLEST_PROXY_SUBNET: Final = 26
_PATH: Final = ("network", "egress")


def owner(context: Context) -> Iterator[Finding]:
    """What leaves a network that is there already is for whoever made it to say."""
    network = context.fleet.network
    if isinstance(network, ExistingNetwork) and not isinstance(network.egress, NoEgress):
        yield context.error(
            "egress-of-existing-network",
            (*_PATH, "mode"),
            f"{network.name} is there already, and its routes and firewall are its owner's",
            "write mode: none, and have the host project allow it; or network.mode: create",
        )


def allow_list(context: Context) -> Iterator[Finding]:
    """An allow-list allows something, and not everything."""
    rules = context.fleet.network.egress
    if not isinstance(rules, NatAllowlist):
        return
    if not rules.addresses and not rules.fqdns:
        said = "the allow-list allows nothing"
        yield context.error("empty-allowlist", _PATH, said, "list addresses or fqdns, or write mode: none")
    too_wide = False
    for index, text in enumerate(rules.addresses):
        addresses = ipaddress.ip_network(text)
        place = (*_PATH, "addresses", index)
        if not isinstance(addresses, ipaddress.IPv4Network):
            said = f"{text} is not IPv4, which is all that Cloud NAT carries"
            yield context.error("cidr", place, said, "write an IPv4 range")
        elif addresses.prefixlen < WIDEST:
            too_wide = True
            said = f"{text} is so wide that it is no allow-list"
            yield context.error("egress-too-wide", place, said, f"write /{WIDEST} or narrower")
        elif vip := _other_virtual_ip(context, addresses):
            said = (
                f"{text} reaches Google's {vip} virtual IP, and the network's is {context.fleet.network.vip}"
            )
            remedy = f"take it out; where notebooks need it, write network.vip: {vip}"
            yield context.error("other-virtual-ip", place, said, remedy)
    if not too_wide and exceeded(map(ipaddress.ip_network, rules.addresses)):
        said = f"the ranges hold more addresses than a /{WIDEST} all together: the Internet in pieces"
        remedy = f"write ranges that hold a /{WIDEST} or less, or use secure-web-proxy, which goes by names"
        yield context.error("egress-too-wide", (*_PATH, "addresses"), said, remedy, key=True)
    for index, name in enumerate(rules.fqdns):
        yield from _google_name(context, (*_PATH, "fqdns", index), name)


def _other_virtual_ip(context: Context, addresses: ipaddress.IPv4Network) -> str | None:
    """Which of Google's virtual IPs *addresses* reach, besides the one of the network's DNS."""
    return next(
        (
            name
            for name, vip in endpoints.VIRTUAL_IPS.items()
            if name != context.fleet.network.vip
            and any(ipaddress.ip_address(one) in addresses for one in vip)
        ),
        None,
    )


def secure_web_proxy(context: Context) -> Iterator[Finding]:
    """The proxy has a range of its own, and what its certificate needs."""
    network = context.fleet.network
    rules = network.egress
    if not isinstance(rules, SecureWebProxy):
        return
    for index, host in enumerate(rules.hosts):
        yield from _google_name(context, (*_PATH, "hosts", index), host)
    if rules.certificate is not None:
        location = rules.certificate.name.split("/")[3]
        if location != context.fleet.region:
            yield context.error(
                "certificate-outside-region",
                (*_PATH, "certificate", "name"),
                f"the certificate is in {location}, the proxy in {context.fleet.region}",
                f"use a regional certificate in {context.fleet.region}",
            )
    if isinstance(network, CreateNetwork):
        yield from _proxy_range(context, rules, network)


def proxy_variables(context: Context) -> Iterator[Finding]:
    """Where there is a proxy, the variables that name it are not the file's to set."""
    if not isinstance(context.fleet.network.egress, SecureWebProxy):
        return
    for path, settings in context.settings():
        for name in settings.environment:
            if name.upper() in proxy.VARIABLES:
                said = f"{name} is set by nbp, to the proxy of network.egress"
                place = (*path, "environment", name)
                yield context.error("reserved-variable", place, said, "take it out", key=True)


def _proxy_range(context: Context, rules: SecureWebProxy, network: CreateNetwork) -> Iterator[Finding]:
    path: Path = (*_PATH, "proxy_cidr")
    remedy = "write a private IPv4 range of its own, as in 10.21.0.0/26"
    block, subnet = ipaddress.ip_network(rules.proxy_cidr), ipaddress.ip_network(network.cidr)
    if not isinstance(block, ipaddress.IPv4Network) or not isinstance(subnet, ipaddress.IPv4Network):
        yield context.error(
            "cidr", path, f"{block} or {subnet} is not IPv4, which is all the proxy speaks", remedy
        )
    elif not any(block.subnet_of(private) for private in PRIVATE_RANGES):
        yield context.error("cidr", path, f"{block} is not private", remedy)
    elif block.prefixlen > SMALLEST_PROXY_SUBNET:
        said = f"{block} is too small; a proxy-only subnet is /{SMALLEST_PROXY_SUBNET} or larger"
        yield context.error("cidr", path, said, remedy)
    elif block.overlaps(subnet):
        yield context.error("proxy-range-overlap", path, f"{block} overlaps the subnet {subnet}", remedy)


def _google_name(context: Context, place: Path, name: str) -> Iterator[Finding]:
    if domain := _domain(name, endpoints.DOMAINS):
        said = f"{name} leads to Google's virtual IP, as all of {domain} does, and needs no other way out"
    elif domain := _domain(name, google_public.DOMAINS):
        said = (
            f"{name} leads to Google's own addresses, as all of {domain} does, where its APIs may answer: "
            "a way past the virtual IP"
        )
    else:
        return
    yield context.error("google-name-allowed", place, said, "take it out")


def _domain(name: str, domains: Iterable[str]) -> str | None:
    """Which of *domains* holds a name, or every name of a pattern as in ``*.example.com``."""
    return next((one for one in domains if name == one or name.endswith(f".{one}")), None)
