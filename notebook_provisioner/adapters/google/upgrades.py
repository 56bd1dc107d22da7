"""What upgrades depend on, over Google's REST APIs, in as few calls as there can be.

A list of the instances, a list of the machines, a list of the operations of each zone, and one call for each
notebook of the fleet: nothing but ``checkUpgradability`` knows whether there is something to upgrade to.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any, Final

from notebook_provisioner.adapters.google import upgrade_documents as documents
from notebook_provisioner.adapters.google.pace import Pace
from notebook_provisioner.adapters.google.rest import NoAnswer, Refusal, Rest
from notebook_provisioner.adapters.google.snapshot_documents import zone
from notebook_provisioner.core.errors import TargetUnreachable
from notebook_provisioner.core.notebooks import FLEET_LABEL, NotebookKey
from notebook_provisioner.core.upgrades.facts import (
    LegacyMachine,
    Sample,
    Sight,
    Upgradability,
)

_PAGE: Final = "500"
_OPERATION_PAGES: Final = 10  # of a zone: how long Google keeps operations, and in which order, is unverified

IsOurs = Callable[[str, str, str | None], bool]


class UpgradeFacts:
    """Reads a project.

    Args:
        rest: How calls are made.
        project: The project's id.
        per_second: Calls a second at most; adapts downwards.
        workers: Calls at a time.
    """

    def __init__(self, rest: Rest, project: str, *, per_second: float = 20.0, workers: int = 16) -> None:
        self._rest = rest
        self._project = project
        self._pace = Pace(per_second)
        self._workers = workers
        self._notebooks = f"{rest.target.endpoint('notebooks')}/v2"
        self._compute = f"{rest.target.endpoint('compute')}/compute/v1"

    def look(self, is_ours: IsOurs, *, durations: bool = False) -> Sight:
        """Look at the project.

        Args:
            is_ours: Tells the fleet's notebooks by zone, name, and the fleet that the label names.
            durations: Whether to ask how long upgrades took.

        Raises:
            TargetUnreachable: The instances or the machines cannot be listed.
        """
        items: list[dict[str, Any]] = []
        unreachable: set[str] = set()
        fields = f"nextPageToken,unreachable,instances({documents.NOTEBOOK_FIELDS})"
        url = f"{self._notebooks}/projects/{self._project}/locations/-/instances"
        for page in self._rest.pages(url, {"pageSize": _PAGE, "fields": fields}):
            items += page.get("instances", ())
            unreachable |= {zone(place) for place in page.get("unreachable", ())}
        ours = [item for item in items if is_ours(*_key(item), item.get("labels", {}).get(FLEET_LABEL))]
        with ThreadPoolExecutor(self._workers) as pool:
            urls = (f"{self._notebooks}/{item['name']}" for item in ours)
            checks = pool.map(lambda url: check_upgradability(self._rest, url, pace=self._pace), urls)
            zones = sorted({_key(item)[0] for item in ours}) if durations else []
            samples = pool.map(self._samples, zones)
            # Which machines are no notebooks is known only where no notebook may be missing.
            legacy = () if unreachable else self._legacy({_key(item) for item in items})
            return Sight(
                notebooks=tuple(
                    documents.notebook(item, check) for item, check in zip(ours, checks, strict=True)
                ),
                legacy=tuple(legacy),
                unreachable=frozenset(unreachable),
                samples=tuple(sample for found in samples for sample in found),
            )

    def _samples(self, place: str) -> Sequence[Sample]:
        """How long the upgrades of a zone took, oldest first; none where it may not be asked."""
        url = f"{self._notebooks}/projects/{self._project}/locations/{place}/operations"
        fields = f"nextPageToken,operations({documents.OPERATION_FIELDS})"
        operations: list[dict[str, Any]] = []
        try:
            for page in islice(
                self._rest.pages(url, {"pageSize": _PAGE, "fields": fields}), _OPERATION_PAGES
            ):
                operations += page.get("operations", ())
        except TargetUnreachable:
            return ()
        operations.sort(key=lambda item: str(item.get("metadata", {}).get("createTime")))
        return [found for found in map(documents.sample, operations) if found is not None]

    def _legacy(self, known: set[NotebookKey]) -> Iterator[LegacyMachine]:
        """Former user-managed notebooks, which are no Workbench instances."""
        url = f"{self._compute}/projects/{self._project}/aggregated/instances"
        fields = f"nextPageToken,items/*/instances({documents.MACHINE_FIELDS})"
        for page in self._rest.pages(url, {"maxResults": _PAGE, "fields": fields}):
            for scope in page.get("items", {}).values():
                for item in scope.get("instances", ()):
                    machine = documents.legacy_machine(item)
                    if machine and (machine.zone, machine.name) not in known:
                        yield machine


def check_upgradability(rest: Rest, url: str, *, pace: Pace | None = None) -> Upgradability:
    """Ask whether there is something to upgrade to. What the API refuses is shown in its own words.

    Args:
        rest: How calls are made.
        url: The instance.
        pace: Held to.
    """
    try:
        return documents.upgradability(rest.call("GET", f"{url}:checkUpgradability", pace=pace))
    except Refusal as refusal:
        said = " ".join(filter(None, (str(refusal.status), refusal.reason)))
        return Upgradability(upgradable=None, version="", image="", message=f"{said}: {refusal.message}")
    except NoAnswer as error:
        return Upgradability(upgradable=None, version="", image="", message=f"no answer: {error}")


def _key(item: Mapping[str, Any]) -> NotebookKey:
    return zone(item["name"]), item["name"].rsplit("/", 1)[-1]
