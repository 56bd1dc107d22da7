"""The pages say what the code does."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from notebook_provisioner.catalog.controls import CONTROLS

REPOSITORY = Path(__file__).resolve().parents[1]
PAGES = sorted(
    page for page in REPOSITORY.rglob("*.md") if not any(part.startswith(".") for part in page.parts)
)
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(#[^)\s]*)?\)")


@pytest.mark.parametrize(
    "script", ["generate_controls.py", "generate_module_readmes.py", "generate_reference.py"]
)
def test_generated_pages_are_current(script):
    checked = subprocess.run(
        [sys.executable, REPOSITORY / "scripts" / script, "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, f"{checked.stdout}{checked.stderr}\nregenerate with: make docs"


def test_every_module_has_a_page_and_every_control_a_module():
    modules = {path.parent.name for path in (REPOSITORY / "terraform").rglob("versions.tf")}
    pages = {path.stem: path.read_text() for path in (REPOSITORY / "docs/operators/modules").glob("*.md")}
    assert pages.keys() - {"README"} == modules
    for control in CONTROLS.values():
        assert control.modules
        for module in control.modules:
            assert f"[`{control.id}`]" in pages[module]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_links_lead_somewhere(page):
    targets = [target for target, _ in LINK.findall(page.read_text()) if "://" not in target]
    missing = [target for target in targets if not (page.parent / target).exists()]
    assert not missing


def test_every_decision_is_in_the_index():
    index = (REPOSITORY / "docs" / "adr" / "README.md").read_text()
    records = {path.name for path in (REPOSITORY / "docs" / "adr").glob("0*.md")}
    assert records == set(re.findall(r"\((0\d{3}-[^)]+)\)", index))
