"""Cloud Logging and Cloud Monitoring."""

import json
from typing import Any, Final

from notebook_provisioner.sandbox.provider.handler import Handler
from notebook_provisioner.sandbox.provider.mapping import Row
from notebook_provisioner.sandbox.provider.resources.definition import Definition
from notebook_provisioner.sandbox.provider.rest import Json
from notebook_provisioner.sandbox.provider.suppression import suppressed
from notebook_provisioner.sandbox.provider.values import Object


class Sink(Handler):
    """Sinks: who writes is told in the query."""

    def _query(self, state: Object) -> dict[str, str | None]:
        unique = str(bool(state.get("unique_writer_identity"))).lower()
        return {
            "uniqueWriterIdentity": unique,
            "customWriterIdentity": state.get("custom_writer_identity") or None,
        }

    def _insert(self, planned: Object) -> Json:
        if self._fetch(planned) is not None:  # Google makes _Default and _Required: they are taken over
            self._modify(planned, planned, sorted(self._body(planned)))
            return {}
        url = self._url(self.row.collection, planned, **self._query(planned))
        return self.client.send("POST", url, self._body(planned))

    def _modify(self, prior: Object, planned: Object, changed: list[str]) -> None:
        masks = sorted({*changed, "exclusions"} - {"name"})
        body = self._body(planned)
        always = {key: body.get(key) for key in ("destination", "filter") if key in body}
        partial = always | {key: body[key] for key in masks if key in body}
        url = self._item_url(planned, updateMask=",".join(masks), **self._query(planned))
        self.client.send("PATCH", url, partial)

    def update(self, prior: Object, planned: Object) -> Object:
        """Change the sink; another writer is a change that the body does not show."""
        state = super().update(prior, planned)
        if self._query(prior) != self._query(planned):
            self._modify(prior, planned, [])
            state = self._settled(planned)
        return state


class LogBucket(Handler):
    """Log buckets: ``_Default`` is there already and is taken over."""

    def _insert(self, planned: Object) -> Json:
        if self._fetch(planned) is None:
            url = self._url(self.row.collection, planned, bucketId=str(planned["bucket_id"]))
            return self.client.send("POST", url, self._body(planned))
        self._modify(planned, planned, sorted(self._body(planned)))
        return {}

    def _remove(self, prior: Object) -> None:
        if not str(prior["bucket_id"]).startswith("_"):
            super()._remove(prior)


class NotificationChannel(Handler):
    """Channels: secrets are labels of their own, which the API hands out only in part."""

    def _body(self, state: Object) -> dict[str, Any]:
        body = super()._body(state)
        for secrets in state.get("sensitive_labels") or []:
            given = {key: value for key, value in secrets.items() if value and "_wo" not in key}
            body["labels"] = body.get("labels", {}) | given
        return body

    def _to_state(self, api: Json, known: Object) -> Object:
        secrets = {key for one in known.get("sensitive_labels") or [] for key, value in one.items() if value}
        labels = {key: value for key, value in api.get("labels", {}).items() if key not in secrets}
        return super()._to_state({**api, "labels": labels}, known)

    def _remove(self, prior: Object) -> None:
        force = str(bool(prior.get("force_delete"))).lower()
        self.client.send("DELETE", self._item_url(prior, force=force))


class Dashboard(Handler):
    """Dashboards: one argument holds all of it, as JSON."""

    def _body(self, state: Object) -> dict[str, Any]:
        body: dict[str, Any] = json.loads(state["dashboard_json"])
        return body

    def _identified(self, planned: Object, answer: Json) -> Object:
        return planned | {"id": answer["name"]}

    def import_state(self, identity: str) -> Object | None:
        """Named by their whole path."""
        state = self.block.empty() | {"id": identity, "deletion_policy": "DELETE"}
        state["project"] = identity.split("/")[1]
        return self.read(state)

    def _to_state(self, api: Json, known: Object) -> Object:
        before = known.get("dashboard_json")
        present = json.dumps(api, sort_keys=True)
        same = before and suppressed("monitoringDashboardDiffSuppress", present, before)
        return known | {"dashboard_json": before if same else present}

    def _modify(self, prior: Object, planned: Object, changed: list[str]) -> None:
        current = self._fetch(prior) or {}
        self.client.send("PATCH", self._item_url(prior), self._body(planned) | {"etag": current.get("etag")})


_MONITORING: Final = "v3/projects/{project}"

DEFINITIONS: Final = {
    "google_logging_project_sink": Definition(
        Row(
            service="logging",
            collection="projects/{project}/sinks",
            plan_defaults=("deletion_policy",),
            fields={"unique_writer_identity": None, "custom_writer_identity": None},
        ),
        Sink,
    ),
    "google_logging_metric": Definition(
        Row(
            service="logging",
            collection="projects/{project}/metrics",
            item="projects/{project}/metrics/{%name}",
            identity="{name}",
            import_forms=("{project} {name}",),
            update="PUT",
        )
    ),
    "google_logging_project_bucket_config": Definition(
        Row(
            service="logging",
            collection="projects/{project}/locations/{location}/buckets",
            plan_defaults=(),
            item="projects/{project}/locations/{location}/buckets/{bucket_id}",
            update="MASK",
            fields={
                "bucket_id": None,
                "location": None,
                "enable_analytics": "analyticsEnabled",
            },
        ),
        LogBucket,
    ),
    "google_monitoring_alert_policy": Definition(
        Row(
            service="monitoring",
            collection=f"{_MONITORING}/alertPolicies",
            item="v3/{name}",
            identity="{name}",
            update="MASK",
            named_by_server=True,
        )
    ),
    "google_monitoring_notification_channel": Definition(
        Row(
            service="monitoring",
            collection=f"{_MONITORING}/notificationChannels",
            item="v3/{name}",
            identity="{name}",
            update="MASK",
            named_by_server=True,
            fields={"labels": "labels", "sensitive_labels": None, "force_delete": None},
        ),
        NotificationChannel,
    ),
    "google_monitoring_dashboard": Definition(
        Row(
            service="monitoring",
            collection="v1/projects/{project}/dashboards",
            item="v1/{id}",
            identity="{id}",
        ),
        Dashboard,
    ),
}
