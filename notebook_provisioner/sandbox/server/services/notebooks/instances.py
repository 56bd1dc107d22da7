"""Instances: created, changed, deleted."""

import re
import uuid
from copy import deepcopy
from typing import TYPE_CHECKING

from notebook_provisioner.sandbox.server import crud, patches
from notebook_provisioner.sandbox.server.context import fingerprint
from notebook_provisioner.sandbox.server.errors import ApiError, already_exists, invalid
from notebook_provisioner.sandbox.server.service import Resource
from notebook_provisioner.sandbox.server.services.compute import instances as machines
from notebook_provisioner.sandbox.server.services.compute import interfaces, places
from notebook_provisioner.sandbox.server.services.compute import metadata as vm_metadata
from notebook_provisioner.sandbox.server.services.compute.api import ROOT, url_of
from notebook_provisioner.sandbox.server.services.compute.projects import default_service_account
from notebook_provisioner.sandbox.server.services.notebooks import health, idle, metadata, schedules, vm
from notebook_provisioner.sandbox.server.services.notebooks.api import (
    SERVICE,
    begin,
    disk_key,
    load,
    locations_of,
    save,
    vm_key,
)
from notebook_provisioner.sandbox.server.services.notebooks.upgrades import release_of
from notebook_provisioner.sandbox.server.store import Document, Key

if TYPE_CHECKING:
    from notebook_provisioner.sandbox.server.call import Call
    from notebook_provisioner.sandbox.server.context import Context

_NAME = re.compile(r"^[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?$")
_PROVIDED_TAGS = ("deeplearning-vm", "notebook-instance")
_SCOPES = ("https://www.googleapis.com/auth/cloud-platform", "https://www.googleapis.com/auth/userinfo.email")
_DEFAULT_MACHINE_TYPE = "e2-standard-4"  # unverified
# Fields that change only while the instance is stopped: hashicorp/google stops it for these.
_STOPPED_ONLY = ("machineType", "acceleratorConfigs", "shieldedInstanceConfig", "containerImage")
# https://cloud.google.com/vertex-ai/docs/reference/rpc/google.cloud.notebooks.v2#updateinstancerequest
_PATCHABLE = re.compile(
    r"^(?:labels|disableProxyAccess|enableDeletionProtection|gceSetup\.(?:minCpuPlatform|metadata|machineType|"
    r"acceleratorConfigs|gpuDriverConfig|shieldedInstanceConfig|reservationAffinity|tags|containerImage|disablePublicIp|"
    r"dataDisks)(?:\..*)?)$"
)


@SERVICE.method("projects.locations.instances.create")
def create(call: "Call") -> Document:
    """Make an instance with its VM ``NAME`` and its disks ``NAME-boot`` and ``NAME-data-workspace``.

    What the request refers to and is not there is refused at once; Google says some of it only in the
    operation.
    """
    identifier = str(call.query.get("instanceId", ""))
    if not _NAME.match(identifier):
        raise invalid(f"Invalid instance id '{identifier}': it must match {_NAME.pattern}.")
    zone = call.match.name.rpartition("/")[2]
    if zone not in places.ZONES:
        raise invalid(f"Invalid location '{zone}': it must be a zone.")
    name = f"{call.collection}/{identifier}"
    if call.store.get(Key.of("notebooks", name)) is not None:
        raise already_exists(name)
    instance = deepcopy(call.body)
    instance.setdefault("gceSetup", {})
    image = vm.image_of(call.context, instance["gceSetup"])
    key = Key.of("notebooks", name)
    crud.stamp_new(call.context, SERVICE, "Instance", key, instance)
    _fill_in(call.context, instance, image)
    vm.create(call.context, instance, image)
    instance["state"] = "PROVISIONING"
    call.store.put(key, instance, created=call.clock.now())
    save(call.context, instance)
    return begin(call, name, then="provisioned", fate="start", boots=True)


