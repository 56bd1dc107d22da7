"""Fleets that several commands are tested with."""

import pytest
from workbench_fleet import QUICKSTART, WorkbenchFleet


@pytest.fixture(scope="module")
def sandbox(connection):
    """The quickstart's notebooks, without Terraform."""
    return WorkbenchFleet(connection)


@pytest.fixture
def fleet(sandbox, home, monkeypatch):
    """The same, made anew, for commands in this process."""
    monkeypatch.setenv("NBP_HOME", str(home))
    monkeypatch.setenv("NBP_FLEET", str(sandbox.file))
    sandbox.build()
    return sandbox


@pytest.fixture
def google_fleet(tmp_path):
    """The quickstart's fleet file for the real cloud, with a bucket for its state."""
    path = tmp_path / "fleet.yaml"
    text = QUICKSTART.read_text(encoding="utf-8").replace("target: sandbox", "target: google")
    path.write_text(text + "\nstate: {bucket: acme-states, prefix: fleets/one}\n", encoding="utf-8")
    return str(path)
