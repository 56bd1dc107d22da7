"""The script is strict, reports how it ended, and hardens what it finds. Here it runs in a real bash."""

import json
import os
import re
import stat
import subprocess
import threading
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import jinja2
import pytest
import yaml

from notebook_provisioner.adapters.files import post_startup_templates
from notebook_provisioner.core import fleet
from notebook_provisioner.core.post_startup import Renderer, body_sha256, contents, render

HERE = Path(__file__).parent
TEMPLATES = post_startup_templates()
ACCOUNT_STEPS = [
    "data-disk",
    "account",
    "environment",
    "package-index",
    "unattended-upgrades",
    "audit-log",
    "ipython",
]
STEPS = [*ACCOUNT_STEPS, "jupyter-server", "activity", "egress", "git", "packages", "sync", "user-script"]
pytestmark = [pytest.mark.network, pytest.mark.enable_socket]


@pytest.fixture(scope="module")
def golden():
    path = HERE / "golden" / "fleet.yaml"
    return fleet.parse(path.read_text(encoding="utf-8"), file=str(path), today=date(2026, 11, 1))


@pytest.fixture(scope="module")
def sandboxed(golden):
    return golden.model_copy(update={"target": "sandbox"})


def rendered(parsed, name, **changed):
    notebook = next(one for one in parsed.resolved_notebooks if one.name == name)
    fields = {field: getattr(notebook, field) for field in notebook.__slots__}
    return Renderer(TEMPLATES, version="1.2.3").render(type(notebook)(**{**fields, **changed}), parsed)


class World(ThreadingHTTPServer):
    """The metadata server, Jupyter and Cloud Storage of one notebook, on one port of loopback."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answers)
        self.reports = []
        self.deaf = False
        # path → status and body; a hardened server by default
        self.routes = {
            "/api": (200, "{}"),
            "/api/terminals": (404, "{}"),
            "/api/nbconvert": (200, "{}"),
            "/attributes/proxy-url": (200, "https://abc-dot-europe-west4.notebooks.googleusercontent.com/"),
        }
        self.checks_host = self.checks_origin = self.checks_cross_site = True

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"


class Answers(BaseHTTPRequestHandler):
    def log_message(self, *_arguments):
        pass

    def answer(self, status, body=""):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())

    def do_GET(self):  # the base class's name
        if self.server.checks_host and self.headers["Host"] == "attacker.invalid":
            self.answer(403)
        elif self.server.checks_origin and self.headers["Origin"]:
            self.answer(404)
        else:
            self.answer(*self.server.routes.get(self.path, (404, "")))

    def do_POST(self):  # the base class's name
        self.answer(403 if self.server.checks_cross_site else 404)

    def do_PUT(self):  # the base class's name
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.server.deaf or self.headers["Metadata-Flavor"] != "Google":
            self.answer(503)
        else:
            self.server.reports.append(json.loads(body))
            self.answer(200)


@pytest.fixture
def world():
    with World() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


class Machine:
    """A folder in place of the root, programs that stand before the real ones, and a world to talk to."""

    def __init__(self, folder: Path, world: World) -> None:
        self.folder, self.world = folder, world
        (folder / "home").mkdir()
        (folder / "etc").mkdir()
        (folder / "etc" / "os-release").write_text('ID=debian\nVERSION_ID="12"\n')
        self.program("findmnt", "echo /dev/sdb")
        self.program("getent", '[[ $1 == passwd ]] && echo "$2:x:1000:1000::/home/jupyter:/bin/bash"')
        self.program("runuser", 'while [[ $1 != -- ]]; do shift; done; shift; exec "$@"')
        self.program("id", f"cat {folder}/groups")
        self.program("gpasswd", f'sed -i "s/\\b$3\\b//" {folder}/groups; echo "$2" >>{folder}/calls')
        self.program("sudo", 'echo "User jupyter is not allowed to run sudo on notebook."; exit 1')
        self.program("ss", "echo LISTEN 0 128 127.0.0.1:8080 0.0.0.0:*")
        self.program(
            "systemctl",
            f'echo "$*" >>{folder}/calls; case $1 in show) echo /lib/jupyter.service;; '
            f"is-active) [[ -e {folder}/restarted ]];; "
            f"restart) touch {folder}/restarted;; esac",
        )
        (folder / "groups").write_text("jupyter google-sudoers docker\n")

    def program(self, name: str, body: str) -> None:
        path = self.folder / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/bash\n{body}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    def place(self, script: str) -> str:
        """The script with this machine's places in it, and its digest renewed."""
        for name, value in {
            "METADATA": self.world.url,
            "JUPYTER_URL": self.world.url,
            "TURN_FILE": self.folder / "turn",
            "LOG_FILE": self.folder / "log" / "post-startup.log",
            "CONSOLE": self.folder / "console",
            "ETC": self.folder / "etc",
            "LIBRARY": self.folder / "library",
            "PROGRAMS": self.folder / "programs",
            "RESTART_FILE": self.folder / "restart-needed",
            "SYSTEMD": self.folder / "home",
            "ACCOUNT_HOME": self.folder / "home",
        }.items():
            script, times = re.subn(rf"(?m)^readonly {name}=\S+", f"readonly {name}={value}", script)
            assert times == 1 or name == "PROGRAMS", name  # only where pip logs in
        script = script.replace("--retry 3", "--retry 0")
        return re.sub(r"(?m)^# body-sha256: \w+", f"# body-sha256: {body_sha256(script)}", script)

    def run(self, script: str, *, place: bool = True) -> subprocess.CompletedProcess:
        path = self.folder / "script.sh"
        path.write_text(self.place(script) if place else script)
        self.lines = path.read_text().splitlines()
        return subprocess.run(
            ["bash", path],
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}", "HOME": str(self.folder)},
        )

    @property
    def last(self) -> dict:
        return self.world.reports[-1]

    def files(self) -> dict:
        return {
            str(path.relative_to(self.folder)): (
                path.read_bytes(),
                path.stat().st_mtime_ns,
                path.stat().st_mode,
            )
            for top in ("etc", "library", "programs", "home")
            for path in sorted((self.folder / top).rglob("*"))
            if path.is_file()
        }


