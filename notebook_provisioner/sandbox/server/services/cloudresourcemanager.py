"""Resource Manager: projects and their IAM policies. Every project id exists once it is asked about."""

import re
from typing import TYPE_CHECKING, Final

from notebook_provisioner.sandbox.server import crud, pagination
from notebook_provisioner.sandbox.server.clock import rfc3339
from notebook_provisioner.sandbox.server.errors import ApiError
from notebook_provisioner.sandbox.server.service import Resource, Service
from notebook_provisioner.sandbox.server.store import Document, Key

if TYPE_CHECKING:
    from notebook_provisioner.sandbox.server.call import Call
    from notebook_provisioner.sandbox.server.context import Context

_PROJECT_ID: Final = re.compile(r"(?:[a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]")
_RESOURCE: Final = Resource(collection="projects")
_LIMITS: Final = (
    "every well-formed project id exists, as an active project without a parent",
    "making, moving and deleting projects",
    "folders, organizations, tags and liens",
)

V1 = Service(api="cloudresourcemanager", version="v1", not_emulated=_LIMITS)
V3 = Service(
    api="cloudresourcemanager",
    version="v3",
    proto_package="google.cloud.resourcemanager.v3",
    not_emulated=_LIMITS,
)
SERVICES = (V1, V3)
SERVICE = V3


@V1.method("projects.get")
def get_v1(call: "Call") -> Document:
    """A project, by id or number."""
    return _shown_v1(call.load(_ensured(call)))


@V1.method("projects.list")
def list_v1(call: "Call") -> Document:
    """The projects that were asked about so far."""
    page = pagination.read(call, "projects")
    return {"projects": [_shown_v1(entry.document) for entry in page.entries], **_token(page)}


@V3.method("projects.get")
def get_v3(call: "Call") -> Document:
    """A project, by id or number."""
    return _shown_v3(call.load(_ensured(call)))


@V3.method("projects.search")
def search_v3(call: "Call") -> Document:
    """The projects that were asked about so far."""
    page = pagination.read(call, "projects")
    return {"projects": [_shown_v3(entry.document) for entry in page.entries], **_token(page)}


@V1.method("projects.getIamPolicy")
@V3.method("projects.getIamPolicy")
def get_iam_policy(call: "Call") -> Document:
    """A project's policy."""
    return crud.get_policy(_redirected(call), _RESOURCE)


@V1.method("projects.setIamPolicy")
@V3.method("projects.setIamPolicy")
def set_iam_policy(call: "Call") -> Document:
    """Set a project's policy."""
    return crud.set_policy(_redirected(call), _RESOURCE)


@V1.method("projects.testIamPermissions")
@V3.method("projects.testIamPermissions")
def test_iam_permissions(call: "Call") -> Document:
    """All permissions that were asked about."""
    return crud.test_permissions(_redirected(call), _RESOURCE)


def ensure_project(context: "Context", project: str) -> Key:
    """Make the project of that id, unless it is there; a number finds the project that has it.

    Raises:
        ApiError: 403, as at Google, for an id that no project can have or a number that none is known by.
    """
    key = Key("cloudresourcemanager", "projects", project)
    if context.store.get(key) is not None:
        return key
    if project.isdecimal():
        for entry in context.store.page("cloudresourcemanager", "projects"):
            if entry.document["projectNumber"] == project:
                return entry.key
    if not _PROJECT_ID.fullmatch(project):
        raise ApiError("PERMISSION_DENIED", f"The caller does not have permission on project '{project}'.")
    now = context.clock.now()
    document = {
        "projectId": project,
        "projectNumber": context.project_number(project),
        "createTime": rfc3339(now),
    }
    context.store.put(key, document, created=now)
    return key


def _ensured(call: "Call") -> Key:
    return ensure_project(call.context, call.match.name.partition("/")[2])


def _redirected(call: "Call") -> "Call":
    """The call as if it had named the project by its id."""
    return call.about(_ensured(call))


def _shown_v1(document: Document) -> Document:
    return {
        **document,
        "name": document["projectId"],
        "lifecycleState": "ACTIVE",
        "labels": {},
    }


def _shown_v3(document: Document) -> Document:
    return crud.with_etag(
        {
            "name": f"projects/{document['projectNumber']}",
            "projectId": document["projectId"],
            "displayName": document["projectId"],
            "state": "ACTIVE",
            "createTime": document["createTime"],
            "updateTime": document["createTime"],
        }
    )


def _token(page: pagination.Page) -> Document:
    return {"nextPageToken": page.next_token} if page.next_token else {}
