"""The quickstart's notebooks in a sandbox, without Terraform: network, script bucket, scripts, instances."""

import json
import urllib.parse
from pathlib import Path
from typing import Any

from snapshot_documents import Control

from notebook_provisioner import __version__
from notebook_provisioner.cli.app import App
from notebook_provisioner.cli.main import Settings
from notebook_provisioner.core.fleet import ResolvedNotebook
from notebook_provisioner.core.post_startup.facts import Wanted
from notebook_provisioner.core.post_startup.wanted import wanted_script
from notebook_provisioner.sandbox.process import Connection

QUICKSTART = Path(__file__).parents[2] / "examples" / "quickstart" / "fleet.yaml"


class WorkbenchFleet:
    """What ``nbp apply`` would have made of a fleet file, as far as scripts go.

    Attributes:
        control: The sandbox's control API.
        file: The fleet file.
        fleet: What it says.
        scripts: What it asks for, by notebook.
    """

    def __init__(self, connection: Connection, file: Path = QUICKSTART) -> None:
        self.control = Control(connection.url, connection.token)
        self.file = file
        self.read()

    def read(self) -> None:
        """Read the fleet file, again if it has changed."""
        app = App(Settings(fleet=str(self.file), target="sandbox"), "test")
        self.fleet, self.scripts = app.fleet, app.scripts()

    def build(self, *names: str) -> None:
        """From nothing: everything that the fleet file asks for; of its notebooks only *names*, if any."""
        fleet = self.fleet
        self.control.ask("POST", "sandbox/v1/reset", {})
        self.control.ask(
            "POST", "sandbox/v1/settings", {"operation_seconds": 0, "boot_seconds": 0, "speed": 1}
        )
        compute = f"compute/v1/projects/{fleet.project}"
        network = {"name": fleet.network.name, "autoCreateSubnetworks": False}
        self.control.ask("POST", f"{compute}/global/networks", network)
        subnet = {
            "name": fleet.network.subnet,
            "network": f"global/networks/{fleet.network.name}",
            "ipCidrRange": "10.0.0.0/16",
        }
        self.control.ask("POST", f"{compute}/regions/{fleet.region}/subnetworks", subnet)
        self.control.ask("POST", f"storage/v1/b?project={fleet.project}", {"name": self.bucket})
        for one in fleet.resolved_notebooks:
            account = {"accountId": self.account(one).partition("@")[0]}
            self.control.ask("POST", f"iam/v1/projects/{fleet.project}/serviceAccounts", account)
        members = [f"serviceAccount:{self.account(one)}" for one in fleet.resolved_notebooks]
        binding = {"role": "roles/storage.objectViewer", "members": members}
        self.control.ask("PUT", f"storage/v1/b/{self.bucket}/iam", {"bindings": [binding]})
        self.upload()
        for one in fleet.resolved_notebooks:
            if not names or one.name in names:
                self.create(one)
        self.control.clear()

    def upload(self) -> None:
        """Ship the scripts, and point at them what is there: as an apply of a changed template."""
        for name, script in self.scripts.items():
            path = urllib.parse.quote(self.uri(name).removeprefix(f"gs://{self.bucket}/"), safe="")
            url = f"upload/storage/v1/b/{self.bucket}/o?uploadType=media&name={path}"
            self.control.send("POST", url, script.encode(), "text/x-shellscript")

    def point(self) -> None:
        """Point every notebook at its script: the other half of an apply."""
        for one in self.fleet.resolved_notebooks:
            self.patch(one.name, {"post-startup-script": self.uri(one.name)})

    def uri(self, name: str) -> str:
        """Where the wanted script of a notebook lies."""
        return self.wanted(name).uri

    def wanted(self, name: str) -> Wanted:
        """The wanted script of a notebook."""
        return wanted_script(self.fleet, name, self.scripts[name], version=__version__)

    @property
    def bucket(self) -> str:
        """The script bucket."""
        fleet = self.fleet
        return f"{fleet.project}-{fleet.name}-scripts"

    def account(self, one: ResolvedNotebook) -> str:
        """The service account of a notebook."""
        return f"nb-{one.name}@{self.fleet.project}.iam.gserviceaccount.com"

    def create(self, one: ResolvedNotebook, **metadata: str) -> None:
        """Make an instance as the module notebook does, as far as it matters here."""
        fleet = self.fleet
        body = {
            "labels": {"nbp-fleet": fleet.name},
            "instanceOwners": [one.owner],
            "gceSetup": {
                "machineType": "e2-standard-4",
                "disablePublicIp": True,
                "serviceAccounts": [{"email": self.account(one)}],
                "networkInterfaces": [
                    {
                        "network": f"projects/{fleet.project}/global/networks/{fleet.network.name}",
                        "subnet": f"projects/{fleet.project}/regions/{fleet.region}"
                        f"/subnetworks/{fleet.network.subnet}",
                    }
                ],
                "vmImage": {"project": "cloud-notebooks-managed", "family": "workbench-instances-2603"},
                "metadata": {
                    "idle-timeout-seconds": str(one.idle_timeout_seconds or ""),
                    "notebook-disable-root": "true",
                    "post-startup-script": self.uri(one.name),
                    "post-startup-script-behavior": one.post_startup_behavior,
                    **metadata,
                },
            },
        }
        self.control.ask("POST", f"{self.path(one.name).rpartition('/')[0]}?instanceId={one.name}", body)

    def path(self, name: str) -> str:
        """A notebook's path in the Notebooks API."""
        fleet = self.fleet
        [one] = [one for one in fleet.resolved_notebooks if one.name == name]
        return f"notebooks/v2/projects/{fleet.project}/locations/{one.zone}/instances/{name}"

    def instance(self, name: str) -> dict[str, Any]:
        """A notebook as the API shows it."""
        return self.control.ask("GET", self.path(name))

    def metadata(self, name: str) -> dict[str, str]:
        """Its metadata."""
        return self.instance(name)["gceSetup"]["metadata"]

    def patch(self, name: str, metadata: dict[str, str]) -> None:
        """Change some of its metadata."""
        body = {"gceSetup": {"metadata": metadata}}
        self.control.ask("PATCH", f"{self.path(name)}?updateMask=gce_setup.metadata", body)

    def stop(self, name: str) -> None:
        """Stop it."""
        self.control.ask("POST", f"{self.path(name)}:stop", {})

    def say(self, name: str, attributes: dict[str, Any], serial: str | None = None) -> None:
        """Put words into its guest's mouth."""
        place = f"compute/{self.path(name).removeprefix('notebooks/v2/')}".replace("/locations/", "/zones/")
        documents = [
            {"name": key, "value": value if isinstance(value, str) else json.dumps(value)}
            for key, value in attributes.items()
        ]
        self.control.load({f"{place}/guestAttributes": documents})
        if serial is not None:
            self.control.load({f"{place}/serialPorts": [{"name": "1", "contents": serial}]})
