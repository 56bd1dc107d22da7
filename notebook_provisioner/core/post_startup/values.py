"""What a notebook's script is told: values from the fleet file, and the files that it writes."""

import ipaddress
from typing import Any, Final, Literal
from urllib.parse import quote, urlsplit

from notebook_provisioner.catalog import endpoints, images
from notebook_provisioner.core.fleet import CreateKey, ExistingKey, Fleet, ResolvedNotebook, proxy
from notebook_provisioner.core.fleet.buckets import bucket_name
from notebook_provisioner.core.fleet.surroundings import NatAllowlist
from notebook_provisioner.core.post_startup import contents, sync

ImageKind = Literal["debian-11", "debian-12", "former-umn", "container"]

STORAGE: Final = "https://storage.googleapis.com"

_FAMILIES: Final = {images.CURRENT_FAMILY: "debian-12", images.LEGACY_FAMILY: "debian-11"}
# What no notebook needs.
_OUTSIDE_NAMES: Final = ("example.com",)
_OUTSIDE_ADDRESSES: Final = ("1.1.1.1",)


def image_kind(notebook: ResolvedNotebook) -> str:
    """The kind of image that *notebook* runs; ``unknown`` where only the machine itself can tell."""
    profile = notebook.profile
    if profile.container is not None:
        return "container"
    family = profile.image.family if profile.image else None
    if family is None and profile.image and profile.image.name:
        found = images.family_and_date(profile.image.name)
        family = found[0] if found else None
    return _FAMILIES.get(family or "", "unknown")


def values(
    notebook: ResolvedNotebook, fleet: Fleet, *, image: ImageKind | None, storage_url: str
) -> dict[str, Any]:
    """Everything that a template may name, apart from what concerns rendering itself.

    Nothing else of the fleet file goes into a script: what is not here can change without a new one.
    """
    account = notebook.metadata.get("jupyter-user", "jupyter")
    root = next((one for one in notebook.exemptions if one.control == "notebook-disable-root"), None)
    script = notebook.user_script
    terminals_off = not notebook.is_exempt("notebook-disable-terminal")
    nbconvert_off = not notebook.is_exempt("notebook-disable-nbconvert")
    return {
        "notebook": {
            "name": notebook.name,
            "hardening": notebook.hardening.model_dump(),
            "package_index": notebook.package_index.model_dump(),
            "audit_log": notebook.audit_log.model_dump(),
            "sync": {"enabled": notebook.sync.enabled},
            "repositories": [repository.model_dump() for repository in notebook.repositories],
            "user_script": script.model_dump() if script else None,
        },
        "image": image or image_kind(notebook),
        "account": account,
        "account_home": f"/home/{account}",
        "root_exemption": {"reason": root.reason, "expires": root.expires.isoformat()} if root else None,
        "terminals_off": terminals_off,
        "nbconvert_off": nbconvert_off,
        "jupyter_config": contents.jupyter_config(
            notebook.jupyter, terminals=not terminals_off, nbconvert=not nbconvert_off
        ),
        "ops_agent_config": contents.ops_agent_config(notebook.audit_log),
        "ipython_guard": contents.IPYTHON_GUARD,
        "environment_file": contents.environment_file(_variables(notebook, fleet)),
        "git_ignore": contents.GIT_IGNORE,
        **_sync(notebook, fleet, f"/home/{account}"),
        "strip_outputs": contents.STRIP_OUTPUTS,
        **_pip_index(notebook),
        "packages": [package.partition(" ")[0] for package in notebook.packages],
        "requirements": "\n".join(notebook.packages),
        "check_packages": contents.CHECK_PACKAGES,
        "user_script_url": _download(script.source, storage_url) if script else "",
        "endpoints": _endpoints(fleet),
        "virtual_ips": " ".join(endpoints.VIRTUAL_IPS[fleet.network.vip]),
        "refused": _refused(fleet),
        "proxy": _proxy(fleet),
    }


