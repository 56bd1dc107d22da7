"""Cloud Run jobs, Cloud Scheduler, Artifact Registry, Pub/Sub, organization policies, BigQuery datasets."""

from typing import Any, Final

from notebook_provisioner.sandbox.provider.errors import Failed
from notebook_provisioner.sandbox.provider.handler import Handler
from notebook_provisioner.sandbox.provider.mapping import Row
from notebook_provisioner.sandbox.provider.resources.definition import Definition
from notebook_provisioner.sandbox.provider.rest import Json
from notebook_provisioner.sandbox.provider.values import Object

_LOCATED: Final = "projects/{project}/locations/{location}"
_SCHEDULED: Final = "projects/{project}/locations/{region}/jobs"


class RunJob(Handler):
    """Cloud Run jobs: an update sends the whole job, and Terraform protects them by default."""

    def _remove(self, prior: Object) -> None:
        if prior.get("deletion_protection"):
            message = (
                "cannot destroy job without setting deletion_protection=false and running `terraform apply`"
            )
            raise Failed(message, prior)
        super()._remove(prior)

    def _modify(self, prior: Object, planned: Object, changed: list[str]) -> None:
        answer = self.client.send("PATCH", self._item_url(planned), self._body(planned))
        self.client.wait(self.row.service, answer)


class SchedulerJob(Handler):
    """Scheduler jobs: named by their whole path, paused and resumed by methods of their own."""

    def _body(self, state: Object) -> dict[str, Any]:
        return super()._body(state) | {"name": self._path(self.row.item_template, state)}

    def _identified(self, planned: Object, answer: Json) -> Object:
        self._pause_or_resume(None, planned)
        return super()._identified(planned, answer)

    def update(self, prior: Object, planned: Object) -> Object:
        """Change the job; whether it is paused is no part of its body."""
        super().update(prior, planned)
        self._pause_or_resume(prior.get("paused"), planned)
        return self._settled(self._resolve(planned))

    def _to_state(self, api: Json, known: Object) -> Object:
        state = super()._to_state(api, known)
        state["paused"] = api.get("state") == "PAUSED"
        return state

    def _modify(self, prior: Object, planned: Object, changed: list[str]) -> None:
        self.client.send("PATCH", self._item_url(planned, updateMask=",".join(changed)), self._body(planned))

    def _pause_or_resume(self, paused: bool | None, planned: Object) -> None:
        wanted = planned.get("paused") is True
        if wanted != bool(paused):
            self.client.send("POST", self._item_url(planned) + (":pause" if wanted else ":resume"), {})


class Repository(Handler):
    """Artifact Registry: cleanup policies are a map in the API, by their ids."""

    def _resolve(self, planned: Object) -> Object:
        filled = super()._resolve(planned)
        if not isinstance(filled.get("location"), str):
            filled["location"] = self.client.settings.region
        return filled

    def _body(self, state: Object) -> dict[str, Any]:
        body = super()._body(state)
        if "cleanupPolicies" in body:
            body["cleanupPolicies"] = {policy["id"]: policy for policy in body["cleanupPolicies"]}
        return body

    def _to_state(self, api: Json, known: Object) -> Object:
        policies = [{**policy, "id": key} for key, policy in api.get("cleanupPolicies", {}).items()]
        state = super()._to_state({**api, "cleanupPolicies": policies}, known)
        state["name"] = str(api["name"]).rsplit("/", 1)[-1]
        return state


class Topic(Handler):
    """Pub/Sub topics: an update wraps the topic and its mask."""

    def _modify(self, prior: Object, planned: Object, changed: list[str]) -> None:
        topic = self._body(planned) | {"name": self._path(self.row.item_template, planned)}
        self.client.send("PATCH", self._item_url(planned), {"topic": topic, "updateMask": ",".join(changed)})


class OrgPolicy(Handler):
    """Organization policies: named by their whole path in the API, by the constraint in Terraform."""

    def _path(self, template: str, state: Object) -> str:
        return super()._path(template, state | {"name": str(state["name"]).rsplit("/", 1)[-1]})

    def _body(self, state: Object) -> dict[str, Any]:
        body = super()._body(state) | {"name": self._path(self.row.item_template, state)}
        for spec in (body.get("spec"), body.get("dryRunSpec")):
            for rule in (spec or {}).get("rules", []):
                for key in {"allowAll", "denyAll", "enforce"} & rule.keys():
                    rule[key] = str(rule[key]).upper() == "TRUE"
        return body

    def _to_state(self, api: Json, known: Object) -> Object:
        state = super()._to_state(api, known)
        for spec in (*state["spec"], *state["dry_run_spec"]):
            for rule in spec["rules"]:
                for key in ("allow_all", "deny_all", "enforce"):
                    rule[key] = None if rule[key] in {None, ""} else str(rule[key]).upper()
        return state

    def _modify(self, prior: Object, planned: Object, changed: list[str]) -> None:
        masks = ",".join(f"policy.{key}" for key in changed if key != "name")
        self.client.send("PATCH", self._item_url(planned, updateMask=masks), self._body(planned))


class Dataset(Handler):
    """BigQuery datasets."""

    def _remove(self, prior: Object) -> None:
        contents = str(bool(prior.get("delete_contents_on_destroy"))).lower()
        self.client.send("DELETE", self._item_url(prior, deleteContents=contents))


DEFINITIONS: Final = {
    "google_cloud_run_v2_job": Definition(
        Row(
            service="run",
            collection=f"{_LOCATED}/jobs",
            create_query="jobId={name}",
            fields={"name": None, "location": None, "deletion_protection": None},
        ),
        RunJob,
    ),
    "google_cloud_scheduler_job": Definition(
        Row(
            service="cloudscheduler",
            collection=_SCHEDULED,
            update="MASK",
            plan_defaults=("project", "region", "deletion_policy"),
            fields={"name": None, "region": None, "paused": None},
        ),
        SchedulerJob,
    ),
    "google_artifact_registry_repository": Definition(
        Row(
            service="artifactregistry",
            collection=f"{_LOCATED}/repositories",
            item=f"{_LOCATED}/repositories/{{repository_id}}",
            create_query="repositoryId={repository_id}",
            update="MASK",
            fields={"repository_id": None, "location": None, "name": None},
        ),
        Repository,
    ),
    "google_pubsub_topic": Definition(
        Row(
            service="pubsub",
            collection="projects/{project}/topics",
            create="PUT",
            fields={"name": None},
        ),
        Topic,
    ),
    "google_org_policy_policy": Definition(
        Row(
            service="orgpolicy",
            plan_defaults=(),
            collection="{parent}/policies",
            update="MASK",
            fields={"name": None, "parent": None},
        ),
        OrgPolicy,
    ),
    "google_bigquery_dataset": Definition(
        Row(
            service="bigquery",
            collection="projects/{project}/datasets",
            item="projects/{project}/datasets/{dataset_id}",
            fields={
                "dataset_id": "datasetReference.datasetId",
                "delete_contents_on_destroy": None,
            },
        ),
        Dataset,
    ),
}
