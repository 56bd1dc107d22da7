"""Hardening controls that a fleet file may switch off, one notebook at a time."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from notebook_provisioner.catalog import metadata_keys
from notebook_provisioner.catalog.provenance import Source


@dataclass(frozen=True, slots=True)
class Control:
    """One control.

    Attributes:
        id: As fleet files name it.
        title: What it does.
        source: Where its mechanism is documented.
    """

    id: str
    title: str
    source: Source


CONTROLS: Final[Mapping[str, Control]] = {
    row.id: row
    for row in (
        Control("notebook-disable-root", "no root for the user", metadata_keys.DOCUMENTED),
        Control("notebook-disable-downloads", "no downloads from JupyterLab", metadata_keys.DOCUMENTED),
        Control("notebook-disable-nbconvert", "no exports through nbconvert", metadata_keys.DOCUMENTED),
        Control("notebook-disable-terminal", "no terminal in JupyterLab", metadata_keys.DOCUMENTED),
        Control("idle-timeout-seconds", "an idle notebook is stopped", metadata_keys.DOCUMENTED),
        Control(
            "secure-boot",
            "only signed software boots",
            Source(
                "https://cloud.google.com/compute/shielded-vm/docs/shielded-vm", metadata_keys.DOCUMENTED.read
            ),
        ),
    )
}