def sync_bucket(fleet: Fleet, notebook: ResolvedNotebook) -> str:
    """The bucket that the notebook's files are copied to, as the module fleet-file names it."""
    return bucket_name(fleet.project, fleet.name, notebook.name, "sync")


def script_bucket(fleet: Fleet) -> str:
    """The bucket of post-startup scripts, as the module fleet-file names it."""
    return bucket_name(fleet.project, fleet.name, "scripts")


def _pip_index(notebook: ResolvedNotebook) -> dict[str, str | bool]:
    """The index as pip is told it; with a user name where Artifact Registry wants a login."""
    index = notebook.package_index.pip or ""
    host = urlsplit(index).hostname or ""
    login = host.endswith("-python.pkg.dev")
    return {
        "pip_index": index.replace("https://", "https://oauth2accesstoken@", 1) if login else index,
        "pip_login": login,
    }


def _sync(notebook: ResolvedNotebook, fleet: Fleet, home: str) -> dict[str, str]:
    wanted = notebook.sync
    if not wanted.enabled:
        return {}
    bucket = sync_bucket(fleet, notebook)
    return {
        "sync_settings": sync.settings(fleet, notebook, bucket=bucket, home=home),
        "sync_timer": sync.timer(wanted.schedule, wanted.time_zone),
    }


def _variables(notebook: ResolvedNotebook, fleet: Fleet) -> dict[str, str]:
    variables = {
        "NOTEBOOK_NAME": notebook.name,
        "NOTEBOOK_FLEET": fleet.name,
        "NOTEBOOK_PROJECT": fleet.project,
        "NOTEBOOK_REGION": fleet.region,
        "NOTEBOOK_ZONE": notebook.zone,
        "NOTEBOOK_NETWORK": fleet.network.name,
        "NOTEBOOK_SUBNET": fleet.network.subnet,
    }
    match fleet.encryption:
        case CreateKey(key_ring=ring, key=key):
            variables["NOTEBOOK_KMS_KEY"] = (
                f"projects/{fleet.project}/locations/{fleet.region}/keyRings/{ring}/cryptoKeys/{key}"
            )
        case ExistingKey(kms_key=key):
            variables["NOTEBOOK_KMS_KEY"] = key
    if notebook.sync.enabled:
        variables["NOTEBOOK_SYNC_BUCKET"] = sync_bucket(fleet, notebook)
    used = proxy.of(fleet)
    return {**variables, **notebook.environment, **(used.variables if used else {})}


def _proxy(fleet: Fleet) -> dict[str, Any] | None:
    used = proxy.of(fleet)
    if used is None:
        return None
    environment = [f"{name}={value}" for name, value in sorted(used.variables.items())]
    return {"url": used.url, "host": used.host, "port": str(used.port), "environment": environment}


def _refused(fleet: Fleet) -> list[str]:
    """Names and addresses that must not be reached: of those that no notebook needs, the ones not allowed."""
    rules = fleet.network.egress
    if not isinstance(rules, NatAllowlist):
        return [*_OUTSIDE_NAMES, *_OUTSIDE_ADDRESSES]
    allowed = [ipaddress.ip_network(text) for text in rules.addresses]
    return [
        *(name for name in _OUTSIDE_NAMES if name not in rules.fqdns),
        *(
            text
            for text in _OUTSIDE_ADDRESSES
            if not any(ipaddress.ip_address(text) in one for one in allowed)
        ),
    ]


def _endpoints(fleet: Fleet) -> list[str]:
    """Names that must lead to the virtual IP; none in the sandbox, whose network is Google's in name only."""
    if fleet.target != "google":
        return []
    return [
        *endpoints.DOMAINS,
        "storage.googleapis.com",
        f"{fleet.region}.notebooks.cloud.google.com",
        f"{fleet.region}-docker.pkg.dev",
    ]


def _download(source: str, storage_url: str) -> str:
    """The URL that an object's content is read from (``objects.get`` in storage.v1)."""
    bucket, _, name = source.removeprefix("gs://").partition("/")
    return f"{storage_url}/storage/v1/b/{bucket}/o/{quote(name, safe='')}?alt=media"
