"""IAM: service accounts, their policies, custom roles of projects, workload identity pools."""

import re
import secrets
from typing import TYPE_CHECKING, Final

from notebook_provisioner.sandbox.server import crud, patches
from notebook_provisioner.sandbox.server.errors import ApiError, invalid
from notebook_provisioner.sandbox.server.members import service_account_key
from notebook_provisioner.sandbox.server.service import Resource, Service, drop_keys
from notebook_provisioner.sandbox.server.services import iam_federation
from notebook_provisioner.sandbox.server.store import Document, Key

if TYPE_CHECKING:
    from notebook_provisioner.sandbox.server.call import Call

SERVICE = Service(
    api="iam",
    version="v1",
    proto_package="google.iam.admin.v1",
    not_emulated=(
        "keys of service accounts; signing",
        "workload identity federation: pools and providers are kept, no token is traded",
        "predefined roles: what they hold is not known, and any name is taken for one",
        "who may do what: every caller may do everything",
    ),
)

_ACCOUNTS: Final = Resource(collection="projects.serviceAccounts", verbs=frozenset({"list"}))
_ROLES: Final = Resource(collection="projects.roles")
SERVICE.add(_ACCOUNTS)
iam_federation.add_to(SERVICE)

_ACCOUNT_ID: Final = re.compile(r"[a-z][a-z0-9-]{4,28}[a-z0-9]")
_ROLE_ID: Final = re.compile(r"[a-zA-Z0-9_.]{3,64}")
_DELETED: Final = "deletedServiceAccounts"


@SERVICE.method("projects.serviceAccounts.create")
def create_account(call: "Call") -> Document:
    """Make a service account."""
    account_id = str(call.body.get("accountId", ""))
    if not _ACCOUNT_ID.fullmatch(account_id):
        raise invalid(
            f"Invalid accountId '{account_id}': 6-30 lower-case letters, digits and '-', begun by a letter."
        )
    email = f"{account_id}@{call.project}.iam.gserviceaccount.com"
    key = service_account_key(call.project, email)
    if call.store.get(key) is not None:
        raise ApiError(
            "ALREADY_EXISTS",
            f"Service account {account_id} already exists within project projects/{call.project}.",
        )
    given = call.body.get("serviceAccount", {})
    unique_id = str(10**20 + secrets.randbelow(9 * 10**20))
    account = {
        **{field: given[field] for field in ("displayName", "description") if given.get(field)},
        "name": key.name,
        "projectId": call.project,
        "uniqueId": unique_id,
        "email": email,
        "oauth2ClientId": unique_id,
    }
    return _saved(call, key, account)


@SERVICE.method("projects.serviceAccounts.get")
def get_account(call: "Call") -> Document:
    """A service account by e-mail or unique id; the project may be ``-``."""
    return call.load(_found(call))


@SERVICE.method("projects.serviceAccounts.patch")
def patch_account(call: "Call") -> Document:
    """Change display name or description."""
    key = _found(call)
    changes, mask = call.body.get("serviceAccount", {}), call.body.get("updateMask")
    stored = call.load(key)
    return _saved(
        call,
        key,
        patches.apply_mask(call.api, "ServiceAccount", stored, drop_keys(changes, "name", "etag"), mask),
    )


@SERVICE.method("projects.serviceAccounts.update")
def update_account(call: "Call") -> Document:
    """Change display name and description."""
    key = _found(call)
    changes = {field: call.body.get(field, "") for field in ("displayName", "description")}
    return _saved(call, key, call.load(key) | changes)


@SERVICE.method("projects.serviceAccounts.enable", "projects.serviceAccounts.disable")
def switch_account(call: "Call") -> Document:
    """Enable or disable a service account."""
    key = _found(call)
    account = drop_keys(call.load(key), "disabled")
    _saved(call, key, account | ({"disabled": True} if call.method.verb == "disable" else {}))
    return {}


@SERVICE.method("projects.serviceAccounts.delete")
def delete_account(call: "Call") -> Document:
    """Delete a service account; it can be undeleted."""
    key = _found(call)
    account = call.load(key)
    crud.remove(call, key)
    call.store.put(Key("iam", _DELETED, str(account["uniqueId"])), account)
    return {}


