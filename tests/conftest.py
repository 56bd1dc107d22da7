"""Shared fixtures. Sockets are off unless a test is marked ``network``."""

import os

import pytest


def pytest_xdist_auto_num_workers():
    """Two workers more than cores: some tests wait, for a process that starts or for seconds to pass."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return (cores or 1) + 2


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """What ``NBP_HOME`` names for the tests of a module."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def connection(home):
    """A sandbox for each module of tests that ask it over HTTP."""
    from notebook_provisioner.sandbox.process import SandboxProcess

    pytest.importorskip("pytest_socket").enable_socket()
    process = SandboxProcess(home / ".sandbox")
    yield process.start()
    process.stop()