def _fill_in(context: "Context", instance: Document, image: Document) -> None:
    name, setup = instance["name"], instance["gceSetup"]
    project, zone = locations_of(name)
    region = places.ZONES[zone]
    if len(setup.get("dataDisks", [])) > 1 or len(setup.get("networkInterfaces", [])) > 1:
        raise invalid("an instance has one data disk and one network interface at most")
    machine_type = str(setup.get("machineType") or _DEFAULT_MACHINE_TYPE).rpartition("/")[2]
    setup["machineType"] = f"{ROOT}projects/{project}/zones/{zone}/machineTypes/{machine_type}"
    setup["bootDisk"] = _disk_defaults(context, setup.get("bootDisk", {}), "150")
    setup["dataDisks"] = [_disk_defaults(context, disk, "100") for disk in setup.get("dataDisks") or [{}]]
    email = next((item["email"] for item in setup.get("serviceAccounts", []) if item.get("email")), "")
    if instance.get("enableManagedEuc"):
        if email:
            raise invalid(
                "a service account cannot be chosen for an instance with managed end user credentials"
            )
        email = f"service-{context.project_number(project)}@gcp-sa-notebooks-vm.iam.gserviceaccount.com"
    setup["serviceAccounts"] = [
        {"email": email or default_service_account(context, project), "scopes": list(_SCOPES)}
    ]
    setup["shieldedInstanceConfig"] = {"enableVtpm": True, "enableIntegrityMonitoring": True} | setup.get(
        "shieldedInstanceConfig", {}
    )
    setup["tags"] = list(dict.fromkeys([*setup.get("tags", []), *_PROVIDED_TAGS]))
    setup.setdefault("gpuDriverConfig", {})
    for nic in setup.get("networkInterfaces", []):
        for field in ("network", "subnet"):
            if nic.get(field):
                nic[field] = _reference(nic[field], field, project, region)
    owner = (instance.get("instanceOwners") or [""])[0]
    container = setup.get("containerImage", {})
    given = setup.get("metadata", {})
    metadata.check(given, {})
    system = metadata.system(
        name,
        owner=owner,
        container=f"{container['repository']}:{container.get('tag', 'latest')}" if container else "",
        proxy=not instance.get("disableProxyAccess"),
        version=release_of(image).removeprefix("m"),
    )
    if instance.get("enableManagedEuc"):
        system["euc-enabled"] = "true"
    setup["metadata"] = system | {key: value for key, value in given.items() if value}
    if "vmImage" in setup:
        setup["vmImage"] |= {"imageId": image["name"], "imageDescription": image.get("description", "")}
    instance |= {"id": str(uuid.uuid4()), "creator": "sandbox@localhost", "satisfiesPzi": True}
    instance["labels"] = instance.get("labels", {}) | _system_labels(context, name)
    if not instance.get("disableProxyAccess"):
        instance["proxyUri"] = setup["metadata"]["proxy-url"]
        instance["thirdPartyProxyUrl"] = setup["metadata"]["proxy-byoid-url"]


def _disk_defaults(context: "Context", disk: Document, size: str) -> Document:
    completed = {"diskSizeGb": size, "diskEncryption": "GMEK"} | disk
    if completed["diskEncryption"] == "CMEK":
        if not disk.get("kmsKey"):
            raise invalid("diskEncryption CMEK needs a kmsKey")
        completed["kmsKey"] = vm.key_version(context, disk["kmsKey"])
    return completed


def _reference(value: str, field: str, project: str, region: str) -> str:
    if "/" in value:
        return url_of(value, project)
    place = "global/networks" if field == "network" else f"regions/{region}/subnetworks"
    return f"{ROOT}projects/{project}/{place}/{value}"


def _system_labels(context: "Context", name: str) -> dict[str, str]:
    project, _ = locations_of(name)
    return {
        "consumer-project-id": project,
        "consumer-project-number": context.project_number(project),
        "notebooks-product": "workbench-instances",
        "resource-name": name.rpartition("/")[2],
    }


@SERVICE.effect("provisioned")
def provisioned(context: "Context", arguments: Document) -> Document:
    """The VM runs, from a boot on where *boots* says so, and Jupyter answers."""
    (machines.booted if arguments["boots"] else machines.running)(context, vm_key(arguments["name"]))
    instance = load(context, arguments["name"])
    instance |= {"state": "ACTIVE", **health.reported(context, instance["name"])}
    save(context, instance)
    schedules.watch(context, instance)
    if arguments["boots"]:
        idle.watch(context, instance["name"])
    return instance


@SERVICE.method("projects.locations.instances.delete")
def delete(call: "Call") -> Document:
    """Delete an instance, its VM and its disks, unless it is protected."""
    instance = call.load()
    if instance.get("enableDeletionProtection"):
        raise ApiError(
            "FAILED_PRECONDITION",
            f"The instance '{call.match.name}' has deletion protection enabled; disable it before deleting.",
        )
    return begin(call, call.match.name, then="deleted", state="STOPPING")


@SERVICE.effect("deleted")
def _deleted(context: "Context", arguments: Document) -> None:
    name = arguments["name"]
    machines.remove(context, vm_key(name))
    for key in (Key.of("notebooks", name), disk_key(name, "boot"), disk_key(name, "data-workspace")):
        context.store.delete(key)
        context.store.delete(crud.policy_key(key))
    schedules.forget(context, name)


