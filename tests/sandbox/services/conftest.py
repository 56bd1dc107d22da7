"""A sandbox served over real HTTP from a thread of this process, for Google's own clients."""

import http.client
import json
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import uvicorn
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage

from notebook_provisioner.sandbox.server.app import create_app
from notebook_provisioner.sandbox.server.listening import listen
from notebook_provisioner.sandbox.server.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TOKEN = "test-token"  # noqa: S105 - of a server that lives as long as this test session
PROJECT = "services-test"


@dataclass(frozen=True)
class Sandbox:
    """A running sandbox."""

    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def request(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
            connection.request(method, path, data, headers or {})
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def call(self, method: str, path: str, body: Any = None, *, status: int = 200) -> dict[str, Any]:
        actual, _, data = self.request(method, path, body)
        assert actual == status, (method, path, actual, data)
        return json.loads(data) if data else {}

    def control(self, path: str, body: Any) -> None:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        status, _, data = self.request("POST", f"/sandbox/v1/{path}", body, headers)
        assert status == 200, data

    def storage(self, project: str = PROJECT) -> storage.Client:
        options = ClientOptions(api_endpoint=self.url)
        return storage.Client(project=project, credentials=AnonymousCredentials(), client_options=options)


@pytest.fixture(scope="session")
def state_directory(tmp_path_factory: pytest.TempPathFactory) -> "Path":
    return tmp_path_factory.mktemp("sandbox")


@pytest.fixture(scope="session")
def running(state_directory: "Path", _session_sockets: None) -> "Iterator[Sandbox]":
    """One sandbox for all tests, strict: it holds its own answers to the discovery documents."""
    listening = listen()
    application = create_app(state_directory, token=TOKEN, settings=Settings(strict=True, check_answers=True))
    server = uvicorn.Server(uvicorn.Config(application, log_level="warning", access_log=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield Sandbox(listening.getsockname()[1])
    server.should_exit = True
    thread.join(timeout=60)


@pytest.fixture(scope="session")
def _session_sockets() -> None:
    """A session fixture runs before a test's own permission to use sockets."""
    from pytest_socket import enable_socket

    enable_socket()


@pytest.fixture
def sandbox(running: Sandbox, socket_enabled: None) -> Sandbox:  # noqa: ARG001 - asked for its effect
    """The sandbox, emptied and at real time."""
    running.control("reset", {})
    return running
