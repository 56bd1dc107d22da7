"""The sandbox's engine in this process, and the real process over HTTP."""

from typing import TYPE_CHECKING

import pytest
from sandbox_server import Local, Served

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import ModuleType


@pytest.fixture
def local(tmp_path: "Path") -> "Iterator[Local]":
    sandbox = Local(tmp_path / "state")
    yield sandbox
    sandbox.engine.context.store.close()


@pytest.fixture(scope="session")
def compute_v1() -> "ModuleType":
    """Google's client for Compute Engine: seconds to import, which each worker would spend collecting."""
    from google.cloud import compute_v1

    return compute_v1


@pytest.fixture(scope="session")
def process(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Served]":
    served = Served(tmp_path_factory.mktemp("sandbox"), "--check-answers")
    yield served
    if served.process.poll() is None:
        assert served.stop() == 0


@pytest.fixture
def served(process: Served, socket_enabled: None) -> Served:  # noqa: ARG001 - asked for its effect
    """The running process, emptied."""
    process.control("POST", "reset")
    return process
