"""nbp apply is killed at random moments; the next apply finishes the work and nothing is lost.

Three times in the suite; NBP_KILLS=20 runs the acceptance of the issue, NBP_KILL_SEED repeats a run.
"""

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from notebook_provisioner.sandbox.process import SandboxProcess

pytestmark = [
    pytest.mark.terraform,
    pytest.mark.network,
    pytest.mark.usefixtures("socket_enabled"),
    pytest.mark.timeout(1800),
]

NBP = str(Path(sys.executable).with_name("nbp"))
QUICKSTART = Path(__file__).parents[2] / "examples" / "quickstart" / "fleet.yaml"
RECORDS = re.compile("operation|delete|change|log", re.IGNORECASE)
KILLS = int(os.environ.get("NBP_KILLS", "3"))
SEED = int(os.environ.get("NBP_KILL_SEED", str(time.time_ns() % 10**6)))


class Machine:
    """A folder with a fleet, a sandbox, and nbp."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.environment = {**os.environ, "NBP_HOME": str(home), "NBP_FLEET": str(QUICKSTART)}
        self.sandbox = SandboxProcess(home / ".sandbox")

    def start(self, *arguments: str) -> subprocess.Popen:
        return subprocess.Popen(
            [NBP, *arguments],
            env=self.environment,
            cwd=self.home,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments: str, expect: int = 0) -> str:
        with self.start(*arguments) as process:
            output = process.communicate(timeout=300)[0]
        assert process.returncode == expect, f"nbp {' '.join(arguments)}: {process.returncode}\n{output}"
        return output

    def managed(self) -> set[str]:
        """Addresses in Terraform's state."""
        state = json.loads((self.home / ".nbp" / "quickstart-sandbox" / "terraform.tfstate").read_text())
        return {
            ".".join(
                str(part) for part in (r.get("module"), r["type"], r["name"], i.get("index_key")) if part
            )
            for r in state["resources"]
            if r["mode"] == "managed"
            for i in r["instances"]
        }

    def in_the_cloud(self) -> dict[str, int]:
        """Kinds of resources in the sandbox and their number, without records of what happened."""
        resources = self.sandbox.status().resources
        return {kind: number for kind, number in resources.items() if not RECORDS.search(kind)}

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


@pytest.fixture
def machine(tmp_path):
    made = Machine(tmp_path)
    yield made
    made.sandbox.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("victims", ["nbp", "process group"])
def test_no_kill_loses_anything(machine, victims):
    chance = random.Random(f"{SEED} {victims}")  # noqa: S311  # a moment, not a secret
    started = time.monotonic()
    machine.run("apply")
    seconds = time.monotonic() - started
    managed, in_the_cloud = machine.managed(), machine.in_the_cloud()
    assert len(managed) > 50

    for round_number in range(KILLS):
        machine.run("destroy")
        process = machine.start("apply")
        moment = chance.uniform(0.1, seconds)
        time.sleep(moment)
        if victims == "nbp":
            process.send_signal(signal.SIGKILL)
        else:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()

        where = f"round {round_number}, seed {SEED}, killed after {moment:.2f} s"
        output = machine.run("apply")
        assert machine.leftovers() == [], where
        assert "Nothing to do" in machine.run("plan"), f"{where}\n{output}"
        assert machine.managed() == managed, where
        assert machine.in_the_cloud() == in_the_cloud, where