@pytest.fixture
def machine(tmp_path, world):
    return Machine(tmp_path, world)


def test_every_step_is_reported_and_the_second_run_changes_nothing(machine, sandboxed):
    script = rendered(sandboxed, "standard")
    shown = machine.run(script)
    assert shown.returncode == 0, shown.stdout + shown.stderr
    states = [report["state"] for report in machine.world.reports]
    assert states == ["STARTED", *["RUNNING"] * len(STEPS), "COMPLETE"]
    assert list(machine.last["steps"]) == STEPS
    assert {name for name, word in machine.last["steps"].items() if word == "done"} == {
        "data-disk",
        "account",
        "environment",
        "jupyter-server",
        "activity",
        "git",
    }
    assert machine.last["version"] == "1.2.3"
    assert machine.last["image"] == "debian-12"
    before, calls = machine.files(), (machine.folder / "calls").read_text()
    assert "restart jupyter.service" in calls
    (machine.folder / "calls").unlink()
    assert machine.run(script).returncode == 0
    assert machine.files() == before
    assert "restart" not in (machine.folder / "calls").read_text()


def test_the_report_names_the_object_in_the_bucket(machine, sandboxed):
    machine.run(rendered(sandboxed, "standard"))
    digest = subprocess.run(
        ["sha256sum", machine.folder / "script.sh"], capture_output=True, text=True, check=True
    ).stdout.split()[0]
    assert machine.last["script_sha256"] == digest


def test_each_run_has_a_number_of_its_own(machine, sandboxed):
    script, runs = rendered(sandboxed, "standard"), []
    for _ in range(2):
        assert machine.run(script).returncode == 0
        runs.append(machine.last["run"])
    assert all(runs)
    assert runs[0] != runs[1]


def test_a_script_that_was_changed_does_nothing(machine, sandboxed):
    script = machine.place(rendered(sandboxed, "standard")).replace(
        "set -Eeuo pipefail", "set -Eeuo pipefail #"
    )
    assert machine.run(script, place=False).returncode == 1
    assert (machine.last["state"], machine.last["step"]) == ("ERROR", "start")
    assert not (machine.folder / "etc" / "notebook-provisioner").exists()


def test_the_account_loses_its_ways_to_root(machine, sandboxed):
    assert machine.run(rendered(sandboxed, "standard")).returncode == 0
    assert (machine.folder / "groups").read_text().split() == ["jupyter"]


FAULTS = {
    "data-disk": lambda machine: machine.program("findmnt", "exit 1"),
    "account": lambda machine: machine.program("sudo", 'echo "(ALL) NOPASSWD: ALL"'),
    "environment": lambda machine: (machine.folder / "etc" / "notebook-provisioner").write_text("no folder"),
    "jupyter-server": lambda machine: machine.world.routes.update({"/api/terminals": (200, "[]")}),
    "git": lambda machine: (machine.folder / "etc" / "gitconfig").write_text("[broken"),
}


