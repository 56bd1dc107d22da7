"""The container's program without a container engine: its install in a clean environment, run as its user."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from machine import QUICKSTART, REPOSITORY
from snapshot_documents import FLEET, PROJECT, Control, project

from notebook_provisioner.sandbox.process import SandboxProcess

WHEELS = REPOSITORY / ".venv" / "wheels"
PRODUCTION = REPOSITORY / "examples" / "production" / "fleet.yaml"
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


class Job:
    """The image's program as its user, with nothing but what the image and the job hold."""

    def __init__(self, folder, program):
        self._folder, self._program = folder, program

    def start(self, arguments, **variables):
        return subprocess.Popen(
            [self._program / "bin" / instruction("ENTRYPOINT").strip('[]"'), *arguments],
            user=NOBODY, group=NOBODY, extra_groups=[], cwd=instruction("WORKDIR"),
            env={
                **dict(word.split("=", 1) for word in shlex.split(instruction("ENV"))),
                "PATH": f"{self._program}/bin:/usr/bin:/bin",
                "NBP_HOME": str(self._folder / "home"),
                **variables,
            },
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def __call__(self, arguments, **variables):
        with self.start(arguments, **variables) as process:
            results, talk = process.communicate(timeout=600)
        return subprocess.CompletedProcess(arguments, process.returncode, results, talk)


@pytest.fixture
def job(folder, program):
    return Job(folder, program)


def until(holds):
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def arguments(name, mount, target, served=()):
    """What the Cloud Run job passes on, from the module; the fleet file elsewhere, and another target.

    Args:
        name: The job.
        mount: Where its volume would be.
        target: In place of ``google``.
        served: The fleet files of other projects that it serves.
    """
    module = REPOSITORY / "terraform" / "modules" / "maintenance"
    [found] = re.findall(
        r"args += concat\(\s+each.value.arguments,\s+\[(.*)\],", (module / "jobs.tf").read_text()
    )
    common = re.sub(r"\$\{google_storage_bucket_object.fleet_file.name\}", "fleet.yaml", found)
    [catalogued] = [item for item in json.loads((module / "jobs.json").read_text()) if item["name"] == name]
    words = [*catalogued["arguments"], *json.loads(f"[{common}]")]
    assert words[-4:] == ["--fleet", "/fleet/fleet.yaml", "--target", "google"]
    assert (
        'flatten([for file in each.value.served_files : ["--fleet", file]])'
        in (module / "jobs.tf").read_text()
    )
    others = [word for file in served for word in ("--fleet", file)]
    return [*words[:-3], str(mount / "fleet.yaml"), "--target", target, *others]


def lines(done):
    return [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]


def mounted(folder, name, source):
    """A fleet file where the job's volume would be."""
    mount = folder / name
    mount.mkdir()
    (mount / "fleet.yaml").write_text(source.read_text("utf-8"), "utf-8")
    return mount


@pytest.mark.usefixtures("socket_enabled")
def test_the_job_prunes_as_nobody_with_nothing_but_what_the_image_holds(folder, job, control):
    """With its own arguments, but for the target, and with its lease in a bucket."""
    before = control.names()
    control.ask("POST", "storage/v1/b?project=p-one", {"name": "operations"})
    asked = arguments("prune", mounted(folder, "sandbox", QUICKSTART), "sandbox")
    assert asked[:4] == json.loads(instruction("CMD"))
    lease = "gs://operations/leases/snapshots-prune"
    done = job(asked, NBP_LEASE=lease)
    assert done.returncode == 0, done.stdout + done.stderr
    deleted = {item["snapshot"] for item in lines(done) if item.get("result") in {"deleted", "pending"}}
    assert deleted
    assert control.names() == before - deleted
    assert control.counts()["storage.objects.insert"] >= 1
    assert control.ask("GET", "storage/v1/b/operations/o").get("items", []) == []  # the lease is given back

    insert = "upload/storage/v1/b/operations/o?uploadType=media&name=leases/snapshots-prune"
    control.send("POST", insert, b"{}", "application/json")
    refused = job(asked, NBP_LEASE=lease)
    assert (refused.returncode, [item["severity"] for item in lines(refused)]) == (4, ["ERROR"])


@pytest.mark.long
@pytest.mark.usefixtures("socket_enabled")
def test_two_tasks_share_two_projects_and_one_that_is_killed_leaves_nothing_undone(folder, job, control):
    """Each as nobody; the second project's file is where its own apply published it."""
    now = datetime.now(UTC)
    there = json.dumps(project(2, 4, now)).replace(PROJECT, "acme-vision")
    control.load(json.loads(there.replace(f'"nbp-fleet": "{FLEET}"', '"nbp-fleet": "vision"')))
    control.ask("POST", "storage/v1/b?project=acme-vision", {"name": "acme-vision-vision-operations"})
    text = QUICKSTART.read_text("utf-8").replace(PROJECT, "acme-vision").replace(FLEET, "vision")
    insert = "upload/storage/v1/b/acme-vision-vision-operations/o?uploadType=media&name=fleet.yaml"
    control.send("POST", insert, text.encode(), "application/yaml")
    published = "gs://acme-vision-vision-operations/fleet.yaml"
    asked = arguments("prune", mounted(folder, "many", QUICKSTART), "sandbox", [published])

    def left(where):
        page = control.ask("GET", f"compute/v1/projects/{where}/global/snapshots?maxResults=500")
        return len(page["items"])

    # Both at a time; the one that has the second project is killed while it deletes.
    control.fault(method="compute.snapshots.delete", kind="delay", seconds=3)
    first, second = (
        job.start(asked, CLOUD_RUN_TASK_INDEX=str(task), CLOUD_RUN_TASK_COUNT="2") for task in range(2)
    )
    until(lambda: control.counts().get("compute.snapshots.delete", 0) > 4)  # of the first there are four
    second.kill()
    control.ask("DELETE", "sandbox/v1/faults")
    second.communicate()
    _, talk = first.communicate(timeout=600)
    assert (first.returncode, second.returncode) == (0, -signal.SIGKILL), talk
    assert left(PROJECT) == 4

    # The next run: the same two tasks. What had been asked for when the task died is done, and done once.
    again = [job(asked, CLOUD_RUN_TASK_INDEX=str(task), CLOUD_RUN_TASK_COUNT="2") for task in range(2)]
    assert [done.returncode for done in again] == [0, 0], [done.stderr for done in again]
    assert (left(PROJECT), left("acme-vision")) == (4, 4)
    assert {line["project"] for done in again for line in lines(done)} <= {"acme-vision"}


@pytest.mark.parametrize("name", ["prune", "upgrade"])
def test_the_jobs_own_arguments_reach_google(folder, job, name):
    """As far as it goes here: the fleet is read, the lease's bucket is known, and credentials are missing."""
    asked = arguments(name, mounted(folder, name, PRODUCTION), "google")
    done = job(asked, NO_GCE_CHECK="true", HOME="/nonexistent")
    [line] = lines(done)
    assert (done.returncode, line["severity"], line["code"]) == (1, "ERROR", "target-unreachable")
    assert "credentials" in line["message"] + (line["hint"] or "")


def test_the_images_program_lacks_what_only_the_sandbox_needs(program):
    """Least code: no server, no Terraform, no pip."""
    asked = (
        "import importlib.util as u; print([n for n in ('aiohttp', 'pip', 'grpc_tools') if u.find_spec(n)])"
    )
    answer = subprocess.run(
        [program / "bin" / "python", "-c", asked], capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "[]"
