"""Organization Policy: the policies that are set on a project."""

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from notebook_provisioner.sandbox.server import crud
from notebook_provisioner.sandbox.server.clock import rfc3339
from notebook_provisioner.sandbox.server.errors import invalid
from notebook_provisioner.sandbox.server.service import GENERIC_VERBS, Resource, Service
from notebook_provisioner.sandbox.server.store import Document

if TYPE_CHECKING:
    from notebook_provisioner.sandbox.server.call import Call

SERVICE = Service(
    api="orgpolicy",
    version="v2",
    proto_package="google.cloud.orgpolicy.v2",
    schema_prefix="GoogleCloudOrgpolicyV2",
    not_emulated=(
        "enforcement; policies of folders and organizations; custom constraints",
        "the list of constraints: any name is taken for one",
    ),
)


def _complete(call: "Call", policy: Document) -> None:
    for part in ("spec", "dryRunSpec"):
        if part in policy:
            rules = policy[part].get("rules", [])
            if not rules and not (policy[part].get("reset") or policy[part].get("inheritFromParent")):
                raise invalid(f"{policy['name']}: {part} needs rules, reset or inheritFromParent.")
            policy[part] = crud.with_etag({**policy[part], "updateTime": rfc3339(call.clock.now())})


_POLICIES: Final = Resource(
    collection="projects.policies",
    verbs=GENERIC_VERBS - {"patch"},
    on_create=_complete,
    on_update=lambda call, _, policy: _complete(call, policy),
)
SERVICE.add(_POLICIES)


@SERVICE.method("projects.policies.patch")
def patch(call: "Call") -> Document:
    """Change part of a policy.

    The discovery document calls the mask's paths relative to the policy. hashicorp/google 7.46 writes them
    as ``policy.spec`` and ``policy.dryRunSpec``, and works; both forms are taken.
    """
    mask = call.query.get("updateMask") or ""
    paths = [path.strip().removeprefix("policy.") for path in mask.split(",")]
    return crud.patch(replace(call, query=call.query | {"updateMask": ",".join(paths)}), _POLICIES)
