"""The variables that point gcloud, Google's Python clients and hashicorp/google at a sandbox."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

# Service → where its API lies on the sandbox's one port. What stands at the root is what several clients
# build themselves from a host name.
PATHS: Final[Mapping[str, str]] = {
    "accesscontextmanager": "accesscontextmanager/",
    "artifactregistry": "artifactregistry/",
    "bigquery": "bigquery/v2/",
    "cloudkms": "cloudkms/",
    "cloudresourcemanager": "cloudresourcemanager/",
    "cloudscheduler": "cloudscheduler/",
    "compute": "compute/v1/",
    "dns": "dns/v1/",
    "iam": "iam/",
    "logging": "logging/",
    "monitoring": "monitoring/",
    "networksecurity": "networksecurity/",
    "networkservices": "networkservices/",
    "notebooks": "notebooks/",
    "orgpolicy": "orgpolicy/",
    "pubsub": "pubsub/",
    "run": "run/",
    "serviceusage": "serviceusage/",
    "storage": "storage/v1/",
}
# hashicorp/google's product → path. Names and version suffixes as in its services/*/product.go (7.46);
# IAM is what releases before the product files read.
TERRAFORM_PATHS: Final[Mapping[str, str]] = {
    "ACCESS_CONTEXT_MANAGER": "accesscontextmanager/v1/",
    "ARTIFACT_REGISTRY": "artifactregistry/v1/",
    "BIG_QUERY": "bigquery/v2/",
    "BILLING_BUDGETS": "billingbudgets/v1/",
    "CLOUD_BILLING": "cloudbilling/v1/",
    "CLOUD_RUN_V2": "run/v2/",
    "CLOUD_SCHEDULER": "cloudscheduler/v1/",
    "COMPUTE": "compute/v1/",
    "DNS": "dns/v1/",
    "IAM": "iam/v1/",
    "IAM_BETA": "iam/v1/",
    "KMS": "cloudkms/v1/",
    "LOGGING": "logging/v2/",
    "MONITORING": "monitoring/",
    "NETWORK_SECURITY": "networksecurity/v1/",
    "NETWORK_SERVICES": "networkservices/v1/",
    "ORG_POLICY": "orgpolicy/v2/",
    "PUBSUB": "pubsub/v1/",
    "RESOURCE_MANAGER": "cloudresourcemanager/v1/",
    "RESOURCE_MANAGER_V3": "cloudresourcemanager/v3/",
    "SERVICE_USAGE": "serviceusage/v1/",
    "STORAGE": "storage/v1/",
    "WORKBENCH": "notebooks/v2/",
}
_BOTO: Final = "boto"
# A key file of the user's would go before the sandbox's token.
_CREDENTIALS: Final = (
    "GOOGLE_APPLICATION_CREDENTIALS",
    "GOOGLE_CLOUD_KEYFILE_JSON",
    "GOOGLE_CREDENTIALS",
    "GOOGLE_IMPERSONATE_SERVICE_ACCOUNT",
    "GCLOUD_KEYFILE_JSON",
)


@dataclass(frozen=True, slots=True)
class Connection:
    """How to reach a running sandbox.

    Attributes:
        url: As in ``http://127.0.0.1:40123``, without a slash at the end.
        token: What it accepts as an access token.
        token_file: The file that holds it, readable by its owner only.
        directory: The sandbox's folder.
        user: As whom it takes every call.
    """

    url: str
    token: str
    token_file: Path
    directory: Path
    user: str = "sandbox@localhost"


def for_terraform(connection: Connection, *, project: str, region: str) -> dict[str, str]:
    """Variables for hashicorp/google and its stand-in. Empty ones count as unset there."""
    endpoints = {
        f"GOOGLE_{product}_CUSTOM_ENDPOINT": f"{connection.url}/{path}"
        for product, path in TERRAFORM_PATHS.items()
    }
    return {
        **endpoints,
        **dict.fromkeys(_CREDENTIALS, ""),
        "GOOGLE_OAUTH_ACCESS_TOKEN": connection.token,
        "GOOGLE_PROJECT": project,
        "GOOGLE_REGION": region,
        **_no_proxy(),
    }


def for_gcloud(connection: Connection, *, project: str) -> dict[str, str]:
    """Variables for gcloud and gsutil, which keep configurations of their own in the sandbox's folder."""
    endpoints = {
        f"CLOUDSDK_API_ENDPOINT_OVERRIDES_{service.upper()}": f"{connection.url}/{path}"
        for service, path in PATHS.items()
    }
    return {
        **endpoints,
        "BOTO_CONFIG": str(connection.directory / _BOTO),
        "CLOUDSDK_AUTH_ACCESS_TOKEN_FILE": str(connection.token_file),
        "CLOUDSDK_CONFIG": str(connection.directory / "gcloud"),
        "CLOUDSDK_CORE_CHECK_GCE_METADATA": "false",
        "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "true",
        "CLOUDSDK_CORE_PROJECT": project,
        "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK": "true",
    }


def configure_gsutil(connection: Connection) -> None:
    """Write the file that BOTO_CONFIG names, or leave it as it is.

    gsutil speaks plain HTTP only through gcloud: its own client knows no other scheme than https.
    """
    path = connection.directory / _BOTO
    if not path.exists():
        path.write_text("[GSUtil]\nuse_gcloud_storage=True\n", encoding="utf-8")


def for_python(connection: Connection, *, project: str) -> dict[str, str]:
    """Variables for Google's Python clients; those beside Cloud Storage take ``api_endpoint`` in code."""
    return {"STORAGE_EMULATOR_HOST": connection.url, "GOOGLE_CLOUD_PROJECT": project}


def variables(connection: Connection, *, project: str, region: str) -> dict[str, str]:
    """Every variable, sorted by name."""
    every = {
        **for_terraform(connection, project=project, region=region),
        **for_gcloud(connection, project=project),
        **for_python(connection, project=project),
    }
    return dict(sorted(every.items()))


def _no_proxy() -> dict[str, str]:
    return dict.fromkeys(("NO_PROXY", "no_proxy"), "127.0.0.1,localhost")
