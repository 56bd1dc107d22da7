"""The network's addresses."""

import ipaddress
from collections.abc import Iterator
from typing import Final

from notebook_provisioner.core.counting import counted
from notebook_provisioner.core.findings import Finding
from notebook_provisioner.core.fleet.checks.context import Context
from notebook_provisioner.core.fleet.surroundings import CreateNetwork, SecureWebProxy

# The ranges for subnets that never clash with the internet's: RFC 1918 and RFC 6598.
PRIVATE_RANGES: Final = tuple(
    map(ipaddress.IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"))
)
SMALLEST_SUBNET: Final = 29  # prefix length; https://cloud.google.com/vpc/docs/subnets (unverified)
RESERVED_ADDRESSES: Final = 4  # of every subnet, same page
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
    """A created subnet has an address for every notebook, and for the proxy where there is one."""
    network = context.fleet.network
    if not isinstance(network, CreateNetwork):
        return
    taken = RESERVED_ADDRESSES + isinstance(network.egress, SecureWebProxy)
    room = ipaddress.ip_network(network.cidr).num_addresses - taken
    count = len(context.fleet.notebooks)
    if 0 < room < count:
        said = f"{network.cidr} has addresses for {counted(room, 'notebook')}; there are {count}"
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
