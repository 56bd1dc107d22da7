"""Shared fixtures. Sockets are off unless a test is marked ``network``."""

import os

import hypothesis
import pytest

hypothesis.settings.register_profile("suite", deadline=None)  # a slow example is a busy machine
hypothesis.settings.load_profile("suite")


def pytest_xdist_auto_num_workers():
    """Two workers more than cores: some tests wait, for a process that starts or for seconds to pass."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return (cores or 1) + 2


@pytest.hookimpl(trylast=True)  # after -k, -m and what fixtures want
def pytest_collection_modifyitems(items):
    """Deal the long tests to the workers, which begin with them: none is left with one when the others end.

    ``--dist worksteal`` begins by giving each worker an equal share of the tests, in their order.
    """
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if workers == 1:
        return
    long = [item for item in items if item.get_closest_marker("long")]
    others = [item for item in items if not item.get_closest_marker("long")]
    left, dealt = len(items), []
    for worker in range(workers):
        share = left // (workers - worker)
        left -= share
        hand = long[worker::workers]
        dealt += hand + others[: share - len(hand)]
        del others[: share - len(hand)]
    items[:] = dealt


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
