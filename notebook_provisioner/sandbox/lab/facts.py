"""What goes into the lab and what comes out: frozen facts, no processes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

STATUS_DONE: Final = "notebooks/handle_post_startup_script"  # set to DONE whatever the script's fate


class ImageKind(StrEnum):
    """How a machine's image starts scripts.

    WORKBENCH has c2d-startup with its flag in /root, and runs the post-startup script after it, as
    ``post-startup-script-behavior`` says. USER_MANAGED runs it as c2d's script 97, so once a flag.
    UPSTREAM is click-to-deploy's own: flag in /var/lock, unit disabled after the first run.
    """

    WORKBENCH = "workbench"
    USER_MANAGED = "user-managed"
    UPSTREAM = "upstream"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the machine is, as its metadata server tells.

    Attributes:
        name: The instance's name; its host name too.
        zone: As in ``europe-west1-b``.
        project: The project's id.
        project_number: The project's number.
        instance_id: The VM's numeric id.
        service_account: The VM's service account.
    """

    name: str
    zone: str = "europe-west1-b"
    project: str = "nbp-lab"
    project_number: int = 100000000001
    instance_id: int = 7000000000000000001
    service_account: str = "lab@nbp-lab.iam.gserviceaccount.com"


@dataclass(frozen=True, slots=True)
class Ran:
    """One program that a boot ran.

    Attributes:
        stage: ``c2d``, ``startup-script``, ``post-startup-script`` or ``command``.
        name: The program: a file of /opt/c2d/scripts, a script's URL, a command's words.
        exit_status: As a shell sees it; None where it was started and the boot ended before it.
        output: What it wrote to standard output and standard error.
    """

    stage: str
    name: str
    exit_status: int | None
    output: str


@dataclass(frozen=True, slots=True)
class BootReport:
    """What one boot did. What ran and how it ended is the word of the machine, whose root could lie.

    Attributes:
        number: Which boot of this machine, from 1.
        ran: Programs in the order in which they ended.
        guest_attributes: ``namespace/key`` to value, when the boot had ended.
        guest_attribute_writes: Every ``(namespace/key, value)`` of this boot, in order.
        serial: What the serial console showed.
        seconds: How long it took.
        timed_out: Whether it was cut off at its time limit.
    """

    number: int
    ran: tuple[Ran, ...]
    guest_attributes: Mapping[str, str] = field(repr=False)
    guest_attribute_writes: tuple[tuple[str, str], ...] = field(repr=False)
    serial: str = field(repr=False)
    seconds: float
    timed_out: bool

    def of_stage(self, stage: str) -> tuple[Ran, ...]:
        """The programs of one stage."""
        return tuple(ran for ran in self.ran if ran.stage == stage)
