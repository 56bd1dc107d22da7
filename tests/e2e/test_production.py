"""The production example from a fresh clone: what it says is there already, then the fleet."""

import subprocess
import sys
from pathlib import Path

import pytest
from machine import REPOSITORY

PAGE = REPOSITORY / "docs" / "operators" / "quickstart.md"
pytestmark = [pytest.mark.terraform, pytest.mark.network, pytest.mark.long]


def test_the_production_example_can_be_tried_as_the_page_says(machine):
    command = "make production"
    assert f"\n{command}\n" in PAGE.read_text()
    environment = f"BIN={Path(sys.executable).parent}"  # `make setup` has been here already
    made = subprocess.run(
        [*command.split(), "--no-print-directory", "--assume-old=setup", environment],
        cwd=REPOSITORY,
        env=machine.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert made.returncode == 0, made.stdout + made.stderr
    assert "sanctions-lab" in made.stdout

    fleet_file = machine.home / ".nbp" / "production" / "fleet.yaml"
    assert machine.ask("--fleet", str(fleet_file), "plan")["pending"] is False
