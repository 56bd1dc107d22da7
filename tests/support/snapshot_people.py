"""People who label snapshots, and roll back, delete or make notebooks, while a program prunes."""

import contextlib
import json
import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from http.client import HTTPException
from types import TracebackType
from typing import Any, Self

from snapshot_documents import FLEET, PROJECT, ROOT, ZONE, Control

HOLDS: tuple[dict[str, str], ...] = ({"hold": ""}, {"retain-until": "2099-01-01"})
MARK = "nbp-prune"
_NETWORK = "net"
_INSTANCES = f"notebooks/v2/projects/{PROJECT}/locations/{ZONE}/instances"


class Deed(StrEnum):
    """What somebody does."""

    LABEL = "label"
    ROLL_BACK = "roll back"
    DELETE = "delete"  # a notebook; some are made anew under the same name
    CREATE = "create"  # a notebook, under the name of one that is gone


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody did, and was told that it was done.

    Attributes:
        deed: What it was.
        person: The ``quotaUser`` of the call that did it.
        snapshot: The snapshot that was labelled; empty for a deed to a notebook.
        notebook: The notebook that it was done to; empty for a label.
        labels: The labels that were set.
    """

    deed: Deed
    person: str
    snapshot: str = ""
    notebook: str = ""
    labels: frozenset[str] = frozenset()


class People:
    """Act from a thread of their own while this is entered.

    Args:
        control: The sandbox.
        chance: What is random about them.
        snapshots: Names of the snapshots that they label.
        notebooks: The notebooks that they roll back, as raw documents.
        leaving: Names of the notebooks that they delete, or make anew.
        coming: Names of the notebooks that they make; there is a network (see `network`).
        span: Seconds between two acts at most.
    """

    def __init__(
        self,
        control: Control,
        chance: random.Random,
        *,
        snapshots: Sequence[str] = (),
        notebooks: Sequence[dict[str, Any]] = (),
        leaving: Sequence[str] = (),
        coming: Sequence[str] = (),
        span: float,
    ) -> None:
        self.acts: list[Act] = []
        self._control, self._chance, self._span = control, chance, span
        self._todo: list[Callable[[str], Act]] = [
            *(lambda person, name=name: self._label(person, name) for name in snapshots),
            *(lambda person, one=one: self._roll_back(person, one) for one in notebooks),
            *(lambda person, name=name: self._delete(person, name) for name in leaving),
            *(lambda person, name=name: self._create(person, name) for name in coming),
        ]
        chance.shuffle(self._todo)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._act)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _act(self) -> None:
        for number, act in enumerate(self._todo):
            if self._over.wait(self._chance.uniform(0, self._span)):
                return
            try:
                self.acts.append(act(f"person-{number}"))
            except (OSError, HTTPException, _Failed):
                continue  # a fault struck them, or the thing is gone

    def _label(self, person: str, name: str) -> Act:
        """Put a label on a snapshot that keeps it, or take the mark off; other labels stay."""
        url = f"compute/v1/projects/{PROJECT}/global/snapshots/{name}"
        found = self._control.ask("GET", f"{url}?quotaUser={person}-looks")
        labels = dict(found.get("labels", {}))
        if MARK in labels and self._chance.random() < 0.3:
            del labels[MARK]
        else:
            labels |= self._chance.choice(HOLDS)
        self._change(
            f"{url}/setLabels?quotaUser={person}",
            {"labels": labels, "labelFingerprint": found["labelFingerprint"]},
        )
        return Act(Deed.LABEL, person, snapshot=name, labels=frozenset(labels))

    def _roll_back(self, person: str, instance: dict[str, Any]) -> Act:
        """Roll a notebook back to any of its snapshots; it is UPGRADING until the operation ends."""
        wanted = self._chance.choice(instance["upgradeHistory"])["snapshot"]
        name = instance["name"].rpartition("/")[2]
        self._change(
            f"notebooks/v2/{instance['name']}:rollback?quotaUser={person}", {"targetSnapshot": wanted}
        )
        return Act(Deed.ROLL_BACK, person, notebook=name)

    def _delete(self, person: str, name: str) -> Act:
        """Delete a notebook, and have it made anew now and then."""
        self._change(f"{_INSTANCES}/{name}?quotaUser={person}", method="DELETE")
        if self._chance.random() < 0.5:
            for _ in range(20):  # until it is gone
                time.sleep(0.02)
                with contextlib.suppress(OSError, HTTPException, _Failed):
                    self._create(f"{person}-again", name)
                    break
        return Act(Deed.DELETE, person, notebook=name)

    def _create(self, person: str, name: str) -> Act:
        subnet = f"projects/{PROJECT}/regions/{ZONE.rpartition('-')[0]}/subnetworks/{_NETWORK}"
        setup = {
            "disablePublicIp": True,
            "networkInterfaces": [{"subnet": subnet}],
            "vmImage": {"project": "cloud-notebooks-managed", "name": "workbench-instances-v20240613"},
        }
        body = {"labels": {"nbp-fleet": FLEET}, "gceSetup": setup}
        self._change(f"{_INSTANCES}?instanceId={name}&quotaUser={person}", body)
        return Act(Deed.CREATE, person, notebook=name)

    def _change(self, url: str, body: dict[str, Any] | None = None, *, method: str = "POST") -> None:
        operation = self._control.ask(method, url, body)
        if "error" in operation:
            raise _Failed(json.dumps(operation["error"]))


class _Failed(Exception):
    """The operation ended in an error."""


def network(control: Control) -> None:
    """Make what a new notebook needs."""
    compute = f"compute/v1/projects/{PROJECT}"
    control.ask("POST", f"{compute}/global/networks", {"name": _NETWORK, "autoCreateSubnetworks": False})
    place = f"projects/{PROJECT}/global/networks/{_NETWORK}"
    subnet = {"name": _NETWORK, "network": place, "ipCidrRange": "10.0.0.0/24"}
    control.ask("POST", f"{compute}/regions/{ZONE.rpartition('-')[0]}/subnetworks", subnet)


def machines(notebooks: Sequence[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """The VMs and boot disks of *notebooks*, so that the sandbox can roll them back."""
    place = f"projects/{PROJECT}/zones/{ZONE}"
    root = f"{ROOT}{place}"
    names = [item["name"].rpartition("/")[2] for item in notebooks]
    disks = [
        {
            "name": f"{name}-boot",
            "selfLink": f"{root}/disks/{name}-boot",
            "type": f"{root}/diskTypes/pd-balanced",
            "sizeGb": "150",
            "status": "READY",
            "users": [f"{root}/instances/{name}"],
        }
        for name in names
    ]
    vms = [
        {
            "name": name,
            "selfLink": f"{root}/instances/{name}",
            "status": "RUNNING",
            "metadata": {"items": []},
            "disks": [
                {"source": f"{root}/disks/{name}-boot", "deviceName": "boot", "boot": True, "index": 0}
            ],
        }
        for name in names
    ]
    return {f"compute/{place}/disks": disks, f"compute/{place}/instances": vms}
