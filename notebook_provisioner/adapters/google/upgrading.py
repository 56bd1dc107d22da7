"""One notebook while it is upgraded or rolled back: what is seen of it, and what Google is asked for.

Shapes and methods: the discovery documents of notebooks v2 and compute v1.
"""

import functools
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, Final

from notebook_provisioner.adapters.google.rest import NoAnswer, Refusal, Rest
from notebook_provisioner.adapters.google.upgrade_history import history
from notebook_provisioner.adapters.google.workbench_changes import WorkbenchInstance
from notebook_provisioner.catalog.images import PROJECT as IMAGE_PROJECT
from notebook_provisioner.core.post_startup.console import Console, read_console
from notebook_provisioner.core.post_startup.reports import Report, read_report
from notebook_provisioner.core.procedures import Busy, Declined, Operation, Unanswered
from notebook_provisioner.core.upgrades.activity import Activity, read_activity
from notebook_provisioner.core.upgrades.observed import Disk, Disks, Instance

_DISK_FIELDS: Final = "items(name,id,sourceImage,sourceSnapshot,users)"
_NAMESPACE: Final = "notebook-provisioner"  # of guest attributes
# Our clock and Google's may differ by so much; an operation that began just before counts as ours, because
# the mistake of sending an upgrade twice is the worse one.
_CLOCKS_DIFFER: Final = timedelta(minutes=2)


class UpgradeWorld:
    """Implements ``core.procedures.World`` and ``core.upgrades.procedure.Requests``.

    Args:
        rest: Calls with credentials.
        project: The notebook's project.
        zone: Its zone.
        name: Its name.
        labels: What the snapshots that are taken of it are labelled with.
    """

    def __init__(self, rest: Rest, project: str, zone: str, name: str, labels: Mapping[str, str]) -> None:
        self._rest = rest
        self._project, self._zone, self._name = project, zone, name
        self._labels = dict(labels)
        self._instance = WorkbenchInstance(rest, project, zone, name)
        self._compute = f"{rest.target.endpoint('compute')}/compute/v1/projects/{project}"
        self._workbench = f"{rest.target.endpoint('notebooks')}/v2/projects/{project}/locations/{zone}"

    def observe(self) -> "Look":
        """Look at it.

        Raises:
            Gone: It was deleted.
            TargetUnreachable: The API does not answer as it should.
        """
        return Look(self, self._instance.get())

    def operation(self, name: str) -> Operation:
        """An operation of the Notebooks API, or of Compute Engine (``projects/P/zones/…``)."""
        if "/zones/" not in name:
            return self._instance.operation(name)
        document = self._rest.find(f"{self._compute.removesuffix(f'/projects/{self._project}')}/{name}")
        if document is None:
            return Operation(done=True)
        errors = document.get("error", {}).get("errors", ())
        return Operation(document.get("status") == "DONE", "; ".join(e["message"] for e in errors) or None)

    def start(self) -> str:
        """Start it; returns the operation's name and raises, as all that follow, as a step's ``ask`` does."""
        return self._instance.start()

    def stop(self) -> str:
        """Stop it."""
        return self._instance.stop()

    def upgrade(self, family: str | None) -> str:
        """Upgrade it to the newest image of its family, or of *family*."""
        link = f"projects/{IMAGE_PROJECT}/global/images/family/{family}"
        return self._instance.ask("upgrade", {"imageFamily": link} if family else {})

    def roll_back(self, snapshot: str) -> str:
        """Make its boot disk anew from *snapshot*.

        The documents call ``revisionId`` required and output only at once; gcloud does not send it.
        """
        target = f"projects/{self._project}/global/snapshots/{snapshot}"
        try:
            return self._instance.ask("rollback", {"targetSnapshot": target})
        except Declined as error:
            if "permission" not in str(error).lower():
                raise
            raise Declined(
                f"{error}: roles/notebooks.admin and roles/notebooks.editor may roll back; "
                "notebooks.instances.rollback itself stands in no list of permissions"
            ) from error

    def change(self, labels: Mapping[str, str], metadata: Mapping[str, str]) -> str:
        """Set its own labels and metadata at once; an empty value takes a key of the metadata away."""
        return self._instance.change(labels, metadata)

    def snapshot_data_disk(self, name: str) -> str:
        """Take a snapshot of its data disk."""
        url = f"{self._compute}/zones/{self._zone}/disks/{self._name}-data-workspace/createSnapshot"
        body = {"name": name, "labels": self._labels, "description": "Taken by nbp before an upgrade."}
        try:
            operation = self._rest.send("POST", url, {"requestId": str(uuid.uuid4())}, body)
        except NoAnswer as error:
            raise Unanswered(str(error)) from error
        except Refusal as refusal:
            if refusal.throttled or refusal.status == HTTPStatus.CONFLICT:
                raise Busy(refusal.message) from refusal
            raise Declined(refusal.message) from refusal
        return f"projects/{self._project}/zones/{self._zone}/operations/{operation['name']}"

    def disks(self) -> Disks:
        """Its disks, in one call."""
        names = {"boot": f"{self._name}-boot", "data": f"{self._name}-data-workspace"}
        parameters = {"filter": f'name eq "{"|".join(names.values())}"', "fields": _DISK_FIELDS}
        found = self._rest.read(f"{self._compute}/zones/{self._zone}/disks", parameters).get("items", ())
        by_name = {item["name"]: _disk(item, self._name) for item in found}
        return Disks(**{kind: by_name.get(name) for kind, name in names.items()})

    def guest(self) -> Mapping[str, str]:
        """What it says of itself: guest attributes of ours, by key; none where they cannot be read."""
        url = f"{self._compute}/zones/{self._zone}/instances/{self._name}/getGuestAttributes"
        try:
            answer = self._rest.call("GET", url, {"queryPath": f"{_NAMESPACE}/"})
        except (Refusal, NoAnswer):  # there are none yet, or they are not for us to see
            return {}
        items = answer.get("queryValue", {}).get("items", ())
        return {str(item.get("key")): str(item.get("value")) for item in items}

    def console(self) -> Console | None:
        """Its serial console; None where it cannot be read."""
        url = f"{self._compute}/zones/{self._zone}/instances/{self._name}/serialPort"
        try:
            return read_console(str(self._rest.call("GET", url, {"port": "1"}).get("contents", "")))
        except (Refusal, NoAnswer):
            return None

    def snapshot(self, name: str) -> str | None:
        """A snapshot's status; None where there is none."""
        found = self._rest.find(f"{self._compute}/global/snapshots/{name}")
        return None if found is None else str(found.get("status", ""))

    def sent_since(self, method: str, moment: datetime) -> str | None:
        """As ``Observed.sent_since``, from the zone's list of operations."""
        for page in self._rest.pages(f"{self._workbench}/operations", {"pageSize": "500"}):
            for item in page.get("operations", ()):
                about = item.get("metadata", {})
                if (about.get("target"), about.get("verb")) != (self._instance.path, method):
                    continue
                if datetime.fromisoformat(about["createTime"]) >= moment - _CLOCKS_DIFFER:
                    return str(item.get("error", {}).get("message", ""))
        return None


