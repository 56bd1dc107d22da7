"""People who label snapshots and roll notebooks back while a program prunes, at no moment of its choosing."""

import json
import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http.client import HTTPException
from types import TracebackType
from typing import Any, Self

from snapshot_documents import PROJECT, ROOT, ZONE, Control

HOLDS: tuple[dict[str, str], ...] = ({"hold": ""}, {"retain-until": "2099-01-01"})
MARK = "nbp-prune"


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody did, and was told that it was done.

    Attributes:
        person: The ``quotaUser`` of the call that did it.
        snapshot: The snapshot that was labelled; empty for a rollback.
        notebook: The notebook that was rolled back; empty for a label.
        labels: The labels that were set.
    """

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
        span: Seconds between two acts at most.
    """

    def __init__(
        self,
        control: Control,
        chance: random.Random,
        *,
        snapshots: Sequence[str] = (),
        notebooks: Sequence[dict[str, Any]] = (),
        span: float,
    ) -> None:
        self.acts: list[Act] = []
        self._control, self._chance, self._span = control, chance, span
        self._todo: list[Callable[[str], Act]] = [
            *(lambda person, name=name: self._label(person, name) for name in snapshots),
            *(lambda person, one=one: self._roll_back(person, one) for one in notebooks),
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
        return Act(person, snapshot=name, labels=frozenset(labels))

    def _roll_back(self, person: str, instance: dict[str, Any]) -> Act:
        """Roll a notebook back to any of its snapshots; it is UPGRADING until the operation ends."""
        wanted = self._chance.choice(instance["upgradeHistory"])["snapshot"]
        name = instance["name"].rpartition("/")[2]
        self._change(
            f"notebooks/v2/{instance['name']}:rollback?quotaUser={person}", {"targetSnapshot": wanted}
        )
        return Act(person, notebook=name)

    def _change(self, url: str, body: dict[str, Any]) -> None:
        operation = self._control.ask("POST", url, body)
        if "error" in operation:
            raise _Failed(json.dumps(operation["error"]))


class _Failed(Exception):
    """The operation ended in an error."""


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
