"""Workload identity federation: a deleted pool or provider is only hidden, and keeps its id."""

from typing import Final

from notebook_provisioner.sandbox.provider.handler import Handler
from notebook_provisioner.sandbox.provider.mapping import Row
from notebook_provisioner.sandbox.provider.resources.definition import Definition
from notebook_provisioner.sandbox.provider.rest import Json
from notebook_provisioner.sandbox.provider.values import Object

_POOLS: Final = "projects/{project}/locations/global/workloadIdentityPools"
_POOL: Final = _POOLS + "/{workload_identity_pool_id}"


class Hidden(Handler):
    """What is deleted counts as gone."""

    def _fetch(self, state: Object) -> Json:
        found = super()._fetch(state)
        return None if found is None or found.get("state") == "DELETED" else found


DEFINITIONS: Final = {
    "google_iam_workload_identity_pool": Definition(
        Row(
            service="iam",
            collection=_POOLS,
            item=_POOL,
            create_query="workloadIdentityPoolId={workload_identity_pool_id}",
            update="MASK",
            fields={"workload_identity_pool_id": None, "attestation_rules": None},
        ),
        Hidden,
    ),
    "google_iam_workload_identity_pool_provider": Definition(
        Row(
            service="iam",
            collection=_POOL + "/providers",
            item=_POOL + "/providers/{workload_identity_pool_provider_id}",
            create_query="workloadIdentityPoolProviderId={workload_identity_pool_provider_id}",
            update="MASK",
            fields={"workload_identity_pool_id": None, "workload_identity_pool_provider_id": None},
        ),
        Hidden,
    ),
}
