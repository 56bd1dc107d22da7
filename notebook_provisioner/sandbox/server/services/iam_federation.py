"""Workload identity federation: pools and their providers. No token is ever traded."""

from typing import TYPE_CHECKING, Final

from notebook_provisioner.sandbox.server.errors import invalid
from notebook_provisioner.sandbox.server.service import Resource, Service
from notebook_provisioner.sandbox.server.store import Document

if TYPE_CHECKING:
    from notebook_provisioner.sandbox.server.call import Call

_POOLS: Final = "projects.locations.workloadIdentityPools"
_KINDS: Final = ("aws", "oidc", "saml", "x509")
_VERBS: Final = frozenset({"create", "get", "patch", "getIamPolicy", "setIamPolicy", "testIamPermissions"})


def _activate(call: "Call", document: Document) -> None:
    del call
    document["state"] = "ACTIVE"


def _check_provider(call: "Call", _: Document, provider: Document) -> None:
    del call
    if sum(kind in provider for kind in _KINDS) != 1:
        raise invalid(f"A provider is exactly one of {', '.join(_KINDS)}.")
    if "google.subject" not in provider.get("attributeMapping", {}) and "aws" not in provider:
        raise invalid("attributeMapping needs google.subject.")


def _complete_provider(call: "Call", provider: Document) -> None:
    _check_provider(call, provider, provider)
    _activate(call, provider)


def delete(call: "Call") -> Document:
    """Hide a pool or provider; its id stays taken (for 30 days at Google, here until it is undeleted)."""
    call.store.put(call.key, call.load() | {"state": "DELETED"})
    return call.operation()


def undelete(call: "Call") -> Document:
    """Bring it back."""
    call.store.put(call.key, call.load() | {"state": "ACTIVE"})
    return call.operation(call.key)


def list_attestation_rules(call: "Call") -> Document:
    """None: nothing adds any."""
    call.load()
    return {}


def add_to(service: Service) -> None:
    """Let the IAM service serve pools and providers."""
    service.add(
        Resource(collection=_POOLS, verbs=_VERBS, on_create=_activate),
        Resource(
            collection=f"{_POOLS}.providers",
            verbs=frozenset({"create", "get", "patch"}),
            on_create=_complete_provider,
            on_update=_check_provider,
        ),
    )
    service.method(f"{_POOLS}.delete", f"{_POOLS}.providers.delete")(delete)
    service.method(f"{_POOLS}.undelete", f"{_POOLS}.providers.undelete")(undelete)
    service.method(f"{_POOLS}.listAttestationRules")(list_attestation_rules)
