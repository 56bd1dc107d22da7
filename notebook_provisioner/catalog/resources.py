"""The types of resources that a fleet's plan is made of, and none besides.

A test compares this with the modules that ``terraform/fleet`` calls.
"""

from typing import Final

TYPES: Final = frozenset(
    {
        "google_access_context_manager_access_level",
        "google_access_context_manager_access_policy",
        "google_access_context_manager_service_perimeter",
        "google_billing_budget",
        "google_cloud_run_v2_job",
        "google_cloud_run_v2_job_iam_member",
        "google_cloud_scheduler_job",
        "google_compute_disk_resource_policy_attachment",
        "google_compute_firewall",
        "google_compute_network",
        "google_compute_network_firewall_policy",
        "google_compute_network_firewall_policy_association",
        "google_compute_network_firewall_policy_rule",
        "google_compute_resource_policy",
        "google_compute_route",
        "google_compute_router",
        "google_compute_router_nat",
        "google_compute_subnetwork",
        "google_compute_subnetwork_iam_member",
        "google_dns_managed_zone",
        "google_dns_policy",
        "google_dns_record_set",
        "google_kms_crypto_key",
        "google_kms_crypto_key_iam_member",
        "google_kms_key_ring",
        "google_logging_metric",
        "google_logging_project_bucket_config",
        "google_logging_project_sink",
        "google_monitoring_alert_policy",
        "google_monitoring_dashboard",
        "google_monitoring_notification_channel",
        "google_network_security_gateway_security_policy",
        "google_network_security_gateway_security_policy_rule",
        "google_network_security_url_lists",
        "google_network_services_gateway",
        "google_project_iam_audit_config",
        "google_project_iam_custom_role",
        "google_project_iam_member",
        "google_project_service",
        "google_service_account",
        "google_service_account_iam_member",
        "google_storage_bucket",
        "google_storage_bucket_iam_member",
        "google_storage_bucket_object",
        "google_workbench_instance",
    }
)
