"""Cloud Storage: buckets and objects."""

import base64
import hashlib
import json
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from notebook_provisioner.sandbox.provider.errors import Failed
from notebook_provisioner.sandbox.provider.handler import Handler
from notebook_provisioner.sandbox.provider.mapping import Row
from notebook_provisioner.sandbox.provider.planning import Planned
from notebook_provisioner.sandbox.provider.resources.definition import Definition
from notebook_provisioner.sandbox.provider.rest import Json
from notebook_provisioner.sandbox.provider.values import UNKNOWN, Object, has_unknown, is_unknown

_LIVENESS: Final = {"LIVE": True, "ARCHIVED": False}
_SEND_IF_ZERO: Final = {
    "age": "send_age_if_zero",
    "days_since_custom_time": "send_days_since_custom_time_if_zero",
    "days_since_noncurrent_time": "send_days_since_noncurrent_time_if_zero",
    "num_newer_versions": "send_num_newer_versions_if_zero",
}


class Bucket(Handler):
    """Buckets: lifecycle conditions have a dialect of their own, and only an empty bucket can be deleted."""

    def _body(self, state: Object) -> dict[str, Any]:
        body = super()._body(state)
        for rule, given in zip(
            body.get("lifecycle", {}).get("rule", []), state["lifecycle_rule"], strict=False
        ):
            for name in ("action", "condition"):
                rule[name] = (rule.get(name) or [{}])[0]
            (condition,) = given["condition"]
            with_state = rule["condition"].pop("withState", None)
            if with_state in _LIVENESS:
                rule["condition"]["isLive"] = _LIVENESS[with_state]
            for field, flag in _SEND_IF_ZERO.items():
                key = field.split("_")[0] + "".join(word.title() for word in field.split("_")[1:])
                if condition.get(field) == 0 and not condition.get(flag):
                    rule["condition"].pop(key, None)
        return body

    def _to_state(self, api: Json, known: Object) -> Object:
        rules = []
        for rule in api.get("lifecycle", {}).get("rule", []):
            condition = dict(rule.get("condition", {}))
            live = condition.pop("isLive", None)
            condition["withState"] = "ANY" if live is None else "LIVE" if live else "ARCHIVED"
            rules.append({"action": [rule.get("action", {})], "condition": [condition]})
        before = known.get("lifecycle_rule")
        state = super()._to_state({**api, "lifecycle": {"rule": rules}}, known)
        for index, rule in enumerate(state["lifecycle_rule"]):
            old = before[index]["condition"] if isinstance(before, list) and index < len(before) else []
            for flag in _SEND_IF_ZERO.values():
                rule["condition"][0][flag] = old[0].get(flag) if old else None
        state["url"] = f"gs://{api['name']}"
        state["location"] = str(api.get("location", state["location"])).upper()
        return state

    def _identified(self, planned: Object, answer: Json) -> Object:
        state = super()._identified(planned, answer)
        for policy in planned.get("retention_policy") or []:
            if policy.get("is_locked"):
                generation = str(self._fetch(state).get("metageneration"))
                url = self._item_url(state) + "/lockRetentionPolicy?ifMetagenerationMatch=" + generation
                self.client.send("POST", url)
        return state

    def _remove(self, prior: Object) -> None:
        listing = self.client.get(self._item_url(prior) + "/o?versions=true") or {}
        objects = listing.get("items", [])
        if objects and not prior.get("force_destroy"):
            raise Failed(
                f"Error trying to delete bucket {prior['name']} "
                "containing objects without `force_destroy` set to true",
                prior,
            )
        while objects:
            for item in objects:
                name = quote(item["name"], safe="")
                url = f"{self._item_url(prior)}/o/{name}?generation={item['generation']}"
                self.client.send("DELETE", url)
            objects = (self.client.get(self._item_url(prior) + "/o?versions=true") or {}).get("items", [])
        super()._remove(prior)


