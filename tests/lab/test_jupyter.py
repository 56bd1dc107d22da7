"""A real JupyterLab, attacked: refused with the rendered hardening, let in without it.

Both servers have a user's own configuration that allows everything. They run in network namespaces of their
own, since the one without hardening listens on every address.
"""

import datetime as dt
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import once
import pytest

from notebook_provisioner import __version__
from notebook_provisioner.adapters.files import post_startup_templates
from notebook_provisioner.core import fleet as fleet_file
from notebook_provisioner.core import post_startup
from notebook_provisioner.core.fleet.guest import AuditLog, Hardening, Jupyter
from notebook_provisioner.sandbox.lab import disk

pytestmark = [pytest.mark.lab, pytest.mark.network, pytest.mark.enable_socket]

ROOT = Path(__file__).parents[2]
MACHINE = Path(__file__).parent / "jupyter" / "machine.sh"
PYTHON = Path(sys.prefix) / "jupyter" / "bin" / "python"  # where `make test` puts JupyterLab
NAMESPACES = ("unshare", "--net", "--mount", "--pid", "--fork", "--kill-child=KILL", "--mount-proc")

CULLED_AFTER = 4  # seconds, where a fleet file says 300 or more
ALLOWS_EVERYTHING = """
c.ServerApp.allow_root = True
c.ServerApp.open_browser = False
c.ServerApp.port = 8080
c.ServerApp.port_retries = 0
c.ServerApp.ip = "0.0.0.0"
c.ServerApp.allow_remote_access = True
c.ServerApp.allow_origin = "*"
c.ServerApp.disable_check_xsrf = True
c.ServerApp.terminals_enabled = True
c.ServerApp.max_body_size = c.ServerApp.max_buffer_size = 10**9
c.ContentsManager.allow_hidden = True
c.MappingKernelManager.cull_idle_timeout = 0
c.PasswordIdentityProvider.allow_password_change = True
c.Exporter.enabled = True
c.IdentityProvider.token = "{token}"
"""

# Hardened and not, these are there: what is refused is not refused because nothing works.
WORKS = ("JupyterLab's page", "a computation", "a kernel in use")
# No boundary, and said to be none: Python starts programs whatever IPython refuses.
NO_BOUNDARY = ("a program started by Python",)
ATTACKS = (
    "a terminal",
    "an export by nbconvert",
    "a list of exports",
    "a cross-site write",
    "a cross-site kernel",
    "a cross-site interrupt",
    "a form of another site",
    "a cross-site WebSocket",
    "a foreign Host",
    "another address",
    "a hidden file's content",
    "a hidden file by the API",
    "a hidden file in a list",
    "a body of 3 MB",
    "an idle kernel's memory",
    "another password",
    *(
        f"the shell by {name}"
        for name in ("!", "x = !", "!!", "%system", "%sx", "%sc", "%%bash", "%%sh", "%%script", "%%system")
    ),
    *(f"the shell by {name}" for name in ("%%!", "system()", "getoutput()")),
)


@pytest.fixture(scope="module")
def let_in(tmp_path_factory):
    """Which attacks were let in, by whether the server is hardened; and what the step's verification said."""
    if not PYTHON.exists():
        pytest.skip("JupyterLab is not installed: make .venv/jupyter/.setup")
    namespaces = NAMESPACES if os.geteuid() == 0 else (*NAMESPACES[:1], "--map-root-user", *NAMESPACES[1:])
    for program in (*namespaces, "true"), ("ip", "-Version"):
        if (
            shutil.which(program[0]) is None
            or subprocess.run(program, capture_output=True, check=False).returncode
        ):
            pytest.skip(f"no namespaces of its own for the server: {' '.join(program)} fails")
    top = tmp_path_factory.mktemp("jupyter")
    hardened, plain = once.for_all_workers(tmp_path_factory, "jupyter", lambda: attacked(top, namespaces))
    return {True: hardened, False: plain}


