"""A machine a test."""

import pytest
from machine import Machine


@pytest.fixture
def machine(tmp_path, socket_enabled):
    del socket_enabled
    made = Machine(tmp_path)
    yield made
    made.sandbox.stop()


@pytest.fixture
def one_provider(machine):
    with machine.one_provider():
        yield
