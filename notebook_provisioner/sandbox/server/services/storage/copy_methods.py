"""Objects made of objects: copy, rewrite, move, compose."""

from typing import TYPE_CHECKING, Final

from notebook_provisioner.sandbox.server.errors import ApiError, invalid
from notebook_provisioner.sandbox.server.services.storage import objects
from notebook_provisioner.sandbox.server.services.storage.api import SERVICE
from notebook_provisioner.sandbox.server.services.storage.preconditions import Preconditions
from notebook_provisioner.sandbox.server.services.storage.rules import only
from notebook_provisioner.sandbox.server.services.storage.shelf import Shelf

if TYPE_CHECKING:
    from notebook_provisioner.sandbox.server.call import Call
    from notebook_provisioner.sandbox.server.services.storage.catalog import Bucket, Version
    from notebook_provisioner.sandbox.server.store import Document

_COMPOSE_LIMIT: Final = 32  # https://cloud.google.com/storage/docs/composite-objects


@SERVICE.method("objects.copy")
def copy(call: "Call") -> "Document":
    """Copy an object."""
    return objects.shown(_copied(call), call.origin)


@SERVICE.method("objects.rewrite")
def rewrite(call: "Call") -> "Document":
    """Copy an object, whatever its size, within the one call."""
    copied = _copied(call)
    return {
        "kind": "storage#rewriteResponse",
        "done": True,
        "objectSize": copied.resource["size"],
        "totalBytesRewritten": copied.resource["size"],
        "resource": objects.shown(copied, call.origin),
    }


@SERVICE.method("objects.move")
def move(call: "Call") -> "Document":
    """Rename an object within its bucket."""
    shelf = Shelf.of(call.context)
    bucket = shelf.bucket(call.parameters["bucket"])
    source = shelf.find(bucket, call.parameters["sourceObject"], None)
    Preconditions.of(call.query, "ifSource").check(source.resource)
    fields = {**source.resource, "name": call.parameters["destinationObject"]}
    moved = shelf.put(bucket, fields, shelf.contents.duplicate(source.content), Preconditions.of(call.query))
    shelf.delete(bucket, source, for_good=False)
    return objects.shown(moved, call.origin)


@SERVICE.method("objects.compose")
def compose(call: "Call") -> "Document":
    """Concatenate up to 32 objects of a bucket to one."""
    shelf = Shelf.of(call.context)
    bucket = shelf.bucket(call.parameters["destinationBucket"])
    asked = call.body.get("sourceObjects", [])
    if not 1 <= len(asked) <= _COMPOSE_LIMIT:
        raise invalid(f"The number of source components must be 1-{_COMPOSE_LIMIT}, not {len(asked)}.")
    sources = [_component(shelf, bucket, entry) for entry in asked]
    fields = {
        **only(sources[0].resource, ("contentType",)),
        **call.body.get("destination", {}),
        "name": call.parameters["destinationObject"],
    }
    composed = shelf.put(
        bucket,
        fields,
        shelf.contents.concatenate(source.content for source in sources),
        Preconditions.of(call.query),
        components=sum(int(source.resource.get("componentCount", 1)) for source in sources),
    )
    if call.body.get("deleteSourceObjects"):
        for source in sources:
            if source.name != composed.name:
                shelf.delete(bucket, source, for_good=False)
    return objects.shown(composed, call.origin)


def _copied(call: "Call") -> "Version":
    shelf = Shelf.of(call.context)
    source_bucket = shelf.bucket(call.parameters["sourceBucket"])
    target_bucket = shelf.bucket(call.parameters["destinationBucket"])
    generation = int(call.query.get("sourceGeneration") or 0)
    source = shelf.find(source_bucket, call.parameters["sourceObject"], generation)
    Preconditions.of(call.query, "ifSource").check(source.resource)
    if call.body.get("acl"):
        raise ApiError("UNIMPLEMENTED", "not emulated by the sandbox: access control lists; use IAM")
    # Metadata in the body replaces the source's; a body without any keeps it (discovery, objects.copy).
    fields = only(call.body, (*objects.WRITABLE, "storageClass")) or only(source.resource, objects.WRITABLE)
    fields["name"] = call.parameters["destinationObject"]
    if key := call.query.get("destinationKmsKeyName"):
        fields["kmsKeyName"] = key
    components = source.resource.get("componentCount")
    content = shelf.contents.duplicate(source.content)
    return shelf.put(target_bucket, fields, content, Preconditions.of(call.query), components=components)


def _component(shelf: Shelf, bucket: "Bucket", entry: "Document") -> "Version":
    source = shelf.find(bucket, str(entry.get("name", "")), int(entry.get("generation") or 0))
    conditions = entry.get("objectPreconditions", {})
    Preconditions.of(conditions).check(source.resource)
    return source
