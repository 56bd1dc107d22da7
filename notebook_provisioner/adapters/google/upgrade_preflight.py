"""What is read before an upgrade: Workbench's answer about it, backups, quota, permissions."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final

from notebook_provisioner.adapters.google.rest import NoAnswer, Refusal, Rest
from notebook_provisioner.adapters.google.upgrades import check_upgradability
from notebook_provisioner.catalog.images import PROJECT
from notebook_provisioner.core.errors import TargetUnreachable
from notebook_provisioner.core.upgrades.facts import Upgradability
from notebook_provisioner.core.upgrades.families import Family
from notebook_provisioner.core.upgrades.preflight import Quota, Surroundings

_WORKERS: Final = 16
_NOTEBOOKS: Final = "notebooks."

Place = tuple[str, str]  # zone, name


class UpgradePreflight:
    """Reads one project. Safe to share between threads.

    Args:
        rest: Calls with credentials.
        project: The project's id.
    """

    def __init__(self, rest: Rest, project: str) -> None:
        self._rest = rest
        self._project = project
        self._compute = f"{rest.target.endpoint('compute')}/compute/v1/projects/{project}"
        self._workbench = f"{rest.target.endpoint('notebooks')}/v2/projects/{project}/locations"
        self._manager = f"{rest.target.endpoint('cloudresourcemanager')}/v1/projects/{project}"

    def upgradability(self, zone: str, name: str) -> Upgradability:
        """What Workbench says about upgrading a notebook; that it did not answer is an answer, too."""
        return check_upgradability(self._rest, self._instance(zone, name))

    def family(self, name: str) -> Family:
        """What Compute Engine says of one of Google's image families."""
        url = f"{self._rest.target.endpoint('compute')}/compute/v1/projects/{PROJECT}/global/images/family"
        try:
            return Family(name, str(self._rest.call("GET", f"{url}/{name}", {"fields": "name"})["name"]))
        except Refusal as refusal:
            missing = refusal.status == HTTPStatus.NOT_FOUND
            return Family(name, "" if missing else None, "" if missing else refusal.message)
        except NoAnswer as error:
            return Family(name, None, str(error))

    def surroundings(self, permissions: Sequence[str], notebooks: Iterable[Place]) -> Surroundings:
        """What holds for all notebooks of the project.

        Args:
            permissions: Those that are needed.
            notebooks: Asked one by one about permissions that the project as a whole does not grant.
        """
        return Surroundings(
            missing=self._missing(frozenset(permissions), tuple(notebooks)),
            quota=self._quota(),
            backups=self._backups(),
        )

    def holds(self, zone: str, name: str, permission: str) -> bool:
        """Whether Google confirms a permission on a notebook; it refuses to be asked about unknown ones."""
        granted = self._granted(f"{self._instance(zone, name)}:testIamPermissions", frozenset({permission}))
        return permission in (granted or ())

    def _missing(self, wanted: frozenset[str], notebooks: Sequence[Place]) -> frozenset[str] | None:
        granted = self._granted(f"{self._manager}:testIamPermissions", wanted)
        if granted is None:
            return None
        lacking = wanted - granted
        own = frozenset(item for item in lacking if item.startswith(_NOTEBOOKS))
        if not own:
            return lacking

        def lacks(place: Place) -> frozenset[str]:
            return own - (self._granted(f"{self._instance(*place)}:testIamPermissions", own) or frozenset())

        with ThreadPoolExecutor(_WORKERS) as pool:
            everywhere = frozenset[str]().union(*pool.map(lacks, notebooks))
        return (lacking - own) | everywhere

    def _granted(self, url: str, wanted: frozenset[str]) -> frozenset[str] | None:
        try:
            answer = self._rest.call("POST", url, body={"permissions": sorted(wanted)})
        except (Refusal, NoAnswer):
            return None
        return frozenset(answer.get("permissions", ()))

    def _quota(self) -> Quota | None:
        try:
            project = self._rest.call("GET", self._compute, {"fields": "quotas"})
        except (Refusal, NoAnswer):
            return None
        found = (item for item in project.get("quotas", ()) if item.get("metric") == "SNAPSHOTS")
        return next((Quota(float(item["limit"]), float(item["usage"])) for item in found), None)

    def _backups(self) -> dict[Place, datetime] | None:
        """When the newest ready snapshot of each data disk was taken."""
        newest: dict[Place, datetime] = {}
        try:
            for item in self._snapshots():
                place = _place(item.get("sourceDisk", ""))
                if place and place not in newest and item.get("status") == "READY":
                    newest[place] = datetime.fromisoformat(item["creationTimestamp"])
        except TargetUnreachable:
            return None
        return newest

    def _snapshots(self) -> Iterator[Mapping[str, Any]]:
        """Snapshots of data disks, newest first."""
        parameters = {
            "filter": 'sourceDisk eq ".*-data-workspace"',
            "maxResults": "500",
            "orderBy": "creationTimestamp desc",
            "fields": "nextPageToken,items(sourceDisk,status,creationTimestamp)",
        }
        for page in self._rest.pages(f"{self._compute}/global/snapshots", parameters):
            yield from page.get("items", ())

    def _instance(self, zone: str, name: str) -> str:
        return f"{self._workbench}/{zone}/instances/{name}"


def _place(link: str) -> Place | None:
    """Zone and name of a disk's link."""
    parts = link.split("/")
    return (parts[-3], parts[-1]) if parts[-4:-3] == ["zones"] and parts[-2] == "disks" else None
