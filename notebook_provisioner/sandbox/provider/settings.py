"""The provider's configuration: its block in Terraform, then the environment, as in hashicorp/google."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from notebook_provisioner.sandbox.provider.planning import Defaults
from notebook_provisioner.sandbox.provider.values import Object, is_empty, is_unknown

_SERVICES: Final[Mapping[str, str]] = {
    "accesscontextmanager": "access_context_manager",
    "artifactregistry": "artifact_registry",
    "bigquery": "big_query",
    "billingbudgets": "billing_budgets",
    "cloudbilling": "cloud_billing",
    "cloudkms": "kms",
    "cloudresourcemanager": "resource_manager",
    "cloudresourcemanager-v3": "resource_manager_v3",
    "cloudscheduler": "cloud_scheduler",
    "compute": "compute",
    "dns": "dns",
    "iam": "iam_beta",
    "logging": "logging",
    "monitoring": "monitoring",
    "networksecurity": "network_security",
    "networkservices": "network_services",
    "notebooks": "workbench",
    "orgpolicy": "org_policy",
    "pubsub": "pubsub",
    "run": "cloud_run_v2",
    "serviceusage": "service_usage",
    "storage": "storage",
}
"""Google service to the middle of ``GOOGLE_*_CUSTOM_ENDPOINT`` and of the attribute of that name."""

_ENVIRONMENT: Final[Mapping[str, tuple[str, ...]]] = {
    "project": ("GOOGLE_PROJECT", "GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT", "CLOUDSDK_CORE_PROJECT"),
    "region": ("GOOGLE_REGION", "GCLOUD_REGION", "CLOUDSDK_COMPUTE_REGION"),
    "zone": ("GOOGLE_ZONE", "GCLOUD_ZONE", "CLOUDSDK_COMPUTE_ZONE"),
    "access_token": ("GOOGLE_OAUTH_ACCESS_TOKEN",),
}


class NoEndpoint(Exception):
    """A service has no custom endpoint, so that a call would go to Google itself."""

    def __init__(self, service: str) -> None:
        prefix = _SERVICES[service]
        super().__init__(
            "The stand-in for hashicorp/google talks only to the sandbox, and no endpoint is set for "
            f"{service}. Set GOOGLE_{prefix.upper()}_CUSTOM_ENDPOINT (`nbp sandbox env` prints all of them) "
            f"or {prefix}_custom_endpoint in the provider block. For real Google Cloud, use hashicorp/google "
            "itself: unset TF_CLI_CONFIG_FILE and run `terraform init -upgrade` where the registry can be "
            "reached."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the provider was configured with.

    Attributes:
        project, region, zone: Defaults for resources that name none.
        token: OAuth access token sent with each request.
        endpoints: Base URL by Google service, ending in a slash.
    """

    project: str | None = None
    region: str | None = None
    zone: str | None = None
    token: str | None = None
    default_labels: Mapping[str, str] = field(default_factory=dict)
    attribution: bool = True
    endpoints: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, config: Object, environment: Mapping[str, str]) -> "Settings":
        """Read the provider block; what it leaves unset comes from the environment."""

        def choose(name: str, variables: tuple[str, ...]) -> str | None:
            given = config.get(name)
            if not is_empty(given) and not is_unknown(given):
                return str(given)
            return next((environment[variable] for variable in variables if environment.get(variable)), None)

        found = {
            service: choose(f"{prefix}_custom_endpoint", (f"GOOGLE_{prefix.upper()}_CUSTOM_ENDPOINT",))
            for service, prefix in _SERVICES.items()
        }
        labels = config.get("default_labels")
        attribution = config.get("add_terraform_attribution_label")
        return cls(
            project=choose("project", _ENVIRONMENT["project"]),
            region=choose("region", _ENVIRONMENT["region"]),
            zone=choose("zone", _ENVIRONMENT["zone"]),
            token=choose("access_token", _ENVIRONMENT["access_token"]),
            default_labels=labels if isinstance(labels, dict) else {},
            attribution=attribution is not False,
            endpoints={name: url.rstrip("/") + "/" for name, url in found.items() if url},
        )

    def endpoint(self, service: str) -> str:
        """The base URL of a service.

        Raises:
            NoEndpoint: None is set; the stand-in never falls back to Google.
        """
        if service not in self.endpoints:
            raise NoEndpoint(service)
        return self.endpoints[service]

    def defaults(self, names: Iterable[str]) -> Defaults:
        """What a plan fills in: of project, region, zone and deletion_policy, those named and known."""
        known = {
            "project": self.project,
            "region": self.region,
            "zone": self.zone,
            "deletion_policy": "DELETE",
        }
        fields = {name: value for name in names if (value := known[name])}
        return Defaults(fields=fields, labels=self.default_labels, attribution=self.attribution)
