"""Notebooks as the Notebooks API and Compute Engine show them."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from notebook_provisioner.adapters.google.session import Target, get, translated
from notebook_provisioner.core.errors import TargetUnreachable
from notebook_provisioner.core.notebooks import LiveNotebook

if TYPE_CHECKING:
    from datetime import datetime

    from google.cloud.notebooks_v2 import Instance

VmKey = tuple[str, str]  # zone, name


class WorkbenchDirectory:
    """The notebooks of one project. Implements ``ports.NotebookDirectory``.

    Attributes:
        project: The project's id.
    """

    def __init__(self, target: Target, project: str) -> None:
        self._target = target
        self.project = project

    def list(self) -> tuple[LiveNotebook, ...]:
        """Every notebook of the project, in every zone, by name.

        Raises:
            TargetUnreachable: An API did not answer as it should, or the list leaves notebooks out: it holds
                "either instances or unreachables" (discovery, notebooks v2).
        """
        from google.api_core.client_options import ClientOptions
        from google.cloud.notebooks_v2 import NotebookServiceClient

        with translated():
            client = NotebookServiceClient(
                credentials=self._target.credentials(),
                transport="rest",  # gRPC would import half a second more, and the sandbox speaks JSON
                client_options=ClientOptions(api_endpoint=self._target.endpoint("notebooks")),
            )
            pages = list(client.list_instances(parent=f"projects/{self.project}/locations/-").pages)
        if silent := sorted({place for page in pages for place in page.unreachable}):
            places = ", ".join(map(_last, silent))
            raise TargetUnreachable(
                f"Workbench cannot reach {places}, and does not list all notebooks while that is so",
                hint="try again later",
            )
        found = [instance for page in pages for instance in page.instances]
        machines = self._machines() if found else {}
        return tuple(
            sorted((_notebook(instance, machines) for instance in found), key=lambda item: item.name)
        )

    def _machines(self) -> dict[VmKey, Mapping[str, Any]]:
        """Every VM's addresses. Plain REST: importing google.cloud.compute_v1 takes over 2 s."""
        return {
            (_last(machine["zone"]), machine["name"]): machine
            for page in self._pages()
            for scope in page.get("items", {}).values()
            for machine in scope.get("instances", ())
        }

    def _pages(self) -> Iterator[dict[str, Any]]:
        base = self._target.endpoint("compute")
        url = f"{base}/compute/v1/projects/{self.project}/aggregated/instances"
        addresses = "networkInterfaces(networkIP,accessConfigs/natIP)"
        parameters = {"fields": f"nextPageToken,items/*/instances(name,zone,{addresses})"}
        while True:
            page = get(self._target, url, parameters)
            yield page
            if not page.get("nextPageToken"):
                return
            parameters = {**parameters, "pageToken": page["nextPageToken"]}


def _notebook(instance: "Instance", machines: Mapping[VmKey, Mapping[str, Any]]) -> LiveNotebook:
    _, _, _, zone, _, name = instance.name.split("/")
    setup = instance.gce_setup
    interfaces = machines.get((zone, name), {}).get("networkInterfaces", [])
    addresses = [
        config["natIP"]
        for interface in interfaces
        for config in interface.get("accessConfigs", ())
        if config.get("natIP")
    ]
    return LiveNotebook(
        name=name,
        zone=zone,
        state=instance.state.name,
        health=instance.health_state.name,
        owner=next(iter(instance.instance_owners), None),
        machine_type=_last(setup.machine_type),
        gpus={gpu.type_.name: int(gpu.core_count) for gpu in setup.accelerator_configs},
        external_ip=next(iter(addresses), None),
        internal_ip=next(
            (interface["networkIP"] for interface in interfaces if "networkIP" in interface), None
        ),
        service_account=next((account.email for account in setup.service_accounts), None),
        labels=dict(instance.labels),
        metadata=dict(setup.metadata),
        proxy_url=f"https://{instance.proxy_uri}" if instance.proxy_uri else None,
        created=cast("datetime | None", instance.create_time),
    )


def _last(path: str) -> str:
    return path.rsplit("/", 1)[-1]
