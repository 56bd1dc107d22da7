"""One notebook as an upgrade sees it: the instance, and what is read besides only when it is asked for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from notebook_provisioner.catalog.labels import WORKBENCH
from notebook_provisioner.catalog.metadata_keys import PROTECTED
from notebook_provisioner.core.post_startup.console import Console
from notebook_provisioner.core.post_startup.facts import BEHAVIOR_KEY
from notebook_provisioner.core.post_startup.reports import Report
from notebook_provisioner.core.upgrade_history import HistoryEntry
from notebook_provisioner.core.upgrades.activity import Activity
from notebook_provisioner.core.upgrades.facts import IDLE_KEY

UPGRADE_LABEL: Final = "nbp-upgrade"  # on a notebook while it is being upgraded or rolled back


@dataclass(frozen=True, slots=True)
class Instance:
    """A notebook as the Notebooks API shows it.

    Attributes:
        zone: As in ``europe-west1-b``.
        name: Its name.
        state: As in ``ACTIVE``.
        health: As in ``HEALTHY``; the API's word for "nobody said" is ``HEALTH_STATE_UNSPECIFIED``.
        health_info: What its agent says: key to ``1``, ``-1`` or text.
        labels: Its labels.
        metadata: Its VM's metadata.
        history: Its upgrades and rollbacks, oldest first.
        container: Whether it runs a container image: an upgrade then renews the host's system.
        data_disks: How many data disks it has.
    """

    zone: str
    name: str
    state: str
    health: str
    health_info: Mapping[str, str]
    labels: Mapping[str, str]
    metadata: Mapping[str, str]
    history: tuple[HistoryEntry, ...]
    container: bool
    data_disks: int

    @property
    def idle_timeout(self) -> str | None:
        """Seconds of idleness until it is stopped, as its metadata have them; None for never."""
        return self.metadata.get(IDLE_KEY) or None

    @property
    def version(self) -> str:
        """The version that it runs, in Workbench's words; empty where its metadata do not say."""
        return self.metadata.get("version", "")

    @property
    def behavior(self) -> str | None:
        """When Workbench runs its post-startup script; None where its metadata do not say."""
        return self.metadata.get(BEHAVIOR_KEY) or None

    @property
    def own_metadata(self) -> Mapping[str, str]:
        """The metadata that may be sent back: a key that Workbench protects is refused."""
        return {key: value for key, value in self.metadata.items() if key not in PROTECTED}

    @property
    def own_labels(self) -> Mapping[str, str]:
        """The labels that are not Workbench's."""
        return {key: value for key, value in self.labels.items() if key not in WORKBENCH}


@dataclass(frozen=True, slots=True)
class Disk:
    """A disk of a notebook.

    Attributes:
        id: Its number: a disk made anew under the same name has another.
        image: The image that it was made from: a link; empty without one.
        snapshot: Name of the snapshot that it was made from; empty without one.
        attached: Whether the notebook's VM has it.
    """

    id: str
    image: str
    snapshot: str
    attached: bool


@dataclass(frozen=True, slots=True)
class Disks:
    """The two disks of a notebook; None for one that is not there."""

    boot: Disk | None
    data: Disk | None


class Observed(Protocol):
    """One look at a notebook. What its methods tell is read when it is first asked for, and not again."""

    @property
    def instance(self) -> Instance:
        """The instance."""

    def disks(self) -> Disks:
        """Its disks."""

    def report(self) -> Report | None:
        """What its post-startup script last reported; None where nothing can be read."""

    def activity(self) -> Activity | None:
        """What it says of its kernels and its data disk; None where nothing can be read."""

    def console(self) -> Console | None:
        """What its serial console shows; None where nothing can be read."""

    def snapshot(self, name: str) -> str | None:
        """A snapshot's status, as in ``READY``; None where there is none."""

    def sent_since(self, method: str, moment: datetime) -> str | None:
        """Whether a request arrived whose answer was lost.

        Returns:
            Why the operation failed that *method* began on this notebook at *moment* or after; empty where it
            did not fail; None where there is no such operation.
        """
