"""What a bucket looks like when it is made and when it is changed. Pure: documents in, documents out."""

import re
from typing import TYPE_CHECKING, Any, Final

from notebook_provisioner.sandbox.server.clock import rfc3339_milliseconds as timestamp
from notebook_provisioner.sandbox.server.errors import ApiError, invalid
from notebook_provisioner.sandbox.server.patches import merge
from notebook_provisioner.sandbox.server.services.storage.rules import (
    check_storage_class,
    only,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from notebook_provisioner.sandbox.server.store import Document

WRITABLE: Final = (
    "autoclass",
    "billing",
    "cors",
    "customPlacementConfig",
    "defaultEventBasedHold",
    "encryption",
    "iamConfiguration",
    "ipFilter",
    "labels",
    "lifecycle",
    "logging",
    "retentionPolicy",
    "rpo",
    "softDeletePolicy",
    "storageClass",
    "versioning",
    "website",
)
_AT_CREATION: Final = (*WRITABLE, "hierarchicalNamespace", "location")

DAY: Final = 86_400  # seconds
DEFAULT_SOFT_DELETE: Final = 7 * DAY  # https://cloud.google.com/storage/docs/soft-delete
_SOFT_DELETE_RANGE: Final = (7 * DAY, 90 * DAY)
_UNIFORM_ACCESS_LOCKS_AFTER: Final = (
    90 * DAY
)  # https://cloud.google.com/storage/docs/uniform-bucket-level-access
_MULTI_REGIONS: Final = frozenset(("ASIA", "EU", "US"))
_DUAL_REGIONS: Final = frozenset(("ASIA1", "EUR4", "EUR5", "EUR7", "EUR8", "NAM4"))
_REGION: Final = re.compile(r"[A-Z]+(?:-[A-Z]+)+\d+")
_LABEL_KEY: Final = re.compile(r"[^\W_A-Z][\w-]{0,62}")
_LABEL_VALUE: Final = re.compile(r"[\w-]{0,63}")
_PUBLIC_ACCESS: Final = frozenset(("inherited", "enforced"))


def created(body: "Mapping[str, Any]", *, project_number: int, generation: int, now: float) -> "Document":
    """A new bucket with what the service adds.

    Args:
        body: The request: name, location and settings.
        project_number: Of the project that owns it.
        generation: Identifies the bucket.
        now: Seconds since the epoch.

    Raises:
        ApiError: 400; a setting is invalid.
    """
    location = str(body.get("location") or "US").upper()
    resource = {
        "kind": "storage#bucket",
        "id": body["name"],
        "name": body["name"],
        "projectNumber": str(project_number),
        "generation": str(generation),
        "timeCreated": timestamp(now),
        "storageClass": "STANDARD",
        "iamConfiguration": {},
        "softDeletePolicy": {"retentionDurationSeconds": str(DEFAULT_SOFT_DELETE)},
        **only(body, _AT_CREATION),
        "location": location,
        "locationType": _location_type(location, body),
        "metageneration": "0",
    }
    if resource["locationType"] != "region":
        resource.setdefault("rpo", "DEFAULT")
    return _completed(resource, {}, now)


def patched(current: "Document", patch: "Mapping[str, Any]", now: float) -> "Document":
    """*current* after a merge patch.

    Raises:
        ApiError: 400 or 403; a setting is invalid or may not change.
    """
    return _completed(merge(current, only(patch, WRITABLE)), current, now)


def replaced(current: "Document", body: "Mapping[str, Any]", now: float) -> "Document":
    """*current* with all writable settings as in *body*; those that *body* leaves out are unset.

    Raises:
        ApiError: 400 or 403; a setting is invalid or may not change.
    """
    kept = {field: value for field, value in current.items() if field not in WRITABLE}
    resource = {"storageClass": "STANDARD", "iamConfiguration": {}, **kept, **only(body, WRITABLE)}
    return _completed(resource, current, now)


def locked(current: "Document", now: float) -> "Document":
    """*current* with its retention policy locked for good.

    Raises:
        ApiError: 400; there is no retention policy.
    """
    if "retentionPolicy" not in current:
        raise invalid("The bucket has no retention policy to lock.")
    return _completed(merge(current, {"retentionPolicy": {"isLocked": True}}), current, now)


def soft_delete_seconds(bucket: "Mapping[str, Any]") -> int:
    """How long deleted things stay restorable; 0 where soft delete is off."""
    return int(bucket.get("softDeletePolicy", {}).get("retentionDurationSeconds", 0))


def is_versioned(bucket: "Mapping[str, Any]") -> bool:
    """Whether replaced and deleted objects stay as noncurrent versions."""
    return bool(bucket.get("versioning", {}).get("enabled"))


def uniform_access(bucket: "Mapping[str, Any]") -> bool:
    """Whether ACLs are off and IAM alone decides."""
    return bool(bucket["iamConfiguration"]["uniformBucketLevelAccess"]["enabled"])


def public_access_prevented(bucket: "Mapping[str, Any]") -> bool:
    """Whether the bucket itself forbids access to everyone."""
    return bool(bucket["iamConfiguration"]["publicAccessPrevention"] == "enforced")


def _completed(resource: "Document", previous: "Mapping[str, Any]", now: float) -> "Document":
    """Check *resource* and set what follows from its settings."""
    check_storage_class(str(resource.setdefault("storageClass", "STANDARD")))
    _check_labels(resource.get("labels", {}))
    _check_lifecycle(resource.get("lifecycle", {}))
    resource = {
        **resource,
        "iamConfiguration": _iam_configuration(resource.get("iamConfiguration", {}), previous, now),
        "softDeletePolicy": _soft_delete_policy(resource.get("softDeletePolicy", {}), previous, now),
        "metageneration": str(int(resource["metageneration"]) + 1),
        "updated": timestamp(now),
    }
    retention = _retention_policy(resource.get("retentionPolicy"), previous.get("retentionPolicy"), now)
    resource.pop("retentionPolicy", None)
    if retention:
        resource["retentionPolicy"] = retention
    for field in ("labels", "cors", "lifecycle", "website", "encryption", "logging"):
        if not resource.get(field, True):
            del resource[field]
    return resource


def _location_type(location: str, body: "Mapping[str, Any]") -> str:
    if body.get("customPlacementConfig") or location in _DUAL_REGIONS:
        return "dual-region"
    if location in _MULTI_REGIONS:
        return "multi-region"
    if _REGION.fullmatch(location):
        return "region"
    raise invalid("The specified location constraint is not valid.")


def _iam_configuration(wanted: "Document", previous: "Mapping[str, Any]", now: float) -> "Document":
    before = previous.get("iamConfiguration", {}).get("uniformBucketLevelAccess", {})
    was_enabled = bool(before.get("enabled"))
    settings = [wanted[name] for name in ("uniformBucketLevelAccess", "bucketPolicyOnly") if name in wanted]
    changes = any(bool(setting.get("enabled")) != was_enabled for setting in settings)
    if was_enabled and changes and before["lockedTime"] < timestamp(now):
        raise invalid("Cannot disable uniform bucket-level access after its locked time.")
    access: Document = {"enabled": was_enabled != changes}
    if access["enabled"]:
        access["lockedTime"] = before.get("lockedTime") or timestamp(now + _UNIFORM_ACCESS_LOCKS_AFTER)
    prevention = str(wanted.get("publicAccessPrevention", "inherited")).lower()
    prevention = "inherited" if prevention == "unspecified" else prevention
    if prevention not in _PUBLIC_ACCESS:
        raise invalid(
            f"Invalid argument: publicAccessPrevention '{prevention}' is neither 'inherited' nor 'enforced'."
        )
    return {
        "bucketPolicyOnly": access,
        "publicAccessPrevention": prevention,
        "uniformBucketLevelAccess": access,
    }


def _soft_delete_policy(wanted: "Document", previous: "Mapping[str, Any]", now: float) -> "Document":
    seconds = int(wanted.get("retentionDurationSeconds", 0))
    shortest, longest = _SOFT_DELETE_RANGE
    if seconds and not shortest <= seconds <= longest:
        raise invalid(
            f"Soft delete retention must be 0 or {shortest}-{longest} seconds (7-90 days), not {seconds}."
        )
    before = previous.get("softDeletePolicy", {})
    unchanged = before and int(before["retentionDurationSeconds"]) == seconds
    effective = before["effectiveTime"] if unchanged and "effectiveTime" in before else timestamp(now)
    return {"retentionDurationSeconds": str(seconds), "effectiveTime": effective}


def _retention_policy(
    wanted: "Mapping[str, Any] | None", before: "Mapping[str, Any] | None", now: float
) -> "Document | None":
    period = int((wanted or {}).get("retentionPeriod", 0))
    if before and before.get("isLocked") and period < int(before["retentionPeriod"]):
        message = "A locked retention policy can neither be removed nor shortened."
        raise ApiError("PERMISSION_DENIED", message, reason="retentionPolicyLocked")
    if not period:
        return None
    unchanged = before is not None and int(before["retentionPeriod"]) == period
    policy: Document = {
        "retentionPeriod": str(period),
        "effectiveTime": before["effectiveTime"] if before and unchanged else timestamp(now),
    }
    if wanted and (wanted.get("isLocked") or (before and before.get("isLocked"))):
        policy["isLocked"] = True
    return policy


def _check_labels(labels: "Mapping[str, Any]") -> None:
    # https://cloud.google.com/storage/docs/tags-and-labels#bucket-labels
    for key, value in labels.items():
        lower = str(value).lower() == value
        if (
            not _LABEL_KEY.fullmatch(key)
            or key != key.lower()
            or not lower
            or not _LABEL_VALUE.fullmatch(value)
        ):
            raise invalid(
                f"Invalid argument: label {key!r}: {value!r}; up to 63 lower-case letters, digits, '_', '-'."
            )


def _check_lifecycle(lifecycle: "Mapping[str, Any]") -> None:
    for rule in lifecycle.get("rule", []):
        if not rule.get("condition"):
            raise invalid("A lifecycle rule needs at least one condition.")
        if "matchesPattern" in rule["condition"]:
            raise ApiError("UNIMPLEMENTED", "not emulated by the sandbox: lifecycle condition matchesPattern")
        action = rule.get("action", {})
        if action.get("type") not in {"Delete", "SetStorageClass", "AbortIncompleteMultipartUpload"}:
            raise invalid(f"Invalid argument: lifecycle action {action.get('type')!r}.")
        if action["type"] == "SetStorageClass":
            check_storage_class(str(action.get("storageClass")))
