"""Cloud Billing: whether a project has an account; hashicorp/google asks with every ``google_project``."""

from typing import TYPE_CHECKING

from notebook_provisioner.sandbox.server.service import Service
from notebook_provisioner.sandbox.server.store import Document

if TYPE_CHECKING:
    from notebook_provisioner.sandbox.server.call import Call

SERVICE = Service(
    api="cloudbilling",
    version="v1",
    not_emulated=("billing accounts: no project has one, and nothing needs one",),
)


@SERVICE.method("projects.getBillingInfo")
def get_billing_info(call: "Call") -> Document:
    """That a project has no billing account."""
    name = call.match.name
    return {"name": f"{name}/billingInfo", "projectId": call.project, "billingEnabled": False}
