"""What a VM's service account may do in Cloud Storage: the IAM policies that stand in the sandbox, followed.

Followed are the bucket's and its project's policies, service accounts, everybody, the convenience members
``projectEditor:P`` and their like, the predefined roles of Cloud Storage, custom roles, and conditions on
``resource.name``. Not followed: groups, grants above the project, deny policies, perimeters, other conditions
(which then grant nothing).
"""

import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Final

from notebook_provisioner.sandbox.server import crud
from notebook_provisioner.sandbox.server.errors import ApiError
from notebook_provisioner.sandbox.server.services.storage.shelf import Shelf
from notebook_provisioner.sandbox.server.store import Document, Key

if TYPE_CHECKING:
    from notebook_provisioner.sandbox.server.call import Call
    from notebook_provisioner.sandbox.server.context import Context

_GET, _LIST, _CREATE, _DELETE, _UPDATE = (
    f"storage.objects.{verb}" for verb in ("get", "list", "create", "delete", "update")
)
_BUCKET: Final = "storage.buckets.get"
_OBJECTS: Final = frozenset({_GET, _LIST, _CREATE, _DELETE, _UPDATE})
# https://cloud.google.com/storage/docs/access-control/iam-roles, as far as the sandbox asks
_ROLES: Final[dict[str, AbstractSet[str]]] = {
    "roles/storage.admin": _OBJECTS | {_BUCKET},
    "roles/storage.legacyBucketOwner": {_BUCKET, _LIST, _CREATE, _DELETE},
    "roles/storage.legacyBucketReader": {_BUCKET, _LIST},
    "roles/storage.legacyBucketWriter": {_BUCKET, _LIST, _CREATE, _DELETE},
    "roles/storage.legacyObjectOwner": {_GET, _UPDATE},
    "roles/storage.legacyObjectReader": {_GET},
    "roles/storage.objectAdmin": _OBJECTS,
    "roles/storage.objectCreator": {_CREATE},
    "roles/storage.objectUser": _OBJECTS,
    "roles/storage.objectViewer": {_GET, _LIST},
}
# https://cloud.google.com/storage/docs/access-control/iam-json: what methods need
_NEEDS: Final[dict[str, AbstractSet[str]]] = {
    "storage.buckets.get": {_BUCKET},
    "storage.objects.delete": {_DELETE},
    "storage.objects.get": {_GET},
    "storage.objects.insert": {_CREATE},
    "storage.objects.list": {_LIST},
    "storage.objects.patch": {_UPDATE},
    "storage.objects.update": {_UPDATE},
}
_BASIC: Final = {
    "projectOwner": "roles/owner",
    "projectEditor": "roles/editor",
    "projectViewer": "roles/viewer",
}
_TERM: Final = re.compile(r'resource\.name(?:\.startsWith\("([^"\\]*)"\)|\s*==\s*"([^"\\]*)")')


class Unreadable(Exception):
    """The object cannot be read; the text says why.

    Attributes:
        status: The HTTP status that Cloud Storage answers with.
    """

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


def read(context: "Context", url: str, account: str) -> bytes:
    """The content of ``gs://BUCKET/OBJECT`` for a service account.

    Raises:
        Unreadable: The URL is none, nothing is there, or the account may not read it.
    """
    found = re.fullmatch(r"gs://([^/]+)/(.+)", url, re.DOTALL)
    if found is None:
        raise Unreadable(400, "this is no gs://BUCKET/OBJECT")
    bucket_name, name = found.groups()
    shelf = Shelf.of(context)
    try:
        _require(context, bucket_name, name, account, {_GET})
        version = shelf.find(shelf.bucket(bucket_name), name, None)
    except ApiError as error:
        raise Unreadable(error.http_status, error.message) from None
    return b"".join(shelf.contents.read(version.content))


def check(call: "Call", account: str) -> None:
    """Refuse a request that a VM's service account (an e-mail) may not make.

    Raises:
        ApiError: 403 or 404 in Cloud Storage's words; 501 for what the sandbox does not know the need of.
    """
    needed = _NEEDS.get(call.method.id)
    if needed is None:
        raise ApiError("UNIMPLEMENTED", f"not emulated by the sandbox for a VM's account: {call.method.id}")
    bucket = call.parameters["bucket"]
    name = call.parameters.get("object") or str(call.query.get("name") or call.body.get("name") or "")
    if call.method.id == "storage.objects.insert" and _exists(call.context, bucket, name):
        needed = needed | {_DELETE}
    _require(call.context, bucket, name, account, needed)


def _exists(context: "Context", bucket_name: str, name: str) -> bool:
    catalog = Shelf.of(context).catalog
    bucket = catalog.bucket(bucket_name)
    return bucket is not None and catalog.live(bucket.generation, name) is not None


def _require(context: "Context", bucket: str, name: str, account: str, needed: AbstractSet[str]) -> None:
    project = Shelf.of(context).bucket(bucket).project
    resource = f"projects/_/buckets/{bucket}" + (f"/objects/{name}" if name else "")
    bindings = [
        *_bindings(context, Key("storage", "b", bucket)),
        *_bindings(context, Key("cloudresourcemanager", "projects", project)),
    ]
    for permission in sorted(needed):
        if not any(_grants(context, binding, permission, resource, account) for binding in bindings):
            raise ApiError(
                "PERMISSION_DENIED",
                f"{account} does not have {permission} access to the Google Cloud Storage object.",
            )


def _bindings(context: "Context", key: Key) -> Iterator[Document]:
    yield from (context.store.get(crud.policy_key(key)) or {}).get("bindings", [])


def _grants(context: "Context", binding: Document, permission: str, resource: str, account: str) -> bool:
    return (
        permission in _permissions(context, binding["role"])
        and _allows(binding.get("condition"), resource)
        and any(_is_member(context, member, account) for member in binding.get("members", []))
    )


def _permissions(context: "Context", role: str) -> AbstractSet[str]:
    if role.startswith("projects/"):
        return set((context.store.get(Key.of("iam", role)) or {}).get("includedPermissions", []))
    return _ROLES.get(role, frozenset[str]())


def _is_member(context: "Context", member: str, account: str) -> bool:
    if member in {f"serviceAccount:{account}", "allUsers", "allAuthenticatedUsers"}:
        return True
    kind, _, project = member.partition(":")
    if kind not in _BASIC:
        return False
    return any(
        binding["role"] == _BASIC[kind] and f"serviceAccount:{account}" in binding.get("members", [])
        for binding in _bindings(context, Key("cloudresourcemanager", "projects", project))
    )


def _allows(condition: Document | None, resource: str) -> bool:
    if not condition:
        return True
    terms = [_TERM.fullmatch(term.strip()) for term in condition.get("expression", "").split("&&")]
    return all(
        term is not None and (resource.startswith(term[1]) if term[1] is not None else resource == term[2])
        for term in terms
    )
