"""What the modules of a fleet grant, and nothing besides.

A test compares this with ``terraform/modules``. The module ``applier`` grants more, and is in no fleet's
plan: the root module ``terraform/bootstrap`` calls it, before there is a fleet.
"""

from collections.abc import Mapping
from typing import Final

# By the type of resource that holds the grant, without its ending _iam_member.
ROLES: Final[Mapping[str, frozenset[str]]] = {
    "google_cloud_run_v2_job": frozenset({"roles/run.invoker"}),
    "google_compute_subnetwork": frozenset({"roles/compute.networkUser"}),
    "google_kms_crypto_key": frozenset({"roles/cloudkms.cryptoKeyEncrypterDecrypter"}),
    "google_project": frozenset(
        {"roles/artifactregistry.reader", "roles/logging.logWriter", "roles/monitoring.metricWriter"}
    ),
    "google_service_account": frozenset({"roles/iam.serviceAccountUser"}),
    "google_storage_bucket": frozenset({"roles/storage.objectUser", "roles/storage.objectViewer"}),
}
# Of custom roles: what a notebook's VM calls, and what the maintenance jobs call.
PERMISSIONS: Final = frozenset(
    {
        "compute.disks.list",
        "compute.globalOperations.get",
        "compute.instances.get",
        "compute.instances.getGuestAttributes",
        "compute.instances.getSerialPortOutput",
        "compute.instances.list",
        "compute.projects.get",
        "compute.snapshots.delete",
        "compute.snapshots.get",
        "compute.snapshots.list",
        "compute.snapshots.setLabels",
        "notebooks.instances.checkUpgradability",
        "notebooks.instances.get",
        "notebooks.instances.list",
        "notebooks.instances.start",
        "notebooks.instances.stop",
        "notebooks.instances.update",
        "notebooks.instances.upgrade",
        "notebooks.operations.get",
        "notebooks.operations.list",
    }
)
