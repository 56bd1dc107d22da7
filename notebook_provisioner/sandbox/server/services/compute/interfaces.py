"""Network interfaces of VMs, with their addresses."""

from typing import TYPE_CHECKING

from notebook_provisioner.sandbox.server.context import fingerprint
from notebook_provisioner.sandbox.server.errors import invalid
from notebook_provisioner.sandbox.server.services.compute import addresses, places
from notebook_provisioner.sandbox.server.services.compute.api import ROOT, require
from notebook_provisioner.sandbox.server.store import Document

if TYPE_CHECKING:
    from notebook_provisioner.sandbox.server.context import Context


def interface(context: "Context", project: str, zone: str, asked: Document, index: int) -> Document:
    """A network interface with its addresses.

    Args:
        context: The sandbox.
        project: The VM's project.
        zone: Its zone.
        asked: What the request says; a subnetwork, or a network that has one in the zone's region.
        index: Its place among the VM's interfaces.

    Raises:
        ApiError: 400 for a subnetwork that is not there.
    """
    nic = dict(asked)
    region = places.ZONES.get(zone, zone.rpartition("-")[0])
    if not nic.get("subnetwork"):
        network = nic.get("network") or f"{ROOT}projects/{project}/global/networks/default"
        require(context, "networkInterfaces[0].network", network, project)
        nic["subnetwork"] = _subnetwork_of(context, project, network, region)
    key, subnetwork = require(context, f"networkInterfaces[{index}].subnetwork", nic["subnetwork"], project)
    if f"/regions/{region}/" not in f"{key.collection}/":
        raise invalid(
            f"Invalid value for field 'resource.networkInterfaces[{index}].subnetwork': "
            f"'{nic['subnetwork']}'. "
            f"The subnetwork is not in the region of zone {zone}."
        )
    nic |= {
        "kind": "compute#networkInterface",
        "name": f"nic{index}",
        "network": subnetwork["network"],
        "subnetwork": subnetwork["selfLink"],
        "networkIP": addresses.free_address(context, subnetwork, nic.get("networkIP")),
        "stackType": nic.get("stackType", "IPV4_ONLY"),
    }
    for access in nic.get("accessConfigs", []):
        complete_access(access)
    return nic | {"fingerprint": fingerprint(nic)}


def complete_access(access: Document) -> None:
    """Fill in an external access: its address and tier."""
    defaults = {
        "kind": "compute#accessConfig",
        "type": "ONE_TO_ONE_NAT",
        "name": "external-nat",
        "networkTier": "PREMIUM",
        "natIP": addresses.external_address(),
    }
    access |= {name: access.get(name) or value for name, value in defaults.items()}


def _subnetwork_of(context: "Context", project: str, network: str, region: str) -> str:
    for entry in context.store.page("compute", f"projects/{project}/regions/{region}/subnetworks"):
        if entry.document.get("network") == network:
            return str(entry.document["selfLink"])
    raise invalid(
        "Invalid value for field 'resource.networkInterfaces[0]': network "
        f"'{network.removeprefix(ROOT)}' has no subnetwork "
        f"in region {region}."
    )
