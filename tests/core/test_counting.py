"""Numbers of things."""

from pathlib import Path

import pytest

import notebook_provisioner
from notebook_provisioner.core.counting import counted


@pytest.mark.parametrize(
    ("count", "words"), [(0, "0 notebooks"), (1, "1 notebook"), (2, "2 notebooks"), (1_000, "1000 notebooks")]
)
def test_one_of_a_kind_is_singular(count, words):
    assert counted(count, "notebook") == words


def test_no_message_leaves_the_number_to_the_reader():
    package = Path(notebook_provisioner.__file__).parent
    sources = [
        file for part in ("cli", "core", "adapters") for file in sorted((package / part).rglob("*.py"))
    ]
    assert [file.name for file in sources if "(s)" in file.read_text("utf-8")] == []
