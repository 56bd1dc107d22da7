"""The launcher finds Terraform, and Terraform outlives its callers in good order."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from notebook_provisioner.adapters.terraform import launcher, supervisor

# A Terraform that says its version, and else works until it is interrupted, like the real one.
STAND_IN = """#!{python}
import os, signal, sys, time
if sys.argv[1:] == ["version"]:
    print("{product} v{version}")
    sys.exit(0)
interrupts = []
signal.signal(signal.SIGINT, lambda *_: interrupts.append(1))
print("started", os.getpid(), flush=True)
deadline = time.monotonic() + 120
while not interrupts and time.monotonic() < deadline:
    time.sleep(0.02)
time.sleep(0.5)  # in flight; a second interrupt would be counted
print("interrupts", len(interrupts), flush=True)
sys.exit(7)
"""


@pytest.fixture
def program(tmp_path):
    def make(name: str, version: str, product: str = "Terraform") -> Path:
        path = tmp_path / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(STAND_IN.format(python=sys.executable, product=product, version=version))
        path.chmod(0o755)
        return path

    return make


@pytest.fixture
def only_our_path(tmp_path, monkeypatch):
    (tmp_path / "bin").mkdir(exist_ok=True)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.delenv(launcher.OVERRIDE, raising=False)


@pytest.mark.usefixtures("only_our_path")
def test_terraform_on_path_is_taken(program):
    path = program("terraform", "1.9.0")
    assert launcher.find() == launcher.Installation((str(path),), "1.9.0", "found on PATH")


@pytest.mark.usefixtures("only_our_path")
def test_opentofu_is_taken_where_terraform_is_too_old(program):
    program("terraform", "1.5.7")
    path = program("tofu", "1.10.2", product="OpenTofu")
    assert launcher.find().command == (str(path),)


@pytest.mark.usefixtures("only_our_path")
def test_the_wheel_is_the_last_resort_and_says_why(program):
    program("terraform", "1.5.7")
    found = launcher.find()
    assert found.command[0] == sys.executable
    assert "1.5.7" in found.why


@pytest.mark.usefixtures("only_our_path")
def test_a_wrong_override_is_not_passed_over(monkeypatch):
    monkeypatch.setenv(launcher.OVERRIDE, "/no/such/program")
    with pytest.raises(launcher.NoTerraform, match="/no/such/program"):
        launcher.find()


def start(program: Path, log: Path, lifeline: int | None = None) -> subprocess.Popen:
    environment = {**os.environ, launcher.OVERRIDE: str(program)}
    if lifeline is not None:
        environment[supervisor.LIFELINE] = str(lifeline)
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", launcher.MODULE, "apply"],
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
            pass_fds=() if lifeline is None else (lifeline,),
        )
    wait_for(lambda: "started" in log.read_text())
    return process


def wait_for(condition, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "what the test waits for did not happen"
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0] != "Z"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_any_number_of_signals_is_one_interrupt(program, tmp_path, number):
    log = tmp_path / "log"
    process = start(program("terraform", "1.11.4"), log)
    for _ in range(3):
        process.send_signal(number)
        time.sleep(0.05)
    assert process.wait(60) == 7  # Terraform's own status
    assert "interrupts 1" in log.read_text()


def test_the_callers_death_is_one_interrupt(program, tmp_path):
    log = tmp_path / "log"
    reader, writer = os.pipe()
    process = start(program("terraform", "1.11.4"), log, lifeline=reader)
    os.close(reader)
    os.close(writer)  # what the kernel does when the caller is killed
    assert process.wait(60) == 7
    assert "interrupts 1" in log.read_text()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_terraform_survives_the_death_of_everyone_above_it(program, tmp_path):
    log = tmp_path / "log"
    process = start(program("terraform", "1.11.4"), log)
    terraform = int(log.read_text().split()[1])
    process.kill()
    process.wait()
    assert is_alive(terraform)
    os.kill(terraform, signal.SIGINT)
    wait_for(lambda: "interrupts 1" in log.read_text())
    wait_for(lambda: not is_alive(terraform))


def test_the_launcher_is_cheap_to_start():
    costly = "{'click', 'google', 'pydantic', 'python_terraform'}"
    code = f"import sys, {launcher.MODULE}; print(sorted({costly} & set(sys.modules)))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"
