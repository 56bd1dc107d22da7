"""Reads what the catalogue keeps as JSON beside its modules."""

import json
from importlib import resources
from typing import Any


def read(name: str) -> Any:  # noqa: ANN401  # any JSON value
    """The content of one of the catalogue's files, as ``alerts.json``."""
    return json.loads(resources.files(__package__).joinpath(name).read_text(encoding="utf-8"))