@pytest.mark.parametrize("step", FAULTS)
def test_a_failing_step_is_an_error_with_its_place(machine, sandboxed, step):
    FAULTS[step](machine)
    shown = machine.run(rendered(sandboxed, "standard"))
    assert shown.returncode != 0
    assert (machine.last["state"], machine.last["step"]) == ("ERROR", step)
    assert machine.last["exit"] == shown.returncode
    assert machine.last["steps"][step] == "error"
    line = machine.lines[machine.last["line"] - 1]
    assert "fail " in line or "git config" in line or "install " in line
    assert len(machine.last["steps"]) == STEPS.index(step) + 1


@pytest.mark.parametrize(
    "weakness",
    [
        lambda world: setattr(world, "checks_host", False),
        lambda world: setattr(world, "checks_origin", False),
        lambda world: setattr(world, "checks_cross_site", False),
        lambda world: world.routes.update({"/api/nbconvert": (200, '{"html": {}}')}),
        lambda world: world.routes.update({"/api/terminals": (200, "[]")}),
    ],
    ids=["foreign-host", "foreign-origin", "cross-site", "nbconvert", "terminals"],
)
def test_a_server_that_lets_an_attack_in_is_an_error_and_can_be_stopped(machine, sandboxed, weakness):
    weakness(machine.world)
    strict = sandboxed.notebooks[0].hardening.model_copy(update={"on_failure": "stop-jupyter"})
    assert machine.run(rendered(sandboxed, "standard", hardening=strict)).returncode == 1
    assert machine.last["step"] == "jupyter-server"
    assert "stop jupyter.service" in (machine.folder / "calls").read_text().splitlines()[-1]


def test_a_server_that_listens_elsewhere_is_an_error(machine, sandboxed):
    machine.program("ss", "echo LISTEN 0 128 0.0.0.0:8080 0.0.0.0:*")
    assert machine.run(rendered(sandboxed, "standard")).returncode == 1
    assert machine.last["step"] == "jupyter-server"


def test_exemptions_leave_root_terminals_and_nbconvert_and_say_so(machine, sandboxed):
    machine.world.routes.update({"/api/terminals": (200, "[]"), "/api/nbconvert": (200, '{"html": {}}')})
    shown = machine.run(rendered(sandboxed, "exempt"))
    assert shown.returncode == 0, shown.stdout
    assert "equals root; accepted until 2027-06-30: Builds images" in shown.stdout
    assert "docker" in (machine.folder / "groups").read_text()


def test_jupyter_is_configured_for_the_proxy_alone(machine, sandboxed):
    machine.run(rendered(sandboxed, "standard"))
    path = machine.folder / "etc" / "notebook-provisioner" / "jupyter" / "jupyter_server_config.json"
    settings = json.loads(path.read_text())
    assert settings["ServerApp"]["local_hostnames"] == [
        "localhost",
        "abc-dot-europe-west4.notebooks.googleusercontent.com",
    ]
    assert (
        settings["ServerApp"]["allow_origin"]
        == "https://abc-dot-europe-west4.notebooks.googleusercontent.com"
    )
    assert settings["ServerApp"]["terminals_enabled"] is False
    assert path.stat().st_mode & 0o777 == 0o644


def test_a_proxy_name_that_is_none_is_not_let_in(machine, sandboxed):
    machine.world.routes["/attributes/proxy-url"] = (200, 'https://x"], "allow_remote_access": true, "y": ["')
    machine.run(rendered(sandboxed, "standard"))
    path = machine.folder / "etc" / "notebook-provisioner" / "jupyter" / "jupyter_server_config.json"
    assert json.loads(path.read_text())["ServerApp"]["local_hostnames"] == ["localhost", "localhost"]


def test_users_can_read_their_variables(machine, sandboxed):
    machine.run(rendered(sandboxed, "standard", environment={"STORE": "O'Brien's $(touch pwned) `id` \\ \""}))
    path = machine.folder / "etc" / "notebook-provisioner" / "environment"
    shown = subprocess.run(
        ["bash", "-c", '. "$1"; printf %s "$STORE"', "_", path], capture_output=True, text=True, check=True
    )
    assert shown.stdout == "O'Brien's $(touch pwned) `id` \\ \""
    assert path.stat().st_mode & 0o777 == 0o644


def test_outputs_stay_out_of_commits(machine, sandboxed):
    machine.run(rendered(sandboxed, "standard"))
    cell = {
        "cell_type": "code",
        "execution_count": 3,
        "metadata": {},
        "outputs": [{"text": "secret"}],
        "source": ["é"],
    }
    shown = subprocess.run(
        [machine.folder / "library" / "strip-outputs"],
        input=json.dumps({"cells": [cell], "nbformat": 4}).encode(),
        capture_output=True,
        check=True,
    )
    assert json.loads(shown.stdout)["cells"][0] == {**cell, "execution_count": None, "outputs": []}
    assert b"\xc3\xa9" in shown.stdout


