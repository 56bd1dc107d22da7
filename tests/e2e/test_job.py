"""The container's program without a container engine: its install in a clean environment, run as its user."""

import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from machine import QUICKSTART, REPOSITORY
from snapshot_documents import Control, project

from notebook_provisioner.sandbox.process import SandboxProcess

WHEELS = REPOSITORY / ".venv" / "wheels"
DOCKERFILE = (REPOSITORY / "Dockerfile").read_text("utf-8")

pytestmark = [
    pytest.mark.network,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can become the user that the image names"),
    pytest.mark.skipif(not WHEELS.is_dir(), reason="make test builds the wheels"),
]


def instruction(name: str) -> str:
    """The last instruction of this name, which is the one of the final stage."""
    return re.findall(rf"^{name} (.*)$", DOCKERFILE, re.MULTILINE)[-1]


NOBODY = int(instruction("USER").partition(":")[0])


@pytest.fixture(scope="module")
def folder():
    """A folder that everybody may enter; pytest's own are for root alone."""
    with tempfile.TemporaryDirectory(prefix="nbp-job-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture(scope="module")
def interpreter():
    """A Python that the image's user may run, of the version that the wheels were downloaded for."""
    asked = "import sys; print(sys.version_info[:2] == tuple(map(int, sys.argv[1:])))"
    for candidate in (os.path.realpath(sys.executable), "/usr/bin/python3"):
        try:
            answer = subprocess.run(
                [candidate, "-c", asked, *map(str, sys.version_info[:2])],
                user=NOBODY, group=NOBODY, extra_groups=[], cwd="/",
                capture_output=True, text=True, check=False,
            )  # fmt: skip
        except OSError:
            continue
        if answer.stdout.strip() == "True":
            return candidate
    pytest.skip("no Python of this version that another user may run")


@pytest.fixture(scope="module")
def program(folder, interpreter):
    """The environment, installed as the Dockerfile does it."""
    environment, wheels = folder / "nbp", folder / "wheels"
    subprocess.run([interpreter, "-m", "venv", "--without-pip", environment], check=True)
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", wheels],
        cwd=REPOSITORY, check=True, capture_output=True,
    )  # fmt: skip
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "--python", environment]
    install = [*pip, "install", "--no-index", "--no-compile"]
    subprocess.run([*install, "--no-deps", *WHEELS.glob("*.whl"), *wheels.glob("*.whl")], check=True)
    return environment


@pytest.fixture
def control(folder):
    home = folder / "home"
    process = SandboxProcess(home / ".sandbox")
    connection = process.start()
    control = Control(connection.url, connection.token)
    control.ask("POST", "sandbox/v1/settings", {"operation_seconds": 0})
    control.load(project(2, 4, datetime.now(UTC)))
    for path in (home, *home.rglob("*")):
        os.chown(path, NOBODY, NOBODY)
    yield control
    process.stop()


@pytest.mark.usefixtures("socket_enabled")
def test_the_job_prunes_as_nobody_with_nothing_but_what_the_image_holds(folder, program, control):
    before = control.names()
    fleet = folder / "fleet.yaml"
    fleet.write_text(QUICKSTART.read_text("utf-8"), "utf-8")
    done = subprocess.run(
        [program / "bin" / instruction("ENTRYPOINT").strip('[]"'), *json.loads(instruction("CMD"))],
        user=NOBODY, group=NOBODY, extra_groups=[], cwd=instruction("WORKDIR"),
        env={
            **dict(word.split("=", 1) for word in shlex.split(instruction("ENV"))),
            "PATH": f"{program}/bin:/usr/bin:/bin",
            "NBP_HOME": str(folder / "home"),
            "NBP_FLEET": str(fleet),
        },
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    deleted = {
        entry["snapshot"]
        for entry in map(json.loads, filter(lambda line: line.startswith("{"), done.stderr.splitlines()))
        if entry.get("result") in {"deleted", "pending"}
    }
    assert deleted
    assert control.names() == before - deleted


def test_the_images_program_lacks_what_only_the_sandbox_needs(program):
    """Least code: no server, no Terraform, no pip."""
    asked = (
        "import importlib.util as u; print([n for n in ('aiohttp', 'pip', 'grpc_tools') if u.find_spec(n)])"
    )
    answer = subprocess.run(
        [program / "bin" / "python", "-c", asked], capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "[]"
