"""What Google knows of post-startup scripts: instances, guest attributes, serial ports, objects."""

import functools
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

from notebook_provisioner.adapters.google.rest import NoAnswer, Refusal, Rest
from notebook_provisioner.adapters.google.upgrade_history import history, moment
from notebook_provisioner.core.post_startup.console import Console, read_console
from notebook_provisioner.core.post_startup.facts import (
    SCRIPT_KEY,
    Access,
    Facts,
    Guest,
    Instance,
    ScriptObject,
    Wanted,
)
from notebook_provisioner.core.post_startup.reports import read_report
from notebook_provisioner.core.post_startup.status import is_current
from notebook_provisioner.core.upgrades.activity import read_activity

NAMESPACE: Final = "notebook-provisioner"
INSTANCE_FIELDS: Final = (
    "name,state,createTime,healthInfo,upgradeHistory,"
    "gceSetup(metadata,serviceAccounts/email,containerImage/repository)"
)
_WORKERS: Final = 32  # calls at a time
# Predefined roles that can read objects (unverified: from memory). The account's other roles decide nothing.
_READERS: Final = frozenset(
    {
        "roles/storage.admin",
        "roles/storage.legacyObjectOwner",
        "roles/storage.legacyObjectReader",
        "roles/storage.objectAdmin",
        "roles/storage.objectUser",
        "roles/storage.objectViewer",
    }
)

Place = tuple[str, str]  # zone, name


