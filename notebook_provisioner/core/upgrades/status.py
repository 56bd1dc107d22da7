"""How each notebook stands: its image, what there is to upgrade to, and its own schedule."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from notebook_provisioner.core.counting import counted
from notebook_provisioner.core.findings import Finding, Severity
from notebook_provisioner.core.notebooks import NotebookKey
from notebook_provisioner.core.upgrades import eligibility, native_schedule, support
from notebook_provisioner.core.upgrades.facts import SCHEDULE_KEY, Notebook, Sight
from notebook_provisioner.core.upgrades.native_schedule import NativeSchedule, Verdict
from notebook_provisioner.core.upgrades.plan import Why
from notebook_provisioner.core.upgrades.policy import Policy

_SUPPORT_NOTICE: Final = timedelta(days=180)  # how long before the end of support one is told


@dataclass(frozen=True, slots=True)
class Standing:
    """One notebook and what matters of it for upgrades.

    Attributes:
        notebook: As it is.
        age: How old its image is, and how long its family is supported.
        schedule: Workbench's own upgrade schedule for it.
        findings: What somebody should do something about.
    """

    notebook: Notebook
    age: support.Age
    schedule: NativeSchedule
    findings: tuple[Finding, ...]


def assess(notebook: Notebook, policies: Mapping[NotebookKey, Policy | None], now: datetime) -> Standing:
    """Look at one notebook.

    Args:
        notebook: The notebook.
        policies: Those of the fleet file's notebooks.
        now: The present.
    """
    policy = policies.get(notebook.key)
    age = support.age(notebook)
    schedule = native_schedule.assess(notebook, policy.working_hours if policy else None, now)
    findings = (
        *_about_image(notebook, age, now),
        *_about_upgrades(notebook, policies),
        *_about_schedule(notebook, schedule),
    )
    return Standing(notebook, age, schedule, findings)


def about_absent(sight: Sight, policies: Mapping[NotebookKey, Policy | None]) -> Iterator[Finding]:
    """The notebooks that have *policies* and were not seen."""
    for left in sorted(eligibility.absent(sight, policies), key=lambda item: (item.name, item.zone)):
        yield Finding(left.why.value, Severity.WARNING, left.name, left.message, left.remedy)


def about_project(sight: Sight) -> Iterator[Finding]:
    """What is wrong apart from the fleet's notebooks."""
    for place in sorted(sight.unreachable):
        said = "the zone did not answer: its notebooks are not shown"
        yield Finding("zone-unreachable", Severity.WARNING, place, said, "look again later")
    for machine in sorted(sight.legacy, key=lambda item: (item.name, item.zone)):
        left = eligibility.legacy(machine)
        yield Finding("legacy-notebook", Severity.WARNING, machine.name, left.message, left.remedy)


def _about_image(notebook: Notebook, age: support.Age, now: datetime) -> Iterator[Finding]:
    ends = age.support_ends
    if ends is None:
        return
    today = now.astimezone(UTC).date()
    remedy = "upgrades stay in their family: make it anew with another image, or upgrade it across by name"
    if today >= ends:
        said = f"support of {notebook.family} ended on {ends}"
        yield Finding("support-ended", Severity.WARNING, notebook.name, said, remedy)
    elif ends - today <= _SUPPORT_NOTICE:
        said = f"support of {notebook.family} ends on {ends}, in {counted((ends - today).days, 'day')}"
        yield Finding("support-ends", Severity.WARNING, notebook.name, said, remedy)


def _about_upgrades(notebook: Notebook, policies: Mapping[NotebookKey, Policy | None]) -> Iterator[Finding]:
    last = notebook.last
    if last is not None and last.state == "FAILED":
        when = f" of {last.created:%Y-%m-%d}" if last.created else ""
        said = f"its last {last.word}{when} failed"
        yield Finding("upgrade-failed", Severity.WARNING, notebook.name, said)
    found = eligibility.obstacle(notebook, policies)
    if found is not None and found.why in {Why.UNKNOWN, Why.NOT_UPGRADABLE}:
        yield Finding(found.why.value, Severity.WARNING, notebook.name, found.message, found.remedy)


def _about_schedule(notebook: Notebook, schedule: NativeSchedule) -> Iterable[Finding]:
    remedy = f"take {SCHEDULE_KEY} out, and write upgrade: nbp upgrade wakes a stopped notebook first"
    said = schedule.message
    if schedule.verdict is Verdict.INVALID:
        yield Finding("schedule-invalid", Severity.WARNING, notebook.name, said, remedy)
    elif schedule.verdict is Verdict.NEVER or schedule.missed:
        yield Finding("schedule-never-fires", Severity.WARNING, notebook.name, said, remedy)
    elif schedule.verdict is Verdict.DEPENDS:
        yield Finding("schedule-may-not-fire", Severity.NOTE, notebook.name, said, remedy)