class Look:
    """Implements ``core.upgrades.observed.Observed``; everything but the instance is read when asked for."""

    def __init__(self, world: UpgradeWorld, document: Mapping[str, Any]) -> None:
        self.instance = instance(document)
        self.disks = functools.cache(world.disks)
        self.guest = functools.cache(world.guest)
        self.console = functools.cache(world.console)
        self.snapshot = functools.cache(world.snapshot)
        self.sent_since = functools.cache(world.sent_since)

    def report(self) -> Report | None:
        """As ``Observed.report``."""
        return read_report(self.guest().get("status", ""))

    def activity(self) -> Activity | None:
        """As ``Observed.activity``."""
        return read_activity(self.guest().get("activity", ""))


def instance(document: Mapping[str, Any]) -> Instance:
    """A notebook from the Notebooks API's document."""
    _, _, _, zone, _, name = document["name"].split("/")
    setup = document.get("gceSetup", {})
    return Instance(
        zone=zone,
        name=name,
        state=document.get("state", "STATE_UNSPECIFIED"),
        health=document.get("healthState", "HEALTH_STATE_UNSPECIFIED"),
        health_info=document.get("healthInfo", {}),
        labels=document.get("labels", {}),
        metadata=setup.get("metadata", {}),
        history=history(document),
        container="containerImage" in setup,
        data_disks=len(setup.get("dataDisks", ())),
    )


def _disk(item: Mapping[str, Any], machine: str) -> Disk:
    return Disk(
        id=str(item["id"]),
        image=item.get("sourceImage", ""),
        snapshot=item.get("sourceSnapshot", "").rsplit("/", 1)[-1],
        attached=any(user.endswith(f"/instances/{machine}") for user in item.get("users", ())),
    )
