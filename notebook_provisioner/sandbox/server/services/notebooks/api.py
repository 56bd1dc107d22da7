"""The service object, and what all methods share: finding an instance, one operation at a time, its VM."""

from typing import TYPE_CHECKING

from notebook_provisioner.sandbox.server import crud
from notebook_provisioner.sandbox.server.errors import ApiError, not_found
from notebook_provisioner.sandbox.server.service import Service
from notebook_provisioner.sandbox.server.store import Document, Key

if TYPE_CHECKING:
    from notebook_provisioner.sandbox.server.call import Call
    from notebook_provisioner.sandbox.server.context import Context

# google.cloud.notebooks.v2.AcceleratorConfig.AcceleratorType numbers its values with gaps; the discovery
# document does not tell the numbers, and Google's REST client sends them. A test compares them with the
# client's.
_ACCELERATOR_NUMBERS = {
    0: "ACCELERATOR_TYPE_UNSPECIFIED",
    2: "NVIDIA_TESLA_P100",
    3: "NVIDIA_TESLA_V100",
    4: "NVIDIA_TESLA_P4",
    5: "NVIDIA_TESLA_T4",
    8: "NVIDIA_TESLA_T4_VWS",
    9: "NVIDIA_TESLA_P100_VWS",
    10: "NVIDIA_TESLA_P4_VWS",
    11: "NVIDIA_TESLA_A100",
    12: "NVIDIA_A100_80GB",
    13: "NVIDIA_L4",
}

SERVICE = Service(
    api="notebooks",
    version="v2",
    proto_package="google.cloud.notebooks.v2",
    enum_numbers={"AcceleratorConfig.type": _ACCELERATOR_NUMBERS},
    not_emulated=(
        "Jupyter and the proxy: an instance's proxyUri leads nowhere",
        "idle shutdown happens when reportInfoSystem reports IDLE, as the guest's agent does; no timer runs",
        "notebook-upgrade-schedule is kept, not acted upon",
        "diagnose checks its request and ends; it writes no report",
    ),
)


def locations_of(name: str) -> tuple[str, str]:
    """Project and zone of the instance *name*."""
    parts = name.split("/")
    return parts[1], parts[3]


def vm_key(name: str) -> Key:
    """Key of the VM behind the instance *name*: it has the instance's short name."""
    project, zone = locations_of(name)
    return Key("compute", f"projects/{project}/zones/{zone}/instances", name.rpartition("/")[2])


def disk_key(name: str, suffix: str) -> Key:
    """Key of the instance's disk: *suffix* is ``boot`` or ``data-workspace``."""
    project, zone = locations_of(name)
    return Key("compute", f"projects/{project}/zones/{zone}/disks", f"{name.rpartition('/')[2]}-{suffix}")


def load(context: "Context", name: str) -> Document:
    """The instance *name*.

    Raises:
        ApiError: 404 where there is none.
    """
    document = context.store.get(Key.of("notebooks", name))
    if document is None:
        raise not_found(name)
    return document


def save(context: "Context", document: Document) -> None:
    """Store a changed instance."""
    crud.stamp_changed(context, SERVICE, "Instance", document)
    context.store.put(Key.of("notebooks", document["name"]), document)


def begin(call: "Call", name: str, *, then: str, state: str | None = None, **arguments: object) -> Document:
    """Start the one operation that an instance can have at a time.

    Args:
        call: The request.
        name: The instance.
        then: Name of the effect that ends the operation; it gets ``name`` and *arguments*.
        state: The instance's state meanwhile; as it is where None.
        arguments: JSON for the effect.

    Raises:
        ApiError: 409 while another operation runs; the text is what hashicorp/google retries on.
    """
    busy = Key("notebooks", "busy", name)
    if call.store.get(busy) is not None:
        raise ApiError(
            "ABORTED", f"Unable to queue the operation: '{name}' has another operation in progress."
        )
    document = load(call.context, name)
    if state is not None:
        save(call.context, document | {"state": state})
    call.store.put(busy, {"state": document["state"]})
    return call.operation(
        Key.of("notebooks", name),
        then="end",
        arguments={"name": name, "then": then, "arguments": arguments},
        response="Empty" if call.method.verb == "delete" else "Instance",
    )


@SERVICE.effect("end")
def _end(context: "Context", arguments: Document) -> Document | ApiError | None:
    """Run the operation's own effect; where it fails, put the state back. Either way the instance is free."""
    name = arguments["name"]
    busy = Key("notebooks", "busy", name)
    before = context.store.get(busy) or {}
    context.store.delete(busy)
    try:
        effect = f"notebooks.v2.{arguments['then']}"
        return context.run_effect(effect, {"name": name, **arguments["arguments"]})
    except ApiError as error:
        instance = load(context, name) | before
        for entry in instance.get("upgradeHistory", [])[-1:]:
            entry["state"] = "FAILED" if entry["state"] == "STARTED" else entry["state"]
        save(context, instance)
        return error
