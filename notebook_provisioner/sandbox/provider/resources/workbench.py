"""Vertex AI Workbench instances (Notebooks API v2)."""

import time
from typing import Any, Final

from notebook_provisioner.sandbox.provider.errors import ApiError, Failed
from notebook_provisioner.sandbox.provider.handler import Handler
from notebook_provisioner.sandbox.provider.mapping import Row
from notebook_provisioner.sandbox.provider.resources.definition import Definition
from notebook_provisioner.sandbox.provider.rest import Json
from notebook_provisioner.sandbox.provider.suppression import changed as differs
from notebook_provisioner.sandbox.provider.values import Object, dig, is_unknown

_INSTANCES: Final = "projects/{project}/locations/{location}/instances"

_RESTART_METADATA: Final = (
    "disable-mixer",
    "notebook-disable-terminal",
    "notebook-disable-downloads",
    "notebook-disable-nbconvert",
    "notebook-disable-root",
    "enable-jupyterlab4-preview",
    "enable-jupyterlab4",
    "geminicli-disabled",
    "geminicli-tc-accepted",
)
"""Metadata that takes effect only when the instance has been stopped and started."""

_MASKS: Final = {
    "gce_setup.0.machine_type": "gce_setup.machine_type",
    "gce_setup.0.accelerator_configs": "gce_setup.accelerator_configs",
    "gce_setup.0.shielded_instance_config.0.enable_secure_boot": (
        "gce_setup.shielded_instance_config.enable_secure_boot"
    ),
    "gce_setup.0.shielded_instance_config.0.enable_vtpm": "gce_setup.shielded_instance_config.enable_vtpm",
    "gce_setup.0.shielded_instance_config.0.enable_integrity_monitoring": (
        "gce_setup.shielded_instance_config.enable_integrity_monitoring"
    ),
    "gce_setup.0.container_image": "gce_setup.container_image",
    "gce_setup.0.metadata": "gceSetup.metadata",
    "effective_labels": "labels",
    "enable_deletion_protection": "enable_deletion_protection",
    "gce_setup.0.min_cpu_platform": "gce_setup.min_cpu_platform",
    "gce_setup.0.data_disks.0.resource_policies": "gce_setup.data_disks.resource_policies",
}
"""Terraform path to the mask under which the API takes the change: ``gce_setup`` as a whole is no mask."""

_STOPS: Final = tuple(_MASKS)[:6]
"""Of these, the ones that the API takes only while the instance is stopped."""

_SETTLED: Final = frozenset({"ACTIVE", "STOPPED", "SUSPENDED"})
_POLL_SECONDS: Final = 0.1
_STATE_TIMEOUT_SECONDS: Final = 1140.0


