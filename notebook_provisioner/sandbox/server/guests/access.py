"""Whether a VM's service account may read an object: the IAM policies that stand in the sandbox, followed.

Followed are the bucket's and its project's policies, service accounts, everybody, the convenience members
``projectEditor:P`` and their like, predefined and custom roles that hold ``storage.objects.get``, and
conditions on ``resource.name``. Not followed: groups, grants above the project, deny policies, perimeters,
other conditions (which then grant nothing).
"""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from notebook_provisioner.sandbox.server import crud
from notebook_provisioner.sandbox.server.errors import ApiError
from notebook_provisioner.sandbox.server.services.storage.shelf import Shelf
from notebook_provisioner.sandbox.server.store import Document, Key

if TYPE_CHECKING:
    from notebook_provisioner.sandbox.server.context import Context

_PERMISSION: Final = "storage.objects.get"
# https://cloud.google.com/storage/docs/access-control/iam-roles: predefined roles that hold it
_READERS: Final = frozenset(
    f"roles/storage.{name}"
    for name in (
        "admin",
        "objectAdmin",
        "objectUser",
        "objectViewer",
        "legacyObjectOwner",
        "legacyObjectReader",
    )
)
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
        bucket = shelf.bucket(bucket_name)
        if not may_read(context, bucket_name, name, account, bucket.project):
            words = f"{account} does not have {_PERMISSION} access to the Google Cloud Storage object."
            raise Unreadable(403, words)
        version = shelf.find(bucket, name, None)
    except ApiError as error:
        raise Unreadable(error.http_status, error.message) from None
    return b"".join(shelf.contents.read(version.content))


def may_read(context: "Context", bucket: str, name: str, account: str, project: str) -> bool:
    """Whether *account* (an e-mail) may read the object *name* of a bucket in *project*."""
    resource = f"projects/_/buckets/{bucket}/objects/{name}"
    bindings = [
        *_bindings(context, Key("storage", "b", bucket)),
        *_bindings(context, Key("cloudresourcemanager", "projects", project)),
    ]
    return any(
        _holds(context, binding["role"])
        and _allows(binding.get("condition"), resource)
        and any(_is_member(context, member, account) for member in binding.get("members", []))
        for binding in bindings
    )


def _bindings(context: "Context", key: Key) -> Iterator[Document]:
    yield from (context.store.get(crud.policy_key(key)) or {}).get("bindings", [])


def _holds(context: "Context", role: str) -> bool:
    if role in _READERS:
        return True
    custom = context.store.get(Key.of("iam", role)) if role.startswith("projects/") else None
    return custom is not None and _PERMISSION in custom.get("includedPermissions", [])


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