@SERVICE.method("projects.locations.instances.patch")
def patch(call: "Call") -> Document:
    """Change what the mask names; hardware only of a stopped instance."""
    instance = call.load()
    if not call.query.get("updateMask"):
        raise invalid("update_mask is required")
    paths = patches.masked_paths(call.api, "Instance", str(call.query["updateMask"]))
    refused = [path for path in paths if not _PATCHABLE.match(path)]
    if refused:
        raise invalid(f"Invalid field mask: {', '.join(refused)} cannot be updated.")
    needs_stop = [path for path in paths if path.split(".")[1:2] and path.split(".")[1] in _STOPPED_ONLY]
    if needs_stop and instance["state"] != "STOPPED":
        raise ApiError(
            "FAILED_PRECONDITION",
            f"The instance '{call.match.name}' is in invalid state {instance['state']}: "
            f"{', '.join(needs_stop)} change only "
            "while it is STOPPED.",
        )
    return begin(call, call.match.name, then="patched", paths=paths, body=call.body)


@SERVICE.effect("patched")
def _patched(context: "Context", arguments: Document) -> Document:
    stored = load(context, arguments["name"])
    paths, body = list(arguments["paths"]), arguments["body"]
    api = context.apis["notebooks", "v2"]
    special = {"labels", "gceSetup.metadata"}
    plain = [path for path in paths if path not in special and not path.startswith("gceSetup.dataDisks")]
    updated = (
        patches.apply_mask(api, "Instance", stored, body, ",".join(plain)) if plain else deepcopy(stored)
    )
    setup, given = updated["gceSetup"], body.get("gceSetup", {})
    if "gceSetup.metadata" in paths:
        setup["metadata"] = metadata.patched(
            stored["gceSetup"].get("metadata", {}), given.get("metadata", {})
        )
    if "labels" in paths:
        kept = {key: value for key, value in body.get("labels", {}).items() if value}
        updated["labels"] = kept | _system_labels(context, updated["name"])
    if any(path.startswith("gceSetup.dataDisks") for path in paths):
        policies = (given.get("dataDisks") or [{}])[0].get("resourcePolicies", [])
        setup["dataDisks"] = [disk | {"resourcePolicies": policies} for disk in setup.get("dataDisks", [])]
    project, zone = locations_of(updated["name"])
    machine_type = setup["machineType"].rpartition("/")[2]
    machines.check_machine_type(machine_type, project, zone)
    setup["machineType"] = f"{ROOT}projects/{project}/zones/{zone}/machineTypes/{machine_type}"
    setup["tags"] = list(dict.fromkeys([*setup.get("tags", []), *_PROVIDED_TAGS]))
    _follow(context, updated)
    save(context, updated)
    schedules.watch(context, updated)
    return updated


def _follow(context: "Context", instance: Document) -> None:
    """Bring the VM and its disks in line with their instance."""
    name, setup = instance["name"], instance["gceSetup"]
    key = vm_key(name)
    machine = context.store.get(key)
    if machine is None:
        return
    machine |= {
        "machineType": setup["machineType"],
        "labels": dict(instance["labels"]),
        "labelFingerprint": fingerprint(instance["labels"]),
        "metadata": vm_metadata.from_map(setup.get("metadata", {})),
        "tags": {"items": setup["tags"], "fingerprint": fingerprint(setup["tags"])},
        "shieldedInstanceConfig": {"enableSecureBoot": False} | setup.get("shieldedInstanceConfig", {}),
        "guestAccelerators": [
            item | {"acceleratorType": machine["zone"] + "/acceleratorTypes/" + item["acceleratorType"]}
            for item in vm.accelerators(setup)
        ],
    }
    if not machine["guestAccelerators"]:
        del machine["guestAccelerators"]
    for nic in machine["networkInterfaces"]:
        if setup.get("disablePublicIp"):
            nic.pop("accessConfigs", None)
        elif not nic.get("accessConfigs"):
            access: Document = {}
            interfaces.complete_access(access)
            nic["accessConfigs"] = [access]
    context.store.put(key, machine)
    labelled = {"labels": dict(instance["labels"]), "labelFingerprint": fingerprint(instance["labels"])}
    for suffix in ("boot", "data-workspace"):
        disk = context.store.get(disk_key(name, suffix))
        if disk is None:
            continue
        # Schedules that were attached to the disk itself stay, unless the instance names its own.
        if suffix != "boot" and any("resourcePolicies" in entry for entry in setup.get("dataDisks", [])):
            policies = [
                item for entry in setup.get("dataDisks", []) for item in entry.get("resourcePolicies", [])
            ]
            disk["resourcePolicies"] = [url_of(item, locations_of(name)[0]) for item in policies]
            if not policies:
                del disk["resourcePolicies"]
        context.store.put(disk_key(name, suffix), disk | labelled)


SERVICE.add(
    Resource(
        collection="projects.locations.instances",
        verbs=frozenset({"get", "list", "getIamPolicy", "setIamPolicy", "testIamPermissions"}),
    )
)
