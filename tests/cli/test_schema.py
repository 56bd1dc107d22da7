import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from notebook_provisioner.cli.main import nbp
from notebook_provisioner.core.fleet import json_schema


def test_it_is_printed_bare():
    result = CliRunner().invoke(nbp, ["schema"])
    assert result.exit_code == 0
    assert json.loads(result.stdout) == json_schema()
    assert result.stderr == ""


def test_it_is_printed_in_the_envelope():
    envelope = json.loads(CliRunner().invoke(nbp, ["schema", "--format", "json"]).stdout)
    assert envelope["command"] == "schema"
    assert envelope["data"] == json_schema()


@pytest.mark.parametrize("command", ["init", "check", "schema"])
def test_the_help_pages_example_runs(command, tmp_path):
    page = CliRunner().invoke(nbp, [command, "--help"]).stdout
    example = re.search(r"Example:\n\s+(nbp .+)\n", page)[1]
    words = shlex.split(example.partition(" > ")[0])[1:]
    (tmp_path / "examples").symlink_to(Path(__file__).parents[2] / "examples")
    program = [sys.executable, "-c", "from notebook_provisioner.cli.main import main; main()", *words]
    assert subprocess.run(program, cwd=tmp_path, check=True, capture_output=True, timeout=60).returncode == 0


@pytest.mark.parametrize("arguments", [["--help"], ["check", "--help"]])
def test_help_does_without_pydantic(arguments):
    code = (
        "import sys\nfrom notebook_provisioner.cli.main import nbp\n"
        f"nbp.main({arguments}, standalone_mode=False)\n"
        "sys.exit('pydantic' in sys.modules or 'yaml' in sys.modules)"
    )
    assert (
        subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, timeout=60).returncode
        == 0
    )
