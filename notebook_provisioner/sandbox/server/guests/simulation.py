"""A simulated boot: what the guest would have said, in the words of the real boot and the real script.

Pure functions. No program runs; a test holds the words against those of the lab, where programs do.
"""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from notebook_provisioner.core.script_contract import STATUS_ATTRIBUTE
from notebook_provisioner.sandbox.server.guests.scripts import Script, Step
from notebook_provisioner.sandbox.server.store import Document

DONE: Final = ("notebooks/handle_post_startup_script", "DONE")
C2D_COMPLETED: Final = ("notebooks/system_status", "GOOGLE_C2D_COMPLETED")
LOCK: Final = "/root/google_vm_config.lock"


class Outcome(StrEnum):
    """What becomes of a simulated script."""

    COMPLETE = "complete"
    NEVER_RUNS = "never-runs"  # the guest never comes to it; no DONE either
    UNREADABLE = "unreadable"  # the object cannot be read, as without permission
    ERROR = "error"  # a step fails
    HANGS = "hangs"  # a step never ends


@dataclass(frozen=True, slots=True)
class Fate:
    """What shall become of a simulated script.

    Attributes:
        outcome: How it ends.
        step: The step that fails or hangs; the last that the image has where empty.
        line: The line of a failure; the first of that step's where 0.
        exit_status: Of a failure.
    """

    outcome: Outcome = Outcome.COMPLETE
    step: str = ""
    line: int = 0
    exit_status: int = 1

    @classmethod
    def from_document(cls, document: Document) -> "Fate":
        """As the control API has it; complete where it says nothing."""
        return cls(**(document | {"outcome": Outcome(document.get("outcome", Outcome.COMPLETE))}))


@dataclass(frozen=True, slots=True)
class Saying:
    """What a guest says at one moment. ``{now}`` in it is to become the time.

    Attributes:
        serial: Lines on the serial console.
        attributes: Guest attributes that it sets, ``namespace/key`` and value.
    """

    serial: tuple[str, ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()

    def at(self, now: str) -> "Saying":
        """The same, said at *now* (UTC, whole seconds)."""
        return Saying(
            tuple(line.replace("{now}", now) for line in self.serial),
            tuple((key, value.replace("{now}", now)) for key, value in self.attributes),
        )


def post_startup(script: Script, *, image: str, fate: Fate) -> Iterator[Saying]:
    """What is said while a script runs, and by who runs it.

    Args:
        script: The script.
        image: The kind of image of the boot disk.
        fate: How it ends.

    Yields:
        One saying for each moment at which something is said.
    """
    status = 0
    if script.version:
        for saying, status in _run(script, image, fate):  # noqa: B007  # the last one's is used
            yield saying
    elif fate.outcome is Outcome.ERROR:
        status = fate.exit_status
    if fate.outcome is not Outcome.HANGS:
        yield Saying((f"post-startup-script exit status {status}",), (DONE,))


def report(  # noqa: PLR0917  # the fields of one line of the template report.sh.j2
    run: str,
    state: str,
    step: str,
    line: int,
    exit_status: int,
    script: Script,
    image: str,
    steps: str,
    at: str,
) -> str:
    """The value of the guest attribute, byte for byte as the script's ``report`` prints it."""
    return (
        f'{{"run":"{run}","state":"{state}","step":"{step}","line":{line},"exit":{exit_status},'
        f'"version":"{script.version}","fleet_sha256":"{script.fleet_sha256}",'
        f'"script_sha256":"{script.sha256}","image":"{image}","steps":{{ {steps}}},"at":"{at}"}}'
    )


def _run(script: Script, image: str, fate: Fate) -> Iterator[tuple[Saying, int]]:
    """The sayings of a script of ours, each with the exit status so far."""
    run = str(uuid.uuid4())
    results: list[str] = []
    found = image if script.image == "unknown" else script.image

    def said(state: str, step: str, line: int = 0, status: int = 0, image: str = found) -> Saying:
        body = report(run, state, step, line, status, script, image, ",".join(results), "{now}")
        serial = () if state == "RUNNING" else (f"notebook-provisioner: {body}",)
        return Saying(serial, ((STATUS_ATTRIBUTE, body),))

    if script.changed_at:
        results.append('"start":"error"')
        yield said("ERROR", "start", script.changed_at, 1, ""), 1
        return
    yield said("STARTED", "start"), 0
    applicable = [step for step in script.steps if found in step.images]
    fatal = _fatal(applicable, fate)
    for step in script.steps:
        if step is fatal and fate.outcome is Outcome.HANGS:
            yield Saying((f"notebook-provisioner: step {step.id}",)), 0
            return
        if step is fatal:
            results.append(f'"{step.id}":"error"')
            line, status = fate.line or step.line, fate.exit_status
            yield said("ERROR", step.id, line, status), status
            return
        skipped = step not in applicable
        results.append(f'"{step.id}":"{"skipped" if skipped else "done"}"')
        words = f"step {step.id} skipped: it is for {' '.join(step.images)}, not for {found}"
        line_said = words if skipped else f"step {step.id}"
        saying = said("RUNNING", step.id)
        yield Saying((f"notebook-provisioner: {line_said}",), saying.attributes), 0
    yield said("COMPLETE", "end"), 0


def _fatal(steps: list[Step], fate: Fate) -> Step | None:
    if fate.outcome not in {Outcome.ERROR, Outcome.HANGS} or not steps:
        return None
    return next((step for step in steps if step.id == fate.step), steps[-1])
