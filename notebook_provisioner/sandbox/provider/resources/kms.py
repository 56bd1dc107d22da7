"""Cloud KMS: key rings and keys, which no destroy deletes."""

import datetime as dt
from typing import Any, Final

from notebook_provisioner.sandbox.provider.handler import Handler
from notebook_provisioner.sandbox.provider.mapping import Row
from notebook_provisioner.sandbox.provider.resources.definition import Definition
from notebook_provisioner.sandbox.provider.values import Object

_DESTROYED: Final = frozenset({"DESTROYED", "DESTROY_SCHEDULED"})


class KeyRing(Handler):
    """Key rings: leave Terraform's state, and stay."""

    def _remove(self, prior: Object) -> None:
        """Nothing to send: hashicorp/google leaves key rings where they are."""


class CryptoKey(Handler):
    """Keys: their versions are destroyed, the key stays; rotation needs a first date."""

    def _with_rotation(self, body: dict[str, Any]) -> dict[str, Any]:
        if "rotationPeriod" in body:
            seconds = float(body["rotationPeriod"].removesuffix("s"))
            first = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=seconds)
            body["nextRotationTime"] = first.isoformat().replace("+00:00", "Z")
        return body

    def _insert(self, planned: Object) -> Any:  # noqa: ANN401 - decoded JSON
        skip = bool(planned.get("skip_initial_version_creation"))
        url = self._url(
            self.row.collection,
            planned,
            cryptoKeyId=str(planned["name"]),
            skipInitialVersionCreation=str(skip).lower(),
        )
        return self.client.send("POST", url, self._with_rotation(self._body(planned)))

    def _modify(self, prior: Object, planned: Object, changed: list[str]) -> None:
        body = self._body(planned)
        partial = {key: body[key] for key in changed if key in body}
        masks = ["versionTemplate.algorithm" if key == "versionTemplate" else key for key in changed]
        if "rotationPeriod" in changed:
            partial = self._with_rotation(partial)
            masks.append("nextRotationTime")
        self.client.send("PATCH", self._item_url(planned, updateMask=",".join(masks)), partial)

    def _remove(self, prior: Object) -> None:
        versions = self.client.get(self._item_url(prior) + "/cryptoKeyVersions") or {}
        for version in versions.get("cryptoKeyVersions", []):
            if version["state"] not in _DESTROYED:
                self.client.send("POST", self.client.url("cloudkms", version["name"] + ":destroy"), {})
        if prior.get("rotation_period"):
            masks = "rotationPeriod,nextRotationTime"
            self.client.send("PATCH", self._item_url(prior, updateMask=masks), {})


DEFINITIONS: Final = {
    "google_kms_key_ring": Definition(
        Row(
            service="cloudkms",
            collection="projects/{project}/locations/{location}/keyRings",
            create_query="keyRingId={name}",
            update=None,
            fields={"name": None, "location": None},
        ),
        KeyRing,
    ),
    "google_kms_crypto_key": Definition(
        Row(
            service="cloudkms",
            collection="{key_ring}/cryptoKeys",
            update="MASK",
            fields={"name": None, "key_ring": None, "skip_initial_version_creation": None},
        ),
        CryptoKey,
    ),
}
