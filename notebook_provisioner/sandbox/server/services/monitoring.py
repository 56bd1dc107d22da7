"""Cloud Monitoring: alert policies and notification channels."""

from typing import TYPE_CHECKING

from notebook_provisioner.sandbox.server.clock import rfc3339
from notebook_provisioner.sandbox.server.context import numeric_id
from notebook_provisioner.sandbox.server.errors import ApiError, invalid
from notebook_provisioner.sandbox.server.service import Resource, Service
from notebook_provisioner.sandbox.server.store import Document, Key

if TYPE_CHECKING:
    from notebook_provisioner.sandbox.server.call import Call

SERVICE = Service(
    api="monitoring",
    version="v3",
    proto_package="google.monitoring.v3",
    not_emulated=(
        "time series, metric descriptors, evaluation of alerts, sending and verification of notifications",
    ),
)


def _complete_policy(call: "Call", policy: Document) -> None:
    if not policy.get("displayName") or not policy.get("conditions"):
        raise invalid("An alert policy needs a displayName and at least one condition.")
    policy.setdefault("enabled", True)
    policy["creationRecord"] = _record(call)
    _check_policy(call, policy, policy)


def _check_policy(call: "Call", _: Document, policy: Document) -> None:
    for condition in policy.get("conditions", []):
        condition.setdefault("name", f"{policy['name']}/conditions/{numeric_id()}")
    for channel in policy.get("notificationChannels", []):
        if call.store.get(Key.of("monitoring", channel)) is None:
            raise ApiError("NOT_FOUND", f"Notification channel {channel} does not exist.")
    policy["mutationRecord"] = _record(call)


def _complete_channel(call: "Call", channel: Document) -> None:
    if not channel.get("type"):
        raise invalid("A notification channel needs a type: email, pubsub, …")
    channel.setdefault("enabled", True)
    channel["creationRecord"] = _record(call)
    channel["mutationRecords"] = [_record(call)]


def _refuse_used(call: "Call", channel: Document) -> None:
    policies = call.store.page("monitoring", f"projects/{call.project}/alertPolicies")
    used = [
        entry.document["name"]
        for entry in policies
        if channel["name"] in entry.document.get("notificationChannels", [])
    ]
    if used and not call.query.get("force"):
        raise ApiError(
            "FAILED_PRECONDITION", f"{channel['name']} is used by {used[0]}; force removes it from there."
        )


def _record(call: "Call") -> Document:
    return {"mutateTime": rfc3339(call.clock.now()), "mutatedBy": "sandbox@localhost"}


SERVICE.add(
    Resource(
        collection="projects.alertPolicies",
        identifier=lambda *_: numeric_id(),
        on_create=_complete_policy,
        on_update=_check_policy,
    ),
    Resource(
        collection="projects.notificationChannels",
        identifier=lambda *_: numeric_id(),
        on_create=_complete_channel,
        on_delete=_refuse_used,
    ),
)
