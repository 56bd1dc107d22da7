"""The service object, and what all methods share: finding an instance, one operation at a time, its VM."""

from typing import TYPE_CHECKING

from notebook_provisioner.sandbox.server import crud
from notebook_provisioner.sandbox.server.errors import ApiError, not_found
from notebook_provisioner.sandbox.server.guests import boots, settings
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

END = "notebooks.v2.end"

SERVICE = Service(
    api="notebooks",
    version="v2",
    proto_package="google.cloud.notebooks.v2",
    enum_numbers={"AcceleratorConfig.type": _ACCELERATOR_NUMBERS},
    not_emulated=(
        "Jupyter and the proxy: an instance's proxyUri leads nowhere",
        "activity and busy kernels are what the control API says; without its word a notebook is idle",
        "guesses: the idle timer reads its key at boots alone; an upgrade by schedule shows no operation",
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


def begin(
    call: "Call", name: str, *, then: str, state: str | None = None, fate: str = "", **arguments: object
) -> Document:
    """Start the one operation that an instance can have at a time.

    Args:
        call: The request.
        name: The instance.
        then: Name of the effect that ends the operation; it gets ``name`` and *arguments*.
        state: The instance's state meanwhile; as it is where None.
        fate: The guest setting that may have it fail, or never end.
        arguments: JSON for the effect.

    Raises:
        ApiError: 409 while another operation runs; the text is what hashicorp/google retries on.
    """
    if is_busy(call.context, name):
        raise ApiError(
            "ABORTED", f"Unable to queue the operation: '{name}' has another operation in progress."
        )
    _occupy(call.context, name, state)
    shall = settings.take(call.context, vm_key(name), fate)
    call.never_ends = call.never_ends or shall.get("outcome") == "hangs"
    return call.operation(
        Key.of("notebooks", name),
        then="end",
        arguments=_ending(name, then, arguments, shall),
        response="Empty" if call.method.verb == "delete" else "Instance",
    )


def begin_unasked(
    context: "Context", name: str, *, then: str, state: str, fate: str = "", **arguments: object
) -> None:
    """As `begin`, for what nobody asked for: an idle shutdown, an upgrade by schedule.

    It takes as long as an operation, and no list of operations has it.
    """
    _occupy(context, name, state)
    shall = settings.take(context, vm_key(name), fate)
    ending = _ending(name, then, arguments, shall)
    seconds = context.settings.operation_seconds
    if shall.get("outcome") == "hangs":
        return
    if seconds > 0:
        context.later(seconds, END, ending)
    else:
        _end(context, ending)


def is_busy(context: "Context", name: str) -> bool:
    """Whether an operation runs on the instance *name*."""
    return context.store.get(Key("notebooks", "busy", name)) is not None


def _ending(name: str, then: str, arguments: dict[str, object], shall: Document) -> Document:
    if shall.get("outcome") == "unhealthy":
        arguments["unhealthy"] = True
    if shall.get("outcome") == "fails":
        return {"name": name, **failing(shall.get("message", "injected by the sandbox"))}
    return {"name": name, "then": then, "arguments": arguments}


def failing(message: str) -> Document:
    """What ends an operation with an error, as arguments of the effect `END`."""
    return {"then": "failing", "arguments": {"message": message}}


@SERVICE.effect("failing")
def _failing(_context: "Context", arguments: Document) -> ApiError:
    raise ApiError("INTERNAL", arguments["message"])


def _occupy(context: "Context", name: str, state: str | None) -> None:
    document = load(context, name)
    if state is not None:
        save(context, document | {"state": state})
    context.store.put(Key("notebooks", "busy", name), {"state": document["state"]})


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
        # What came due meanwhile has passed it by.
        boot = boots.guest_of(context, vm_key(name)).get("boots")
        context.later(0, "notebooks.v2.idle", {"name": name, "boot": boot})
        return error
