"""Log lines that raise an alert, as the module observability looks for them.

``alerts.json`` is the module's own, with a source for each row; a test compares the two.
"""

import json
from dataclasses import dataclass
from importlib import resources
from typing import Final


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert.

    Attributes:
        name: As in ``public-ip``.
        filter: Cloud Logging's filter; PROJECT, JOB and UPGRADER stand for the fleet's own.
        job: The job that it is about, and there with; None where there is none.
    """

    name: str
    filter: str
    job: str | None


def _read() -> tuple[Alert, ...]:
    text = resources.files(__package__).joinpath("alerts.json").read_text(encoding="utf-8")
    return tuple(Alert(row["name"], row["filter"], row.get("job")) for row in json.loads(text))


ALERTS: Final = _read()
