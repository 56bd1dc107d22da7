"""Whose credentials a run has."""

import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from notebook_provisioner.adapters.google.session import Target

ACCOUNT = "nbp-research-prune@acme.iam.gserviceaccount.com"


@pytest.mark.parametrize(
    ("told", "principal"),
    [({"account": "ana@example.com"}, "ana@example.com"), ({"account": ""}, "unknown"), ({}, "unknown")],
)
def test_a_persons_credentials_may_say_whose_they_are(tmp_path, monkeypatch, told, principal):
    """The file that ``gcloud auth application-default login`` writes."""
    file = tmp_path / "application_default_credentials.json"
    known = {"type": "authorized_user", "client_id": "c", "client_secret": "s", "refresh_token": "r"}
    file.write_text(json.dumps({**known, **told}))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(file))
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "acme")
    assert Target().principal() == principal


def test_the_sandbox_takes_every_call_as_its_own_user():
    assert Target(url="http://127.0.0.1:9", token="t", user="sandbox@localhost").principal() == (
        "sandbox@localhost"
    )


class Metadata(BaseHTTPRequestHandler):
    """A VM's metadata server, as far as Google's library asks it."""

    def do_GET(self):
        answer = {"/token": {"access_token": "t", "expires_in": 3600}, "project-id": "acme"}
        told = next((told for end, told in answer.items() if end in self.path), None)
        told = told or {"email": ACCOUNT, "aliases": ["default"], "scopes": []}
        self.send_response(200)
        self.send_header("Metadata-Flavor", "Google")
        self.send_header("Content-Type", "application/json" if isinstance(told, dict) else "application/text")
        self.end_headers()
        self.wfile.write((json.dumps(told) if isinstance(told, dict) else told).encode())

    def log_message(self, *arguments):
        """Quiet."""


@pytest.mark.network
@pytest.mark.usefixtures("socket_enabled")
def test_a_job_asks_the_metadata_server_who_it_is(tmp_path):
    with HTTPServer(("127.0.0.1", 0), Metadata) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        place = f"127.0.0.1:{server.server_port}"
        variables = {name: value for name, value in os.environ.items() if not name.startswith("GOOGLE_")}
        variables |= {"GCE_METADATA_HOST": place, "GCE_METADATA_IP": place, "CLOUDSDK_CONFIG": str(tmp_path)}
        variables |= {"NO_PROXY": "127.0.0.1"}
        code = "from notebook_provisioner.adapters.google.session import Target; print(Target().principal())"
        done = subprocess.run(
            [sys.executable, "-c", code], env=variables, capture_output=True, text=True, check=False
        )
        server.shutdown()
    assert done.stdout == f"{ACCOUNT}\n", done.stderr
