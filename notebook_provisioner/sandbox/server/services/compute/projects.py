"""Projects as Compute sees them: number, default service account, metadata for all VMs."""

from typing import TYPE_CHECKING

from notebook_provisioner.sandbox.server import crud
from notebook_provisioner.sandbox.server.errors import invalid
from notebook_provisioner.sandbox.server.services.compute.api import ROOT, SERVICE
from notebook_provisioner.sandbox.server.services.compute.metadata import as_stored, check_keys
from notebook_provisioner.sandbox.server.store import Document, Key

if TYPE_CHECKING:
    from notebook_provisioner.sandbox.server.call import Call
    from notebook_provisioner.sandbox.server.context import Context


def default_service_account(context: "Context", project: str) -> str:
    """E-mail of Compute's default service account in *project*."""
    return f"{context.project_number(project)}-compute@developer.gserviceaccount.com"


@SERVICE.method("projects.get")
def get(call: "Call") -> Document:
    """The project; any name is one."""
    project = call.parameters["project"]
    return {
        "kind": "compute#project",
        "id": call.context.project_number(project),
        "name": project,
        "selfLink": f"{ROOT}projects/{project}",
        "defaultServiceAccount": default_service_account(call.context, project),
        "defaultNetworkTier": "PREMIUM",
        "xpnProjectStatus": "UNSPECIFIED_XPN_PROJECT_STATUS",
        "commonInstanceMetadata": _metadata(call, project),
        "quotas": [],
    }


@SERVICE.method("projects.setCommonInstanceMetadata")
def set_common_instance_metadata(call: "Call") -> Document:
    """Replace the metadata of all VMs; the fingerprint must be current."""
    project = call.parameters["project"]
    if not call.project:
        raise invalid("a project must be named")
    crud.check_fingerprint(call.body.get("fingerprint"), _metadata(call, project)["fingerprint"], "metadata")
    check_keys(call.body)
    call.store.put(_metadata_key(project), as_stored(call.body))
    return call.operation(Key("compute", f"projects/{project}/global/metadata", "common"))


def _metadata(call: "Call", project: str) -> Document:
    return call.store.get(_metadata_key(project)) or as_stored({})


def _metadata_key(project: str) -> Key:
    return Key("compute", f"projects/{project}/commonInstanceMetadata", "items")
