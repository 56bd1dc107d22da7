"""One notebook while its script runs again: what is seen of it, and what Google is asked for."""

import functools
from collections.abc import Mapping

from notebook_provisioner.adapters.google.post_startup import PostStartupFacts
from notebook_provisioner.adapters.google.rest import Rest
from notebook_provisioner.adapters.google.workbench_changes import WorkbenchInstance
from notebook_provisioner.adapters.ssh import Gcloud, IapShell
from notebook_provisioner.core.errors import TargetUnreachable
from notebook_provisioner.core.post_startup.reports import Report
from notebook_provisioner.core.procedures import Operation
from notebook_provisioner.core.rerun.observed import Flags, Seen


class RerunWorld:
    """Implements ``core.procedures.World`` and ``core.rerun.observed.Requests``.

    Args:
        rest: Calls with credentials.
        project: The notebook's project.
        zone: Its zone.
        name: Its name.
        gcloud: What makes the way to its machine, where that is taken.
    """

    def __init__(self, rest: Rest, project: str, zone: str, name: str, gcloud: Gcloud) -> None:
        self._zone, self._name = zone, name
        self._instance = WorkbenchInstance(rest, project, zone, name)
        self._facts = PostStartupFacts(rest, project)
        self._shell = IapShell(project, zone, name, gcloud)

    def observe(self) -> Seen:
        """Look at it.

        Raises:
            Gone: It was deleted.
            TargetUnreachable: The API does not answer as it should.
        """
        document = self._instance.get()
        return Seen(
            state=document.get("state", "STATE_UNSPECIFIED"),
            metadata=document.get("gceSetup", {}).get("metadata", {}),
            report=functools.cache(self._report),
            flags=functools.cache(self._flags),
        )

    def operation(self, name: str) -> Operation:
        """An operation on it."""
        return self._instance.operation(name)

    def start(self) -> str:
        """Start it."""
        return self._instance.start()

    def stop(self) -> str:
        """Stop it."""
        return self._instance.stop()

    def change_metadata(self, seen: Mapping[str, str], changes: Mapping[str, str | None]) -> str:
        """Change some keys of its metadata."""
        return self._instance.change_metadata(seen, changes)

    def set_flag(self, *, present: bool) -> None:
        """Lay c2d-startup's flag, or take every one away."""
        self._shell.set_flag(present=present)

    def _flags(self) -> Flags:
        try:
            return Flags(frozenset(self._shell.probe().flags))
        except TargetUnreachable as error:
            return Flags(None, error.message)

    def _report(self) -> Report | None:
        guest = self._facts.guest(self._zone, self._name)
        if guest.refused:
            raise TargetUnreachable(
                f"the guest attributes of {self._name} cannot be read: {guest.refused}",
                hint="roles/notebooks.viewer may read them; enable-guest-attributes must be TRUE",
            )
        return guest.report