@SERVICE.method("projects.serviceAccounts.undelete")
def undelete_account(call: "Call") -> Document:
    """Bring a service account back by its unique id, unless its e-mail was given out again."""
    deleted = Key("iam", _DELETED, call.match.name.rpartition("/")[2])
    account = call.load(deleted)
    key = Key.of("iam", str(account["name"]))
    if call.store.get(key) is not None:
        raise ApiError("FAILED_PRECONDITION", f"Service account {account['email']} exists again.")
    call.store.delete(deleted)
    return {"restoredAccount": _saved(call, key, account)}


@SERVICE.method("projects.serviceAccounts.getIamPolicy")
def get_iam_policy(call: "Call") -> Document:
    """Who may use a service account."""
    return crud.get_policy(call.about(_found(call)), _ACCOUNTS)


@SERVICE.method("projects.serviceAccounts.setIamPolicy")
def set_iam_policy(call: "Call") -> Document:
    """Set who may use a service account."""
    return crud.set_policy(call.about(_found(call)), _ACCOUNTS)


@SERVICE.method("projects.serviceAccounts.testIamPermissions")
def test_iam_permissions(call: "Call") -> Document:
    """All permissions that were asked about."""
    return crud.test_permissions(call.about(_found(call)), _ACCOUNTS)


@SERVICE.method("projects.roles.create")
def create_role(call: "Call") -> Document:
    """Make a custom role. The id of a deleted role is not free (it stays reserved for weeks at Google)."""
    role_id = str(call.body.get("roleId", ""))
    if not _ROLE_ID.fullmatch(role_id):
        raise invalid(f"The role ID '{role_id}' must be 3-64 letters, digits, '_' and '.'.")
    key = Key("iam", call.collection, role_id)
    if known := call.store.get(key):
        raise (
            ApiError(
                "FAILED_PRECONDITION", f"You can't create a role with role_id ({role_id}): it was deleted."
            )
            if known.get("deleted")
            else ApiError("ALREADY_EXISTS", f"A role named {role_id} in {call.match.name} already exists.")
        )
    given = drop_keys(call.body.get("role", {}), "name", "etag", "deleted")
    return _saved(call, key, {"stage": "ALPHA", **given, "name": key.name})


@SERVICE.method("projects.roles.get")
def get_role(call: "Call") -> Document:
    """A custom role; a deleted one says so."""
    return call.load()


@SERVICE.method("projects.roles.list")
def list_roles(call: "Call") -> Document:
    """The custom roles of a project, on one page."""
    entries = call.store.page("iam", call.collection)
    shown = [
        entry.document
        for entry in entries
        if call.query.get("showDeleted") or not entry.document.get("deleted")
    ]
    hidden = () if call.query.get("view") == "FULL" else ("includedPermissions",)
    return {"roles": [drop_keys(role, *hidden) for role in shown]} if shown else {}


@SERVICE.method("projects.roles.patch")
def patch_role(call: "Call") -> Document:
    """Change a custom role."""
    stored = call.load()
    crud.check_etag(call, stored, call.body.get("etag"))
    changes = drop_keys(call.body, "name", "etag", "deleted")
    return _saved(
        call, call.key, patches.apply_mask(call.api, "Role", stored, changes, call.query.get("updateMask"))
    )


@SERVICE.method("projects.roles.delete")
def delete_role(call: "Call") -> Document:
    """Delete a custom role; it can be undeleted."""
    return _saved(call, call.key, call.load() | {"deleted": True})


@SERVICE.method("projects.roles.undelete")
def undelete_role(call: "Call") -> Document:
    """Bring a custom role back."""
    return _saved(call, call.key, drop_keys(call.load(), "deleted"))


def _saved(call: "Call", key: Key, document: Document) -> Document:
    stored = crud.with_etag(drop_keys(document, "etag"))
    call.store.put(key, stored, created=None if call.store.get(key) else call.clock.now())
    return stored


def _found(call: "Call") -> Key:
    """Where the service account that the path names by e-mail or unique id is kept.

    Raises:
        ApiError: 404.
    """
    named = call.match.name.rpartition("/")[2]
    project = call.project
    if project == "-" and "@" in named:
        project = named.partition("@")[2].removesuffix(".iam.gserviceaccount.com")
    if "@" in named:
        key = service_account_key(project, named)
        if call.store.get(key) is not None:
            return key
    else:
        for entry in call.store.page("iam", f"projects/{project}/serviceAccounts"):
            if entry.document["uniqueId"] == named:
                return entry.key
    raise ApiError("NOT_FOUND", f"Unknown service account: {call.match.name}")