def test_users_and_apt_are_told_of_the_proxy(machine):
    path = HERE / "golden" / "proxy.yaml"
    ours = fleet.parse(path.read_text(encoding="utf-8"), file=str(path), today=date(2026, 11, 1))
    machine.program("git", f'env >{machine.folder}/env-of-git; exec /usr/bin/git "$@"')
    script = rendered(ours.model_copy(update={"target": "sandbox"}), "proxy", packages=())
    shown = machine.run(script)
    assert shown.returncode == 0, shown.stdout + shown.stderr
    etc = machine.folder / "etc"
    variables = (etc / "notebook-provisioner" / "environment").read_text()
    assert "\nHTTPS_PROXY=http://10.20.0.253:80\n" in variables
    apt = (etc / "apt" / "apt.conf.d" / "90notebook-provisioner-proxy").read_text()
    assert apt.splitlines() == [
        'Acquire::http::Proxy "http://10.20.0.253:80";',
        'Acquire::https::Proxy "http://10.20.0.253:80";',
    ]


def script_of_ones_own(sandboxed, machine, text, **changed):
    import hashlib

    from notebook_provisioner.core.fleet.guest import UserScript

    machine.world.routes["/service-accounts/default/token"] = (200, '{"access_token":"t0ken","expires_in":1}')
    machine.world.routes["/storage/v1/b/acme/o/teams%2Fwelcome.sh?alt=media"] = (200, text)
    own = UserScript(
        source="gs://acme/teams/welcome.sh",
        sha256=changed.pop("sha256", hashlib.sha256(text.encode()).hexdigest()),
        run_as="root",
    )
    notebook = next(one for one in sandboxed.resolved_notebooks if one.name == "standard")
    fields = {field: getattr(notebook, field) for field in notebook.__slots__}
    return Renderer(TEMPLATES, version="1").render(
        type(notebook)(**{**fields, "user_script": own}), sandboxed, storage_url=machine.world.url
    )


def test_the_users_script_runs_if_it_is_the_one_agreed_on(machine, sandboxed):
    if os.geteuid():
        pytest.skip("a script that asks for root starts in /root, which only root enters")
    text = f"#!/bin/bash\necho ran >{machine.folder}/ran\n"
    shown = machine.run(script_of_ones_own(sandboxed, machine, text))
    assert shown.returncode == 0, shown.stdout
    assert (machine.folder / "ran").exists()
    assert (
        "t0ken" not in shown.stdout + shown.stderr + (machine.folder / "log" / "post-startup.log").read_text()
    )


def test_another_script_in_its_place_does_not_run(machine, sandboxed):
    text = f"#!/bin/bash\necho ran >{machine.folder}/ran\n"
    assert machine.run(script_of_ones_own(sandboxed, machine, text, sha256="0" * 64)).returncode == 1
    assert machine.last["step"] == "user-script"
    assert not (machine.folder / "ran").exists()


def test_a_repository_is_cloned_once_and_the_users_work_is_left_alone(machine, sandboxed):
    origin = machine.folder / "origin" / "notes.git"
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.com"]
    for words in (
        [*git, "init", "--quiet", "--initial-branch=main", origin],
        [*git, "-C", origin, "commit", "--quiet", "--allow-empty", "--message=First"],
    ):
        subprocess.run(words, check=True)
    url = "https://source.acme.example/team/notes"
    script = rendered(sandboxed, "standard", repositories=(fleet.model.Repository(url=url),)).replace(
        url, str(origin)
    )
    shown = machine.run(script)
    assert shown.returncode == 0, shown.stdout + (machine.folder / "log" / "post-startup.log").read_text()
    (machine.folder / "home" / "notes" / "mine").write_text("work")
    assert machine.run(script).returncode == 0
    assert (machine.folder / "home" / "notes" / "mine").read_text() == "work"


def test_a_clone_without_its_branch_is_an_error_every_time(machine, sandboxed):
    origin = machine.folder / "origin" / "notes.git"
    subprocess.run(["git", "init", "--quiet", origin], check=True)
    url = "https://source.acme.example/team/notes"
    wanted = (fleet.model.Repository(url=url, ref="absent"),)
    script = rendered(sandboxed, "standard", repositories=wanted).replace(url, str(origin))
    for _ in range(2):
        assert machine.run(script).returncode == 1
        assert machine.last["step"] == "git"
    assert not (machine.folder / "home" / "notes").exists()


