"""What is known of a notebook's script before anything is judged: the wanted one, and what ran."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from notebook_provisioner.core.post_startup.console import Console
from notebook_provisioner.core.post_startup.reports import Report
from notebook_provisioner.core.upgrades.activity import Activity

SCRIPT_KEY: Final = "post-startup-script"
BEHAVIOR_KEY: Final = "post-startup-script-behavior"
EVERY_START: Final = "download_and_run_every_start"  # a value of it


class Access(StrEnum):
    """What became of asking Cloud Storage for the script, as whoever runs nbp."""

    FOUND = "found"
    MISSING = "missing"
    DENIED = "denied"
    PERIMETER = "perimeter"


# Workbench sets them itself (catalog/metadata_keys.py has the sources).
_EUC_KEYS: Final = ("enable-euc", "euc-enabled")


def has_managed_euc(metadata: Mapping[str, str]) -> bool:
    """Whether code runs there with its owner's own rights: Google blocks SSH then, and locks the script."""
    return any(metadata.get(key, "").lower() == "true" for key in _EUC_KEYS)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The script that the fleet file asks for.

    Attributes:
        uri: ``gs://BUCKET/OBJECT``, as ``nbp apply`` writes it.
        sha256: Its digest.
        version: The version of nbp that renders it.
        fleet_sha256: Digest of what the fleet file says about the notebook.
    """

    uri: str
    sha256: str
    version: str
    fleet_sha256: str


@dataclass(frozen=True, slots=True)
class Instance:
    """A notebook as Google shows it.

    Attributes:
        state: As in ``ACTIVE``.
        metadata: Its metadata.
        service_account: Whom its VM runs as; empty where the API names none.
        created: When it was made; None where the API does not say. With time zone, as all moments here.
        started: When its VM last started; None where it never did.
        replaced: When an upgrade or a rollback last replaced its boot disk; None where none did.
        health_info: What its agent says of its health: key to ``1``, ``-1`` or text.
        container: Whether it runs a container image.
        vm: Whether its VM exists.
    """

    state: str
    metadata: Mapping[str, str]
    service_account: str
    created: datetime | None
    started: datetime | None
    replaced: datetime | None
    health_info: Mapping[str, str] = field(default_factory=dict)
    container: bool = False
    vm: bool = True

    @property
    def has_managed_euc(self) -> bool:
        """As `has_managed_euc`."""
        return has_managed_euc(self.metadata)


@dataclass(frozen=True, slots=True)
class Guest:
    """What the notebook says of itself.

    Attributes:
        report: Our script's last report; None without one.
        done: Whether the image says DONE, which it says whatever became of the script.
        activity: What it says of its kernels; None where it says nothing.
        refused: Why guest attributes could not be read; empty where they could.
        simulated: Whether the sandbox wrote all that, and no program ran.
    """

    report: Report | None = None
    done: bool = False
    activity: Activity | None = None
    refused: str = ""
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class ScriptObject:
    """The object that the notebook is pointed at.

    Attributes:
        access: What became of asking for it.
        message: Cloud Storage's words where it was refused.
        reader: Whether the bucket's policy lets the notebook's account read it; None where the policy is not
            for us to see. What the project's own policy grants is not looked at.
    """

    access: Access
    message: str = ""
    reader: bool | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that is known about one notebook of the fleet file.

    Attributes:
        name: Its name.
        zone: Its zone.
        wanted: The script that it shall have run.
        instance: The notebook; None where there is none.
        guest: What it says of itself.
        console: Its serial console; None where it was not looked at or cannot be read.
        script: The object that it is pointed at; None where it was not looked at.
        now: When all this was read.
    """

    name: str
    zone: str
    wanted: Wanted
    instance: Instance | None
    guest: Guest
    now: datetime
    console: Console | None = None
    script: ScriptObject | None = None
