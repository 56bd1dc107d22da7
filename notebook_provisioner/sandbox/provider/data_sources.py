"""Data sources: things that are looked up and not managed."""

from collections.abc import Callable
from typing import Any, Final

from notebook_provisioner.sandbox.provider.conversion import Converter
from notebook_provisioner.sandbox.provider.rest import Client
from notebook_provisioner.sandbox.provider.schema import Block
from notebook_provisioner.sandbox.provider.values import Object


class NotFound(ValueError):
    """A data source points at something that is not there."""


def read(type_name: str, block: Block, config: Object, client: Client) -> Object:
    """Look up a data source.

    Raises:
        NotFound: There is no such thing.
    """
    settings = client.settings
    filled = dict(config)
    for name in ("project", "region", "zone"):
        if name in filled and filled[name] is None:
            filled[name] = getattr(settings, name)
    return _READERS[type_name](block, filled, client)


def _fetched(client: Client, service: str, path: str) -> dict[str, Any]:
    found: dict[str, Any] | None = client.get(client.url(service, path))
    if found is None:
        raise NotFound(f"{path} not found ({service})")
    return found


def _network(block: Block, config: Object, client: Client) -> Object:
    path = f"projects/{config['project']}/global/networks/{config['name']}"
    api = _fetched(client, "compute", path)
    fields = {
        "gateway_ipv4": "gatewayIPv4",
        "network_id": "id",
        "numeric_id": "id",
        "subnetworks_self_links": None,
    }
    state = Converter(block, fields).state(api, config)
    return state | {"id": path, "subnetworks_self_links": list(api.get("subnetworks", []))}


def _subnetwork(block: Block, config: Object, client: Client) -> Object:
    path = config.get("self_link") or (
        f"projects/{config['project']}/regions/{config['region']}/subnetworks/{config['name']}"
    )
    path = "projects/" + str(path).split("projects/", 1)[1]
    api = _fetched(client, "compute", path)
    parts = path.split("/")
    place = {"project": parts[1], "region": parts[3], "name": parts[5]}
    fields = {"secondary_ip_range": "secondaryIpRanges", "subnetwork_id": "id", "region": None}
    return Converter(block, fields).state(api, config | place) | place | {"id": path}


def _image(block: Block, config: Object, client: Client) -> Object:
    images = f"projects/{config['project']}/global/images"
    if config.get("name"):
        api = _fetched(client, "compute", f"{images}/{config['name']}")
    elif config.get("family"):
        api = _fetched(client, "compute", f"{images}/family/{config['family']}")
    else:
        raise ValueError("one of name or family must be set; the stand-in does not know `filter`")
    fields = {"image_id": "id", "image_encryption_key_sha256": "imageEncryptionKey.sha256"}
    state = Converter(block, fields).state(api, config)
    return state | {"id": f"{images}/{api['name']}"}


def _project(block: Block, config: Object, client: Client) -> Object:
    project = config.get("project_id") or client.settings.project
    if not project:
        raise ValueError("project: required field is not set")
    api = _fetched(client, "cloudresourcemanager", f"projects/{project}")
    parent = api.get("parent", {})
    billing = client.get(client.url("cloudbilling", f"projects/{project}/billingInfo")) or {}
    known = {
        "id": f"projects/{project}",
        "project_id": api["projectId"],
        "number": str(api["projectNumber"]),
        "name": api.get("name"),
        "deletion_policy": "PREVENT",
        "billing_account": str(billing.get("billingAccountName", "")).removeprefix("billingAccounts/"),
        "org_id": parent.get("id") if parent.get("type") == "organization" else "",
        "folder_id": parent.get("id") if parent.get("type") == "folder" else "",
        "labels": api.get("labels", {}),
        "effective_labels": api.get("labels", {}),
        "terraform_labels": api.get("labels", {}),
    }
    return block.conform(config | known)


def _organization(block: Block, config: Object, client: Client) -> Object:
    if config.get("organization"):
        path = "organizations/" + str(config["organization"]).removeprefix("organizations/")
        api = _fetched(client, "cloudresourcemanager", path)
    else:
        query = f"domain:{config['domain']}"
        url = client.url("cloudresourcemanager", "organizations:search")
        found = client.send("POST", url, {"filter": query}).get("organizations", [])
        if len(found) != 1:
            raise NotFound(f"{len(found)} organizations found for {query}")
        (api,) = found
    owner = api.get("owner", {})
    known = {
        "id": api["name"],
        "name": api["name"],
        "org_id": str(api["name"]).removeprefix("organizations/"),
        "domain": api.get("displayName"),
        "create_time": api.get("creationTime"),
        "lifecycle_state": api.get("lifecycleState"),
        "directory_customer_id": owner.get("directoryCustomerId"),
    }
    return block.conform(config | known)


def _client_config(block: Block, config: Object, client: Client) -> Object:
    settings = client.settings
    known = {
        "id": "/".join(
            f'{kind}s/"{getattr(settings, kind) or ""}"' for kind in ("project", "region", "zone")
        ),
        "project": settings.project,
        "region": settings.region,
        "zone": settings.zone,
        "access_token": settings.token,
        "default_labels": dict(settings.default_labels),
    }
    return block.conform(config | known)


def _cmek_settings(block: Block, config: Object, client: Client) -> Object:
    path = f"projects/{config['project']}/cmekSettings"
    return Converter(block, {}).state(_fetched(client, "logging", path), config) | {"id": path}


def _storage_account(block: Block, config: Object, client: Client) -> Object:
    api = _fetched(client, "storage", f"projects/{config['project']}/serviceAccount")
    email = api["email_address"]
    return block.conform(config | {"id": email, "email_address": email, "member": f"serviceAccount:{email}"})


_READERS: Final[dict[str, Callable[[Block, Object, Client], Object]]] = {
    "google_client_config": _client_config,
    "google_compute_image": _image,
    "google_compute_network": _network,
    "google_compute_subnetwork": _subnetwork,
    "google_logging_project_cmek_settings": _cmek_settings,
    "google_organization": _organization,
    "google_project": _project,
    "google_storage_project_service_account": _storage_account,
}
