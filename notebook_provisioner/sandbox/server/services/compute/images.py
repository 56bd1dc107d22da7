"""Images and image families; those that Workbench starts from are there from the beginning."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from notebook_provisioner.sandbox.server import crud
from notebook_provisioner.sandbox.server.clock import rfc3339_compute
from notebook_provisioner.sandbox.server.errors import invalid, not_found
from notebook_provisioner.sandbox.server.service import Resource
from notebook_provisioner.sandbox.server.services.compute.api import SERVICE, key_of, require
from notebook_provisioner.sandbox.server.store import Document, Key

if TYPE_CHECKING:
    from notebook_provisioner.sandbox.server.call import Call
    from notebook_provisioner.sandbox.server.context import Context

WORKBENCH_PROJECT = "cloud-notebooks-managed"


@dataclass(frozen=True, slots=True)
class SeedImage:
    """An image that Google publishes.

    Attributes:
        project: The project that holds it.
        family: Its family.
        name: Its name.
        created: Seconds since the epoch.
        description: What it says of itself; for Workbench images with the release.
        release: Workbench's release name (``m122``), empty where there is none.
    """

    project: str
    family: str
    name: str
    created: float
    description: str
    release: str = ""


# workbench-instances-v20240613 is M122 (a dump of the API, 2024-06); families, releases and dates are from
# the release notes (M141 2026-04-20, M144 2026-07-01; date images 20260419, 20260712). The other images'
# names are the sandbox's own, formed after the first: unverified.
_LEGACY, _CURRENT = "workbench-instances", "workbench-instances-2603"
SEED_IMAGES: tuple[SeedImage, ...] = (
    SeedImage(
        WORKBENCH_PROJECT, _LEGACY, f"{_LEGACY}-v20240613", 1718236800, "Debian 11, Python 3.10", "m122"
    ),
    SeedImage(
        WORKBENCH_PROJECT, _LEGACY, f"{_LEGACY}-v20260420", 1776643200, "Debian 11, Python 3.10", "m141"
    ),
    SeedImage(
        WORKBENCH_PROJECT, _LEGACY, f"{_LEGACY}-v20260701", 1782864000, "Debian 11, Python 3.10", "m144"
    ),
    SeedImage(
        WORKBENCH_PROJECT, _CURRENT, f"{_CURRENT}-v20260419", 1776556800, "Debian 12, Python 3.12", "20260419"
    ),
    SeedImage(
        WORKBENCH_PROJECT, _CURRENT, f"{_CURRENT}-v20260712", 1783814400, "Debian 12, Python 3.12", "20260712"
    ),
    SeedImage(
        WORKBENCH_PROJECT, "workbench-container-host", "workbench-container-host-v20260701", 1782864000, "COS"
    ),
    SeedImage("debian-cloud", "debian-12", "debian-12-bookworm-v20260701", 1782864000, "Debian 12"),
)
_GUEST_FEATURES = ({"type": "VIRTIO_SCSI_MULTIQUEUE"}, {"type": "UEFI_COMPATIBLE"}, {"type": "GVNIC"})


def seed(context: "Context") -> None:
    """Store the images that Google publishes."""
    for image in SEED_IMAGES:
        document: Document = {
            "name": image.name,
            "family": image.family,
            "description": image.description,
            "status": "READY",
            "sourceType": "RAW",
            "diskSizeGb": "10" if image.project == "debian-cloud" else "50",
            "archiveSizeBytes": "10000000000",
            "architecture": "X86_64",
            "guestOsFeatures": list(_GUEST_FEATURES),
            "licenses": [],
            "storageLocations": ["us", "eu", "asia"],
        }
        key = Key("compute", f"projects/{image.project}/global/images", image.name)
        crud.stamp_new(context, SERVICE, "Image", key, document)
        document["creationTimestamp"] = rfc3339_compute(image.created)
        crud.stamp_changed(context, SERVICE, "Image", document)
        context.store.put(key, document, created=image.created)


SERVICE.seed = seed


def newest_of(context: "Context", project: str, family: str) -> Document:
    """The newest image of *family* that is not deprecated.

    Raises:
        ApiError: 404 where there is none.
    """
    for entry in context.store.newest("compute", f"projects/{project}/global/images"):
        if entry.document.get("family") == family and not entry.document.get("deprecated", {}).get("state"):
            return entry.document
    raise not_found(f"projects/{project}/global/images/family/{family}")


def resolve(context: "Context", reference: str, project: str) -> Document:
    """The image that *reference* means: an image, or the newest of a family.

    Raises:
        ApiError: 400 or 404 where there is none.
    """
    key = key_of(reference, project)
    if key.collection.endswith("/images/family") or key.kind == "imageFamilyViews":
        return newest_of(context, key.collection.split("/")[1], key.id)
    return require(context, "sourceImage", reference, project)[1]


@SERVICE.method("images.getFromFamily")
def get_from_family(call: "Call") -> Document:
    """The newest image of a family."""
    return newest_of(call.context, call.project, call.parameters["family"])


@SERVICE.method("imageFamilyViews.get")
def get_family_view(call: "Call") -> Document:
    """The newest image of a family, as a zone sees it."""
    return {"image": newest_of(call.context, call.project, call.parameters["family"])}


@SERVICE.method("images.deprecate")
def deprecate(call: "Call") -> Document:
    """Set an image's deprecation status."""
    call.store.put(call.key, call.load() | {"deprecated": call.body})
    return call.operation()


def _on_create(call: "Call", image: Document) -> None:
    sources = [name for name in ("sourceDisk", "sourceImage", "sourceSnapshot") if image.get(name)]
    if len(sources) != 1:
        raise invalid("the sandbox makes an image from one of sourceDisk, sourceImage and sourceSnapshot")
    source = image[sources[0]]
    document = (
        resolve(call.context, source, call.project)
        if sources[0] == "sourceImage"
        else require(call.context, sources[0], source, call.project)[1]
    )
    size = document.get("sizeGb") or document.get("diskSizeGb") or "10"
    image |= {
        f"{sources[0]}Id": document["id"],
        "status": "READY",
        "sourceType": "RAW",
        "diskSizeGb": image.get("diskSizeGb") or size,
        "archiveSizeBytes": "0",
    }


SERVICE.add(Resource(collection="images", on_create=_on_create))
