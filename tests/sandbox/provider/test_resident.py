"""One process of the stand-in serves several Terraforms, and lives exactly as long as it is needed."""

import json
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from notebook_provisioner.adapters.terraform import launcher
from notebook_provisioner.sandbox.provider import mirror, resident

SECONDS = 60  # of patience, on a machine with other things to do

CALLER = """
import os, subprocess, sys
from pathlib import Path
from notebook_provisioner.sandbox.provider import resident

with resident.serving(dict(os.environ), Path("log")) as one:
    terraform = subprocess.Popen(
        ["sleep", "300"], pass_fds=[one.descriptor], stdout=subprocess.DEVNULL, start_new_session=True
    )
    print(terraform.pid, one.variables["TF_REATTACH_PROVIDERS"], flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def environment(tmp_path):
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    return {**os.environ, "TMPDIR": str(temporary)}


def plugin(variables):
    return json.loads(variables[resident.REATTACH])[mirror.SOURCE]


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_for(condition):
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, "what the test waits for did not happen"
        time.sleep(0.02)


@pytest.mark.terraform
def test_one_process_serves_one_terraform_after_the_other_and_leaves_nothing(environment, tmp_path):
    folder = tmp_path / "root"
    folder.mkdir()
    (folder / "main.tf").write_text('terraform {\n  required_providers { google = "~> 8.0" }\n}\n')
    environment["TF_CLI_CONFIG_FILE"] = str(mirror.prepare(tmp_path / "provider"))
    command = launcher.find().command

    def terraform(*arguments, **variables):
        return subprocess.run(
            [*command, *arguments],
            cwd=folder,
            env={**environment, **variables},
            capture_output=True,
            text=True,
            check=False,
        )

    assert terraform("init", "-input=false").returncode == 0
    (mirror_launch,) = (tmp_path / "provider").glob("launch")
    mirror_launch.write_text("#!/bin/sh\nexit 1\n")  # what Terraform would start is broken
    assert terraform("providers", "schema", "-json").returncode != 0
    with resident.serving(environment, tmp_path / "log") as one:
        for _ in range(2):
            shown = terraform("providers", "schema", "-json", **one.variables)
            assert shown.returncode == 0, shown.stderr
            assert "google_workbench_instance" in shown.stdout
        pid = plugin(one.variables)["Pid"]
        assert is_alive(pid)
    assert not is_alive(pid)
    assert list(Path(environment["TMPDIR"]).iterdir()) == []


def test_only_its_user_can_reach_it(environment, tmp_path):
    with resident.serving(environment, tmp_path / "log") as one:
        found = plugin(one.variables)
        assert found["Addr"]["Network"] == "unix"
        folder = Path(found["Addr"]["String"]).parent
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert stat.S_IMODE((tmp_path / "log").stat().st_mode) == 0o600


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_it_outlives_a_killed_nbp_for_its_terraform_and_not_a_moment_longer(environment, tmp_path):
    with subprocess.Popen(
        [sys.executable, "-c", CALLER],
        cwd=tmp_path,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as caller:
        terraform, _, variable = caller.stdout.readline().partition(" ")
        provider = plugin({resident.REATTACH: variable})
        os.killpg(os.getpgid(caller.pid), signal.SIGINT)  # a terminal's Ctrl-C
        caller.kill()
    time.sleep(0.5)
    assert is_alive(provider["Pid"]), "Terraform still needs it"
    os.kill(int(terraform), signal.SIGKILL)
    wait_for(lambda: not is_alive(provider["Pid"]))
    assert list(Path(environment["TMPDIR"]).iterdir()) == []


def test_one_that_does_not_start_leaves_it_to_terraform(environment, tmp_path, monkeypatch):
    monkeypatch.setattr(resident, "command", lambda: [sys.executable, "-c", "raise SystemExit('no grpc')"])
    with resident.serving(environment, tmp_path / "log") as one:
        assert one.variables == {}
    assert (tmp_path / "log").read_text() == "no grpc\n"