class WorkbenchInstance(Handler):
    """Instances: some changes need them stopped, and ``desired_state`` starts and stops them."""

    def _body(self, state: Object) -> dict[str, Any]:
        body = super()._body(state)
        setup = body.get("gceSetup", {})
        # An accelerator block without a type says nothing.
        if setup.get("acceleratorConfigs") == [{}]:
            del setup["acceleratorConfigs"]
        return body

    def create(self, planned: Object) -> Object:
        """Make the instance, and wait until it is up (or stopped, where that is wanted)."""
        state = super().create(planned)
        self._await_settled(state)
        if planned.get("desired_state") == "STOPPED":
            self._call(state, "stop")
        return self._settled(state)

    def import_state(self, identity: str) -> Object | None:
        """As hashicorp/google (7.46): what it never reads stays empty."""
        state = super().import_state(identity)
        if state is None:
            return None
        state |= {"instance_owners": None}
        for setup in state["gce_setup"]:
            setup["vm_image"] = []
            for disk in (*setup["boot_disk"], *setup["data_disks"]):
                disk["disk_type"] = None
        return state

    def _to_state(self, api: Json, known: Object) -> Object:
        state = super()._to_state(api, known)
        if state.get("desired_state") is None or is_unknown(state["desired_state"]):
            state["desired_state"] = "ACTIVE"
        for setup in state["gce_setup"]:
            setup["machine_type"] = str(setup["machine_type"] or "").rsplit("/", 1)[-1] or None
        return state

    def update(self, prior: Object, planned: Object) -> Object:
        """Change the instance; stop and start it around what it takes only while stopped."""
        planned = self._resolve(planned)
        masks = [mask for path, mask in _MASKS.items() if differs(prior, planned, path)]
        stop = any(differs(prior, planned, path) for path in _STOPS) or self._restart_metadata(prior, planned)
        running = (self._fetch(prior) or {}).get("state")
        if stop and running != "STOPPED":
            self._call(planned, "stop")
        self._resize(prior, planned)
        if masks:
            url = self._item_url(planned, updateMask=",".join(masks))
            answer = self.client.send("PATCH", url, self._patch(prior, planned, masks))
            self.client.wait(self.row.service, answer)
        desired = planned.get("desired_state") or "ACTIVE"
        if stop or running != desired:
            self._call(planned, "stop" if desired == "STOPPED" else "start")
            self._await_settled(planned)
        return self._settled(planned)

    def _remove(self, prior: Object) -> None:
        try:
            super()._remove(prior)
        except ApiError as error:
            if error.not_found:
                return
            raise Failed(f"Error deleting Workbench instance {prior.get('name')}: {error}", prior) from None

    def _restart_metadata(self, prior: Object, planned: Object) -> bool:
        where = ("gce_setup", 0, "metadata")
        return any(dig(prior, (*where, key)) != dig(planned, (*where, key)) for key in _RESTART_METADATA)

    def _patch(self, prior: Object, planned: Object, masks: list[str]) -> dict[str, Any]:
        """The request body: the whole of ``gceSetup``, and maps with removed keys set to the empty string."""
        body = self._body(planned)
        setup = body.setdefault("gceSetup", {})
        if "gceSetup.metadata" in masks:
            where = ("gce_setup", 0, "metadata")
            setup["metadata"] = _with_removed(dig(prior, where), dig(planned, where))
        if "gce_setup.accelerator_configs" in masks:
            setup.setdefault("acceleratorConfigs", [])
        if "labels" in masks:
            body["labels"] = _with_removed(prior.get("effective_labels"), planned.get("effective_labels"))
        return {key: body[key] for key in ("gceSetup", "enableDeletionProtection", "labels") if key in body}

    def _resize(self, prior: Object, planned: Object) -> None:
        disks = {"boot_disk": "bootDisk", "data_disks": "dataDisk"}
        for block, key in disks.items():
            path = f"gce_setup.0.{block}.0.disk_size_gb"
            size = dig(planned, ("gce_setup", 0, block, 0, "disk_size_gb"))
            if size and differs(prior, planned, path):
                self._call(planned, "resizeDisk", {key: {"diskSizeGb": size}})

    def _call(self, state: Object, method: str, body: Json = None) -> None:
        answer = self.client.send("POST", self._item_url(state) + ":" + method, body or {})
        self.client.wait(self.row.service, answer)

    def _await_settled(self, state: Object) -> None:
        """Wait while the instance is on its way up or down."""
        deadline = time.monotonic() + _STATE_TIMEOUT_SECONDS
        while True:
            current = (self._fetch(state) or {}).get("state")
            if current in _SETTLED:
                return
            if time.monotonic() > deadline:
                raise Failed(
                    f"Workbench instance {state['name']!r} did not reach ACTIVE state: {current}", state
                )
            time.sleep(_POLL_SECONDS)


def _with_removed(old: Any, new: Any) -> dict[str, str]:  # noqa: ANN401 - decoded Terraform maps
    return dict.fromkeys(old or {}, "") | (new or {})


DEFINITIONS: Final = {
    "google_workbench_instance": Definition(
        Row(
            service="notebooks",
            collection=_INSTANCES,
            create_query="instanceId={name}",
            update="MASK",
            fields={
                "name": None,
                "location": None,
                "instance_id": None,
                "desired_state": None,
                "gce_setup.compute_instance_id": "instanceId",
                "gce_setup.data_disks[]": "",
            },
        ),
        WorkbenchInstance,
    ),
}
