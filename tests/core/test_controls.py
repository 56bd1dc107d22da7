"""The catalogue, the guardrails and the page for auditors name the same controls."""

import re
import tomllib
from pathlib import Path

from notebook_provisioner.catalog.controls import CONTROLS
from notebook_provisioner.core.fleet.shape import schema_at

ROOT = Path(__file__).parents[2]
GUARDRAILS = ROOT / "notebook_provisioner" / "core" / "guardrails"


def test_every_control_has_a_guardrail_and_every_guardrail_a_control():
    text = "".join(path.read_text() for path in GUARDRAILS.glob("*.py"))
    raised = set(re.findall(r'finding\(\s*"([a-z-]+)"', text))
    exemptible = {row.id for row in CONTROLS.values() if row.exemptible}
    assert all(f'"{control}"' in text for control in exemptible)
    assert raised == CONTROLS.keys() - exemptible


def test_every_control_is_on_the_page_for_auditors():
    page = (ROOT / "docs" / "auditors" / "controls.md").read_text()
    sections = dict(re.findall(r"^## ([a-z-]+)\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL))
    assert sections.keys() == CONTROLS.keys()
    for control, section in sections.items():
        assert ("no published mapping recorded" in section) == (not CONTROLS[control].mappings)


def test_what_a_control_holds_only_with_is_in_the_fleet_file():
    asked = {row.only_with for row in CONTROLS.values()} - {""}
    for words in asked:
        key, _, values = words.partition(": ")
        found = schema_at((key.removesuffix(".mode"),), {})
        assert found
        assert set(values.split(" | ") if values else ()) <= set(found.get("modes", ())), words
    page = (ROOT / "docs" / "auditors" / "controls.md").read_text()
    assert page.count("- only with: ") == sum(bool(row.only_with) for row in CONTROLS.values())


def test_every_control_is_tripped_by_a_test():
    folder = ROOT / "tests" / "core"
    seeded = ROOT / "tests" / "support" / "plan_mistakes.py"  # what test_seeded_mistakes.py plays
    files = [seeded, folder / "test_seeded_mistakes.py", *folder.glob("test_guardrails*.py")]
    tests = "".join(path.read_text() for path in files)
    assert {control for control in CONTROLS if f'"{control}"' not in tests} == set()


def test_every_seeded_mistake_can_still_be_made():
    mistakes = tomllib.loads((ROOT / "tests" / "e2e" / "mistakes" / "mistakes.toml").read_text())
    stale = {
        name
        for name, row in mistakes.items()
        if row.get("old", "") not in _text(ROOT / "terraform" / row["file"])
    }
    assert stale == set()


def _text(path):
    return path.read_text() if path.exists() else ""