def attacked(top, namespaces):
    """Run all attacks, on servers with hardening and on servers without."""

    def attack(mode, hardened):
        folder = top / f"{mode}-{hardened}"
        prepare(folder, token="" if mode == "open" else "t0ken")
        words = [*namespaces, MACHINE, folder, PYTHON, mode, str(hardened).lower(), str(2.5 * CULLED_AFTER)]
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journal:
            journal.bind(str(folder / "journal"))
            records = []
            reader = threading.Thread(target=read, args=(journal, records))
            reader.start()
            shown = subprocess.run(words, capture_output=True, text=True, check=False, timeout=600)
            journal.shutdown(socket.SHUT_RD)
            reader.join()
        assert shown.returncode == 0, shown.stderr + (folder / "jupyter.log").read_text()
        verified = (folder / "verified").read_text().strip() == "0"
        return json.loads(shown.stdout) | {"verified": verified, "journal": records}

    cases = [(mode, hardened) for mode in ("open", "token") for hardened in (True, False)]
    with ThreadPoolExecutor() as pool:
        answers = dict(zip(cases, pool.map(lambda case: attack(*case), cases), strict=True))
    return [answers["token", hardened] | answers["open", hardened] for hardened in (True, False)]


def read(journal, records):
    while record := journal.recv(65536):
        records.append(record.decode())


def prepare(folder, *, token):
    """A home of a user who allows everything, an /etc, and the rendered script."""
    for name in ("etc/systemd/system", "home/.jupyter", "home/notes", "log"):
        (folder / name).mkdir(parents=True)
    (folder / "home/notes/.hidden").write_text("s3cret")
    settings = ALLOWS_EVERYTHING.format(token=token)
    (folder / "home/.jupyter/jupyter_server_config.py").write_text(settings)
    disk._copy_settings(folder / "etc")
    for name in ("passwd", "group"):
        shutil.copy(Path("/etc") / name, folder / "etc")
    (folder / "etc/hosts").write_text("127.0.0.1 localhost\n::1 localhost\n")
    (folder / "script.sh").write_text(rendered())
    (folder / "jupyter.log").touch()


def rendered():
    quickstart = (ROOT / "examples/quickstart/fleet.yaml").read_text()
    fleet = fleet_file.parse(quickstart, file="quickstart", today=dt.datetime.now(dt.UTC).date())
    notebook = fleet.resolved_notebooks[0]
    changed = {
        "hardening": Hardening(shell_escapes="block"),
        "audit_log": AuditLog(jupyter=True),
        "jupyter": Jupyter.model_construct(cull_idle_seconds=CULLED_AFTER, max_body_mb=1),
    }
    fields = {name: getattr(notebook, name) for name in notebook.__slots__} | changed
    templates = post_startup_templates()
    return post_startup.render(type(notebook)(**fields), fleet, templates, version=__version__)


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_is_let_in_without_hardening_and_refused_with_it(let_in, attack):
    assert {hardened: let_in[hardened][attack] for hardened in (False, True)} == {False: True, True: False}


@pytest.mark.parametrize("use", [*WORKS, *NO_BOUNDARY])
def test_what_users_need_works_either_way(let_in, use):
    assert {hardened: let_in[hardened][use] for hardened in (False, True)} == {False: True, True: True}


def test_no_attack_is_left_out(let_in):
    assert set(let_in[True]) == {*ATTACKS, *WORKS, *NO_BOUNDARY, "verified", "journal"}


def test_the_steps_own_verification_tells_the_two_apart(let_in):
    assert (let_in[True]["verified"], let_in[False]["verified"]) == (True, False)


def test_jupyters_events_are_in_the_journal(let_in):
    name = "<86>notebook-provisioner-jupyter: "  # authpriv.info
    assert all(record.startswith(name) for record in let_in[True]["journal"])
    events = [json.loads(record.removeprefix(name)) for record in let_in[True]["journal"]]
    found = {(event["__schema__"].split("/")[-2], event["action"]) for event in events}
    assert {
        ("contents_service", "save"),
        ("contents_service", "get"),
        ("kernel_actions", "start"),
        ("kernel_actions", "shutdown"),
    } <= found
    assert "a.ipynb" in {event.get("path", "").strip("/") for event in events}
    assert let_in[False]["journal"] == []
