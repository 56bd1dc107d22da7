"""What an instance's agent reports of its health: all well, or what the control API wants it to say."""

from typing import TYPE_CHECKING, Final

from notebook_provisioner.sandbox.server.guests import settings
from notebook_provisioner.sandbox.server.services.notebooks.api import vm_key
from notebook_provisioner.sandbox.server.store import Document

if TYPE_CHECKING:
    from notebook_provisioner.sandbox.server.context import Context

_KEYS: Final = (  # as a dump of the API has them; "1" is well
    "docker_proxy_agent_status",
    "docker_status",
    "jupyterlab_api_status",
    "jupyterlab_status",
    "notebooks_api_dns",
    "proxy_registration_dns",
    "system_health",
)


def reported(context: "Context", name: str) -> Document:
    """``healthState`` and ``healthInfo`` of a running instance."""
    wanted = settings.read(context, vm_key(name)).get("health", {})
    state = wanted.get("state", "HEALTHY")
    info = dict.fromkeys(_KEYS, "1")
    if state == "UNHEALTHY":
        info["system_health"] = "-1"  # unverified: only "1" was seen
    return {"healthState": state, "healthInfo": info | wanted.get("info", {})}
