"""Pub/Sub: topics, as far as sinks and notification channels need them."""

import re
from typing import TYPE_CHECKING, Final

from notebook_provisioner.sandbox.server import crud, patches
from notebook_provisioner.sandbox.server.errors import ApiError, invalid
from notebook_provisioner.sandbox.server.service import GENERIC_VERBS, Resource, Service, drop_keys
from notebook_provisioner.sandbox.server.store import Document

if TYPE_CHECKING:
    from notebook_provisioner.sandbox.server.call import Call

SERVICE = Service(
    api="pubsub",
    version="v1",
    proto_package="google.pubsub.v1",
    not_emulated=("publishing, subscriptions, schemas, snapshots",),
)

# https://cloud.google.com/pubsub/docs/pubsub-basics#resource_names
_TOPIC_ID: Final = re.compile(r"(?!goog)[A-Za-z][\w.~+%-]{2,254}")
_TOPICS: Final = Resource(collection="projects.topics", verbs=GENERIC_VERBS - {"create", "patch"})
SERVICE.add(_TOPICS)


@SERVICE.method("projects.topics.create")
def create(call: "Call") -> Document:
    """Make a topic under the name in the path."""
    if not _TOPIC_ID.fullmatch(call.key.id):
        raise invalid(
            f"Invalid topic name '{call.key.id}': 3-255 letters, digits and -._~+%, begun by a letter."
        )
    if call.store.get(call.key) is not None:
        raise ApiError("ALREADY_EXISTS", f"Resource already exists in the project (resource={call.key.id}).")
    topic = drop_keys(call.body, "state") | {"name": call.match.name}
    crud.insert(call, _TOPICS, call.key, topic)
    return call.load()


@SERVICE.method("projects.topics.patch")
def patch(call: "Call") -> Document:
    """Change a topic's fields in the mask."""
    mask = call.body.get("updateMask") or call.query.get("updateMask")
    if not mask:
        raise invalid("updateMask is required.")
    topic = patches.apply_mask(call.api, "Topic", call.load(), call.body.get("topic", {}), mask)
    call.store.put(call.key, topic)
    return topic
