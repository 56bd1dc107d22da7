"""Artifact Registry: repositories."""

from typing import TYPE_CHECKING

from notebook_provisioner.sandbox.server.errors import invalid
from notebook_provisioner.sandbox.server.service import Resource, Service
from notebook_provisioner.sandbox.server.store import Document

if TYPE_CHECKING:
    from notebook_provisioner.sandbox.server.call import Call

SERVICE = Service(
    api="artifactregistry",
    version="v1",
    proto_package="google.devtools.artifactregistry.v1",
    not_emulated=("what repositories hold: pushing, pulling, packages, versions, scanning",),
)


def _complete(call: "Call", repository: Document) -> None:
    kind = repository.get("format", "FORMAT_UNSPECIFIED")
    if kind == "FORMAT_UNSPECIFIED":
        raise invalid("A repository needs a format: DOCKER, PYTHON, …")
    repository.setdefault("mode", "STANDARD_REPOSITORY")
    location = call.match.name.rpartition("/")[2]
    repository["registryUri"] = (
        f"{location}-{kind.lower()}.pkg.dev/{call.project}/{str(repository['name']).rpartition('/')[2]}"
    )


SERVICE.add(Resource(collection="projects.locations.repositories", on_create=_complete))
