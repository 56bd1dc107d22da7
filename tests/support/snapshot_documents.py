"""A project full of boot-disk snapshots, as raw API documents for the sandbox's load call."""

import json
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

PROJECT, ZONE, FLEET = "nbp-quickstart", "europe-west1-b", "quickstart"
ROOT = "https://www.googleapis.com/compute/v1/"
SNAPSHOTS = f"compute/projects/{PROJECT}/global/snapshots"
NOTEBOOKS = f"notebooks/projects/{PROJECT}/locations/{ZONE}/instances"
GIB = 2**30


def letters(number: int) -> str:
    """Twelve letters, as Google names an upgrade's snapshot; another number, other letters."""
    number = number * 59_604_644_783_353 % 26**12  # odd and no multiple of 13: no two numbers meet
    return "".join(chr(ord("a") + number // 26**place % 26) for place in range(12))


def snapshot(name: str, disk: str, created: datetime, number: int, **changed: Any) -> dict[str, Any]:
    """A snapshot as Compute Engine shows it."""
    return {
        "kind": "compute#snapshot",
        "name": name,
        "id": str(10**18 + number),
        "creationTimestamp": created.isoformat(timespec="milliseconds"),
        "status": "READY",
        "sourceDisk": f"{ROOT}projects/{PROJECT}/zones/{ZONE}/disks/{disk}",
        "sourceDiskId": str(2 * 10**18 + number),
        "diskSizeGb": "150",
        "storageBytes": str(10 * GIB),
        "storageBytesStatus": "UP_TO_DATE",
        "storageLocations": ["eu"],
        "snapshotType": "STANDARD",
        "autoCreated": False,
        "labelFingerprint": "42WmSpB8rSM=",
        "selfLink": f"{ROOT}projects/{PROJECT}/global/snapshots/{name}",
        **changed,
    }


def notebook(
    name: str, history: list[tuple[str, datetime]], created: datetime, **changed: Any
) -> dict[str, Any]:
    """A healthy, running notebook of the fleet; *history* is of snapshot names and times, oldest first."""
    return {
        "name": f"projects/{PROJECT}/locations/{ZONE}/instances/{name}",
        "state": "ACTIVE",
        "healthState": "HEALTHY",
        "createTime": created.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "labels": {"nbp-fleet": FLEET},
        "instanceOwners": ["ana@example.com"],
        "gceSetup": {"machineType": "e2-standard-4", "metadata": {}},
        "upgradeHistory": [
            {
                "action": "UPGRADE",
                "state": "SUCCEEDED",
                "createTime": moment.astimezone(UTC).isoformat().replace("+00:00", "Z"),
                "snapshot": f"projects/{PROJECT}/global/snapshots/{snapshot_name}",
            }
            for snapshot_name, moment in history
        ],
        **changed,
    }


def claim(name: str) -> dict[str, str]:
    """The labels that a run gives to what an upgrade of notebook *name* left."""
    return {"nbp-fleet": FLEET, "nbp-notebook": name, "nbp-origin": "upgrade"}


def project(notebooks: int, each: int, now: datetime) -> dict[str, list[dict[str, Any]]]:
    """Notebooks with *each* upgrades behind them, a month apart, the last sixty days ago, all claimed."""
    instances, snapshots, number = [], [], 0
    for index in range(notebooks):
        name, history = f"nb-{index:05}", []
        for age in range(each, 0, -1):
            number += 1
            moment = now - timedelta(days=30 + 30 * age, seconds=number)
            history.append((letters(number), moment))
            found = snapshot(letters(number), f"{name}-boot", moment, number, labels=claim(name))
            snapshots.append(found)
        instances.append(notebook(name, history, now - timedelta(days=30 * each + 365)))
    return {NOTEBOOKS: instances, SNAPSHOTS: snapshots}


class Control:
    """The sandbox's control API."""

    def __init__(self, url: str, token: str) -> None:
        self.url, self.token = url, token
        self._open = urllib.request.build_opener(urllib.request.ProxyHandler({})).open

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """One call; *path* with ``sandbox/v1/`` or an API's."""
        return self.send(
            method, path, None if body is None else json.dumps(body).encode(), "application/json"
        )

    def send(self, method: str, path: str, data: bytes | None, media_type: str) -> Any:
        """One call with bytes."""
        request = urllib.request.Request(  # noqa: S310  # our own sandbox
            f"{self.url}/{path}",
            data=data,
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": media_type},
            method=method,
        )
        with self._open(request, timeout=60) as answer:
            return json.load(answer)

    def load(self, dump: dict[str, list[dict[str, Any]]]) -> None:
        """Load documents, some thousands at a time."""
        for place, documents in dump.items():
            for start in range(0, len(documents), 2_000):
                self.ask("POST", "sandbox/v1/load", {place: documents[start : start + 2_000]})

    def fault(self, **rule: Any) -> None:
        """Add a fault rule."""
        self.ask("POST", "sandbox/v1/faults", rule)

    def clear(self) -> None:
        """No faults, counts from zero."""
        self.ask("DELETE", "sandbox/v1/faults")
        self.ask("DELETE", "sandbox/v1/requests")

    def counts(self) -> dict[str, int]:
        """Requests by method."""
        return self.ask("GET", "sandbox/v1/requests")["counts"]

    def names(self) -> set[str]:
        """The snapshots that are there."""
        return {item["name"] for item in self.items()}

    def items(self) -> Iterator[dict[str, Any]]:
        """The snapshots that are there, as documents."""
        token = ""
        while token is not None:
            page = self.ask("GET", f"compute/v1/projects/{PROJECT}/global/snapshots?pageToken={token}")
            yield from page.get("items", ())
            token = page.get("nextPageToken")