class BucketObject(Handler):
    """Objects: made by uploading their content, from a file or from the configuration."""

    def plan(self, prior: Object | None, config: Object) -> Planned:
        """Plan; content is compared by its checksum, so that a changed file shows, too."""
        planned = super().plan(prior, config)
        chosen = config.get("source_md5hash")
        if chosen is not None:
            changed = prior is None or prior.get("source_md5hash") != chosen
        else:
            local = self._checksum(config)
            changed = local is not None and (prior is None or prior.get("md5hash") != local)
        if changed:
            planned.state.update(dict.fromkeys(("md5hash", "crc32c", "generation"), UNKNOWN))
        if prior is None or (changed and chosen is None):
            planned.state["detect_md5hash"] = "different hash"
        else:
            planned.state["detect_md5hash"] = prior.get("detect_md5hash")
        return planned

    def _checksum(self, config: Object) -> str | None:
        """Base64 MD5 of what would be uploaded; None where that is not known yet."""
        source = config.get("source")
        if has_unknown([config.get("content"), source]):
            return None
        if source is not None and not Path(str(source)).is_file():
            return None
        return base64.b64encode(hashlib.md5(self._content(config), usedforsecurity=False).digest()).decode()

    def _insert(self, planned: Object) -> Json:
        base = self.client.settings.endpoint("storage")
        upload = base.replace("/storage/", "/upload/storage/", 1) + self._path(self.row.collection, planned)
        content = self._content(planned)
        metadata = self._body(planned) | {"name": planned["name"]}
        kind = planned.get("content_type")
        if not kind or is_unknown(kind):
            kind = (
                "text/plain; charset=utf-8"
                if planned.get("content") is not None
                else "application/octet-stream"
            )
        metadata["contentType"] = kind
        boundary = hashlib.sha256(content).hexdigest()
        raw = (
            f"--{boundary}\r\nContent-Type: application/json\r\n\r\n".encode()
            + json.dumps(metadata).encode()
            + f"\r\n--{boundary}\r\nContent-Type: {kind}\r\n\r\n".encode()
            + content
            + f"\r\n--{boundary}--\r\n".encode()
        )
        return self.client.send(
            "POST",
            f"{upload}?uploadType=multipart",
            raw=raw,
            kind=f"multipart/related; boundary={boundary}",
        )

    def update(self, prior: Object, planned: Object) -> Object:
        """Upload anew where the content differs; otherwise change what describes it."""
        planned = self._resolve(planned)
        if prior.get("md5hash") != planned.get("md5hash"):
            self._insert(planned)
            return self._settled(planned)
        return super().update(prior, planned)

    def _to_state(self, api: Json, known: Object) -> Object:
        state = super()._to_state(api, known)
        state["output_name"] = api["name"]
        state["detect_md5hash"] = api.get("md5Hash")
        state["md5hexhash"] = base64.b64decode(api.get("md5Hash", "")).hex()
        return state

    @staticmethod
    def _content(state: Object) -> bytes:
        if state.get("source") is not None:
            return Path(str(state["source"])).read_bytes()
        return str(state.get("content") or "").encode()


DEFINITIONS: Final = {
    "google_storage_bucket": Definition(
        Row(
            service="storage",
            plan_defaults=("deletion_policy",),
            collection="b",
            item="b/{name}",
            identity="{name}",
            import_forms=("{project}/{name}",),
            create_query="project={project}",
            fields={
                "uniform_bucket_level_access": "iamConfiguration.uniformBucketLevelAccess.enabled",
                "public_access_prevention": "iamConfiguration.publicAccessPrevention",
                "lifecycle_rule": "lifecycle.rule",
                "lifecycle_rule.action[]": "",
                "lifecycle_rule.condition[]": "",
                **{f"lifecycle_rule.condition.{flag}": None for flag in _SEND_IF_ZERO.values()},
                "requester_pays": "billing.requesterPays",
                "enable_object_retention": None,
                "force_destroy": None,
                "url": None,
            },
        ),
        Bucket,
    ),
    "google_storage_bucket_object": Definition(
        Row(
            service="storage",
            plan_defaults=("deletion_policy",),
            collection="b/{bucket}/o",
            item="b/{bucket}/o/{%name}",
            identity="{bucket}-{name}",
            fields={
                "bucket": None,
                "content": None,
                "source": None,
                "source_md5hash": None,
                "detect_md5hash": None,
                "force_empty_content_type": None,
                "output_name": None,
                "md5hash": "md5Hash",
                "md5hexhash": None,
                "kms_key_name": "kmsKeyName",
                "customer_encryption": None,
            },
        ),
        BucketObject,
    ),
}
