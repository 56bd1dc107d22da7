"""Changes of one Workbench instance, as procedures ask for them.

A request that changes something is sent once: whether it arrived is told by looking, since sending an upgrade
again upgrades twice. Methods and bodies: the discovery document of notebooks v2.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from notebook_provisioner.adapters.google.rest import NoAnswer, Refusal, Rest
from notebook_provisioner.catalog.metadata_keys import PROTECTED
from notebook_provisioner.core.procedures import Busy, Declined, Gone, Operation, Unanswered

_BUSY: Final = frozenset({HTTPStatus.CONFLICT, HTTPStatus.TOO_MANY_REQUESTS})


class WorkbenchInstance:
    """One instance of the Notebooks API v2.

    Args:
        rest: Calls with credentials.
        project: Its project.
        zone: Its zone.
        name: Its name.
    """

    def __init__(self, rest: Rest, project: str, zone: str, name: str) -> None:
        self._rest = rest
        self._base = f"{rest.target.endpoint('notebooks')}/v2"
        self.path = f"projects/{project}/locations/{zone}/instances/{name}"

    def get(self) -> dict[str, Any]:
        """The instance as the API shows it.

        Raises:
            Gone: There is none.
            TargetUnreachable: The API does not answer as it should.
        """
        return self._get(self.path)

    def operation(self, name: str) -> Operation:
        """An operation on it, as in ``projects/…/operations/…``; one that is forgotten has ended.

        Raises:
            TargetUnreachable: The API does not answer as it should.
        """
        try:
            document = self._get(name)
        except Gone:
            return Operation(done=True)
        error = document.get("error")
        return Operation(bool(document.get("done")), error and str(error.get("message", error)))

    def start(self) -> str:
        """Start it; returns the operation's name, as all that follow.

        Raises:
            Busy: Not now.
            Unanswered: Perhaps.
            Declined: No.
            TargetUnreachable: No credentials.
        """
        return self.ask("start")

    def stop(self) -> str:
        """Stop it. Raises as ``start``."""
        return self.ask("stop")

    def ask(self, method: str, body: Mapping[str, Any] | None = None) -> str:
        """Call one of its own methods, as in ``upgrade``. Raises as ``start``."""
        return self._change("POST", f"{self.path}:{method}", {}, body or {})

    def change_metadata(self, seen: Mapping[str, str], changes: Mapping[str, str | None]) -> str:
        """Change some keys of its metadata. Raises as ``start``.

        Whether a patch merges or replaces is told in two ways; all keys are sent, and those that go with no
        value, which comes out the same either way. Keys that the service keeps for itself are not sent.

        Args:
            seen: The metadata as just read.
            changes: Keys to their new values; None takes a key away.
        """
        kept = {key: value for key, value in seen.items() if key not in PROTECTED}
        body = {"gceSetup": {"metadata": kept | {key: value or "" for key, value in changes.items()}}}
        return self._change("PATCH", self.path, {"updateMask": "gce_setup.metadata"}, body)

    def set_labels(self, labels: Mapping[str, str]) -> str:
        """Replace its labels. Raises as ``start``."""
        return self._change("PATCH", self.path, {"updateMask": "labels"}, {"labels": dict(labels)})

    def change(self, labels: Mapping[str, str], metadata: Mapping[str, str]) -> str:
        """Replace its labels, and change metadata, in one request. Raises as ``start``.

        Args:
            labels: All of its labels but Workbench's own.
            metadata: All of its metadata but what Workbench protects; an empty value takes a key away.
        """
        body = {"labels": dict(labels), "gceSetup": {"metadata": dict(metadata)}}
        return self._change("PATCH", self.path, {"updateMask": "labels,gce_setup.metadata"}, body)

    def _get(self, path: str) -> dict[str, Any]:
        found = self._rest.find(f"{self._base}/{path}")
        if found is None:
            raise Gone(path)
        return found

    def _change(self, method: str, path: str, parameters: Mapping[str, str], body: Mapping[str, Any]) -> str:
        try:
            return str(self._rest.send(method, f"{self._base}/{path}", parameters, body)["name"])
        except NoAnswer as error:
            raise Unanswered(str(error)) from error
        except Refusal as refusal:
            if refusal.status in _BUSY or refusal.throttled:
                raise Busy(refusal.message) from refusal
            raise Declined(refusal.message) from refusal