class PostStartupFacts:
    """Reads one project's notebooks. Safe to share between threads.

    Args:
        rest: How calls are made.
        project: The project's id.
    """

    def __init__(self, rest: Rest, project: str) -> None:
        self._rest = rest
        self._compute = f"{rest.target.endpoint('compute')}/compute/v1/projects/{project}"
        self._workbench = f"{rest.target.endpoint('notebooks')}/v2/projects/{project}/locations"
        self._storage = f"{rest.target.endpoint('storage')}/storage/v1"
        self._policy = functools.cache(self._read_policy)

    def read(
        self, wanted: Mapping[Place, Wanted], now: datetime, *, thorough: bool = False
    ) -> tuple[Facts, ...]:
        """Everything about these notebooks, in their order.

        Two lists and a call for each notebook; three more for one that is not as it should be, or for all.

        Args:
            wanted: The scripts that they shall have run.
            now: The present.
            thorough: Whether to look at all of them as at one that is not as it should be.

        Raises:
            TargetUnreachable: The Notebooks API or Compute Engine does not answer.
        """
        instances = self.instances()
        with ThreadPoolExecutor(_WORKERS) as pool:
            return tuple(
                pool.map(
                    lambda item: self._facts(
                        item[0], item[1], instances.get(item[0]), now, thorough=thorough
                    ),
                    wanted.items(),
                )
            )

    def instances(self) -> dict[Place, Instance]:
        """Every notebook of the project.

        Raises:
            TargetUnreachable: The Notebooks API or Compute Engine does not answer.
        """
        fields = f"nextPageToken,instances({INSTANCE_FIELDS})"
        url = f"{self._workbench}/-/instances"
        found = [
            item
            for page in self._rest.pages(url, {"pageSize": "500", "fields": fields})
            for item in page.get("instances", ())
        ]
        starts = self._starts() if found else {}
        return {
            (place := _place(item["name"])): instance(item, started=starts.get(place), vm=place in starts)
            for item in found
        }

    def guest(self, zone: str, name: str) -> Guest:
        """What the notebook says of itself."""
        try:
            answer = self._rest.call(
                "GET", f"{self._compute}/zones/{zone}/instances/{name}/getGuestAttributes"
            )
        except Refusal as refusal:
            # Compute Engine answers so while there are none.
            missing = refusal.status == HTTPStatus.NOT_FOUND
            return Guest(refused="" if missing else refusal.message[:200])
        except NoAnswer as error:
            return Guest(refused=str(error)[:200])
        items = answer.get("queryValue", {}).get("items", ())
        values = {(item["namespace"], item["key"]): str(item.get("value", "")) for item in items}
        return Guest(
            report=read_report(values.get((NAMESPACE, "status"), "")),
            done=values.get(("notebooks", "handle_post_startup_script")) == "DONE",
            activity=read_activity(values.get((NAMESPACE, "activity"), "")),
            simulated=values.get(("nbp-sandbox", "boot")) == "simulated",
        )

    def console(self, zone: str, name: str) -> Console | None:
        """The serial console; None where it cannot be read."""
        url = f"{self._compute}/zones/{zone}/instances/{name}/serialPort"
        try:
            return read_console(str(self._rest.call("GET", url, {"port": "1"}).get("contents", "")))
        except (Refusal, NoAnswer):
            return None

    def script(self, uri: str, service_account: str) -> ScriptObject | None:
        """The object at *uri*; None for what is no ``gs://`` URI."""
        bucket, _, name = uri.removeprefix("gs://").partition("/")
        if not uri.startswith("gs://") or not bucket or not name:
            return None
        try:
            self._rest.call(
                "GET", f"{self._storage}/b/{bucket}/o/{quote(name, safe='')}", {"fields": "name,generation"}
            )
        except Refusal as refusal:
            if refusal.status == HTTPStatus.NOT_FOUND:
                return ScriptObject(Access.MISSING, refusal.message[:200])
            perimeter = "vpcServiceControls" in refusal.message or "organization's policy" in refusal.message
            return ScriptObject(Access.PERIMETER if perimeter else Access.DENIED, refusal.message[:200])
        except NoAnswer as error:
            return ScriptObject(Access.DENIED, str(error)[:200])
        return ScriptObject(Access.FOUND, reader=self._may_read(bucket, name, service_account))

    def _facts(
        self, place: Place, wanted: Wanted, found: Instance | None, now: datetime, *, thorough: bool
    ) -> Facts:
        zone, name = place
        guest = self.guest(zone, name) if found is not None and found.vm else Guest()
        if found is None or (not thorough and is_current(wanted, found, guest.report)):
            return Facts(name, zone, wanted, found, guest, now)
        uri = found.metadata.get(SCRIPT_KEY, "")
        return Facts(
            name,
            zone,
            wanted,
            found,
            guest,
            now,
            console=self.console(zone, name) if found.vm else None,
            script=self.script(uri, found.service_account),
        )

    def _may_read(self, bucket: str, name: str, account: str) -> bool | None:
        """Whether a binding of the bucket lets *account* read the object; None where that cannot be told."""
        if not account:
            return None
        policy = self._policy(bucket)
        if policy is None:
            return None
        resource = f"projects/_/buckets/{bucket}/objects/{name}"
        members = {f"serviceAccount:{account}", "allUsers", "allAuthenticatedUsers"}
        answers = [
            _holds(binding.get("condition", {}).get("expression", ""), resource)
            if binding.get("role") in _READERS
            else None
            for binding in policy.get("bindings", ())
            if members & set(binding.get("members", ()))
        ]
        return True if True in answers else None if None in answers else False

    def _read_policy(self, bucket: str) -> dict[str, Any] | None:
        """Who may do what in a bucket; None where that is not for us to see."""
        parameters = {"optionsRequestedPolicyVersion": "3"}
        try:
            return self._rest.call("GET", f"{self._storage}/b/{bucket}/iam", parameters)
        except (Refusal, NoAnswer):
            return None

    def _starts(self) -> dict[Place, datetime | None]:
        """When each VM last started."""
        fields = "nextPageToken,items/*/instances(name,zone,lastStartTimestamp)"
        found: dict[Place, datetime | None] = {}
        for page in self._rest.pages(f"{self._compute}/aggregated/instances", {"fields": fields}):
            for scope in page.get("items", {}).values():
                for machine in scope.get("instances", ()):
                    zone = machine["zone"].rsplit("/", 1)[-1]
                    found[zone, machine["name"]] = moment(machine.get("lastStartTimestamp"))
        return found


def instance(item: Mapping[str, Any], *, started: datetime | None, vm: bool) -> Instance:
    """A notebook from the Notebooks API's document, and what Compute Engine says of its VM."""
    setup = item.get("gceSetup", {})
    accounts: Sequence[Mapping[str, str]] = setup.get("serviceAccounts", ())
    replaced = [entry.created for entry in history(item) if entry.state == "SUCCEEDED" and entry.created]
    return Instance(
        state=item.get("state", "STATE_UNSPECIFIED"),
        metadata=setup.get("metadata", {}),
        service_account=next((account["email"] for account in accounts if account.get("email")), ""),
        created=moment(item.get("createTime")),
        started=started,
        replaced=max(replaced, default=None),
        health_info=item.get("healthInfo", {}),
        container="containerImage" in setup,
        vm=vm,
    )


def _holds(expression: str, resource: str) -> bool | None:
    """Whether an IAM condition lets *resource* through; None for one that is not understood."""
    if not expression:
        return True
    head, tail = 'resource.name.startsWith("', '")'
    if expression.startswith(head) and expression.endswith(tail) and expression.count('"') == 2:  # noqa: PLR2004  # one text
        return resource.startswith(expression.removeprefix(head).removesuffix(tail))
    return None


def _place(name: str) -> Place:
    _, _, _, zone, _, short = name.split("/")
    return zone, short
