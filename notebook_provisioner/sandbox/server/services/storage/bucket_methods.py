"""``buckets.*`` and what else a bucket's path answers."""

import base64
from typing import TYPE_CHECKING, Final

from notebook_provisioner.sandbox.server import crud
from notebook_provisioner.sandbox.server.clock import rfc3339_milliseconds as timestamp
from notebook_provisioner.sandbox.server.errors import ApiError, invalid
from notebook_provisioner.sandbox.server.service import Reply, Resource
from notebook_provisioner.sandbox.server.services.storage import buckets, lifecycle
from notebook_provisioner.sandbox.server.services.storage.api import SERVICE
from notebook_provisioner.sandbox.server.services.storage.catalog import Bucket, State
from notebook_provisioner.sandbox.server.services.storage.encryption import check_key
from notebook_provisioner.sandbox.server.services.storage.preconditions import Preconditions
from notebook_provisioner.sandbox.server.services.storage.rules import check_bucket_name
from notebook_provisioner.sandbox.server.services.storage.shelf import Shelf, no_bucket
from notebook_provisioner.sandbox.server.store import Document, Key

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from notebook_provisioner.sandbox.server.call import Call
    from notebook_provisioner.sandbox.server.context import Context

_PAGE_LIMIT: Final = 1000
_RESOURCE: Final = Resource(collection="buckets")
_EXPIRE_BUCKET: Final = "storage.v1.expireBucket"
_PUBLIC: Final = frozenset(("allUsers", "allAuthenticatedUsers"))


@SERVICE.method("buckets.insert")
def insert(call: "Call") -> Document:
    """Make a bucket, with the policy that Google gives a new one."""
    shelf = Shelf.of(call.context)
    name, project = str(call.body.get("name", "")), str(call.query["project"])
    check_bucket_name(name)
    _refuse_unemulated(call)
    if existing := shelf.catalog.bucket(name):
        owned = existing.project == project
        message = (
            "Your previous request to create the named bucket succeeded and you already own it."
            if owned
            else "The requested bucket name is not available. The bucket namespace is shared by all users of "
            "the system. Please select a different name and try again."
        )
        raise ApiError("ALREADY_EXISTS", message, reason="conflict")
    number = int(call.context.project_number(project))
    generation = shelf.catalog.next_generation(shelf.now)
    resource = buckets.created(call.body, project_number=number, generation=generation, now=shelf.now)
    if call.query.get("enableObjectRetention"):
        resource["objectRetention"] = {"mode": "Enabled"}
    bucket = Bucket(project, resource)
    check_key(call.context, bucket)
    shelf.catalog.save_bucket(bucket)
    lifecycle.watch(call.context, bucket)
    call.store.put(crud.policy_key(Key("storage", "b", name)), crud.with_etag(_first_policy(bucket)))
    return shown(bucket)


@SERVICE.method("buckets.get")
def get(call: "Call") -> Document:
    """A bucket, or with ``softDeleted`` and ``generation`` one that can still be restored."""
    if call.query.get("softDeleted"):
        return shown(_deleted(call))
    bucket = _addressed(call)
    Preconditions.of(call.query).check(bucket.resource, reading=True)
    return shown(bucket)


@SERVICE.method("buckets.list")
def list_(call: "Call") -> Document:
    """A project's buckets, a page at a time; with ``softDeleted`` those that can still be restored."""
    catalog = Shelf.of(call.context).catalog
    limit = min(int(call.query.get("maxResults") or _PAGE_LIMIT), _PAGE_LIMIT)
    prefix, after = str(call.query.get("prefix", "")), _decoded(str(call.query.get("pageToken", "")))
    found = [
        bucket
        for bucket in catalog.buckets(deleted=bool(call.query.get("softDeleted")))
        if bucket.project == call.query["project"]
        and bucket.name.startswith(prefix)
        and _place(bucket) > after
    ]
    page: Document = {"kind": "storage#buckets"}
    if found:
        page["items"] = [shown(bucket) for bucket in found[:limit]]
    if len(found) > limit:
        page["nextPageToken"] = base64.urlsafe_b64encode(_place(found[limit - 1]).encode()).decode()
    return page


@SERVICE.method("buckets.patch")
def patch(call: "Call") -> Document:
    """Merge settings into a bucket."""
    return _change(call, buckets.patched)


