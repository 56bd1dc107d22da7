"""What a notebook tells of its kernels: the program that runs on it, and who reads that here."""

import datetime as dt
import importlib.util
import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from notebook_provisioner.core.upgrades.activity import Activity, read_activity

PROGRAM = Path(__file__).parents[3] / "post_startup" / "activity.py"
BUSY = [{"execution_state": "busy"}, {"execution_state": "idle"}, {"execution_state": "starting"}]


@pytest.fixture
def program():
    spec = importlib.util.spec_from_file_location("activity_program", PROGRAM)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_what_is_told_is_what_is_read(program):
    now = dt.datetime(2026, 11, 28, 2, 0, tzinfo=dt.UTC)
    words = program.report(BUSY, 5 * 1024**3, now)
    assert read_activity(words) == Activity(kernels=3, busy=1, data_free_mib=5 * 1024, at=now)


class Machine:
    """Jupyter and the metadata server in one."""

    def __init__(self, kernels):
        machine = self
        self.told = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                assert self.path == "/api/kernels"
                body = json.dumps(kernels).encode()
                self.send_response(200)
                self.end_headers()
                self.wfile.write(body)

            def do_PUT(self):
                assert self.headers["Metadata-Flavor"] == "Google"
                machine.told.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def run(self, home, jupyter=None):
        variables = {
            **os.environ,
            "GCE_METADATA_HOST": self.address,
            "NBP_JUPYTER": jupyter or f"http://{self.address}",
        }
        command = [sys.executable, "-I", str(PROGRAM), str(home)]
        return subprocess.run(command, env=variables, capture_output=True, text=True, check=False)


@pytest.mark.network
@pytest.mark.usefixtures("socket_enabled")
def test_it_tells_the_metadata_server(tmp_path):
    machine = Machine(BUSY)
    done = machine.run(tmp_path)
    assert done.returncode == 0, done.stderr
    [(path, body)] = machine.told
    assert path == "/computeMetadata/v1/instance/guest-attributes/notebook-provisioner/activity"
    told = read_activity(body.decode())
    assert (told.kernels, told.busy) == (3, 1)
    assert told.data_free_mib > 0
    machine.server.shutdown()
    machine.server.server_close()


@pytest.mark.network
@pytest.mark.usefixtures("socket_enabled")
@pytest.mark.parametrize(("kernels", "jupyter"), [("nothing", None), ([], "http://127.0.0.1:9")])
def test_where_jupyter_does_not_say_nothing_is_told(tmp_path, kernels, jupyter):
    machine = Machine(kernels)
    done = machine.run(tmp_path, jupyter)
    assert done.returncode == 1
    assert "Jupyter does not say" in done.stderr
    assert machine.told == []
    machine.server.shutdown()
    machine.server.server_close()
