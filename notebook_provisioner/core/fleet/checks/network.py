"""The network's addresses, and what may leave it."""

import ipaddress
from collections.abc import Iterator
from typing import Final

from notebook_provisioner.core.findings import Finding
from notebook_provisioner.core.fleet.checks.context import Context
from notebook_provisioner.core.fleet.surroundings import CreateNetwork, NatAllowlist, SecureWebProxy

# The ranges for subnets that never clash with the internet's: RFC 1918 and RFC 6598.
PRIVATE_RANGES: Final = tuple(
    map(ipaddress.IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"))
)
SMALLEST_SUBNET: Final = 29  # prefix length; https://cloud.google.com/vpc/docs/subnets (unverified)
RESERVED_ADDRESSES: Final = 4  # of every subnet, same page
WIDEST_EGRESS: Final = 8  # prefix length; wider is no allow-list
LONGEST_CREATED_NAME: Final = 37  # the longest name that the network module builds on it adds 26 to 63

# nerdctl, which runs Workbench's custom containers, bridges them on this range:
# https://github.com/containerd/nerdctl/blob/main/docs/cni.md (read 2026-11-21). What has an address in it
# cannot be reached from inside a container.
CONTAINER_BRIDGE: Final = ipaddress.IPv4Network("10.4.0.0/24")


def subnet_range(context: Context) -> Iterator[Finding]:
    """A created subnet has a private IPv4 range that Google accepts; names fit what is built on them."""
    network = context.fleet.network
    if not isinstance(network, CreateNetwork):
        return
    if len(network.name) > LONGEST_CREATED_NAME:
        yield context.error(
            "resource-name",
            ("network", "name"),
            f"{network.name} has {len(network.name)} characters; firewall rules are named after it",
            f"write {LONGEST_CREATED_NAME} characters or fewer",
        )
    subnet = ipaddress.ip_network(network.cidr)
    path = ("network", "cidr")
    remedy = "write a private IPv4 range, as in 10.20.0.0/24"
    if not isinstance(subnet, ipaddress.IPv4Network):
        yield context.error("cidr", path, f"{subnet} is not IPv4", remedy)
    elif not any(subnet.subnet_of(private) for private in PRIVATE_RANGES):
        yield context.error("cidr", path, f"{subnet} is not private", remedy)
    elif subnet.prefixlen > SMALLEST_SUBNET:
        said = f"{subnet} is too small; a subnet is /{SMALLEST_SUBNET} or larger"
        yield context.error("cidr", path, said, f"write /24, or /{SMALLEST_SUBNET} at the least")


def subnet_size(context: Context) -> Iterator[Finding]:
    """A created subnet has an address for every notebook."""
    network = context.fleet.network
    if not isinstance(network, CreateNetwork):
        return
    room = ipaddress.ip_network(network.cidr).num_addresses - RESERVED_ADDRESSES
    count = len(context.fleet.notebooks)
    if 0 < room < count:
        said = f"{network.cidr} has addresses for {room} notebooks; there are {count}"
        yield context.error("subnet-full", ("network", "cidr"), said, "write a larger range")


def container_bridge(context: Context) -> Iterator[Finding]:
    """A created subnet stays out of the range that containers use inside the VM."""
    network = context.fleet.network
    if not isinstance(network, CreateNetwork):
        return
    subnet = ipaddress.ip_network(network.cidr)
    if not isinstance(subnet, ipaddress.IPv4Network) or not subnet.overlaps(CONTAINER_BRIDGE):
        return
    path = ("network", "cidr")
    remedy = "write a range outside it, as in 10.20.0.0/24"
    said = f"{subnet} overlaps {CONTAINER_BRIDGE}, the bridge of container images"
    users = [name for name, profile in context.fleet.profiles.items() if profile.container is not None]
    if users:
        said += f"; profile {users[0]} is one"
        yield context.error("container-bridge-overlap", path, said, remedy)
    else:
        yield context.warning("container-bridge-overlap", path, f"{said}, should there ever be one", remedy)


def egress(context: Context) -> Iterator[Finding]:
    """An allow-list allows something, and not everything."""
    rules = context.fleet.network.egress
    path = ("network", "egress")
    if isinstance(rules, SecureWebProxy):
        yield context.error(
            "not-built",
            (*path, "mode"),
            "the mode secure-web-proxy is not built yet",
            "write mode: none, or mode: nat-allowlist with addresses",
        )
    if not isinstance(rules, NatAllowlist):
        return
    if rules.fqdns:
        said = "egress by domain name is not built yet"
        yield context.error("not-built", (*path, "fqdns"), said, "list addresses", key=True)
    if not rules.addresses:
        said = "the allow-list allows nothing"
        yield context.error("empty-allowlist", path, said, "list addresses, or write mode: none")
    for index, text in enumerate(rules.addresses):
        addresses = ipaddress.ip_network(text)
        place = (*path, "addresses", index)
        if not isinstance(addresses, ipaddress.IPv4Network):
            said = f"{text} is not IPv4, which is all that Cloud NAT carries"
            yield context.error("cidr", place, said, "write an IPv4 range")
        elif addresses.prefixlen < WIDEST_EGRESS:
            said = f"{text} is so wide that it is no allow-list"
            yield context.error("egress-too-wide", place, said, f"write /{WIDEST_EGRESS} or narrower")
