"""Whether Google's own service accounts may use a Cloud KMS key: what a CMEK set-up forgets first."""

import re
from typing import TYPE_CHECKING, Final

from notebook_provisioner.sandbox.server import crud
from notebook_provisioner.sandbox.server.errors import invalid
from notebook_provisioner.sandbox.server.store import Key

if TYPE_CHECKING:
    from notebook_provisioner.sandbox.server.context import Context

_KEY_NAME: Final = re.compile(
    r"(?P<ring>projects/(?P<project>[^/]+)/locations/[^/]+/keyRings/[^/]+)/cryptoKeys/[^/]+"
)
_ROLE: Final = "roles/cloudkms.cryptoKeyEncrypterDecrypter"


def may_use(context: "Context", name: str, service_agent: str) -> bool:
    """Whether a key is there and a service agent may encrypt and decrypt with it.

    Looks for `roles/cloudkms.cryptoKeyEncrypterDecrypter` on the key, its key ring and its project; other
    roles that hold the permission, groups and grants above the project are not followed.

    Args:
        context: The sandbox.
        name: The key's full name.
        service_agent: An e-mail address.

    Raises:
        ApiError: 400; the name is malformed.
    """
    match = _KEY_NAME.fullmatch(name)
    if match is None:
        raise invalid(f"Malformed Cloud KMS crypto key: {name}")
    key = Key.of("cloudkms", name)
    places = (
        key,
        Key.of("cloudkms", match["ring"]),
        Key("cloudresourcemanager", "projects", match["project"]),
    )
    member = f"serviceAccount:{service_agent}"
    return context.store.get(key) is not None and any(_grants(context, place, member) for place in places)


def _grants(context: "Context", place: Key, member: str) -> bool:
    policy = context.store.get(crud.policy_key(place)) or {}
    return any(
        binding["role"] == _ROLE and member in binding.get("members", [])
        for binding in policy.get("bindings", [])
    )
