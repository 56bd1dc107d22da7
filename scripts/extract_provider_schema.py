"""Derive the stand-in provider's schema files from two public sources of hashicorp/google.

Types, nesting and required/optional/computed come from the PyPI wheel ``cdktn-provider-google`` (its
release names the provider release it was generated from). What that wheel does not carry (ForceNew,
defaults, enumerations, which differences are suppressed) is read, as facts and not as code, from a
checkout of the provider's source.

    pip download --no-deps -d /tmp cdktn-provider-google==21.1.0
    python scripts/extract_provider_schema.py WHEEL SOURCE_CHECKOUT

To bump: take a newer wheel and the provider tag it names, run the above, read the diff of
``notebook_provisioner/sandbox/provider/schema``, run ``pytest tests/sandbox/provider``.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from provider_source import ProviderSource
from provider_wheel import ProviderWheel, WheelError

DESTINATION = Path(__file__).parents[1] / "notebook_provisioner" / "sandbox" / "provider" / "schema"

RESOURCES = (
    "google_access_context_manager_access_level",
    "google_access_context_manager_access_policy",
    "google_access_context_manager_access_policy_iam_member",
    "google_access_context_manager_service_perimeter",
    "google_access_context_manager_service_perimeter_resource",
    "google_artifact_registry_repository",
    "google_artifact_registry_repository_iam_member",
    "google_bigquery_dataset",
    "google_billing_budget",
    "google_cloud_run_v2_job",
    "google_cloud_run_v2_job_iam_member",
    "google_cloud_scheduler_job",
    "google_compute_address",
    "google_compute_disk_resource_policy_attachment",
    "google_compute_firewall",
    "google_compute_global_address",
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
    "google_dns_response_policy",
    "google_iam_workload_identity_pool",
    "google_iam_workload_identity_pool_provider",
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
    "google_org_policy_policy",
    "google_project_iam_audit_config",
    "google_project_iam_custom_role",
    "google_project_iam_member",
    "google_project_service",
    "google_pubsub_topic",
    "google_service_account",
    "google_service_account_iam_member",
    "google_storage_bucket",
    "google_storage_bucket_iam_binding",
    "google_storage_bucket_iam_member",
    "google_storage_bucket_object",
    "google_workbench_instance",
    "google_workbench_instance_iam_member",
)

DATA_SOURCES = (
    "google_client_config",
    "google_compute_image",
    "google_compute_network",
    "google_compute_subnetwork",
    "google_logging_project_cmek_settings",
    "google_organization",
    "google_project",
    "google_storage_project_service_account",
)


def add_facts(block: dict[str, Any], facts: Mapping[str, Any]) -> None:
    """Add the source's facts to a block, in place; fields that the source does not know stay as they are."""
    for name, attribute in block["attributes"].items():
        known = facts.get(name, {})
        attribute.update({key: value for key, value in known.items() if key not in {"fields", "computed"}})
    for name, nested in block.get("blocks", {}).items():
        known = facts.get(name, {})
        nested.update({key: value for key, value in known.items() if key != "fields"})
        add_facts(nested, known.get("fields", {}))


IAM_CHANGEABLE = frozenset({"etag", "id", "members", "audit_log_config"})
"""Of an IAM resource, everything but this names what it is, so that a change replaces it."""

OVERRIDES: dict[str, dict[str, Any]] = {
    # Written inline or assembled at run time in the source, where the reader does not see it.
    "google_logging_project_sink": {
        "project": {"force_new": True},
        "unique_writer_identity": {"default": True},
    },
    "google_storage_bucket": {"location": {"normalize": "upper"}},
    "data.google_client_config": {"access_token": {"sensitive": True}},
}


def iam_facts(block: Mapping[str, Any]) -> dict[str, Any]:
    """The uniform behaviour of members, bindings and audit configurations."""
    names = (block["attributes"].keys() | block.get("blocks", {}).keys()) - IAM_CHANGEABLE
    parents = names - {"role", "member", "condition", "project", "region", "location", "service"}
    facts: dict[str, Any] = {name: {"force_new": True} for name in names}
    if "condition" in facts:
        fields = {name: {"force_new": True} for name in ("title", "description", "expression")}
        facts["condition"]["fields"] = fields
    if "member" in facts:
        facts["member"]["check"] = "validateIAMMember"
    for name in parents:
        facts[name]["suppress"] = "CompareSelfLinkOrResourceName"
    return facts


def render(value: object, depth: int = 0) -> str:
    """JSON with one attribute or block property a line, so that a bump reads as a diff."""
    if not isinstance(value, dict) or "type" in value or not value:
        return json.dumps(value, sort_keys=True)
    pad = " " * (depth + 1)
    lines = (f"{pad}{json.dumps(key)}: {render(value[key], depth + 1)}" for key in sorted(value))
    return "{\n" + ",\n".join(lines) + "\n" + " " * depth + "}"


def write(destination: Path, group: str, schemas: Mapping[str, Any]) -> None:
    """Write one file a schema, and remove those that no longer exist."""
    folder = destination / group
    folder.mkdir(parents=True, exist_ok=True)
    for stale in folder.glob("*.json"):
        stale.unlink()
    for name, schema in schemas.items():
        (folder / f"{name}.json").write_text(render(schema) + "\n", encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """Extract everything; exit status 1 if a schema is not in the wheel."""
    parser = argparse.ArgumentParser(description="Derive the stand-in provider's schema files.")
    parser.add_argument("wheel", type=Path, help="cdktn_provider_google-*.whl")
    parser.add_argument("source", type=Path, help="checkout of hashicorp/terraform-provider-google")
    parser.add_argument("--destination", type=Path, default=DESTINATION)
    options = parser.parse_args(arguments)
    wheel, source = ProviderWheel(options.wheel), ProviderSource(options.source)
    try:
        resources = {name: wheel.resource(name) for name in RESOURCES}
        data_sources = {name: wheel.data_source(name) for name in DATA_SOURCES}
        provider = wheel.provider()
    except WheelError as error:
        print(f"{options.wheel}: {error}", file=sys.stderr)
        return 1
    for name, block in resources.items():
        add_facts(block, iam_facts(block) if "_iam_" in name and "etag" in block["attributes"] else {})
        add_facts(block, source.resource_facts(name))
        add_facts(block, OVERRIDES.get(name, {}))
    for name, block in data_sources.items():
        add_facts(block, OVERRIDES.get(f"data.{name}", {}))
    write(options.destination, "resources", resources)
    write(options.destination, "data_sources", data_sources)
    (options.destination / "provider.json").write_text(render(provider) + "\n", encoding="utf-8")
    versions = {"provider": wheel.provider_version, "wheel": options.wheel.name}
    (options.destination / "origin.json").write_text(json.dumps(versions, indent=1) + "\n", encoding="utf-8")
    print(f"provider {wheel.provider_version}: {len(resources)} resources, {len(data_sources)} data sources")
    return 0


if __name__ == "__main__":
    sys.exit(main())
