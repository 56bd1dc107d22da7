"""What an object version looks like when it is made and when its metadata changes. Pure functions."""

import base64
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from notebook_provisioner.sandbox.server.clock import rfc3339_milliseconds as timestamp
from notebook_provisioner.sandbox.server.errors import ApiError, invalid
from notebook_provisioner.sandbox.server.patches import merge
from notebook_provisioner.sandbox.server.services.storage.rules import (
    check_object_name,
    check_storage_class,
    only,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from notebook_provisioner.sandbox.server.services.storage.catalog import Bucket, Version
    from notebook_provisioner.sandbox.server.services.storage.content import Content
    from notebook_provisioner.sandbox.server.store import Document

WRITABLE: Final = (
    "cacheControl",
    "contentDisposition",
    "contentEncoding",
    "contentLanguage",
    "contentType",
    "contexts",
    "customTime",
    "eventBasedHold",
    "metadata",
    "retention",
    "temporaryHold",
)


def created(
    bucket: "Bucket",
    fields: "Mapping[str, Any]",
    content: "Content",
    *,
    generation: int,
    now: float,
    components: int | None = None,
) -> "Document":
    """A new version with what the service adds.

    Args:
        bucket: Where it is made.
        fields: ``name`` and the metadata that the client sent; its checksums are held against *content*.
        content: The bytes' measures.
        generation: Identifies the version.
        now: Seconds since the epoch.
        components: Number of composed components; None for an object uploaded whole, which alone has an MD5.

    Raises:
        ApiError: 400; the name, the storage class or a checksum is wrong.
    """
    name = str(fields.get("name") or "")
    check_object_name(name)
    _check_sums(fields, content)
    storage_class = str(fields.get("storageClass") or bucket.resource["storageClass"])
    check_storage_class(storage_class)
    moment = timestamp(now)
    resource = {
        "kind": "storage#object",
        "id": f"{bucket.name}/{name}/{generation}",
        "name": name,
        "bucket": bucket.name,
        "generation": str(generation),
        "metageneration": "1",
        "storageClass": storage_class,
        "size": str(content.size),
        "crc32c": content.crc32c,
        "timeCreated": moment,
        "updated": moment,
        "timeStorageClassUpdated": moment,
        "timeFinalized": moment,
        **only(fields, WRITABLE),
    }
    if components is None:
        resource["md5Hash"] = content.md5_hash
    else:
        resource["componentCount"] = components
    if bucket.resource.get("defaultEventBasedHold"):
        resource.setdefault("eventBasedHold", True)
    if key := fields.get("kmsKeyName") or bucket.resource.get("encryption", {}).get("defaultKmsKeyName"):
        resource["kmsKeyName"] = key if "/cryptoKeyVersions/" in key else f"{key}/cryptoKeyVersions/1"
    return resource


def patched(
    current: "Document", patch: "Mapping[str, Any]", now: float, *, override_retention: bool = False
) -> "Document":
    """*current* after a merge patch of its metadata.

    Raises:
        ApiError: 403; a retention would be shortened without *override_retention*, or is locked.
    """
    _check_retention(
        current.get("retention"), merge(current, patch).get("retention"), override=override_retention
    )
    return _touched(merge(current, only(patch, WRITABLE)), now)


def replaced(
    current: "Document", body: "Mapping[str, Any]", now: float, *, override_retention: bool
) -> "Document":
    """*current* with all writable metadata as in *body*; what *body* leaves out is unset.

    Raises:
        ApiError: As `patched`.
    """
    kept = {field: value for field, value in current.items() if field not in WRITABLE}
    new = {**kept, **{field: value for field, value in only(body, WRITABLE).items() if value is not None}}
    _check_retention(current.get("retention"), new.get("retention"), override=override_retention)
    return _touched(new, now)


def shown(version: "Version", origin: str) -> "Document":
    """A version as the API shows it: with links and entity tag.

    ``mediaLink`` points at *origin*, because clients download from there; ``selfLink`` is Google's own.
    """
    resource = version.resource
    path = f"storage/v1/b/{quote(resource['bucket'], safe='')}/o/{quote(resource['name'], safe='')}"
    tag = f"{resource['generation']}/{resource['metageneration']}"
    return {
        **resource,
        "selfLink": f"https://www.googleapis.com/{path}",
        "mediaLink": f"{origin}/download/{path}?generation={resource['generation']}&alt=media",
        "etag": base64.b64encode(tag.encode()).decode(),
    }


def _touched(resource: "Document", now: float) -> "Document":
    return {**resource, "metageneration": str(int(resource["metageneration"]) + 1), "updated": timestamp(now)}


def _check_sums(fields: "Mapping[str, Any]", content: "Content") -> None:
    for field, actual in (("md5Hash", content.md5_hash), ("crc32c", content.crc32c)):
        claimed = fields.get(field)
        if claimed and claimed != actual:
            name = "MD5 hash" if field == "md5Hash" else "CRC32C"
            raise invalid(f'Provided {name} "{claimed}" doesn\'t match calculated {name} "{actual}".')


def _check_retention(
    before: "Mapping[str, Any] | None", after: "Mapping[str, Any] | None", *, override: bool
) -> None:
    if not before:
        return
    weaker = (
        not after or after["retainUntilTime"] < before["retainUntilTime"] or after["mode"] != before["mode"]
    )
    if weaker and (before["mode"] == "Locked" or not override):
        message = "Object's retention cannot be removed, shortened or unlocked."
        raise ApiError("PERMISSION_DENIED", message, reason="objectRetentionNotMet")
