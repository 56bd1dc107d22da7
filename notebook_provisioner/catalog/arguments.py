"""Which values the modules give to arguments that no fleet file decides.

``arguments.json`` is written by ``scripts/generate_arguments.py``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from notebook_provisioner.catalog.reading import read

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Arguments:
    """The arguments of one type of resource, each by its path.

    Attributes:
        held: The values that the modules write out, or the default of what they do not write, or nothing.
        filled_in: What no module writes, and the API fills in.
    """

    held: Mapping[Path, Sequence[Any]]
    filled_in: Sequence[Path]


def _path(text: str) -> Path:
    return tuple(text.split("."))


def _read() -> Mapping[str, Arguments]:
    return {
        kind: Arguments(
            {_path(path): values for path, values in row["held"].items()}, [*map(_path, row["filled_in"])]
        )
        for kind, row in read("arguments.json").items()
    }


ARGUMENTS: Final = _read()
