"""Two ways to the sandbox: its engine in this process, without a socket; and the real process over HTTP."""

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import orjson

from notebook_provisioner.sandbox.server import loading
from notebook_provisioner.sandbox.server.app import create_engine
from notebook_provisioner.sandbox.server.clock import Clock
from notebook_provisioner.sandbox.server.engine import Engine, Incoming
from notebook_provisioner.sandbox.server.guests import control as guests
from notebook_provisioner.sandbox.server.services.storage.preconditions import Preconditions
from notebook_provisioner.sandbox.server.services.storage.shelf import Shelf
from notebook_provisioner.sandbox.server.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

PROJECT, ZONE, REGION = "lab", "europe-west1-b", "europe-west1"
NOTEBOOKS = f"notebooks/v2/projects/{PROJECT}/locations/{ZONE}/instances"
COMPUTE = f"compute/v1/projects/{PROJECT}"


class Local:
    """The engine in this process. Its clock stands still until it is moved."""

    def __init__(self, folder: "Path", **settings: Any) -> None:
        self.moment = 1_800_000_000.0
        self.folder = folder
        self.engine: Engine = create_engine(
            folder,
            Settings(check_answers=True, **settings),
            clock=Clock(source=lambda: self.moment),
        )

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """Status and JSON of one request."""
        parts = urlsplit(path)
        incoming = Incoming(
            http_method=method,
            path=parts.path,
            query=parts.query,
            headers={name.replace("_", "-"): value for name, value in headers.items()},
            body=b"" if body is None else orjson.dumps(body),
            origin="http://127.0.0.1:1",
        )
        coroutine = self.engine.respond(incoming)
        try:
            coroutine.send(None)
        except StopIteration as finished:
            reply = finished.value
            return reply.status, orjson.loads(reply.body) if reply.body else None
        raise AssertionError("the request waits; ask the served sandbox")

    def do(self, method: str, path: str, body: Any = None) -> Any:
        """The JSON of a request that must succeed; an operation must not end in an error."""
        status, document = self.ask(method, path, body)
        assert status == 200, document
        assert "error" not in document, document
        return document

    def do_load(self, place: str, documents: list[Any]) -> None:
        """Load *documents* into a collection (``compute/projects/p/global/snapshots``)."""
        context = self.engine.context
        with context.store.transaction():
            assert loading.load(context, {place: documents}) == len(documents)

    def network(self) -> None:
        """A network and a subnetwork for VMs."""
        self.do("POST", f"{COMPUTE}/global/networks", {"name": "net", "autoCreateSubnetworks": False})
        subnetwork = {"name": "sub", "network": "global/networks/net", "ipCidrRange": "10.0.0.0/24"}
        self.do("POST", f"{COMPUTE}/regions/{REGION}/subnetworks", subnetwork)

    def script(self, url: str, content: bytes) -> None:
        """An object in a bucket of its own, which is made where it is missing."""
        bucket, _, name = url.removeprefix("gs://").partition("/")
        if self.ask("GET", f"storage/v1/b/{bucket}")[0] != 200:
            uniform = {"iamConfiguration": {"uniformBucketLevelAccess": {"enabled": True}}}
            self.do("POST", f"storage/v1/b?project={PROJECT}", {"name": bucket} | uniform)
        context = self.engine.context
        shelf = Shelf.of(context)
        key = shelf.contents.create()
        with shelf.contents.writing(key) as file:
            file.write(content)
        with context.store.transaction():
            shelf.put(shelf.bucket(bucket), {"name": name}, key, Preconditions())

    def grant(self, bucket: str, member: str, role: str, condition: str | None = None) -> None:
        """Add a binding to a bucket's policy."""
        policy = self.do("GET", f"storage/v1/b/{bucket}/iam?optionsRequestedPolicyVersion=3")
        binding = {"role": role, "members": [member]}
        if condition:
            binding["condition"] = {"title": "test", "expression": condition}
        policy = {"version": 3, "bindings": [*policy["bindings"], binding]}
        self.do("PUT", f"storage/v1/b/{bucket}/iam", policy)

    def control(self, request: Any) -> Any:
        """Change settings of guests, as ``POST /sandbox/v1/guests`` does."""
        context = self.engine.context
        with context.store.transaction():
            context.settle()
            return guests.change(context, request)

    def notebook(self, name: str = "nb", **setup: Any) -> Any:
        """A notebook without an external address, on an image that has a newer one."""
        body = {
            "gceSetup": {
                "disablePublicIp": True,
                "networkInterfaces": [{"subnet": f"projects/{PROJECT}/regions/{REGION}/subnetworks/sub"}],
                "vmImage": {"project": "cloud-notebooks-managed", "name": "workbench-instances-v20240613"},
                **setup,
            }
        }
        return self.do("POST", f"{NOTEBOOKS}?instanceId={name}", body)


class Served:
    """The sandbox as a process of its own."""

    def __init__(self, folder: "Path", *options: str) -> None:
        self.folder = folder
        self.options = options
        self.start()

    def start(self) -> None:
        address = self.folder / "address"
        address.unlink(missing_ok=True)
        command = [sys.executable, "-m", "notebook_provisioner.sandbox.server", "--state", str(self.folder)]
        self.process = subprocess.Popen([*command, *self.options], stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 120
        while not address.exists():
            assert self.process.poll() is None, "the sandbox did not start"
            assert time.monotonic() < deadline, "the sandbox is not ready after 120 s"
            time.sleep(0.02)
        self.host, _, port = address.read_text().strip().partition(":")
        self.port = int(port)
        self.url = f"http://{self.host}:{self.port}"
        self.token = (self.folder / "token").read_text().strip()

    def kill(self) -> None:
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(timeout=60)

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=120)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            connection.request(method, f"/{path}", None if body is None else json.dumps(body), named)
            answer = connection.getresponse()
            data = answer.read()
        finally:
            connection.close()
        return answer.status, json.loads(data) if data else None

    def control(self, method: str, path: str, body: Any = None) -> Any:
        status, document = self.ask(method, f"sandbox/v1/{path}", body, Authorization=f"Bearer {self.token}")
        assert status == 200, document
        return document
