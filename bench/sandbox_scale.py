"""How the sandbox's server carries a large fleet: 20,000 snapshots and 2,000 notebooks.

    python bench/sandbox_scale.py

Prints seconds to load, pages of 500 a second, seconds to start with that state in place, and the peak memory.
"""

import http.client
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROJECT, ZONE = "scale", "europe-west1-b"
ROOT = f"https://www.googleapis.com/compute/v1/projects/{PROJECT}"
SNAPSHOTS, NOTEBOOKS = 20_000, 2_000


def snapshot(number: int) -> dict:
    """A boot snapshot as Compute lists it."""
    notebook = number % NOTEBOOKS
    return {
        "kind": "compute#snapshot",
        "id": str(10**18 + number),
        "name": f"s{number:011d}",
        "creationTimestamp": f"2026-{number % 12 + 1:02}-{number % 28 + 1:02}T03:00:00.000-08:00",
        "status": "READY",
        "sourceDisk": f"{ROOT}/zones/{ZONE}/disks/nb-{notebook:05}-boot",
        "sourceDiskId": str(10**17 + number),
        "diskSizeGb": "150",
        "storageBytes": "16106127360",
        "storageBytesStatus": "UP_TO_DATE",
        "snapshotType": "STANDARD",
        "storageLocations": ["eu"],
        "labelFingerprint": "42WmSpB8rSM=",
        "selfLink": f"{ROOT}/global/snapshots/s{number:011d}",
    }


def notebook(number: int) -> dict:
    """An instance with the history of its upgrades."""
    name = f"nb-{number:05}"
    history = [
        {
            "snapshot": f"projects/{PROJECT}/global/snapshots/s{number + turn * NOTEBOOKS:011d}",
            "action": "UPGRADE",
            "state": "SUCCEEDED",
            "createTime": f"2026-{turn + 1:02}-01T03:00:00Z",
            "version": str(130 + turn),
            "targetVersion": f"m{131 + turn}",
        }
        for turn in range(SNAPSHOTS // NOTEBOOKS)
    ]
    return {
        "name": f"projects/{PROJECT}/locations/{ZONE}/instances/{name}",
        "state": "ACTIVE",
        "createTime": "2026-01-01T00:00:00Z",
        "labels": {"resource-name": name, "team": f"team-{number % 20}"},
        "gceSetup": {
            "machineType": f"{ROOT}/zones/{ZONE}/machineTypes/e2-standard-4",
            "disablePublicIp": True,
            "metadata": {f"key-{key}": "value" for key in range(20)},
            "bootDisk": {"diskSizeGb": "150"},
            "dataDisks": [{"diskSizeGb": "100"}],
        },
        "upgradeHistory": history,
    }


class Server:
    """The sandbox as a process, and a connection to it."""

    def __init__(self, folder: Path) -> None:
        (folder / "address").unlink(missing_ok=True)
        began = time.perf_counter()
        command = [sys.executable, "-m", "notebook_provisioner.sandbox.server", "--state", str(folder)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        assert self.process.stdout.readline().startswith("ready")
        self.start_seconds = time.perf_counter() - began
        self.token = (folder / "token").read_text().strip()
        host, _, port = (folder / "address").read_text().strip().partition(":")
        self.connection = http.client.HTTPConnection(host, int(port), timeout=120)

    def ask(self, method: str, path: str, body: bytes | None = None) -> dict:
        """The JSON of an answer, which must be a success."""
        self.connection.request(method, path, body, {"Authorization": f"Bearer {self.token}"})
        answer = self.connection.getresponse()
        data = answer.read()
        assert answer.status == http.client.OK, data[:500]
        return json.loads(data)

    def pages(self, path: str, field: str) -> tuple[int, int, float]:
        """Number of pages and of items of a list, and pages a second."""
        began, count, items, token = time.perf_counter(), 0, 0, ""
        while count == 0 or token:
            page = self.ask("GET", f"{path}&pageToken={token}")
            count, items, token = count + 1, items + len(page.get(field, [])), page.get("nextPageToken", "")
        return count, items, count / (time.perf_counter() - began)

    def peak_megabytes(self) -> float:
        """Peak resident memory, from the kernel where it tells, else from the ended process."""
        status = Path(f"/proc/{self.process.pid}/status")
        if status.exists():
            [line] = [item for item in status.read_text().splitlines() if item.startswith("VmHWM")]
            return int(line.split()[1]) / 1024
        self.stop()
        scale = 1024**2 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / scale

    def stop(self) -> None:
        """End the process if it runs."""
        if self.process.poll() is None:
            os.kill(self.process.pid, signal.SIGTERM)
            self.process.wait()


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder))
        print(f"start, empty: {server.start_seconds:.2f} s")
        dump = {
            f"compute/projects/{PROJECT}/global/snapshots": [snapshot(number) for number in range(SNAPSHOTS)],
            "notebooks": [notebook(number) for number in range(NOTEBOOKS)],
        }
        body = json.dumps(dump).encode()
        began = time.perf_counter()
        loaded = server.ask("POST", "/sandbox/v1/load", body)["loaded"]
        seconds = time.perf_counter() - began
        print(f"load of {loaded} documents, {len(body) / 1e6:.0f} MB: {seconds:.2f} s (goal: under 10)")
        snapshots = f"/compute/v1/projects/{PROJECT}/global/snapshots?maxResults=500"
        for title, path, field in (
            ("snapshots by name", snapshots, "items"),
            ("snapshots newest first", f"{snapshots}&orderBy=creationTimestamp%20desc", "items"),
            ("snapshots filtered", f"{snapshots}&filter=sourceDisk:nb-0000", "items"),
            (
                "notebooks of all zones",
                f"/notebooks/v2/projects/{PROJECT}/locations/-/instances?pageSize=500",
                "instances",
            ),
        ):
            count, items, rate = server.pages(path, field)
            print(f"{title}: {items} in {count} pages, {rate:.0f} pages/s (goal: 20)")
        print(f"peak memory: {server.peak_megabytes():.0f} MB (goal: under 1024)")
        server.stop()
        again = Server(Path(folder))
        print(f"start, with that state: {again.start_seconds:.2f} s")
        again.stop()


if __name__ == "__main__":
    main()
