"""What ``nbp post-startup status`` does: read, judge, show."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from notebook_provisioner import __version__
from notebook_provisioner.cli.app import App
from notebook_provisioner.core.findings import Finding, Severity
from notebook_provisioner.core.fleet import ResolvedNotebook
from notebook_provisioner.core.post_startup.facts import Facts, Wanted
from notebook_provisioner.core.post_startup.status import Diagnosis, Verdict, diagnose
from notebook_provisioner.core.post_startup.wanted import wanted_script

if TYPE_CHECKING:
    from notebook_provisioner.adapters.google.post_startup import PostStartupFacts

FOUND: Final = 3  # the CLI contract: a check found something
_SHORT: Final = 12  # characters of a digest that a table shows


def facts_reader(app: App) -> "PostStartupFacts":
    """Reads the notebooks of the fleet's project.

    Raises:
        TargetUnreachable: The sandbox does not come up.
    """
    from notebook_provisioner.adapters.google.post_startup import PostStartupFacts
    from notebook_provisioner.adapters.google.rest import Rest

    return PostStartupFacts(Rest(app.google_target()), app.fleet.project)


def wanted(app: App, notebooks: Sequence[ResolvedNotebook]) -> Mapping[tuple[str, str], Wanted]:
    """The script that each of *notebooks* shall have run, by zone and name; not all have one."""
    scripts = app.scripts()
    return {
        (one.zone, one.name): wanted_script(app.fleet, one.name, scripts[one.name], version=__version__)
        for one in notebooks
        if one.name in scripts
    }


def scriptless(notebooks: Sequence[ResolvedNotebook]) -> list[Finding]:
    """A note for each notebook that has no script."""
    return [
        Finding(
            "post-startup-none",
            Severity.NOTE,
            one.name,
            "it has no post-startup script: with managed_euc none runs",
        )
        for one in notebooks
        if one.managed_euc
    ]


def simulated(found: Sequence[Facts]) -> list[Finding]:
    """A note where it was the sandbox that said what became of the scripts."""
    names = [facts.name for facts in found if facts.guest.simulated]
    if not names:
        return []
    remedy = "to run them: nbp sandbox stop, then nbp sandbox start --boot lab"
    said = "the sandbox simulated these boots: no script ran"
    return [Finding("post-startup-simulated", Severity.NOTE, ", ".join(names), said, remedy)]


def show(app: App, notebooks: Sequence[ResolvedNotebook]) -> int:
    """``nbp post-startup status``.

    Returns:
        The exit status.
    """
    reader = facts_reader(app)
    now = app.clock()()
    facts = reader.read(wanted(app, notebooks), now)
    found = [diagnose(one) for one in facts]
    findings = [finding for diagnosis in found for finding in diagnosis.findings]
    findings += [*scriptless(notebooks), *simulated(facts)]
    app.output.table(
        "",
        ("Notebook", "State", "Script", "Ran", "Wanted", "Behavior", "Steps", "When"),
        [_row(diagnosis) for diagnosis in found],
    )
    app.output.findings(findings)
    app.output.result(
        {"fleet": app.fleet.name, "notebooks": [_data(diagnosis) for diagnosis in found]}, findings=findings
    )
    return FOUND if any(finding.severity is not Severity.NOTE for finding in findings) else 0


def _row(diagnosis: Diagnosis) -> tuple[str, ...]:
    report = diagnosis.executed
    steps = Counter(report.steps.values()) if report else Counter()
    return (
        diagnosis.notebook,
        diagnosis.state,
        diagnosis.verdict.value,
        report.script_sha256[:_SHORT] or "?" if report else "-",
        diagnosis.wanted.sha256[:_SHORT],
        diagnosis.behavior or "-",
        ", ".join(f"{count} {result}" for result, count in sorted(steps.items())) or "-",
        "-" if diagnosis.age_seconds is None else f"{_span(diagnosis.age_seconds)} ago",
    )


def _data(diagnosis: Diagnosis) -> dict[str, Any]:
    return {
        "name": diagnosis.notebook,
        "zone": diagnosis.zone,
        "state": diagnosis.state,
        "verdict": diagnosis.verdict,
        "is_current": diagnosis.verdict is Verdict.CURRENT,
        "behavior": diagnosis.behavior or None,
        "wanted": diagnosis.wanted,
        "executed": diagnosis.executed,
        "age_seconds": diagnosis.age_seconds,
        "findings": diagnosis.findings,
    }


def _span(seconds: int) -> str:
    """A length of time in its largest unit."""
    span = timedelta(seconds=seconds)
    for unit, length in (("d", timedelta(days=1)), ("h", timedelta(hours=1)), ("min", timedelta(minutes=1))):
        if span >= length:
            return f"{span // length} {unit}"
    return f"{seconds} s"
