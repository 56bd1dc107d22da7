"""Compute's service object, and what all its resources share: places, references, labels."""

import re
from typing import TYPE_CHECKING

from notebook_provisioner.sandbox.server import crud
from notebook_provisioner.sandbox.server.context import fingerprint
from notebook_provisioner.sandbox.server.errors import ApiError, ErrorStyle, invalid, not_found
from notebook_provisioner.sandbox.server.service import Service
from notebook_provisioner.sandbox.server.services.compute import places
from notebook_provisioner.sandbox.server.store import Document, Json, Key

if TYPE_CHECKING:
    from notebook_provisioner.sandbox.server.call import Call
    from notebook_provisioner.sandbox.server.context import Context

ROOT = "https://www.googleapis.com/compute/v1/"
_ENDPOINT = re.compile(r"^https?://[^/]+/compute/(?:v1|beta|alpha)/")
_RELATIVE = re.compile(r"^(?:global|zones/[^/]+|regions/[^/]+)/\w+/.")
_FREE_TEXT = frozenset({"metadata", "labels", "description", "name", "items"})


def _check_place(call: "Call") -> None:
    """Refuse a zone or region that the sandbox does not have. Google's own words for this are unverified."""
    for kind in ("zone", "region"):
        given = call.parameters.get(kind)
        if given not in {None, "-"} and given not in (places.ZONES if kind == "zone" else places.REGIONS):
            raise not_found(f"projects/{call.project}/{kind}s/{given}")


def _on_create(call: "Call", document: Document) -> None:
    document |= absolute(document, call.project)
    stamp_place(document, Key.of("compute", f"{call.collection}/x"))


SERVICE = Service(
    api="compute",
    version="v1",
    proto_package="google.cloud.compute.v1",
    error_style=ErrorStyle.LEGACY,
    self_link_root=ROOT,
    undocumented=frozenset(  # hashicorp/google sends them: with every NAT, with a network's routing mode
        {"NetworkRoutingConfig.deleteBgpAlwaysCompareMed", "RouterNat.initialNatIps"}
    ),
    undocumented_parameters=frozenset({"returnPartialSuccess"}),  # gcloud sends it; once documented
    before=_check_place,
    on_create=_on_create,
    not_emulated=(
        "zones, regions, machine, disk and accelerator types are a subset of Google's",
        "quotas, prices, IPv6, peerings, shared VPC administration",
        "only VMs of notebooks boot, and that is simulated unless the sandbox was started with --boot lab",
        "guest attributes and serial output: what a notebook's script would say, else what was loaded",
    ),
)


def path_of(value: str, project: str) -> str:
    """A reference in any of its forms as a name: ``projects/p/zones/z/disks/d``.

    Args:
        value: A URL of any host that serves Compute, a name, or the part from ``zones/``, ``regions/``,
            ``global/`` on.
        project: The project that a partial reference means.
    """
    name = _ENDPOINT.sub("", value)
    return f"projects/{project}/{name}" if _RELATIVE.match(name) else name


def url_of(value: str, project: str) -> str:
    """A reference in any of its forms as Compute writes it in its answers."""
    return ROOT + path_of(value, project)


def absolute(value: Json, project: str) -> Json:
    """*value* with every reference to a Compute resource as Compute's own URL; free text stays as it is."""
    if isinstance(value, dict):
        return {key: item if key in _FREE_TEXT else absolute(item, project) for key, item in value.items()}
    if isinstance(value, list):
        return [absolute(item, project) for item in value]
    if isinstance(value, str) and (_ENDPOINT.match(value) or _is_name(value)):
        return url_of(value, project)
    return value


def _is_name(value: str) -> bool:
    return bool(_RELATIVE.match(value)) or bool(
        re.match(r"^projects/[^/]+/(?:global|zones/[^/]+|regions/[^/]+)/\w+/.", value)
    )


def key_of(value: str, project: str) -> Key:
    """Key of the resource that a reference means."""
    return Key.of("compute", path_of(value, project))


def require(context: "Context", field: str, value: str, project: str) -> tuple[Key, Document]:
    """The resource that a request's field refers to.

    Raises:
        ApiError: 400 where there is none.
    """
    key = key_of(value, project)
    document = context.store.get(key)
    if document is None:
        kind = singular(key.kind)
        raise invalid(
            f"Invalid value for field 'resource.{field}': '{value}'. The referenced {kind} resource "
            "cannot be found."
        )
    return key, document


def refuse_use(context: "Context", name: str, field: str, *kinds: str) -> None:
    """Refuse to delete *name* (``projects/p/global/networks/n``) while a resource refers to it in *field*.

    Args:
        context: The sandbox.
        name: What is to be deleted.
        field: Top-level field of the users that holds its URL.
        kinds: Kinds of the possible users.

    Raises:
        ApiError: 400 resourceInUseByAnotherResource that names the first user.
    """
    project = name.split("/")[1]
    for kind in kinds:
        for entry in context.store.scan("compute", kind, f"projects/{project}/"):
            if entry.document.get(field) == ROOT + name:
                raise in_use(name, entry.key.name)


def in_use(name: str, user: str) -> ApiError:
    """400: *name* cannot be deleted because *user* uses it."""
    kind = singular(name.split("/")[-2])
    return invalid(
        f"The {kind} resource '{name}' is already being used by '{user}'",
        reason="resourceInUseByAnotherResource",
    )


def singular(kind: str) -> str:
    """The name of one resource of a kind: ``resourcePolicy`` for ``resourcePolicies``."""
    for plural, one in (("ies", "y"), ("sses", "ss"), ("s", "")):
        if kind.endswith(plural):
            return kind.removesuffix(plural) + one
    return kind


def stamp_place(document: Document, key: Key) -> None:
    """Write the zone or region of the resource under *key* into *document*, as a URL."""
    parts = key.collection.split("/")
    if parts[2] in {"zones", "regions"}:
        document[parts[2].removesuffix("s")] = ROOT + "/".join(parts[:4])


def store_new(context: "Context", schema: str, key: Key, document: Document) -> None:
    """Store *document* as a new resource with all that Compute adds: for side effects of other calls."""
    crud.stamp_new(context, SERVICE, schema, key, document)
    stamp_place(document, key)
    crud.stamp_changed(context, SERVICE, schema, document)
    context.store.put(key, document, created=context.clock.now())


@SERVICE.method(
    "instances.setLabels",
    "disks.setLabels",
    "snapshots.setLabels",
    "images.setLabels",
    "addresses.setLabels",
    "globalAddresses.setLabels",
)
def set_labels(call: "Call") -> Document:
    """Replace the labels of a resource; the fingerprint must be current."""
    document = call.load()
    crud.check_fingerprint(call.body.get("labelFingerprint"), label_fingerprint(document), "labels")
    document["labels"] = call.body.get("labels", {})
    document["labelFingerprint"] = fingerprint(document["labels"])
    call.store.put(call.key, document)
    return call.operation()


def label_fingerprint(document: Document) -> str:
    """The fingerprint of a resource's labels; one that was loaded keeps its own."""
    return str(document.get("labelFingerprint") or fingerprint(document.get("labels", {})))