def test_an_image_of_ones_own_is_asked_what_it_is(machine, sandboxed):
    assert machine.run(rendered(sandboxed, "own-image", user_script=None)).returncode == 0
    assert machine.last["image"] == "debian-12"
    (machine.folder / "etc" / "os-release").write_text("ID=fedora\nVERSION_ID=42\n")
    assert machine.run(rendered(sandboxed, "own-image", user_script=None)).returncode == 1


def test_a_container_image_skips_what_is_the_hosts(machine, sandboxed):
    assert machine.run(rendered(sandboxed, "container")).returncode == 0
    assert machine.last["steps"]["account"] == "skipped"
    assert machine.last["steps"]["environment"] == "done"


def test_a_deaf_metadata_server_does_not_stop_the_work(machine, sandboxed):
    machine.world.deaf = True
    shown = machine.run(rendered(sandboxed, "standard"))
    assert shown.returncode == 0
    assert "did not take the report" in shown.stdout


def test_two_do_not_run_at_once(machine, sandboxed):
    holder = subprocess.Popen(
        ["flock", str(machine.folder / "turn"), "-c", "echo held; read -r _"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with holder:
        assert holder.stdout.readline() == "held\n"
        assert machine.run(rendered(sandboxed, "standard")).returncode == 75
        holder.stdin.write("\n")
    assert machine.world.reports == []


def test_a_download_that_was_cut_short_does_nothing(machine, sandboxed):
    lines = machine.place(rendered(sandboxed, "standard")).splitlines(keepends=True)
    for end in {*range(1, len(lines), 75), *range(len(lines) - 4, len(lines))}:
        machine.run("".join(lines[:end]), place=False)
        assert machine.world.reports == [], f"cut after line {end}"


def test_it_is_the_same_every_time_and_only_what_concerns_it_changes_it(sandboxed):
    (first, second) = sandboxed.resolved_notebooks[:2]
    script = render(first, sandboxed, TEMPLATES, version="1")
    assert render(first, sandboxed, TEMPLATES, version="1") == script
    assert render(second, sandboxed, TEMPLATES, version="1") != script
    assert rendered(sandboxed, "standard", labels={"a": "b"}) == rendered(sandboxed, "standard")
    assert rendered(sandboxed, "standard", zone="x") != rendered(sandboxed, "standard")


def test_a_value_that_is_not_there_is_an_error(sandboxed):
    with pytest.raises(jinja2.UndefinedError):
        render(
            sandboxed.resolved_notebooks[0],
            sandboxed,
            {**TEMPLATES, "report.sh.j2": "{{ nothing }}"},
            version="1",
        )


def test_the_ops_agents_pipelines_name_what_is_there():
    wanted = fleet.guest.AuditLog(commands=True, jupyter=True)
    logging = yaml.safe_load(contents.ops_agent_config(wanted))["logging"]
    pipelines = logging["service"]["pipelines"].values()
    assert {name for one in pipelines for name in one["receivers"]} == set(logging["receivers"])
    assert {name for one in pipelines for name in one.get("processors", ())} == set(logging["processors"])
    (others,) = logging["processors"]["notebook_jupyter_alone"]["match_any"]
    identifier = others.removeprefix('NOT jsonPayload.SYSLOG_IDENTIFIER = "').removesuffix('"')
    assert f'ident = "{identifier}: "' in TEMPLATES["jupyter_events.py"]


def test_a_machine_without_jupyter_keeps_the_configuration_for_later(machine, sandboxed):
    machine.program("systemctl", f'echo "$*" >>{machine.folder}/calls')
    machine.world.routes["/api"] = (404, "")
    shown = machine.run(rendered(sandboxed, "standard"))
    assert shown.returncode == 0, shown.stdout
    assert machine.last["steps"]["jupyter-server"] == "skipped"
    assert "restart" not in (machine.folder / "calls").read_text()
    assert (machine.folder / "etc/notebook-provisioner/jupyter/jupyter_server_config.json").is_file()


def test_a_restart_that_a_failed_run_owes_is_made_by_the_next(machine, sandboxed):
    machine.program("sudo", 'echo "(ALL) NOPASSWD: ALL"')
    (machine.folder / "restarted").touch()
    assert machine.run(rendered(sandboxed, "standard")).returncode == 1
    machine.program("sudo", 'echo "User jupyter is not allowed to run sudo."')
    before = (machine.folder / "calls").read_text()
    assert "restart" not in before
    machine.run(rendered(sandboxed, "standard"))
    assert "restart jupyter.service" in (machine.folder / "calls").read_text()
