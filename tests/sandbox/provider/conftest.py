"""Real Terraform, the stand-in from its mirror, and a strict sandbox."""

import functools
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
import stand_in
from sandbox_server import Served

from notebook_provisioner.adapters.terraform import launcher
from notebook_provisioner.sandbox.environment import Connection, for_terraform
from notebook_provisioner.sandbox.provider import mirror

PROJECT = "demo-project"
installation = functools.cache(launcher.find)  # each would ask Terraform for its version


@dataclass(frozen=True)
class Workspace:
    """A folder with a configuration, and Terraform in it."""

    folder: Path
    environment: dict[str, str]

    def start(self, *arguments):
        return subprocess.Popen(
            [*installation().command, *arguments, "-no-color"],
            cwd=self.folder,
            env={**os.environ, **self.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *arguments):
        """Exit status and everything that Terraform said."""
        process = self.start(*arguments)
        said, _ = process.communicate(timeout=600)
        return process.returncode, said

    def succeed(self, *arguments):
        status, said = self.run(*arguments)
        assert status == 0, said
        return said

    def pending(self, *arguments):
        """0: nothing to do; 2: changes."""
        return self.run("plan", "-input=false", "-detailed-exitcode", *arguments)


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    served = Served(tmp_path_factory.mktemp("sandbox"), "--strict")
    yield served
    if served.process.poll() is None:
        assert served.stop() == 0


@pytest.fixture
def sandbox(server, socket_enabled):  # noqa: ARG001 - asked for its effect
    server.control("DELETE", "faults")
    server.control("POST", "reset")
    return server


@pytest.fixture(scope="session")
def cli_config(tmp_path_factory):
    return mirror.prepare(tmp_path_factory.mktemp("provider"))


@pytest.fixture(scope="session")
def endpoints(server):
    connection = Connection(
        url=server.url,
        token=server.token,
        token_file=server.folder / "token",
        directory=server.folder,
    )
    return {
        **for_terraform(connection, project=PROJECT, region="us-central1"),
        "GOOGLE_ZONE": "us-central1-a",
    }


@pytest.fixture
def workspace(sandbox, endpoints, cli_config, tmp_path):  # noqa: ARG001 - the sandbox is empty
    """A factory: configuration text in, initialised workspace out."""
    environment = {
        **endpoints,
        "TF_CLI_CONFIG_FILE": str(cli_config),
        "TF_IN_AUTOMATION": "1",
        "TMPDIR": str(tmp_path / "tmp"),
    }
    (tmp_path / "tmp").mkdir()

    def make(configuration):
        folder = tmp_path / "workspace"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        (folder / "main.tf").write_text(configuration)
        made = Workspace(folder, environment)
        made.succeed("init", "-input=false")
        return made

    return make


@pytest.fixture(scope="session")
def kept(endpoints):
    """What sends Terraform to a stand-in that runs already."""
    with stand_in.running(endpoints) as variables:
        yield variables


@pytest.fixture
def lasting_workspace(workspace, kept):
    """As ``workspace``, for what does not ask how providers start, which takes most of the time."""

    def make(configuration):
        made = workspace(configuration)
        made.environment.update(kept)
        return made

    return make
