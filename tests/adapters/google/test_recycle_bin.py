"""The recycle bin's policy, answered as the discovery document compute.beta describes it."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from notebook_provisioner.adapters.google import recycle_bin
from notebook_provisioner.adapters.google.rest import Rest
from notebook_provisioner.adapters.google.session import Target

pytestmark = [pytest.mark.network, pytest.mark.usefixtures("socket_enabled")]


@pytest.fixture
def ask():
    """Read the policy from a server that gives this answer; returns the bin and the request's path."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            status, body = self.server.answer
            data = body.encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *arguments):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def read(status, document):
        server.answer = (status, document if isinstance(document, str) else json.dumps(document))
        url = f"http://127.0.0.1:{server.server_port}"
        return recycle_bin.read(Rest(Target(url=url, token="none")), "p-one"), asked

    yield read
    server.shutdown()
    server.server_close()


def rule(days):
    return {"standardSnapshots": {"retentionDurationDays": days}}  # int64, so a string in JSON


@pytest.mark.parametrize(
    ("policy", "days"),
    [
        ({"rules": {"default": rule("7")}}, 7),
        ({"rules": {"default": rule("7"), "123/env/prod": rule("30")}}, 30),
        ({"systemRules": {"default": rule("14")}}, 14),
        ({"rules": {"default": rule("0")}}, 0),
        ({"rules": {"default": {}}}, 0),
        ({}, 0),
    ],
)
def test_the_longest_rule_counts(ask, policy, days):
    found, asked = ask(200, policy)
    assert (found.days, found.problem) == (days, "")
    assert asked == ["/compute/beta/projects/p-one/global/snapshotRecycleBinPolicy"]


@pytest.mark.parametrize(
    ("status", "answer", "words"),
    [
        (
            403,
            {"error": {"code": 403, "message": "Required permission", "status": "PERMISSION_DENIED"}},
            "403",
        ),
        (404, "<html>The requested URL was not found", "no API tells"),
        (501, {"error": {"code": 501, "message": "not implemented"}}, "no API tells"),
        (503, {"error": {"code": 503, "message": "later"}}, "503"),
        (200, {"rules": {"default": rule("a week")}}, "not understood"),
        (200, {"rules": ["default"]}, "not understood"),
        (200, "<html>", "no JSON object"),
    ],
)
def test_what_nobody_may_know_is_not_taken_for_no_bin(ask, status, answer, words):
    found, asked = ask(status, answer)
    assert found.days is None
    assert words in found.problem
    assert len(asked) == 1  # nothing hangs on it: it is not asked again