@SERVICE.method("buckets.update")
def update(call: "Call") -> Document:
    """Replace a bucket's settings."""
    return _change(call, buckets.replaced)


@SERVICE.method("buckets.lockRetentionPolicy")
def lock_retention_policy(call: "Call") -> Document:
    """Lock the retention policy for good."""
    return _change(call, lambda current, _, now: buckets.locked(current, now))


@SERVICE.method("buckets.delete")
def delete(call: "Call") -> Reply:
    """Delete an empty bucket; where soft delete is on, it can be restored for a while."""
    shelf = Shelf.of(call.context)
    bucket = _addressed(call)
    Preconditions.of(call.query).check(bucket.resource)
    if shelf.catalog.holds_any(bucket.generation, State.LIVE, State.NONCURRENT):
        raise ApiError("ABORTED", "The bucket you tried to delete is not empty.", reason="conflict")
    seconds = buckets.soft_delete_seconds(bucket.resource)
    times = {"softDeleteTime": timestamp(shelf.now), "hardDeleteTime": timestamp(shelf.now + seconds)}
    shelf.catalog.remove_bucket(bucket, keep_as={**bucket.resource, **times} if seconds else None)
    call.store.delete(crud.policy_key(call.key))
    if seconds:
        place = {"name": bucket.name, "generation": bucket.generation}
        call.context.later(seconds, _EXPIRE_BUCKET, place)
    return Reply(status=204)


@SERVICE.method("buckets.restore")
def restore(call: "Call") -> Document:
    """Bring a soft-deleted bucket back, with the policy of a new one (Google's policy is unverified)."""
    shelf = Shelf.of(call.context)
    bucket = _deleted(call)
    if shelf.catalog.bucket(bucket.name):
        raise ApiError("ALREADY_EXISTS", f"The bucket name {bucket.name} is in use again.", reason="conflict")
    resource = {
        field: value
        for field, value in bucket.resource.items()
        if field not in {"softDeleteTime", "hardDeleteTime"}
    }
    restored = Bucket(bucket.project, resource)
    shelf.catalog.forget_deleted_bucket(bucket)
    shelf.catalog.save_bucket(restored)
    lifecycle.watch(call.context, restored)
    call.store.put(crud.policy_key(call.key), crud.with_etag(_first_policy(restored)))
    return shown(restored)


@SERVICE.method("buckets.getStorageLayout")
def get_storage_layout(call: "Call") -> Document:
    """Where a bucket is and how it is laid out."""
    resource = _addressed(call).resource
    return {
        "kind": "storage#storageLayout",
        "bucket": resource["name"],
        "location": resource["location"],
        "locationType": resource["locationType"],
        "hierarchicalNamespace": {"enabled": False},
    }


@SERVICE.method("buckets.getIamPolicy")
def get_iam_policy(call: "Call") -> Document:
    """A bucket's policy."""
    bucket = _addressed(call)
    return _shown_policy(bucket, crud.get_policy(call, _RESOURCE))


@SERVICE.method("buckets.setIamPolicy")
def set_iam_policy(call: "Call") -> Document:
    """Set a bucket's policy, unless it opens to everyone what public access prevention keeps closed."""
    bucket = _addressed(call)
    bindings = call.body.get("bindings", [])
    everyone = {member for binding in bindings for member in binding.get("members", [])} & _PUBLIC
    if everyone and buckets.public_access_prevented(bucket.resource):
        message = (
            "The member bindings allUsers and allAuthenticatedUsers are not allowed since public access "
            "prevention is enforced."
        )
        raise ApiError("CONDITION_NOT_MET", message)
    if any(binding.get("condition") for binding in bindings) and not buckets.uniform_access(bucket.resource):
        raise invalid("IAM conditions need uniform bucket-level access on the bucket.")
    return _shown_policy(bucket, crud.set_policy(call, _RESOURCE))


@SERVICE.method("buckets.testIamPermissions")
def test_iam_permissions(call: "Call") -> Document:
    """All permissions that were asked about."""
    _addressed(call)
    return {"kind": "storage#testIamPermissionsResponse", **crud.test_permissions(call, _RESOURCE)}


@SERVICE.method("anywhereCaches.list", "managedFolders.list")
def list_nothing(call: "Call") -> Document:
    """Nothing: the sandbox makes neither caches nor managed folders; clients ask before they delete."""
    _addressed(call)
    return {"kind": f"storage#{call.method.resource}"}


