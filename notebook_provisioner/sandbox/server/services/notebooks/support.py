"""What is asked about instances and places, and what the guest reports."""

from typing import TYPE_CHECKING

from notebook_provisioner.sandbox.server import pagination
from notebook_provisioner.sandbox.server.errors import invalid, not_found
from notebook_provisioner.sandbox.server.services.compute import images, places
from notebook_provisioner.sandbox.server.services.notebooks.api import SERVICE, begin, load, save
from notebook_provisioner.sandbox.server.store import Document, Entry, Key

if TYPE_CHECKING:
    from notebook_provisioner.sandbox.server.call import Call
    from notebook_provisioner.sandbox.server.context import Context


@SERVICE.method("projects.locations.list")
def list_locations(call: "Call") -> Document:
    """The zones, which are this API's locations."""
    entries = [
        Entry(Key("notebooks", call.collection, zone), 0.0, _location(call.match.name, zone))
        for zone in sorted(places.ZONES)
    ]
    page = pagination.cut(call, entries)
    answer: Document = {"locations": [entry.document for entry in page.entries]}
    return answer | ({"nextPageToken": page.next_token} if page.next_token else {})


@SERVICE.method("projects.locations.get")
def get_location(call: "Call") -> Document:
    """One zone."""
    if call.key.id not in places.ZONES:
        raise not_found(call.match.name)
    return _location(call.match.name.rpartition("/locations/")[0], call.key.id)


def _location(project: str, zone: str) -> Document:
    return {"name": f"{project}/locations/{zone}", "locationId": zone}


@SERVICE.method("projects.locations.instances.getConfig")
def get_config(_call: "Call") -> Document:
    """The images and machine types that an instance can have: the sandbox's subset."""
    return {
        "availableImages": [
            {"imageName": image.name, "releaseName": image.release or image.name.rpartition("-v")[2]}
            for image in images.SEED_IMAGES
            if image.project == images.WORKBENCH_PROJECT
        ],
        "defaultValues": {"machineType": "e2-standard-4"},
        "supportedValues": {
            "machineTypes": list(places.MACHINE_TYPES),
            "acceleratorTypes": [name.upper().replace("-", "_") for name in places.ACCELERATORS],
        },
        "disableWorkbenchLegacyCreation": True,
    }


@SERVICE.method("projects.locations.instances.diagnose")
def diagnose(call: "Call") -> Document:
    """Check the request for a diagnostic run and end it; no report is written."""
    call.load()
    bucket = str(call.body.get("diagnosticConfig", {}).get("gcsBucket", ""))
    if not bucket.startswith("gs://"):
        raise invalid("diagnostic_config.gcs_bucket is required and begins with gs://")
    return begin(call, call.match.name, then="diagnosed")


@SERVICE.effect("diagnosed")
def _diagnosed(context: "Context", arguments: Document) -> Document:
    return load(context, arguments["name"])


@SERVICE.method("projects.locations.instances.reportInfoSystem")
def report_info_system(call: "Call") -> Document:
    """The guest's report: IDLE stops the instance, HEALTH sets its health, the rest is taken note of."""
    instance = call.load()
    event = call.body.get("event", {})
    if not call.body.get("vmId") or not event.get("type"):
        raise invalid("vm_id and event.type are required")
    if event["type"] == "IDLE" and instance["state"] == "ACTIVE":
        return begin(call, call.match.name, then="stopped", state="STOPPING")
    if event["type"] == "HEALTH":
        details = event.get("details", {})
        healthy = str(details.get("system_health", "1")) == "1"
        save(
            call.context,
            instance | {"healthInfo": details, "healthState": "HEALTHY" if healthy else "UNHEALTHY"},
        )
    return begin(call, call.match.name, then="diagnosed")
