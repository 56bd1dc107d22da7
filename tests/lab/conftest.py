"""Machines for tests, or a word why there are none."""

import contextlib

import pytest

from notebook_provisioner.sandbox.lab import host
from notebook_provisioner.sandbox.lab.facts import Identity
from notebook_provisioner.sandbox.lab.machine import Machine

URL = "gs://nbp-scripts/ana research/ünïcode.sh"


@pytest.fixture(scope="session")
def lab():
    """Skip where the lab cannot run."""
    try:
        with host.folder():
            pass
    except host.LabUnavailable as error:
        pytest.skip(str(error))


@pytest.fixture
def new_machine(lab):  # noqa: ARG001  # skips where there is no lab
    """Make machines that are gone after the test."""
    with contextlib.ExitStack() as stack:
        yield lambda *arguments, **options: stack.enter_context(
            Machine.create(Identity("ana-research"), *arguments, **options)
        )


@pytest.fixture
def run_script(new_machine):
    """Boot a fresh machine once with a script as its post-startup script; gives the report."""

    def run(body, **options):
        return new_machine().boot({"post-startup-script": URL}, objects={URL: script(body)}, **options)

    return run


def script(body):
    return f"#!/bin/bash\n{body}\n".encode()
