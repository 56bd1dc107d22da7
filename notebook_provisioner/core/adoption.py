"""Take over what exists in the cloud without being in Terraform's state.

It gets there when Terraform itself is killed, or the machine dies, between an API call and the state; when a
state is lost; or because somebody made it by hand. Creation then fails with "already exists", and the
resource can be imported under an id that follows from its planned attributes.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from notebook_provisioner.core.errors import AlreadyExists
from notebook_provisioner.core.impact import NOTEBOOK
from notebook_provisioner.core.notebooks import FLEET_LABEL, LiveNotebook
from notebook_provisioner.core.terraform_plan import Action, Change

_GATEWAY_POLICY: Final = "projects/{project}/locations/{location}/gatewaySecurityPolicies"
_FIREWALL_POLICY: Final = "projects/{project}/global/firewallPolicies"
_POOL: Final = "projects/{project}/locations/global/workloadIdentityPools/{workload_identity_pool_id}"

IMPORT_IDS: Final[Mapping[str, str]] = {
    "google_access_context_manager_access_level": "{name}",
    "google_access_context_manager_service_perimeter": "{name}",
    "google_cloud_run_v2_job": "projects/{project}/locations/{location}/jobs/{name}",
    "google_cloud_scheduler_job": "projects/{project}/locations/{region}/jobs/{name}",
    "google_compute_disk_resource_policy_attachment": "projects/{project}/zones/{zone}/disks/{disk}/{name}",
    "google_compute_firewall": "projects/{project}/global/firewalls/{name}",
    "google_compute_network": "projects/{project}/global/networks/{name}",
    "google_compute_network_firewall_policy": _FIREWALL_POLICY + "/{name}",
    "google_compute_network_firewall_policy_association": (
        _FIREWALL_POLICY + "/{firewall_policy}/associations/{name}"
    ),
    "google_compute_network_firewall_policy_rule": _FIREWALL_POLICY + "/{firewall_policy}/rules/{priority}",
    "google_compute_resource_policy": "projects/{project}/regions/{region}/resourcePolicies/{name}",
    "google_compute_route": "projects/{project}/global/routes/{name}",
    "google_compute_router": "projects/{project}/regions/{region}/routers/{name}",
    "google_compute_router_nat": "projects/{project}/regions/{region}/routers/{router}/{name}",
    "google_compute_subnetwork": "projects/{project}/regions/{region}/subnetworks/{name}",
    "google_dns_managed_zone": "projects/{project}/managedZones/{name}",
    "google_dns_policy": "projects/{project}/policies/{name}",
    "google_dns_record_set": "projects/{project}/managedZones/{managed_zone}/rrsets/{name}/{type}",
    "google_iam_workload_identity_pool": _POOL,
    "google_iam_workload_identity_pool_provider": _POOL + "/providers/{workload_identity_pool_provider_id}",
    "google_logging_metric": "{project} {name}",
    "google_network_security_gateway_security_policy": _GATEWAY_POLICY + "/{name}",
    "google_network_security_gateway_security_policy_rule": (
        _GATEWAY_POLICY + "/{gateway_security_policy}/rules/{name}"
    ),
    "google_network_security_url_lists": "projects/{project}/locations/{location}/urlLists/{name}",
    "google_network_services_gateway": "projects/{project}/locations/{location}/gateways/{name}",
    "google_org_policy_policy": "{name}",
    "google_project_iam_custom_role": "projects/{project}/roles/{role_id}",
    "google_service_account": (
        "projects/{project}/serviceAccounts/{account_id}@{project}.iam.gserviceaccount.com"
    ),
    "google_storage_bucket": "{project}/{name}",
    "google_workbench_instance": "projects/{project}/locations/{location}/instances/{name}",
}
"""Type to import id, in planned attributes; as on the type's page of the provider's documentation (7.46)."""

OWNED: Final = frozenset(
    {"google_access_context_manager_access_level", "google_access_context_manager_service_perimeter"}
)
"""Types that stand in an access policy, which others share: the description says whose each is."""

_GRANT: Final = "a grant joins its policy, once, also where it is in there already"
_BY_THE_ROOT: Final = "terraform/fleet/adopt.tf imports it: nbp tells it when it is there"
_NUMBERED: Final = "Google numbers it: what was there stays beside the new one until somebody deletes it"
_ACQUIRED: Final = "hashicorp/google takes over what is there instead of creating it (7.46, AcquireOrCreate)"

WITHOUT_IMPORT: Final[Mapping[str, str]] = {
    "google_access_context_manager_access_policy": (
        "Google numbers it, and this is not the one that nbp finds by its title (terraform/fleet/adopt.tf): "
        "give its number as access_policy"
    ),
    "google_access_context_manager_access_policy_iam_member": _GRANT,
    "google_billing_budget": _NUMBERED,
    "google_cloud_run_v2_job_iam_member": _GRANT,
    "google_compute_subnetwork_iam_member": _GRANT,
    "google_kms_crypto_key": _BY_THE_ROOT,
    "google_kms_crypto_key_iam_member": _GRANT,
    "google_kms_key_ring": _BY_THE_ROOT,
    "google_logging_project_bucket_config": _ACQUIRED,
    "google_logging_project_sink": _ACQUIRED,
    "google_monitoring_alert_policy": _NUMBERED,
    "google_monitoring_dashboard": _NUMBERED,
    "google_monitoring_notification_channel": _NUMBERED,
    "google_project_iam_audit_config": "creation overwrites what is set for the service",
    "google_project_iam_member": _GRANT,
    "google_project_service": "an API that is enabled can be enabled again",
    "google_service_account_iam_member": _GRANT,
    "google_storage_bucket_iam_member": _GRANT,
    "google_storage_bucket_object": "creation overwrites the object",
}
"""The other types of the modules, and why none of them is imported."""


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
        template = IMPORT_IDS.get(change.type)
        if change.address not in wanted or change.action is not Action.CREATE or template is None:
            continue
        known = {name: value for name, value in change.after.items() if isinstance(value, str | int)}
        try:
            found[change.address] = template.format_map(known)
        except KeyError:
            continue  # an attribute that only the creation would tell
    return found


def require_own(addresses: Iterable[str], changes: Iterable[Change]) -> None:
    """Refuse to take over what is somebody else's: another fleet's of this project, a namesake's of another.

    Args:
        addresses: Resources that the plan imports.
        changes: That plan; as they are now, they show whose they are.

    Raises:
        AlreadyExists: Some are not this fleet's.
    """
    wanted = set(addresses)
    foreign = {
        change.address: change.name for change in changes if change.address in wanted and _foreign(change)
    }
    if foreign:
        raise AlreadyExists(
            f"nothing was taken over: {', '.join(foreign.values())} are somebody else's",
            addresses=tuple(foreign),
            hint="give the fleet another name, or delete them where nobody needs them any more",
        )


def require_free(changes: Iterable[Change], live: Iterable[LiveNotebook], fleet: str) -> None:
    """Refuse to take over anything where notebooks of the plan are another fleet's: so is what they stand in.

    Networks and service accounts bear no label that would tell whose they are.

    Args:
        changes: The plan that would have created them.
        live: The project's notebooks.
        fleet: The fleet's name.

    Raises:
        AlreadyExists: Some of them are another fleet's.
    """
    wanted = {
        (change.name, change.after.get("location")): change.address
        for change in changes
        if change.type == NOTEBOOK and change.action is Action.CREATE
    }
    theirs = {
        wanted[one.name, one.zone]: f"{one.name} (of the fleet {one.labels[FLEET_LABEL]})"
        for one in live
        if (one.name, one.zone) in wanted and one.labels.get(FLEET_LABEL, fleet) != fleet
    }
    if theirs:
        raise AlreadyExists(
            f"nothing was taken over: {', '.join(theirs.values())} are there already",
            addresses=tuple(theirs),
            hint="give this fleet's notebooks and network other names",
        )


def _foreign(change: Change) -> bool:
    if change.type in OWNED:
        return change.before.get("description") != change.after.get("description")
    theirs = set(_fleets(change.before))
    return bool(theirs) and theirs.isdisjoint(_fleets(change.after))


def _fleets(value: object) -> Iterator[object]:
    """The fleets that labels name, wherever they stand."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            if key == FLEET_LABEL:
                yield item
            else:
                yield from _fleets(item)
    elif isinstance(value, list):
        for item in value:
            yield from _fleets(item)


def obstacles(addresses: Iterable[str], changes: Iterable[Change]) -> dict[str, str]:
    """Say why resources cannot be taken over.

    Args:
        addresses: Resources whose creation failed since they exist.
        changes: The plan that would have created them.

    Returns:
        Address to reason, for those whose type has no import.
    """
    wanted = set(addresses)
    return {
        change.address: WITHOUT_IMPORT[change.type]
        for change in changes
        if change.address in wanted and change.type in WITHOUT_IMPORT
    }
