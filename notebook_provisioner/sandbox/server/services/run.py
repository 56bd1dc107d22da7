"""Cloud Run: jobs and their executions. Nothing is executed; every execution says so."""

import secrets
from typing import TYPE_CHECKING, Final

from notebook_provisioner.sandbox.server import crud, key_grants
from notebook_provisioner.sandbox.server.clock import rfc3339
from notebook_provisioner.sandbox.server.errors import ApiError, invalid
from notebook_provisioner.sandbox.server.service import Resource, Service
from notebook_provisioner.sandbox.server.store import Document, Key

if TYPE_CHECKING:
    from notebook_provisioner.sandbox.server.call import Call

SERVICE = Service(
    api="run",
    version="v2",
    proto_package="google.cloud.run.v2",
    schema_prefix="GoogleCloudRunV2",
    not_emulated=(
        "running containers: an execution ends at once, as succeeded without a task; its condition says so",
        "services, revisions, worker pools, tasks",
    ),
)

_JOBS: Final = "projects.locations.jobs"
_NOT_RUN: Final = "Not executed: the sandbox runs no containers."


def _complete(call: "Call", job: Document) -> None:
    containers = job.get("template", {}).get("template", {}).get("containers", [])
    if not containers or not all(container.get("image") for container in containers):
        raise invalid("A job needs template.template.containers, each with an image.")
    job |= {"generation": "0", "creator": "sandbox@localhost", "executionCount": 0}
    job.setdefault("launchStage", "GA")
    job["template"]["template"].setdefault("maxRetries", 3)
    job["template"]["template"].setdefault("timeout", "600s")
    job["template"].setdefault("taskCount", 1)
    _changed(call, job, job)


def _changed(call: "Call", _: Document, job: Document) -> None:
    _check_key(call, job.get("template", {}).get("template", {}).get("encryptionKey"))
    job["generation"] = str(int(job["generation"]) + 1)
    job["observedGeneration"] = job["generation"]
    job["lastModifier"] = "sandbox@localhost"
    job["terminalCondition"] = _condition(call, "Ready")


def _check_key(call: "Call", name: str | None) -> None:
    """Refuse a key that Cloud Run's service agent may not use.

    The account is that of https://cloud.google.com/run/docs/securing/using-cmek; when Google refuses, and the
    words, are unverified.
    """
    agent = (
        f"service-{call.context.project_number(call.project)}@serverless-robot-prod.iam.gserviceaccount.com"
    )
    if name and not key_grants.may_use(call.context, name, agent):
        message = f"Cloud Run's service agent {agent} may not use the Cloud KMS key {name}."
        raise ApiError("PERMISSION_DENIED", message)


def _condition(call: "Call", kind: str, message: str | None = None) -> Document:
    condition: Document = {
        "type": kind,
        "state": "CONDITION_SUCCEEDED",
        "lastTransitionTime": rfc3339(call.clock.now()),
    }
    return condition | ({"message": message} if message else {})


SERVICE.add(
    Resource(collection=_JOBS, on_create=_complete, on_update=_changed),
    Resource(collection=f"{_JOBS}.executions", verbs=frozenset({"get", "list", "delete"})),
)


@SERVICE.method(f"{_JOBS}.run")
def run(call: "Call") -> Document:
    """Make an execution that is over, and that says that nothing ran."""
    job = call.load()
    identifier = f"{call.key.id}-{secrets.token_hex(3)}"
    key = Key("run", f"{call.match.name}/executions", identifier)
    now = rfc3339(call.clock.now())
    execution = crud.with_etag(
        {
            "name": key.name,
            "job": call.key.id,
            "generation": "1",
            "createTime": now,
            "startTime": now,
            "completionTime": now,
            "updateTime": now,
            "creator": "sandbox@localhost",
            "taskCount": job["template"]["taskCount"],
            "template": job["template"]["template"],
            "conditions": [_condition(call, "Completed", _NOT_RUN)],
        }
    )
    call.store.put(key, execution, created=call.clock.now())
    latest = {"name": identifier, "createTime": now, "completionTime": now}
    changed = {"executionCount": int(job["executionCount"]) + 1, "latestCreatedExecution": latest}
    call.store.put(call.key, job | changed)
    return call.operation(key, response="GoogleCloudRunV2Execution")
