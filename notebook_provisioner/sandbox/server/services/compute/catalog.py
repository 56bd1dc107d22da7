"""Zones, regions and types as read-only resources; nothing of them is stored."""

import zlib
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from notebook_provisioner.sandbox.server import filters, pagination
from notebook_provisioner.sandbox.server.errors import not_found
from notebook_provisioner.sandbox.server.services.compute import places
from notebook_provisioner.sandbox.server.services.compute.api import ROOT, SERVICE
from notebook_provisioner.sandbox.server.store import Document, Entry, Key

if TYPE_CHECKING:
    from notebook_provisioner.sandbox.server.call import Call

_CREATED = "1969-12-31T16:00:00.000-08:00"  # what Compute answers for built-in resources


def _zone(project: str, name: str) -> Document:
    region = places.ZONES[name]
    return _built_in("zone", f"projects/{project}/zones/{name}") | {
        "region": f"{ROOT}projects/{project}/regions/{region}",
        "status": "UP",
        "availableCpuPlatforms": ["Intel Broadwell", "Intel Cascade Lake", "Intel Skylake", "AMD Rome"],
    }


def _region(project: str, name: str) -> Document:
    zones = [f"{ROOT}projects/{project}/zones/{zone}" for zone in places.REGIONS[name]]
    return _built_in("region", f"projects/{project}/regions/{name}") | {
        "status": "UP",
        "zones": zones,
        "quotas": [],
    }


def _machine_type(project: str, zone: str, machine: places.MachineType) -> Document:
    document = _built_in("machineType", f"projects/{project}/zones/{zone}/machineTypes/{machine.name}") | {
        "description": f"{machine.cpus} vCPUs, {machine.memory_mb / 1024:g} GB RAM",
        "guestCpus": machine.cpus,
        "memoryMb": machine.memory_mb,
        "maximumPersistentDisks": 128,
        "maximumPersistentDisksSizeGb": "263168",
        "isSharedCpu": machine.name in {"e2-micro", "e2-small", "e2-medium"},
        "zone": zone,
    }
    if machine.gpu:
        document["accelerators"] = [
            {"guestAcceleratorType": machine.gpu, "guestAcceleratorCount": machine.gpus}
        ]
    return document


def _disk_type(project: str, zone: str, name: str) -> Document:
    return _built_in("diskType", f"projects/{project}/zones/{zone}/diskTypes/{name}") | {
        "validDiskSize": places.DISK_TYPES[name],
        "defaultDiskSizeGb": "100",
        "zone": f"{ROOT}projects/{project}/zones/{zone}",
    }


def _accelerator(project: str, zone: str, name: str) -> Document:
    return _built_in("acceleratorType", f"projects/{project}/zones/{zone}/acceleratorTypes/{name}") | {
        "maximumCardsPerInstance": places.ACCELERATORS[name],
        "zone": f"{ROOT}projects/{project}/zones/{zone}",
    }


_TYPES: dict[str, Callable[[str, str], Iterable[Document]]] = {
    "machineTypes": lambda project, zone: (
        _machine_type(project, zone, m) for m in places.MACHINE_TYPES.values()
    ),
    "diskTypes": lambda project, zone: (_disk_type(project, zone, name) for name in places.DISK_TYPES),
    "acceleratorTypes": lambda project, zone: (
        _accelerator(project, zone, name) for name in places.ACCELERATORS
    ),
}


@SERVICE.method("zones.get", "regions.get", "machineTypes.get", "diskTypes.get", "acceleratorTypes.get")
def get(call: "Call") -> Document:
    """One of them by its name."""
    for document in _all(call, call.key.collection):
        if document["name"] == call.key.id:
            return document
    raise not_found(call.key.name)


@SERVICE.method("zones.list", "regions.list", "machineTypes.list", "diskTypes.list", "acceleratorTypes.list")
def list_(call: "Call") -> Document:
    """A page of them."""
    page = _page(call, _all(call, call.collection))
    answer: Document = {"kind": _list_kind(call), "id": call.collection, "selfLink": ROOT + call.collection}
    answer["items"] = [entry.document for entry in page.entries]
    return answer | ({"nextPageToken": page.next_token} if page.next_token else {})


@SERVICE.method("machineTypes.aggregatedList", "diskTypes.aggregatedList", "acceleratorTypes.aggregatedList")
def aggregated_list(call: "Call") -> Document:
    """A page of them over all zones, grouped by zone."""
    kind = call.method.resource
    documents = (item for zone in places.ZONES for item in _TYPES[kind](call.project, zone))
    page = _page(call, documents)
    scopes: dict[str, Document] = {}
    for entry in page.entries:
        scope = "/".join(entry.key.collection.split("/")[2:4])
        scopes.setdefault(scope, {kind: []})[kind].append(entry.document)
    answer = {"kind": _list_kind(call), "id": f"projects/{call.project}/aggregated/{kind}", "items": scopes}
    return answer | ({"nextPageToken": page.next_token} if page.next_token else {})


def _all(call: "Call", collection: str) -> Iterable[Document]:
    kind = collection.rpartition("/")[2]
    if kind == "zones":
        return (_zone(call.project, name) for name in places.ZONES)
    if kind == "regions":
        return (_region(call.project, name) for name in places.REGIONS)
    return _TYPES[kind](call.project, call.parameters["zone"])


def _page(call: "Call", documents: Iterable[Document]) -> pagination.Page:
    matches = filters.compile_filter(str(call.query.get("filter", "")))
    entries = [
        Entry(Key.of("compute", document["selfLink"].removeprefix(ROOT)), 0.0, document)
        for document in documents
        if matches(document)
    ]
    return pagination.cut(call, sorted(entries, key=lambda entry: entry.key))


def _list_kind(call: "Call") -> str:
    return str(call.api.properties(call.method.response)["kind"]["default"])


def _built_in(kind: str, name: str) -> Document:
    return {
        "kind": f"compute#{kind}",
        "id": str(1000 + zlib.crc32(name.split("/", 2)[2].encode())),
        "creationTimestamp": _CREATED,
        "name": name.rpartition("/")[2],
        "description": name.rpartition("/")[2],
        "selfLink": ROOT + name,
    }
