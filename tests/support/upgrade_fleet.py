"""A fleet of notebooks in a sandbox of one's own, made through the API, and looked at field by field."""

import hashlib
import json
import urllib.request
from pathlib import Path
from typing import Any

from snapshot_documents import Control

PROJECT, ZONE, REGION, FLEET = "nbp-upgrades", "europe-west1-b", "europe-west1", "upgrades"
INSTANCES = f"notebooks/v2/projects/{PROJECT}/locations/{ZONE}/instances"
COMPUTE = f"compute/v1/projects/{PROJECT}"
OLD_IMAGE = "workbench-instances-2603-v20260419"
NEW_IMAGE = "workbench-instances-2603-v20260712"
IDLE = "idle-timeout-seconds"


class Fleet:
    """Notebooks of one project, on a sandbox that begins empty.

    Args:
        control: The sandbox.
        fresh: Whether everything that was there goes first.
    """

    def __init__(self, control: Control, *, fresh: bool = True) -> None:
        self.control = control
        control.ask("DELETE", "sandbox/v1/faults")
        if fresh:
            control.ask("POST", "sandbox/v1/reset", {})
        control.ask("POST", "sandbox/v1/settings", {"operation_seconds": 0, "boot_seconds": 0, "speed": 1})
        network = {"name": "net", "autoCreateSubnetworks": False}
        control.ask("POST", f"{COMPUTE}/global/networks", network)
        addresses = {"name": "sub", "network": f"projects/{PROJECT}/global/networks/net"}
        addresses["ipCidrRange"] = "10.0.0.0/20"
        control.ask("POST", f"{COMPUTE}/regions/{REGION}/subnetworks", addresses)
        control.clear()

    def add(self, name: str, *, state: str = "ACTIVE", idle: str = "3600", **setup: Any) -> None:
        """Make a notebook with an image that has a newer one."""
        metadata = setup.pop("metadata", {}) | ({IDLE: idle} if idle else {})
        body = {
            "labels": {"nbp-fleet": FLEET, "team": "a"},
            "gceSetup": {
                "disablePublicIp": True,
                "networkInterfaces": [{"subnet": f"projects/{PROJECT}/regions/{REGION}/subnetworks/sub"}],
                "vmImage": {"project": "cloud-notebooks-managed", "name": OLD_IMAGE},
                "metadata": metadata,
                **setup,
            },
        }
        if "containerImage" in setup:
            del body["gceSetup"]["vmImage"]
        self.control.ask("POST", f"{INSTANCES}?instanceId={name}", body)
        if state == "STOPPED":
            self.control.ask("POST", f"{INSTANCES}/{name}:stop", {})

    def script(self, text: bytes) -> dict[str, Any]:
        """Put a post-startup script into a bucket; returns what a notebook is made with to run it."""
        control, digest = self.control, hashlib.sha256(text).hexdigest()
        account = f"notebook@{PROJECT}.iam.gserviceaccount.com"
        control.ask("POST", f"iam/v1/projects/{PROJECT}/serviceAccounts", {"accountId": "notebook"})
        uniform = {"iamConfiguration": {"uniformBucketLevelAccess": {"enabled": True}}}
        control.ask("POST", f"storage/v1/b?project={PROJECT}", {"name": "scripts"} | uniform)
        binding = {"role": "roles/storage.objectViewer", "members": [f"serviceAccount:{account}"]}
        control.ask("PUT", "storage/v1/b/scripts/iam", {"bindings": [binding]})
        request = urllib.request.Request(  # noqa: S310  # our own sandbox
            f"{control.url}/upload/storage/v1/b/scripts/o?uploadType=media&name=nb/{digest}.sh",
            data=text,
            headers={"Authorization": f"Bearer {control.token}", "Content-Type": "text/x-shellscript"},
            method="POST",
        )
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request).close()
        metadata = {"post-startup-script": f"gs://scripts/nb/{digest}.sh"}
        return {"metadata": metadata, "serviceAccounts": [{"email": account}]}

    def images(self, *names: str) -> None:
        """Images of a family of the project's own, a month apart."""
        path = f"compute/v1/projects/cloud-notebooks-managed/global/images/{OLD_IMAGE}"
        like = self.control.ask("GET", path)
        documents = [
            like
            | {
                "name": name,
                "family": name.rpartition("-v")[0],
                "creationTimestamp": f"2025-{month:02}-01T00:00:00.000-08:00",
                "selfLink": f"https://www.googleapis.com/{COMPUTE}/global/images/{name}",
            }
            for month, name in enumerate(names, 1)
        ]
        self.control.load({f"compute/projects/{PROJECT}/global/images": documents})

    def get(self, name: str) -> dict[str, Any]:
        """A notebook's document."""
        return self.control.ask("GET", f"{INSTANCES}/{name}")

    def guest(self, name: str, **settings: Any) -> None:
        """Say what goes on in a notebook's VM, or shall."""
        instance = f"projects/{PROJECT}/locations/{ZONE}/instances/{name}"
        self.control.ask("POST", "sandbox/v1/guests", {"instance": instance, **settings})

    def says(self, name: str, key: str, value: dict[str, Any]) -> None:
        """Have a notebook say something in a guest attribute."""
        place = f"compute/projects/{PROJECT}/zones/{ZONE}/instances/{name}/guestAttributes"
        self.control.load({place: [{"name": f"notebook-provisioner/{key}", "value": json.dumps(value)}]})

    def change(self, name: str, **fields: Any) -> None:
        """Overwrite fields of a notebook's document, as no API could."""
        document = self.get(name) | fields
        place = f"notebooks/projects/{PROJECT}/locations/{ZONE}/instances"
        self.control.load({place: [document]})

    def kept(self, name: str) -> dict[str, Any]:
        """Everything about a notebook that an upgrade must leave as it was."""
        document = self.get(name)
        metadata = dict(document["gceSetup"].get("metadata", {}))
        metadata.pop("version", None)
        disk = self.control.ask("GET", f"{COMPUTE}/zones/{ZONE}/disks/{name}-data-workspace")
        return {
            "state": document["state"],
            "labels": document["labels"],
            "metadata": metadata,
            "owners": document.get("instanceOwners"),
            "machine": document["gceSetup"]["machineType"],
            "data disk": (disk["id"], disk["sizeGb"], disk["users"]),
        }

    def boot_disk(self, name: str) -> dict[str, Any]:
        """The boot disk's document."""
        return self.control.ask("GET", f"{COMPUTE}/zones/{ZONE}/disks/{name}-boot")

    def upgrades(self, name: str) -> list[str]:
        """The states of the upgrades in a notebook's history."""
        history = self.get(name).get("upgradeHistory", [])
        return [item["state"] for item in history if item["action"] == "UPGRADE"]

    def snapshots(self) -> set[str]:
        """Names of the project's snapshots."""
        answer = self.control.ask("GET", f"{COMPUTE}/global/snapshots?maxResults=500")
        return {item["name"] for item in answer.get("items", ())}


def write_fleet_file(path: Path, names: list[str], **more: Any) -> Path:
    """A fleet file for notebooks of these names."""
    defaults = {"profile": "standard", "upgrade": {"window": "Sat 02:00-06:00 UTC", "cadence": "weekly"}}
    document = {
        "version": 1,
        "name": FLEET,
        "target": "sandbox",
        "project": PROJECT,
        "region": REGION,
        "zones": [ZONE],
        "network": {
            "mode": "create",
            "name": "net",
            "subnet": "sub",
            "cidr": "10.0.0.0/20",
            "vip": "private",
            "egress": {"mode": "none"},
        },
        "perimeter": {"mode": "disabled"},
        "encryption": {"mode": "google-managed"},
        "profiles": {"standard": {"machine_type": "e2-standard-4"}},
        "defaults": defaults,
        "notebooks": [{"name": name, "owner": f"{name}@example.com"} for name in names],
        **more,
    }
    path.write_text(json.dumps(document))
    return path
