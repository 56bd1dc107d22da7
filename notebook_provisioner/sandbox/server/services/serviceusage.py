"""Service Usage: which APIs a project has enabled. Any name is taken for an API; all are off at first."""

import re
from typing import TYPE_CHECKING, Final

from notebook_provisioner.sandbox.server.errors import invalid
from notebook_provisioner.sandbox.server.service import Service
from notebook_provisioner.sandbox.server.store import Document, Key

if TYPE_CHECKING:
    from notebook_provisioner.sandbox.server.call import Call
    from notebook_provisioner.sandbox.server.context import Context

SERVICE = Service(
    api="serviceusage",
    version="v1",
    proto_package="google.api.serviceusage.v1",
    schema_prefix="GoogleApiServiceusageV1",
    not_emulated=(
        "refusal of calls to APIs that are not enabled",
        "dependencies between APIs; quotas; the list of all APIs (only those once enabled are listed)",
        "generateServiceIdentity: service agents exist from the start",
    ),
)

_NAME: Final = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+")


@SERVICE.method("services.get")
def get(call: "Call") -> Document:
    """An API's state in a project."""
    return _shown(call.context, call.match.name)


@SERVICE.method("services.list")
def list_(call: "Call") -> Document:
    """The APIs that are enabled, or with ``state:DISABLED`` those that were; on one page."""
    wanted = str(call.query.get("filter", "")).replace(" ", "").removeprefix("state:")
    if wanted not in {"", "ENABLED", "DISABLED"}:
        raise invalid(f"Invalid filter '{call.query['filter']}': state:ENABLED or state:DISABLED.")
    shown = [
        _shown(call.context, entry.key.name) for entry in call.store.page("serviceusage", call.collection)
    ]
    found = [service for service in shown if not wanted or service["state"] == wanted]
    return {"services": found} if found else {}


@SERVICE.method("services.batchGet")
def batch_get(call: "Call") -> Document:
    """Several APIs' states."""
    return {"services": [_shown(call.context, name) for name in call.query.get("names", [])]}


@SERVICE.method("services.enable", "services.disable")
def switch(call: "Call") -> Document:
    """Enable or disable an API."""
    _set(call, call.match.name, enabled=call.method.verb == "enable")
    response = f"{call.method.verb.capitalize()}ServiceResponse"
    return call.operation(then="switched", arguments={"names": [call.match.name]}, response=response)


@SERVICE.method("services.batchEnable")
def batch_enable(call: "Call") -> Document:
    """Enable several APIs at once."""
    names = [f"{call.match.name}/services/{name}" for name in call.body.get("serviceIds", [])]
    for name in names:
        _set(call, name, enabled=True)
    arguments = {"names": names, "batch": True}
    return call.operation(then="switched", arguments=arguments, response="BatchEnableServicesResponse")


@SERVICE.effect("switched")
def switched(context: "Context", arguments: Document) -> Document:
    """What an enable or disable operation ends with."""
    shown = [_shown(context, name) for name in arguments["names"]]
    return {"services": shown} if arguments.get("batch") else {"service": shown[0]}


def _set(call: "Call", name: str, *, enabled: bool) -> None:
    service = name.rpartition("/")[2]
    if not _NAME.fullmatch(service):
        raise invalid(f"Invalid service name '{service}': a domain such as compute.googleapis.com.")
    call.store.put(Key.of("serviceusage", name), {"enabled": enabled})


def _shown(context: "Context", name: str) -> Document:
    parent, _, service = name.partition("/services/")
    project = f"projects/{context.project_number(parent.partition('/')[2])}"
    state = context.store.get(Key.of("serviceusage", name)) or {"enabled": False}
    return {
        "name": f"{project}/services/{service}",
        "parent": project,
        "config": {"name": service},
        "state": "ENABLED" if state["enabled"] else "DISABLED",
    }
