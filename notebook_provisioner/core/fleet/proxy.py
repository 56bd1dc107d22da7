"""Where the fleet's Secure Web Proxy is, and what notebooks are told about it.

``terraform/modules/network/egress-proxy.tf`` puts the proxy there; a test compares the two.
"""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from notebook_provisioner.catalog import endpoints
from notebook_provisioner.core.fleet.model import Fleet
from notebook_provisioner.core.fleet.surroundings import CreateNetwork, SecureWebProxy

VARIABLES: Final = frozenset({"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"})

_PLAIN_PORT: Final = 80
_TLS_PORT: Final = 443
# What is reached without a proxy: the machine itself, its metadata server, and Compute's internal names.
_LOCAL: Final = ("localhost", "127.0.0.1", "::1", "169.254.169.254", "metadata", "internal")


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy as notebooks see it.

    Attributes:
        scheme: How they speak to it: ``http`` or ``https``.
        host: Its address, or the name in its certificate.
        port: Its TCP port.
    """

    scheme: str
    host: str
    port: int

    @property
    def url(self) -> str:
        """As proxies are written in settings: ``http://10.20.0.253:80``."""
        return f"{self.scheme}://{self.host}:{self.port}"

    @property
    def variables(self) -> Mapping[str, str]:
        """Environment variables that programs read, in both spellings: curl reads ``http_proxy`` alone."""
        values = {
            "HTTP_PROXY": self.url,
            "HTTPS_PROXY": self.url,
            "NO_PROXY": ",".join((*_LOCAL, *endpoints.DOMAINS)),
        }
        return {**values, **{name.lower(): value for name, value in values.items()}}


def of(fleet: Fleet) -> Proxy | None:
    """The fleet's proxy; None where it has none, or where the network's range is too small for one."""
    network = fleet.network
    if not isinstance(network, CreateNetwork) or not isinstance(network.egress, SecureWebProxy):
        return None
    certificate = network.egress.certificate
    if certificate is not None:
        return Proxy("https", certificate.hostname, _TLS_PORT)
    return Proxy("http", address(network), _PLAIN_PORT)


def address(network: CreateNetwork) -> str:
    """The address of a network's proxy.

    Google keeps the first two addresses of a subnet and the last two; this is the last one that is free.
    """
    return str(ipaddress.ip_network(network.cidr)[-3])
