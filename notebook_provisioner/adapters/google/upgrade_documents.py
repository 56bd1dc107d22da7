"""What Google's JSON says about upgrades, turned into the core's facts."""

from collections.abc import Mapping
from typing import Any, Final

from notebook_provisioner.adapters.google.snapshot_documents import zone
from notebook_provisioner.adapters.google.upgrade_history import history, moment
from notebook_provisioner.catalog.images import CONTAINER_HOST_FAMILY, family_and_date
from notebook_provisioner.core.upgrades.facts import (
    LegacyMachine,
    Notebook,
    Sample,
    Upgradability,
)

NOTEBOOK_FIELDS: Final = (
    "name,state,healthState,createTime,labels,instanceOwners,upgradeHistory,"
    "gceSetup(machineType,acceleratorConfigs,bootDisk/diskSizeGb,vmImage,containerImage,metadata)"
)
MACHINE_FIELDS: Final = "name,zone,status,labels,metadata/items/key"
OPERATION_FIELDS: Final = "name,done,error/code,metadata(createTime,endTime,target,verb)"

_RECOMMENDED_GIB: Final = 150  # BootDisk.diskSizeGb of the discovery document: what is not given is this
# The methods' names. Which words Google's operations have for them is unverified; others are passed over.
_VERBS: Final = frozenset({"upgrade", "upgradesystem"})

# What former user-managed notebooks still carry (release notes of 2021-03-04; dumps of real instances), and
# what tells the virtual machine of a Workbench instance.
_LEGACY_LABEL: Final = "goog-caip-notebook"
_LEGACY_KEYS: Final = frozenset({"notebooks-api", "proxy-mode"})
_WORKBENCH_LABEL: Final = "notebooks-product"


def notebook(item: Mapping[str, Any], upgradability: Upgradability) -> Notebook:
    """A notebook from the Notebooks API's document."""
    setup = item.get("gceSetup", {})
    metadata = setup.get("metadata", {})
    image = setup.get("vmImage", {})
    running = image.get("imageId") or image.get("name", "")
    return Notebook(
        zone=zone(item["name"]),
        name=item["name"].rsplit("/", 1)[-1],
        state=item.get("state", "STATE_UNSPECIFIED"),
        health=item.get("healthState", "HEALTH_STATE_UNSPECIFIED"),
        owner=next(iter(item.get("instanceOwners", ())), ""),
        created=moment(item.get("createTime")),
        machine_type=setup.get("machineType", "").rsplit("/", 1)[-1],
        gpus=sum(int(gpu.get("coreCount", 0)) for gpu in setup.get("acceleratorConfigs", ())),
        boot_disk_gib=int(setup.get("bootDisk", {}).get("diskSizeGb") or _RECOMMENDED_GIB),
        container=_container(setup.get("containerImage", {})),
        family=_family(setup, running),
        image=running,
        version=metadata.get("version", ""),
        metadata=metadata,
        history=history(item),
        upgradability=upgradability,
    )


def upgradability(answer: Mapping[str, Any]) -> Upgradability:
    """The answer of ``checkUpgradability``. Google leaves out what is false or empty."""
    return Upgradability(
        upgradable=bool(answer.get("upgradeable", False)),
        version=answer.get("upgradeVersion", ""),
        image=answer.get("upgradeImage", ""),
        message=answer.get("upgradeInfo", ""),
    )


def legacy_machine(item: Mapping[str, Any]) -> LegacyMachine | None:
    """A former user-managed notebook from Compute Engine's document; None for any other machine."""
    labels = item.get("labels", {})
    keys = {entry["key"] for entry in item.get("metadata", {}).get("items", ())}
    if _WORKBENCH_LABEL in labels or not (_LEGACY_LABEL in labels or keys >= _LEGACY_KEYS):
        return None
    return LegacyMachine(item["zone"].rsplit("/", 1)[-1], item["name"], item.get("status", ""))


def sample(operation: Mapping[str, Any]) -> Sample | None:
    """How long an upgrade took; None for an operation that is none, is not over, or failed."""
    metadata = operation.get("metadata", {})
    begun, ended = moment(metadata.get("createTime")), moment(metadata.get("endTime"))
    target = metadata.get("target", "")
    is_upgrade = str(metadata.get("verb", "")).lower() in _VERBS and "/instances/" in target
    if not is_upgrade or not operation.get("done") or "error" in operation or begun is None or ended is None:
        return None
    return Sample((zone(target), target.rsplit("/", 1)[-1]), ended - begun)


def _family(setup: Mapping[str, Any], running: str) -> str:
    """The image family: as the instance names it, else as the image's name tells."""
    if setup.get("containerImage"):
        return CONTAINER_HOST_FAMILY
    dated = family_and_date(running)
    named: str = setup.get("vmImage", {}).get("family", "")
    return named or (dated[0] if dated else "")


def _container(image: Mapping[str, Any]) -> str:
    if not image:
        return ""
    return f"{image.get('repository', '')}:{image.get('tag') or 'latest'}"
