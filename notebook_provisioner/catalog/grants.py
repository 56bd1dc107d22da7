"""What the modules of a fleet grant, and nothing besides: who may do what, on what, under which condition.

A test compares this with ``terraform/modules``. The module ``applier`` grants more, and is in no fleet's
plan: the root module ``terraform/bootstrap`` calls it, before there is a fleet.

Braces stand for names of the fleet's own, which ``core.guardrails.grants`` fills in: a row holds once for
each notebook, each job or each fleet that has all the names which the row asks for.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Grant:
    """One grant that a module makes.

    Attributes:
        module: The module.
        kind: The type of resource that holds the grant, without its ending ``_iam_member``.
        role: What may be done.
        member: Who may do it.
        on: What it may be done on, by the name that ``PLACES`` makes.
        why: What it is for.
        only: The expression of the condition that the grant must have; empty for none.
    """

    module: str
    kind: str
    role: str
    member: str
    on: str
    why: str
    only: str = ""


PROJECT: Final = "google_project"
BUCKET: Final = "google_storage_bucket"
KEY: Final = "google_kms_crypto_key"
ACCOUNT: Final = "google_service_account"
SUBNET: Final = "google_compute_subnetwork"
JOB: Final = "google_cloud_run_v2_job"

PLACES: Final[Mapping[str, str]] = {
    PROJECT: "projects/{project}",
    BUCKET: "{bucket}",
    KEY: "{crypto_key_id}",
    ACCOUNT: "{service_account_id}",
    SUBNET: "projects/{project}/regions/{region}/subnetworks/{subnetwork}",
    JOB: "projects/{project}/locations/{location}/jobs/{name}",
}
"""What a grant is on, made of its arguments. The last argument may hold the whole name as well."""

_NOTEBOOK: Final = "serviceAccount:{notebook_account}"
_JOB: Final = "serviceAccount:{job_account}"
_KEY_USER: Final = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
_READER: Final = "roles/storage.objectViewer"
_WRITER: Final = "roles/storage.objectUser"


def _key_user(agent: str, why: str) -> Grant:
    return Grant(
        "encryption", KEY, _KEY_USER, f"serviceAccount:{agent}.iam.gserviceaccount.com", "{key}", why
    )


GRANTS: Final = (
    Grant(
        "notebook",
        PROJECT,
        "roles/artifactregistry.reader",
        _NOTEBOOK,
        "projects/{project}",
        "Its packages come from Artifact Registry.",
    ),
    Grant(
        "notebook", PROJECT, "roles/logging.logWriter", _NOTEBOOK, "projects/{project}", "It writes its logs."
    ),
    Grant(
        "notebook",
        PROJECT,
        "roles/monitoring.metricWriter",
        _NOTEBOOK,
        "projects/{project}",
        "It writes its metrics.",
    ),
    Grant(
        "notebook",
        PROJECT,
        "projects/{project}/roles/{role_prefix}_vm",
        _NOTEBOOK,
        "projects/{project}",
        "Its VM reads itself, to register with the Workbench proxy.",
        'resource.name == "projects/{project}/zones/{zone}/instances/{notebook}"',
    ),
    Grant(
        "notebook",
        BUCKET,
        _READER,
        _NOTEBOOK,
        "{script_bucket}",
        "It fetches its own post-startup script.",
        'resource.name.startsWith("projects/_/buckets/{script_bucket}/objects/post-startup/{notebook}/")',
    ),
    Grant(
        "notebook",
        ACCOUNT,
        "roles/iam.serviceAccountUser",
        "user:{owner}",
        "projects/{project}/serviceAccounts/{notebook_account}",
        "The proxy lets in who may act as the VM's account.",
    ),
    Grant("sync-bucket", BUCKET, _WRITER, _NOTEBOOK, "{sync_bucket}", "It copies its files there."),
    Grant(
        "maintenance",
        PROJECT,
        "projects/{project}/roles/{role_prefix}_{job}",
        _JOB,
        "projects/{project}",
        "The job does its work.",
    ),
    Grant("maintenance", BUCKET, _READER, _JOB, "{operations_bucket}", "The job reads the fleet file."),
    Grant(
        "maintenance",
        BUCKET,
        _WRITER,
        _JOB,
        "{operations_bucket}",
        "The job writes what keeps its runs apart, and nothing else.",
        "{own_folders}",
    ),
    Grant(
        "maintenance",
        JOB,
        "roles/run.invoker",
        "serviceAccount:{timer_account}",
        "projects/{project}/locations/{region}/jobs/nbp-{fleet}-{job}",
        "The timer starts the job.",
    ),
    Grant(
        "shared-network",
        SUBNET,
        "roles/compute.networkUser",
        "serviceAccount:service-{project_number}@gcp-sa-notebooks.iam.gserviceaccount.com",
        "projects/{host_project}/regions/{region}/subnetworks/{subnet}",
        "Workbench puts VMs into the subnet.",
    ),
    _key_user("service-{project_number}@compute-system", "Disks are encrypted with it."),
    _key_user("service-{project_number}@gcp-sa-notebooks", "Workbench makes disks on the owner's behalf."),
    _key_user("service-{project_number}@gs-project-accounts", "Buckets are encrypted with it."),
    _key_user("service-{project_number}@serverless-robot-prod", "Jobs are encrypted with it."),
    # Cloud Logging says which of its accounts it is (CmekSettings.serviceAccountId); both forms are in use.
    _key_user("service-{project_number}@gcp-sa-logging", "Log buckets are encrypted with it."),
    _key_user("cmek-p{project_number}@gcp-sa-logging", "Log buckets are encrypted with it."),
)

FOLDERS: Final[Mapping[str, tuple[str, ...]]] = {
    "prune": ("leases/snapshots-prune",),
    "upgrade": ("leases/upgrade", "records/"),
}
"""Where each job may write in the operations bucket."""

PERMISSIONS: Final[Mapping[str, frozenset[str]]] = {
    "vm": frozenset({"compute.instances.get"}),
    "prune": frozenset(
        {
            "compute.globalOperations.get",
            "compute.snapshots.delete",
            "compute.snapshots.get",
            "compute.snapshots.list",
            "compute.snapshots.setLabels",
            "notebooks.instances.get",
            "notebooks.instances.list",
        }
    ),
    "upgrade": frozenset(
        {
            "compute.disks.list",
            "compute.instances.getGuestAttributes",
            "compute.instances.getSerialPortOutput",
            "compute.instances.list",
            "compute.projects.get",
            "compute.snapshots.get",
            "compute.snapshots.list",
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
    ),
}
"""What custom roles hold, by the last part of their ids: what a notebook's VM calls, and each of the jobs."""
