"""What a preset of the fleet file lets in or out of the perimeter.

``presets.json`` is the module perimeter's own, with a source for each row; a test compares the two.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from notebook_provisioner.catalog.reading import read

Operations = frozenset[tuple[str, frozenset[str]]]


@dataclass(frozen=True, slots=True)
class Preset:
    """One preset.

    Attributes:
        operations: The services, each with its methods.
        anywhere: Whether a rule for egress leads to every project.
    """

    operations: Operations
    anywhere: bool


def _read() -> Mapping[str, Preset]:
    return {
        row["preset"]: Preset(
            frozenset((one["service"], frozenset(one["methods"])) for one in row["operations"]),
            row["from"] == "anywhere",
        )
        for row in read("presets.json")
    }


PRESETS: Final = _read()
