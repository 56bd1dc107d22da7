"""Notebooks as they are, whatever the fleet file says."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

# The Notebooks API's words for an instance's state and health.
ACTIVE: Final = "ACTIVE"
STOPPED: Final = "STOPPED"
HEALTHY: Final = "HEALTHY"
SETTLED: Final = frozenset({ACTIVE, STOPPED})  # nothing is being done with it

NotebookKey = tuple[str, str]  # zone and name: what a notebook is told apart by in its project

FLEET_LABEL: Final = "nbp-fleet"  # set by terraform/modules/fleet-file on everything that it makes


@dataclass(frozen=True, slots=True)
class LiveNotebook:
    """One Workbench instance and its VM.

    Attributes:
        name: Its name; the VM bears it too.
        zone: As in ``europe-west1-b``.
        state: As in ``ACTIVE`` or ``STOPPED``: the Notebooks API's word.
        health: As in ``HEALTHY``; the API's word for "nobody said" is ``HEALTH_STATE_UNSPECIFIED``.
        owner: The one person who may open it; None where access is by service account.
        machine_type: As in ``e2-standard-4``.
        gpus: Type to count; empty without GPUs.
        external_ip: The VM's public address; None, as it should be, where it has none.
        internal_ip: The VM's private address; None while there is no VM.
        service_account: Whom the VM runs as; None where the API names none.
        labels: The instance's labels.
        metadata: The VM's metadata as the Notebooks API shows it.
        proxy_url: Where its owner opens JupyterLab; None until it is registered.
        created: When it was made, UTC.
    """

    name: str
    zone: str
    state: str
    health: str
    owner: str | None
    machine_type: str
    gpus: Mapping[str, int]
    external_ip: str | None
    internal_ip: str | None
    service_account: str | None
    labels: Mapping[str, str]
    metadata: Mapping[str, str]
    proxy_url: str | None
    created: datetime | None
