"""pip logs in to Artifact Registry with a token that is asked for every time, and to nobody else."""

import base64
import datetime as dt
import json
import os
import subprocess
import sys
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path

import pytest

from notebook_provisioner.core import fleet as fleet_file
from notebook_provisioner.core.post_startup.values import values

pytestmark = [pytest.mark.network, pytest.mark.enable_socket]

PROGRAM = Path(__file__).parents[3] / "post_startup" / "keyring.py"
INDEX = "https://europe-west4-python.pkg.dev/acme/pypi/simple"
USER = "oauth2accesstoken"
TOKEN = "t0ken"  # noqa: S105  # no secret


def wheel():
    """A package that holds nothing."""
    content = BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(
            "nothing-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: nothing\nVersion: 1.0\n"
        )
        archive.writestr(
            "nothing-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr("nothing-1.0.dist-info/RECORD", "")
    return content.getvalue()


class World(ThreadingHTTPServer):
    """The metadata server, and a proxy behind which Artifact Registry is; it tells what it was asked."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answers)
        self.asked = []
        self.token = TOKEN


class Answers(BaseHTTPRequestHandler):
    def log_message(self, *_arguments):
        pass

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if self.path.endswith("/service-accounts/default/token"):
            assert self.headers["Metadata-Flavor"] == "Google"
            self.answer(200, json.dumps({"access_token": self.server.token}).encode())
            return
        sent = self.headers["Authorization"]
        self.server.asked.append((self.path, sent))
        expected = "Basic " + base64.b64encode(f"{USER}:{self.server.token}".encode()).decode()
        if sent != expected:
            self.answer(401, WWW_Authenticate='Basic realm="Artifact Registry"')
        elif self.path.endswith(".whl"):
            self.answer(200, wheel())
        else:
            link = b'<a href="nothing-1.0-py3-none-any.whl">nothing-1.0-py3-none-any.whl</a>'
            self.answer(200, link, Content_Type="text/html")


@pytest.fixture
def world():
    with World() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def ask(world, *words):
    return subprocess.run(
        [PROGRAM, *words],
        env={"GCE_METADATA_HOST": f"127.0.0.1:{world.server_port}", "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    "service",
    [INDEX, f"https://{USER}@europe-west4-python.pkg.dev/a/b/simple", "europe-west4-python.pkg.dev"],
)
def test_a_python_repository_gets_a_token(world, service):
    shown = ask(world, "get", service, USER)
    assert (shown.returncode, shown.stdout) == (0, f"{TOKEN}\n")


@pytest.mark.parametrize(
    "words",
    [
        ("get", "https://pypi.example.com/simple", USER),
        ("get", "https://europe-west4-python.pkg.dev.attacker.invalid/simple", USER),
        ("get", "https://europe-west4-python.pkg.dev@attacker.invalid/simple", USER),
        ("get", "https://attacker.invalid/europe-west4-python.pkg.dev", USER),
        ("get", "https://attacker.invalid#-python.pkg.dev", USER),
        ("get", INDEX, "ana"),
        ("set", INDEX, USER),
        ("get", INDEX),
        (),
    ],
)
def test_nobody_else_does(world, words):
    shown = ask(world, *words)
    assert (shown.returncode, shown.stdout) == (1, "")


@pytest.mark.parametrize("words", [("get", INDEX, USER), ("get", INDEX)])
def test_newer_pips_get_json(world, words):
    shown = ask(world, "--mode=creds", "--output=json", *words)
    assert (shown.returncode, json.loads(shown.stdout)) == (0, {"username": USER, "password": TOKEN})
    assert (
        ask(world, "--mode=creds", "--output=json", "get", "https://pypi.example.com", USER).returncode == 1
    )


PIPS = [Path(sys.executable), Path(sys.prefix) / "jupyter" / "bin" / "python"]  # of different ages


@pytest.mark.parametrize("python", [path for path in PIPS if path.exists()], ids=lambda path: path.parts[-3])
def test_the_real_pip_installs_from_a_private_repository_and_keeps_nothing(world, tmp_path, python):
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "keyring").symlink_to(PROGRAM)
    # As the step writes it, but over http: a proxy sees no more of https than the host.
    index = pip_index().replace("https://", "http://")
    (tmp_path / "pip.conf").write_text(f"[global]\nindex-url = {index}\nkeyring-provider = subprocess\n")
    home = tmp_path / "home"
    home.mkdir()
    proxy = f"127.0.0.1:{world.server_port}"
    environment = {
        "PATH": f"{programs}:/usr/bin:/bin",
        "HOME": str(home),
        "PIP_CONFIG_FILE": str(tmp_path / "pip.conf"),
        "GCE_METADATA_HOST": proxy,
        "http_proxy": f"http://{proxy}",
    }
    words = [
        python,
        "-m",
        "pip",
        "--disable-pip-version-check",
        "install",
        "--no-input",
        "nothing==1.0",
    ]
    words += ["--trusted-host=europe-west4-python.pkg.dev", f"--target={tmp_path / 'target'}", "-vv"]

    def install():
        return subprocess.run(words, env=environment, capture_output=True, text=True, check=False)

    shown = install()
    assert shown.returncode == 0, repr(world.asked) + shown.stdout + shown.stderr
    assert (tmp_path / "target" / "nothing-1.0.dist-info").is_dir()
    assert {path.rpartition("/")[2] for path, _ in world.asked} == {"", "nothing-1.0-py3-none-any.whl"}
    assert TOKEN not in shown.stdout + shown.stderr
    kept = [path for path in tmp_path.rglob("*") if path.is_file() and not path.is_symlink()]
    assert [path for path in kept if TOKEN.encode() in path.read_bytes()] == []
    (programs / "keyring").unlink()
    refused = install()  # so it was the helper that let it in
    assert refused.returncode != 0
    assert "401" in refused.stdout + refused.stderr


def pip_index(url=INDEX):
    path = Path(__file__).parent / "golden" / "fleet.yaml"
    fleet = fleet_file.parse(path.read_text(), file=str(path), today=dt.date(2026, 11, 1))
    notebook = fleet.resolved_notebooks[0]
    index = fleet_file.guest.PackageIndex.model_construct(pip=url, conda=None)
    fields = {name: getattr(notebook, name) for name in notebook.__slots__}
    changed = type(notebook)(**{**fields, "package_index": index})
    return values(changed, fleet, image=None, storage_url="")["pip_index"]


def test_only_artifact_registry_is_told_a_name():
    assert pip_index() == f"https://{USER}@europe-west4-python.pkg.dev/acme/pypi/simple"
    for other in ("https://pypi.acme.example/simple", "https://acme-python.pkg.dev.example/simple"):
        assert pip_index(other) == other
