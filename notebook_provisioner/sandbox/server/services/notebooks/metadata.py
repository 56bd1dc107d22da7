"""An instance's metadata: what the server adds, what is protected, how a patch is read.

Sources: https://cloud.google.com/vertex-ai/docs/workbench/instances/manage-metadata for the protected keys
and the limits; a dump of the API for the values that the server adds (2024-06); the lists in hashicorp/google
for which of them it still adds.
"""

import hashlib

from notebook_provisioner.catalog import metadata_keys
from notebook_provisioner.sandbox.server.errors import ApiError, invalid

PATCH_MERGES = True
"""Whether ``updateMask=gce_setup.metadata`` merges (True) or replaces the whole map (False).

Sources conflict. gcloud sends only the keys that are given and removes one with an empty value, which is a
merge; others report that the whole map is replaced. A client that sends the whole map, removed keys as
``""``, works either way.
"""

CREATE_ONLY = frozenset(
    {
        "install-monitoring-agent",
        "install-nvidia-driver",
        "serial-port-logging-enable",
        "report-notebook-metrics",
    }
)
"""Keys that can be given on creation and not changed later."""

PROTECTED = frozenset(
    key for key, source in metadata_keys.PROTECTED.items() if source is metadata_keys.DOCUMENTED
) - CREATE_ONLY | {"proxy-registration-url"}
"""Keys that only the server writes."""

_IDLE_KEY, _IDLE_LIMITS = "idle-timeout-seconds", (600, 86400)


def check(values: dict[str, str], stored: dict[str, str]) -> None:
    """Refuse what the API refuses about metadata that a user gives.

    A protected key with its present value passes: clients send back what they read. So does an empty one,
    which asks for a removal that does not happen.

    Raises:
        ApiError: 400 for a protected key or an idle time-out out of bounds.
    """
    for key, value in values.items():
        protected = key in PROTECTED or (key in CREATE_ONLY and key in stored)
        if protected and value not in {"", stored.get(key)}:
            raise ApiError(
                "INVALID_ARGUMENT",
                f'metadata key "{key}" is protected by Workbench Notebooks, invalid argument',
            )
    idle, (least, most) = values.get(_IDLE_KEY, ""), _IDLE_LIMITS
    if idle and not (idle.isdecimal() and least <= int(idle) <= most):
        raise invalid(
            f"Invalid value for metadata key '{_IDLE_KEY}': '{idle}'. It must be between {least} and "
            f"{most} seconds; leave it "
            "empty to turn idle shutdown off."
        )


def patched(stored: dict[str, str], given: dict[str, str], *, merges: bool = PATCH_MERGES) -> dict[str, str]:
    """Metadata after a patch: empty values remove, system keys stay.

    Raises:
        ApiError: As `check`.
    """
    check(given, stored)
    kept = stored if merges else {key: value for key, value in stored.items() if key in PROTECTED}
    removed = {key for key, value in given.items() if not value and key not in PROTECTED | CREATE_ONLY}
    changed = {key: value for key, value in given.items() if value}
    return {key: value for key, value in (kept | changed).items() if key not in removed}


def system(name: str, *, owner: str, container: str, proxy: bool, version: str) -> dict[str, str]:
    """What the server adds to a new instance's metadata.

    Args:
        name: The instance's full name.
        owner: Its single user's e-mail; empty where access goes by the service account.
        container: The container image; empty for a VM image.
        proxy: Whether it registers with the proxy.
        version: Release of the VM image: ``144``.
    """
    values = {
        "disable-swap-binaries": "true",
        "enable-guest-attributes": "TRUE",
        "enable-jupyterlab4": "true",
        "enable-oslogin": "TRUE",
        "new-proxy-agent-enabled": "true",
        "notebooks-api": "PROD",
        "notebooks-api-version": "v2",
        "proxy-mode": "mail" if owner else "service_account",
        "report-event-url": f"https://notebooks.googleapis.com/{name}:reportInfoSystem".replace(
            "/locations/", "/zones/"
        ),
        "serial-port-logging-enable": "true",
        "shutdown-script": "/opt/deeplearning/bin/shutdown_script.sh",
    }
    if owner:
        values["proxy-user-mail"] = owner
    if container:
        values |= {
            "container": container,
            "cos-update-strategy": "update_disabled",
            "custom-container-image": "true",
            "custom-container-payload": container,
            "google-logging-enabled": "true",
            "service-account-mode": "true",
            "user-data": "#include file:///mnt/stateful_partition/workbench/cloud-config.yaml",
        }
    else:
        values |= {"framework": "workbench", "restriction": "", "title": "workbench", "version": version}
    return values | (proxy_values(name) if proxy else {})


def proxy_values(name: str) -> dict[str, str]:
    """The metadata of an instance that is registered with the proxy."""
    backend = hashlib.sha256(name.encode()).hexdigest()[:16]
    region = name.split("/")[3].rpartition("-")[0]
    return {
        "proxy-backend-id": backend,
        "proxy-byoid-url": f"{backend}-dot-{region}.notebooks.byoid.googleusercontent.com",
        "proxy-registration-url": f"https://{region}.notebooks.cloud.google.com/tun/m/{backend}",
        "proxy-url": f"{backend}-dot-{region}.notebooks.googleusercontent.com",
    }
