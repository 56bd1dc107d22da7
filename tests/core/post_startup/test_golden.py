"""The scripts of seven kinds of notebook, held as files; shellcheck has nothing to say to any of them."""

import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from notebook_provisioner.adapters.files import post_startup_templates
from notebook_provisioner.core import fleet
from notebook_provisioner.core.post_startup import Renderer, body_sha256

HERE = Path(__file__).parent
GOLDEN = HERE / "golden"
TEMPLATES = post_startup_templates()
REGENERATE = "NBP_REGENERATE=1 .venv/bin/python -m pytest tests/core/post_startup/test_golden.py"
KINDS = ("standard", "everything", "exempt", "own-image", "container", "former-umn", "proxy")
FLEETS = {"proxy": "proxy.yaml"}  # the others share one


def script(kind):
    path = GOLDEN / FLEETS.get(kind, "fleet.yaml")
    parsed = fleet.parse(path.read_text(encoding="utf-8"), file=str(path), today=date(2026, 11, 1))
    notebook = next(one for one in parsed.resolved_notebooks if one.name == kind)
    image = "former-umn" if kind == "former-umn" else None
    return Renderer(TEMPLATES, version="1.2.3").render(notebook, parsed, image=image)


@pytest.mark.parametrize("kind", KINDS)
def test_the_script_is_the_one_that_was_reviewed(kind):
    path, rendered = GOLDEN / f"{kind}.sh", script(kind)
    if os.environ.get("NBP_REGENERATE"):
        path.write_text(rendered, encoding="utf-8")
    assert path.is_file(), f"write it with: {REGENERATE}"
    assert rendered == path.read_text(encoding="utf-8"), f"if that is wanted: {REGENERATE}"


@pytest.mark.parametrize("kind", KINDS)
def test_shellcheck_has_nothing_to_say(kind, tmp_path):
    path = tmp_path / "script.sh"
    path.write_text(script(kind), encoding="utf-8")
    checker = Path(sys.executable).with_name("shellcheck")
    shown = subprocess.run([checker, "--enable=all", path], capture_output=True, text=True, check=False)
    assert shown.stdout == ""
    assert shown.returncode == 0


@pytest.mark.parametrize("kind", KINDS)
def test_it_carries_its_own_digest(kind):
    rendered = script(kind)
    assert f"\n# body-sha256: {body_sha256(rendered)} " in rendered
    assert body_sha256(rendered + "# more\n") not in rendered
