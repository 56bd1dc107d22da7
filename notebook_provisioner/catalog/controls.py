"""What a plan is held to: every hardening control, why it is there, and which standards it serves.

The rows stand in ``controls.toml``. Mappings to standards are those that somebody published; a control
without one has none recorded.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any, Final, Literal

from notebook_provisioner.catalog.provenance import Source

Weight = Literal["high", "medium"]


@dataclass(frozen=True, slots=True)
class Standard:
    """A standard that controls are mapped to.

    Attributes:
        title: Its name and version.
        source: Who published the mapping.
    """

    title: str
    source: Source


@dataclass(frozen=True, slots=True)
class Control:
    """One control.

    Attributes:
        id: As findings and fleet files name it.
        title: What it does.
        why: What happens without it.
        limit: What it does not hold for, by design; empty where there is nothing to say.
        only_with: What the fleet file must say for it to hold; empty where it holds for every fleet.
        severity: ``high`` stops an apply, ``medium`` is said.
        source: Where its mechanism is documented.
        modules: Terraform modules that make it hold.
        exemptible: Whether a fleet file may switch it off for a notebook, with a reason and an expiry.
        mappings: Sections of standards that it serves, by the standard's key in ``STANDARDS``; only
            published ones.
    """

    id: str
    title: str
    why: str
    limit: str
    only_with: str
    severity: Weight
    source: Source
    modules: tuple[str, ...]
    exemptible: bool
    mappings: Mapping[str, tuple[str, ...]]


def _read() -> tuple[Mapping[str, Control], Mapping[str, Standard]]:
    text = resources.files(__package__).joinpath("controls.toml").read_text(encoding="utf-8")
    tables = tomllib.loads(text)
    sources = {name: Source(**row) for name, row in tables["sources"].items()}
    standards = {
        key: Standard(row["title"], Source(row["url"], row["read"]))
        for key, row in tables["mappings"].items()
    }
    controls = {name: _control(name, row, sources, standards) for name, row in tables["controls"].items()}
    return controls, standards


def _control(
    name: str, row: Mapping[str, Any], sources: Mapping[str, Source], standards: Mapping[str, Standard]
) -> Control:
    return Control(
        id=name,
        title=row["title"],
        why=row["why"],
        limit=row.get("limit", ""),
        only_with=row.get("only_with", ""),
        severity=row["severity"],
        source=sources[row["source"]],
        modules=tuple(row["modules"]),
        exemptible=row.get("exemptible", False),
        mappings={key: tuple(row[key]) for key in standards if key in row},
    )


_CATALOGUE: Final = _read()
CONTROLS: Final = _CATALOGUE[0]
STANDARDS: Final = _CATALOGUE[1]
