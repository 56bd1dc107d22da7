"""Wanted against executed: which script a notebook shall have run, which one it did, and what is wrong."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from notebook_provisioner.core.counting import counted
from notebook_provisioner.core.findings import Finding, Severity
from notebook_provisioner.core.post_startup.console import Download
from notebook_provisioner.core.post_startup.facts import (
    BEHAVIOR_KEY,
    SCRIPT_KEY,
    Access,
    Facts,
    Instance,
    Wanted,
)
from notebook_provisioner.core.post_startup.reports import Report, State

# How long either may take is nowhere documented: these are ours.
RUN_LIMIT: Final = timedelta(hours=1)
BOOT_LIMIT: Final = timedelta(minutes=20)

BOOTING: Final = frozenset({"INITIALIZING", "PROVISIONING", "STARTING"})


class Verdict(StrEnum):
    """What a notebook's script came to."""

    CURRENT = "current"  # the wanted script ran to its end
    OUTDATED = "outdated"  # another one did
    FAILED = "failed"
    RUNNING = "running"
    NEVER_RAN = "never-ran"  # on this boot disk
    UNREADABLE = "unreadable"  # the notebook cannot fetch it
    STUCK = "stuck"  # the notebook does not come up
    ABSENT = "absent"  # no such notebook
    UNKNOWN = "unknown"  # nobody may look


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What is to be said about one notebook.

    Attributes:
        notebook: Its name.
        zone: Its zone.
        state: Its state; ``ABSENT`` without one.
        verdict: What its script came to.
        behavior: When Workbench runs the script; empty where the metadata do not say.
        wanted: The script that it shall have run.
        executed: The last run's report.
        age_seconds: How long ago that was; None without a run.
        findings: What is wrong.
    """

    notebook: str
    zone: str
    state: str
    verdict: Verdict
    behavior: str
    wanted: Wanted
    executed: Report | None
    age_seconds: int | None
    findings: tuple[Finding, ...]


def is_current(wanted: Wanted, instance: Instance, report: Report | None) -> bool:
    """Whether nothing more need be read: the wanted script ran to its end on this boot disk."""
    return (
        report is not None
        and report.state is State.COMPLETE
        and report.script_sha256 == wanted.sha256
        and not _is_older(report, instance.replaced)
        and instance.state not in BOOTING
        and instance.metadata.get(SCRIPT_KEY) == wanted.uri
    )


def diagnose(facts: Facts) -> Diagnosis:
    """Judge one notebook."""
    instance = facts.instance
    if instance is None:
        finding = Finding(
            "post-startup-absent",
            Severity.ERROR,
            facts.name,
            "there is no such notebook",
            "nbp apply makes it",
        )
        return _diagnosis(facts, Verdict.ABSENT, None, [finding])
    report = facts.guest.report or (facts.console.report if facts.console else None)
    verdict, findings = _verdict(facts, instance, report)
    findings += _pointer(facts, instance)
    if instance.state in BOOTING and _waiting(facts, instance) > BOOT_LIMIT:
        findings.insert(0, _stuck(facts, instance))
        verdict = Verdict.STUCK
    return _diagnosis(facts, verdict, report, findings)


def _diagnosis(facts: Facts, verdict: Verdict, report: Report | None, findings: list[Finding]) -> Diagnosis:
    return Diagnosis(
        notebook=facts.name,
        zone=facts.zone,
        state=facts.instance.state if facts.instance else "ABSENT",
        verdict=verdict,
        behavior=facts.instance.metadata.get(BEHAVIOR_KEY, "") if facts.instance else "",
        wanted=facts.wanted,
        executed=report,
        age_seconds=max(0, int((facts.now - report.at).total_seconds())) if report else None,
        findings=tuple(findings),
    )


def _verdict(facts: Facts, instance: Instance, report: Report | None) -> tuple[Verdict, list[Finding]]:
    if report is None:
        return _silence(facts, instance)
    if _is_older(report, instance.replaced):
        if awaited := _awaited(facts, instance):
            return Verdict.RUNNING, [awaited]
        said = _warning(
            "post-startup-not-since-upgrade",
            facts,
            f"the boot disk was replaced {instance.replaced:%Y-%m-%d %H:%M} UTC, and the script ran "
            f"{report.at:%Y-%m-%d %H:%M}: not on this one",
        )
        return Verdict.NEVER_RAN, [said]
    match report.state:
        case State.ERROR:
            return Verdict.FAILED, _failure(facts, report)
        case State.COMPLETE:
            return _completed(facts, report)
        case State.STARTED | State.RUNNING:
            return _unfinished(facts, instance, report)


def _completed(facts: Facts, report: Report) -> tuple[Verdict, list[Finding]]:
    wanted = facts.wanted
    if report.script_sha256 == wanted.sha256:
        return Verdict.CURRENT, []
    if not report.script_sha256:
        said = _warning(
            "post-startup-digest-unknown", facts, "a script ran to its end without knowing its own digest"
        )
        return Verdict.UNKNOWN, [said]
    why = []
    if report.version != wanted.version:
        why.append(f"nbp {report.version} rendered it, and this is {wanted.version}")
    if report.fleet_sha256 != wanted.fleet_sha256:
        why.append("the fleet file says something else about this notebook now")
    said = _warning(
        "post-startup-outdated",
        facts,
        f"ran another version, {report.script_sha256[:12]}: "
        + (" and ".join(why) or "a template changed since"),
    )
    return Verdict.OUTDATED, [said]


def _failure(facts: Facts, report: Report) -> list[Finding]:
    console = facts.console
    words = ""
    if console and console.cause and console.report and console.report.run == report.run:
        words = f"; it said: {console.cause}"
    found = [
        Finding(
            "post-startup-failed",
            Severity.ERROR,
            facts.name,
            f"failed at step {report.step}, line {report.line}, with exit status {report.exit}{words}",
            "the notebook's /var/log/notebook-provisioner/post-startup.log has what its programs printed; "
            "mend it, then: nbp post-startup rerun",
        )
    ]
    if facts.guest.done:
        found.append(
            Finding(
                "post-startup-done-all-the-same",
                Severity.NOTE,
                facts.name,
                "the image says DONE although the script failed: it says so whatever became of the script",
            )
        )
    return found


def _unfinished(facts: Facts, instance: Instance, report: Report) -> tuple[Verdict, list[Finding]]:
    restarted = instance.started is not None and report.at < instance.started
    off = instance.state in {"STOPPED", "STOPPING", "SUSPENDED"}
    if restarted or off or facts.now - report.at > RUN_LIMIT:
        how = "the notebook was stopped meanwhile" if restarted or off else f"for over {RUN_LIMIT}"
        said = Finding(
            "post-startup-unfinished",
            Severity.ERROR,
            facts.name,
            f"began and did not end: {how}; its last step was {report.step}",
            "run it again with: nbp post-startup rerun",
        )
        return Verdict.FAILED, [said]
    said = Finding("post-startup-running", Severity.NOTE, facts.name, f"is running, at step {report.step}")
    return Verdict.RUNNING, [said]


def _silence(facts: Facts, instance: Instance) -> tuple[Verdict, list[Finding]]:
    if problem := _unreadable(facts, instance):
        return Verdict.UNREADABLE, [problem]
    if facts.guest.refused:
        return Verdict.UNKNOWN, [
            _warning(
                "post-startup-unreported",
                facts,
                f"its guest attributes cannot be read: {facts.guest.refused}",
                "roles/notebooks.viewer may read them; enable-guest-attributes must be TRUE",
            )
        ]
    if awaited := _awaited(facts, instance):
        return Verdict.RUNNING, [awaited]
    words = "the script never ran"
    if instance.state in {"STOPPED", "SUSPENDED"}:
        words = (
            "no run is reported; the notebook is off, and whether guest attributes outlast that is unverified"
        )
    elif facts.guest.done:
        words = "the image says DONE, and no script of nbp reported: another one ran, or it failed to start"
    return Verdict.NEVER_RAN, [_warning("post-startup-never-ran", facts, words)]


def _awaited(facts: Facts, instance: Instance) -> Finding | None:
    """A note where the boot disk is so new that its first run may not have begun."""
    born = max((moment for moment in (instance.created, instance.replaced) if moment), default=None)
    if born is None or facts.now - born > BOOT_LIMIT or facts.guest.done:
        return None
    said = "its boot disk is new, and no run on it is reported yet"
    return Finding("post-startup-awaited", Severity.NOTE, facts.name, said)


# Download → the finding's code, what is said with {uri} and {account}, the remedy.
_DOWNLOADS: Final = {
    Download.PERIMETER: (
        "post-startup-perimeter",
        "VPC Service Controls refused {uri}",
        "have the bucket's project and the notebook's in one perimeter, or allow it with an ingress rule",
    ),
    Download.DENIED: (
        "post-startup-denied",
        "{account} may not read {uri}",
        "grant it roles/storage.objectViewer: nbp apply does",
    ),
    Download.MISSING: ("post-startup-missing", "{uri} was not there", "nbp apply uploads it"),
    Download.FAILED: ("post-startup-unreadable", "{uri} could not be fetched", None),
}


def _unreadable(facts: Facts, instance: Instance) -> Finding | None:
    """Why the notebook cannot have its script, if anything says so."""
    uri = instance.metadata.get(SCRIPT_KEY, "")
    script, console = facts.script, facts.console
    account = instance.service_account or "the VM's service account"
    if script and script.access is Access.MISSING:
        return _error("post-startup-missing", facts, f"there is no {uri}", "nbp apply uploads it")
    if script and script.access is Access.FOUND and script.reader is False:
        return _error(
            "post-startup-denied",
            facts,
            f"no binding of the script bucket lets {account} read {uri}",
            "nbp apply grants roles/storage.objectViewer on the notebook's own scripts",
        )
    if console is None or console.download is None:
        return None
    code, words, remedy = _DOWNLOADS[console.download]
    message = f"{words.format(uri=uri, account=account)}; its console shows: {console.download_line}"
    return _error(code, facts, message, remedy)


def _pointer(facts: Facts, instance: Instance) -> list[Finding]:
    """What is wrong with the metadata that name the script."""
    uri = instance.metadata.get(SCRIPT_KEY, "")
    if not uri:
        return [_warning("post-startup-not-set", facts, "its metadata name no script", "run nbp apply")]
    if not uri.startswith("gs://"):
        return [
            _error(
                "post-startup-inline",
                facts,
                f"{SCRIPT_KEY} takes a gs:// URI alone, and holds something else: a notebook that starts so "
                "can stay in PROVISIONING",
                "run nbp apply",
            )
        ]
    if uri != facts.wanted.uri:
        return [
            _warning(
                "post-startup-not-applied",
                facts,
                "its metadata name another script than the fleet file asks for",
                "run nbp apply, then: nbp post-startup rerun",
            )
        ]
    return []


def _stuck(facts: Facts, instance: Instance) -> Finding:
    minutes = int(_waiting(facts, instance).total_seconds() // 60)
    bad = sorted(key for key, value in instance.health_info.items() if value == "-1")
    return _error(
        "post-startup-stuck",
        facts,
        f"has been {instance.state} for {counted(minutes, 'minute')}"
        + (f"; unhealthy: {', '.join(bad)}" if bad else "")
        + "; usual causes: no way to notebooks.googleapis.com, or a script that stops Jupyter",
        "nbp show NAME has the network; the serial console has the boot",
    )


def _waiting(facts: Facts, instance: Instance) -> timedelta:
    since = max((moment for moment in (instance.started, instance.created) if moment), default=facts.now)
    return facts.now - since


def _is_older(report: Report, replaced: datetime | None) -> bool:
    # Reports are in whole seconds: one of the same second may be later.
    return replaced is not None and report.at < replaced.replace(microsecond=0)


def _warning(
    code: str, facts: Facts, message: str, remedy: str | None = "run it with: nbp post-startup rerun"
) -> Finding:
    return Finding(code, Severity.WARNING, facts.name, message, remedy)


def _error(code: str, facts: Facts, message: str, remedy: str | None) -> Finding:
    return Finding(code, Severity.ERROR, facts.name, message, remedy)
