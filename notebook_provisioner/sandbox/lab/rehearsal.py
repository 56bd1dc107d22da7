"""A notebook's rendered script, rehearsed in the lab and judged by its own report."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from notebook_provisioner.core.fleet import ResolvedNotebook
from notebook_provisioner.core.post_startup import STATUS_ATTRIBUTE
from notebook_provisioner.sandbox.lab.facts import BootReport, Identity
from notebook_provisioner.sandbox.lab.machine import TIME_LIMIT_SECONDS, Machine

COMPLETE: Final = "COMPLETE"
NO_REPORT: Final = "NONE"

_URL: Final = "gs://nbp-lab-scripts/post-startup.sh"


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a script in the lab.

    Attributes:
        boot: Which boot, from 1.
        state: What the script reported last: STARTED, RUNNING, COMPLETE, ERROR; NONE where nothing.
        step: The step that it reported last.
        line: The script's line that failed; 0 where none did.
        exit_status: How it ended; None where it did not, or never began.
        steps: Step to ``done``, ``skipped`` or ``error``, in the order in which they ran.
        timed_out: Whether the machine was cut off.
        seconds: How long the boot took.
        serial: What the serial console showed.
        output: What the script printed.
    """

    boot: int
    state: str
    step: str
    line: int
    exit_status: int | None
    steps: Mapping[str, str]
    timed_out: bool
    seconds: float
    serial: str = field(repr=False)
    output: str = field(repr=False)

    @property
    def is_complete(self) -> bool:
        """Whether the script reported success, ended well, and in time."""
        return self.state == COMPLETE and self.exit_status == 0 and not self.timed_out

    @property
    def words(self) -> str:
        """How it ended, in a few words."""
        if self.timed_out:
            return f"{self.state}, cut off after {self.seconds:.0f} s in step {self.step or 'none'}"
        where = f" in step {self.step} at line {self.line}" if self.line else ""
        ended = "was not run" if self.exit_status is None else f"exit status {self.exit_status}"
        return f"{self.state}{where}, {ended}"


def rehearse(
    notebook: ResolvedNotebook,
    script: str,
    *,
    project: str,
    boots: int = 1,
    time_limit_seconds: float = TIME_LIMIT_SECONDS,
) -> tuple[Run, ...]:
    """Boot a throw-away machine with the notebook's metadata, and run its script at every boot.

    Args:
        notebook: The notebook as it shall be.
        script: Its rendered script.
        project: The fleet's project, for the metadata server.
        boots: How often; from the second boot on the machine is as the last one left it.
        time_limit_seconds: When a boot is cut off.

    Returns:
        One run a boot.

    Raises:
        LabUnavailable: This host cannot run the lab; says why.
        ProvisionerError: The machine did not come up.
    """
    attributes = {
        **notebook.metadata,
        "enable-guest-attributes": "true",
        "post-startup-script": _URL,
        "post-startup-script-behavior": "download_and_run_every_start",
    }
    machine_of_notebook = Machine.create(
        Identity(notebook.name, zone=notebook.zone, project=project),
        jupyter_user=notebook.metadata.get("jupyter-user", "jupyter"),
        is_root_disabled=not notebook.is_exempt("notebook-disable-root"),
    )
    with machine_of_notebook as machine:
        return tuple(
            judge(
                machine.boot(
                    attributes, objects={_URL: script.encode()}, time_limit_seconds=time_limit_seconds
                )
            )
            for _ in range(boots)
        )


def judge(report: BootReport) -> Run:
    """Read a boot's report for what the script said about itself; an earlier boot's words do not count."""
    words = [value for key, value in report.guest_attribute_writes if key == STATUS_ATTRIBUTE]
    status = _status(words[-1]) if words else {}
    ran = report.of_stage("post-startup-script")
    steps = status.get("steps")
    return Run(
        boot=report.number,
        state=str(status.get("state", NO_REPORT)),
        step=str(status.get("step", "")),
        line=status["line"] if isinstance(status.get("line"), int) else 0,
        exit_status=ran[-1].exit_status if ran else None,
        steps={str(key): str(value) for key, value in steps.items()} if isinstance(steps, dict) else {},
        timed_out=report.timed_out,
        seconds=report.seconds,
        serial=report.serial,
        output="".join(one.output for one in ran),
    )


def _status(text: str) -> dict[str, Any]:
    """What the script wrote, if it is an object; a script of another make may write anything."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