@SERVICE.method("projects.serviceAccount.get")
def get_service_account(call: "Call") -> Document:
    """The project's Cloud Storage service agent."""
    number = call.context.project_number(call.parameters["projectId"])
    return {
        "kind": "storage#serviceAccount",
        "email_address": f"service-{number}@gs-project-accounts.iam.gserviceaccount.com",
    }


@SERVICE.effect("expireBucket")
def expire_bucket(context: "Context", arguments: Document) -> None:
    """End a soft-deleted bucket's time; nothing where it was restored."""
    shelf = Shelf.of(context)
    bucket = shelf.catalog.deleted_bucket(arguments["name"], arguments["generation"])
    if bucket is None:
        return
    for version in shelf.catalog.scan(bucket.generation, (State.SOFT_DELETED,)):
        shelf.expire(version)
    shelf.catalog.forget_deleted_bucket(bucket)


def shown(bucket: Bucket) -> Document:
    """A bucket as the API shows it: with link and entity tag."""
    tag = f"{bucket.resource['generation']}/{bucket.resource['metageneration']}"
    return {
        **bucket.resource,
        "selfLink": f"https://www.googleapis.com/storage/v1/b/{bucket.name}",
        "etag": base64.b64encode(tag.encode()).decode(),
    }


SERVICE.seed = Shelf.clear


def _addressed(call: "Call") -> Bucket:
    return Shelf.of(call.context).bucket(call.parameters["bucket"])


def _deleted(call: "Call") -> Bucket:
    name, generation = call.parameters["bucket"], call.query.get("generation")
    if not generation:
        raise invalid("A soft-deleted bucket is addressed with its generation.", reason="required")
    bucket = Shelf.of(call.context).catalog.deleted_bucket(name, int(generation))
    if bucket is None:
        raise no_bucket(name)
    return bucket


def _change(call: "Call", change: "Callable[[Document, Mapping[str, object], float], Document]") -> Document:
    shelf = Shelf.of(call.context)
    bucket = _addressed(call)
    Preconditions.of(call.query).check(bucket.resource)
    _refuse_unemulated(call)
    changed = Bucket(bucket.project, change(bucket.resource, call.body, shelf.now))
    if changed.resource.get("encryption") != bucket.resource.get("encryption"):
        check_key(call.context, changed)
    shelf.catalog.save_bucket(changed)
    lifecycle.watch(call.context, changed)
    return shown(changed)


def _refuse_unemulated(call: "Call") -> None:
    if (
        call.body.get("acl")
        or call.body.get("defaultObjectAcl")
        or call.query.get("predefinedDefaultObjectAcl")
    ):
        raise ApiError("UNIMPLEMENTED", "not emulated by the sandbox: access control lists; use IAM")
    if call.query.get("predefinedAcl", "private") not in {"private", "projectPrivate"}:
        raise ApiError("UNIMPLEMENTED", "not emulated by the sandbox: predefined ACLs other than private")
    if call.body.get("hierarchicalNamespace", {}).get("enabled"):
        raise ApiError("UNIMPLEMENTED", "not emulated by the sandbox: hierarchical namespaces")


def _first_policy(bucket: Bucket) -> Document:
    """What a new bucket grants to the project's basic roles.

    Source: https://cloud.google.com/storage/docs/access-control/iam-roles#basic-roles-modifiable
    """
    owners = [f"projectEditor:{bucket.project}", f"projectOwner:{bucket.project}"]
    viewers = [f"projectViewer:{bucket.project}"]
    granted = {"legacyBucketOwner": owners, "legacyBucketReader": viewers}
    if buckets.uniform_access(bucket.resource):
        granted |= {"legacyObjectOwner": owners, "legacyObjectReader": viewers}
    return {
        "version": 1,
        "bindings": [
            {"role": f"roles/storage.{role}", "members": members} for role, members in granted.items()
        ],
    }


def _shown_policy(bucket: Bucket, policy: Document) -> Document:
    return {"kind": "storage#policy", "resourceId": f"projects/_/buckets/{bucket.name}", **policy}


def _place(bucket: Bucket) -> str:
    return f"{bucket.name}\0{bucket.generation:020d}"


def _decoded(token: str) -> str:
    try:
        return base64.urlsafe_b64decode(token).decode()
    except ValueError:
        raise invalid(f"Invalid value for pageToken: {token!r}") from None
