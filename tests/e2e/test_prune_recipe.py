"""Pruning in the sandbox, as the page for operators says."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from machine import NBP, REPOSITORY

PAGE = REPOSITORY / "docs" / "operators" / "snapshots.md"
OLDER = re.search(r"image: \{.*\}", (REPOSITORY / "docs" / "operators" / "upgrades.md").read_text())
pytestmark = [
    pytest.mark.terraform,
    pytest.mark.network,
    pytest.mark.long,
    pytest.mark.skipif(shutil.which("curl") is None, reason="the recipe sets the sandbox's clock with curl"),
]


def test_prune_can_be_tried_as_the_page_says(machine):
    section = PAGE.read_text().partition("## Trying it in the sandbox\n")[2].partition("\n## ")[0]
    recipe, *told = re.findall(r"(?:^    .*\n)+", section, re.MULTILINE)
    machine.edit("machine_type: e2-standard-4", f"machine_type: e2-standard-4\n    {OLDER[0]}")
    done = subprocess.run(
        ["bash", "-c", re.sub(r"^    ", "", recipe, flags=re.MULTILINE)],
        cwd=machine.home,
        env={**machine.environment, "PATH": f"{Path(NBP).parent}:{machine.environment['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    words = [line.strip() for block in told for line in block.splitlines()]
    assert len(words) == 4
    assert [line for line in done.stdout.splitlines() if line in words] == [words[0], *words]
    assert "whether deleted snapshots stay in a recycle bin is not known: no API tells" in done.stderr
