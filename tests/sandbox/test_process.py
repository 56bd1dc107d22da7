"""One sandbox a folder: started once, found again, stopped for sure, and nobody else is ever signalled."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time

import pytest

from notebook_provisioner.core.errors import TargetUnreachable
from notebook_provisioner.sandbox.process import SandboxProcess

pytestmark = [pytest.mark.network, pytest.mark.usefixtures("socket_enabled")]


@pytest.fixture
def sandbox(tmp_path):
    process = SandboxProcess(tmp_path / ".sandbox")
    yield process
    process.stop()


def kill(sandbox):
    """End it without a word; it has let go of its lock, but may not be a zombie yet."""
    os.kill(sandbox.status().pid, signal.SIGKILL)
    deadline = time.monotonic() + 60
    while sandbox.status().running:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_it_starts_once_and_answers(sandbox):
    connection = sandbox.start()
    assert sandbox.start() == connection
    status = sandbox.status()
    assert status.running
    assert status.url == connection.url
    assert connection.url.startswith("http://127.0.0.1:")


def test_it_stops_and_keeps_its_port_and_token(sandbox):
    before = sandbox.start()
    assert sandbox.stop()
    assert not sandbox.stop()
    assert sandbox.connection() is None
    assert sandbox.status().pid is None
    assert sandbox.start() == before


def test_what_it_keeps_is_private(sandbox):
    sandbox.start()
    for name in ("token", "sandbox.log", "lock"):
        assert stat.S_IMODE((sandbox.directory / name).stat().st_mode) == 0o600
    assert stat.S_IMODE(sandbox.directory.stat().st_mode) == 0o700


def test_killing_it_is_noticed_and_it_comes_back(sandbox):
    sandbox.start()
    kill(sandbox)
    assert sandbox.connection() is None
    sandbox.start()
    assert sandbox.status().running


def test_it_comes_back_while_the_killed_one_is_not_buried_yet(sandbox, monkeypatch):
    sandbox.start()
    kill(sandbox)
    killed, polls = sandbox._child, []

    def poll_late():
        polls.append(1)
        return None if len(polls) == 1 else -signal.SIGKILL

    monkeypatch.setattr(killed, "poll", poll_late)
    sandbox.start()
    assert sandbox.status().running


def test_a_recycled_process_id_is_never_signalled(sandbox):
    sandbox.start()
    sandbox.stop()
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as bystander:
        (sandbox.directory / "process.json").write_text(json.dumps({"pid": bystander.pid}))
        assert not sandbox.status().running
        assert not sandbox.stop()
        assert bystander.poll() is None
        bystander.kill()


def test_reset_forgets_all_but_token_and_port(sandbox):
    before = sandbox.start()
    (sandbox.directory / "gcloud").mkdir()
    assert sandbox.reset()
    assert not (sandbox.directory / "gcloud").exists()
    assert sandbox.connection() == before
    sandbox.stop()
    assert not sandbox.reset()


def test_a_port_can_be_asked_for(sandbox):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(TargetUnreachable, match=f"port {port} is taken"):
            sandbox.start(port)
    assert sandbox.start(port).url == f"http://127.0.0.1:{port}"
    with pytest.raises(TargetUnreachable, match="runs already"):
        sandbox.start(port + 1)


def test_two_who_start_it_at_once_get_the_same(sandbox):
    code = (
        "import sys; from pathlib import Path\n"
        "from notebook_provisioner.sandbox.process import SandboxProcess\n"
        "print(SandboxProcess(Path(sys.argv[1])).start().url)"
    )
    command = [sys.executable, "-c", code, str(sandbox.directory)]
    starters = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    urls = {starter.communicate(timeout=60)[0] for starter in starters}
    assert urls == {sandbox.connection().url + "\n"}


def test_a_broken_state_says_where_to_look(sandbox):
    sandbox.start()
    sandbox.stop()
    (sandbox.directory / "state.sqlite3").write_text("this is no database", encoding="ascii")
    with pytest.raises(TargetUnreachable, match="did not come up") as failure:
        sandbox.start()
    assert "sandbox.log" in (failure.value.hint or "")
