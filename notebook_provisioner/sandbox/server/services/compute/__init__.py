"""Compute Engine v1, as far as notebooks and their network need it."""

from notebook_provisioner.sandbox.server.services.compute import (
    addresses,
    catalog,
    disks,
    firewall_policies,
    guest,
    images,
    instance_changes,
    instances,
    networks,
    projects,
    routers,
)
from notebook_provisioner.sandbox.server.services.compute.api import SERVICE

__all__ = [
    "SERVICE",
    "addresses",
    "catalog",
    "disks",
    "firewall_policies",
    "guest",
    "images",
    "instance_changes",
    "instances",
    "networks",
    "projects",
    "routers",
]
