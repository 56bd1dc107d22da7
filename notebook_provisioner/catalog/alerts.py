"""Log lines that raise an alert, as the module observability looks for them.

``alerts.json`` is the module's own, with a source for each row; a test compares the two.
"""

from dataclasses import dataclass
from typing import Final

from notebook_provisioner.catalog.reading import read


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
    return tuple(Alert(row["name"], row["filter"], row.get("job")) for row in read("alerts.json"))


ALERTS: Final = _read()
