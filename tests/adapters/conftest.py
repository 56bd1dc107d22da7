"""A sandbox for each module of tests that ask it over HTTP."""

import pytest

from notebook_provisioner.sandbox.process import SandboxProcess


@pytest.fixture(scope="module")
def connection(tmp_path_factory):
    pytest.importorskip("pytest_socket").enable_socket()
    process = SandboxProcess(tmp_path_factory.mktemp("sandbox") / ".sandbox")
    yield process.start()
    process.stop()
