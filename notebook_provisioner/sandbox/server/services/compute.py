"""Compute v1."""

from notebook_provisioner.sandbox.server.errors import ErrorStyle
from notebook_provisioner.sandbox.server.service import Resource, Service

SERVICE = Service(
    api="compute",
    version="v1",
    proto_package="google.cloud.compute.v1",
    error_style=ErrorStyle.LEGACY,
    self_link_root="https://www.googleapis.com/compute/v1/",
)
SERVICE.add(
    *(Resource(collection=name) for name in ("networks", "subnetworks", "instances", "disks", "snapshots"))
)
