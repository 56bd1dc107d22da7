"""A folder in which somebody works with nbp: the real program, the real Terraform, a sandbox of its own."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import stand_in

from notebook_provisioner.sandbox.environment import for_terraform
from notebook_provisioner.sandbox.process import SandboxProcess

NBP = str(Path(sys.executable).with_name("nbp"))
REPOSITORY = Path(__file__).parents[2]
QUICKSTART = REPOSITORY / "examples" / "quickstart" / "fleet.yaml"

_RECORDS = re.compile("operation|delete|change|log", re.IGNORECASE)


class Machine:
    """One user's folder.

    Attributes:
        home: The folder; nbp's state goes there, and it is the current one.
        fleet_file: A copy of the quickstart, to be edited.
        sandbox: The folder's sandbox.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self.fleet_file = home / "quickstart.yaml"
        self.fleet_file.write_text(QUICKSTART.read_text(encoding="utf-8"), encoding="utf-8")
        self.environment = {**os.environ, "NBP_HOME": str(home), "NBP_FLEET": str(self.fleet_file)}
        self.sandbox = SandboxProcess(home / ".sandbox")

    @contextmanager
    def one_provider(self) -> Iterator[None]:
        """Start the sandbox, and have one process of the stand-in serve every Terraform of the quickstart.

        For what does not ask how providers start and end: Terraform would start two to five for a command.
        """
        connection = self.sandbox.start()
        endpoints = for_terraform(connection, project="nbp-quickstart", region="europe-west1")
        is_real = "NBP_REAL_PROVIDER_MIRROR" in self.environment
        with nullcontext({}) if is_real else stand_in.running(endpoints) as variables:
            self.environment |= variables
            yield

    def edit(self, old: str, new: str) -> None:
        """Replace text in the fleet file; it must be there."""
        text = self.fleet_file.read_text(encoding="utf-8")
        assert old in text
        self.fleet_file.write_text(text.replace(old, new), encoding="utf-8")

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """Start nbp in a process group of its own, with both streams in pipes."""
        return subprocess.Popen(
            [NBP, *arguments],
            env=self.environment,
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments: str, expect: int = 0) -> str:
        """Run nbp to its end; return its results, and hold it to an exit status."""
        with self.start(*arguments) as process:
            results, talk = process.communicate(timeout=600)
        assert process.returncode == expect, (
            f"nbp {' '.join(arguments)}: {process.returncode}\n{results}{talk}"
        )
        return results

    def ask(self, *arguments: str, expect: int = 0) -> Any:
        """Run nbp for its JSON data."""
        envelope = json.loads(self.run(*arguments, "--format", "json", expect=expect))
        assert envelope["schema"] == "nbp/1"
        return envelope["data"]

    def managed(self) -> set[str]:
        """What is in Terraform's state."""
        path = self.home / ".nbp" / "nbp-quickstart" / "quickstart-sandbox" / "terraform.tfstate"
        return {
            f"{resource.get('module')} {resource['type']} {resource['name']} {instance.get('index_key')}"
            for resource in json.loads(path.read_text(encoding="utf-8"))["resources"]
            if resource["mode"] == "managed"
            for instance in resource["instances"]
        }

    def in_the_cloud(self) -> dict[str, int]:
        """Kinds of resources in the sandbox and their number, without records of what happened."""
        resources = self.sandbox.status().resources
        return {kind: number for kind, number in resources.items() if not _RECORDS.search(kind)}

    def leftovers(self) -> list[str]:
        """Processes of this folder's Terraform: they carry its data directory in their environment."""
        found = []
        mark = f"TF_DATA_DIR={self.home / '.nbp'}".encode()
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (process / "environ").read_bytes():
                    found.append((process / "cmdline").read_text().replace("\0", " "))
            except OSError:
                continue
        return found
