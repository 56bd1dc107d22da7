"""The catalogue of types is what the fleet's root module and the modules that it calls make."""

import re
from pathlib import Path

from notebook_provisioner.catalog import resources

FLEET = Path(__file__).parents[2] / "terraform" / "fleet"
RESOURCE = re.compile(r'^resource "(\w+)"', re.MULTILINE)
CALL = re.compile(r'^\s*source\s*=\s*"(\.\.?/[^"]+)"', re.MULTILINE)


def folders(folder):
    """A module's folder, and those of the modules that it calls."""
    found = {folder}
    for path in folder.glob("*.tf"):
        for source in CALL.findall(path.read_text(encoding="utf-8")):
            found |= folders((folder / source).resolve())
    return found


def test_the_types_are_those_of_the_modules():
    texts = [path.read_text(encoding="utf-8") for folder in folders(FLEET) for path in folder.glob("*.tf")]
    assert {kind for text in texts for kind in RESOURCE.findall(text)} == resources.TYPES
