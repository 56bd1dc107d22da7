"""Take over what exists in the cloud without being in Terraform's state.

It gets there when Terraform itself is killed, or the machine dies, between an API call and the state; or
because somebody made it by hand. Creation then fails with "already exists", and the resource can be imported
under an id that follows from its planned attributes.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from notebook_provisioner.core.terraform_plan import Action, Change

# Import ids as in each resource's page of the provider's documentation (7.46). Left out is what creation
# overwrites or joins without an error (IAM members, services, objects), and what Google numbers (access
# policies).
_IDS: Final[Mapping[str, str]] = {
    "google_artifact_registry_repository": (
        "projects/{project}/locations/{location}/repositories/{repository_id}"
    ),
    "google_compute_firewall": "projects/{project}/global/firewalls/{name}",
    "google_compute_network": "projects/{project}/global/networks/{name}",
    "google_compute_resource_policy": "projects/{project}/regions/{region}/resourcePolicies/{name}",
    "google_compute_route": "projects/{project}/global/routes/{name}",
    "google_compute_router": "projects/{project}/regions/{region}/routers/{name}",
    "google_compute_subnetwork": "projects/{project}/regions/{region}/subnetworks/{name}",
    "google_dns_managed_zone": "projects/{project}/managedZones/{name}",
    "google_dns_policy": "projects/{project}/policies/{name}",
    "google_dns_record_set": "projects/{project}/managedZones/{managed_zone}/rrsets/{name}/{type}",
    "google_kms_crypto_key": "{key_ring}/cryptoKeys/{name}",
    "google_kms_key_ring": "projects/{project}/locations/{location}/keyRings/{name}",
    "google_project_iam_custom_role": "projects/{project}/roles/{role_id}",
    "google_service_account": (
        "projects/{project}/serviceAccounts/{account_id}@{project}.iam.gserviceaccount.com"
    ),
    "google_storage_bucket": "{name}",
    "google_workbench_instance": "projects/{project}/locations/{location}/instances/{name}",
}


def import_ids(addresses: Iterable[str], changes: Iterable[Change]) -> dict[str, str]:
    """Find the ids under which resources can be taken over.

    Args:
        addresses: Resources whose creation failed since they exist.
        changes: The plan that would have created them.

    Returns:
        Address to import id, for those whose id follows from the plan.
    """
    wanted = set(addresses)
    found = {}
    for change in changes:
        template = _IDS.get(change.type)
        if change.address not in wanted or change.action is not Action.CREATE or template is None:
            continue
        known = {name: value for name, value in change.after.items() if isinstance(value, str)}
        try:
            found[change.address] = template.format_map(known)
        except KeyError:
            continue  # an attribute that only the creation would tell
    return found
