"""Which notebooks' scripts run again, by which way, and what it costs the people at them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from notebook_provisioner.core.counting import counted
from notebook_provisioner.core.errors import Refused
from notebook_provisioner.core.findings import Finding, Severity
from notebook_provisioner.core.notebooks import ACTIVE, SETTLED, STOPPED
from notebook_provisioner.core.plan import Impact, Plan, Step
from notebook_provisioner.core.post_startup.console import Console
from notebook_provisioner.core.post_startup.facts import SCRIPT_KEY, Access, Facts, Wanted
from notebook_provisioner.core.post_startup.status import diagnose
from notebook_provisioner.core.rerun.procedures import Transport
from notebook_provisioner.core.upgrades.activity import Activity

# Ours: Google documents no measure of "at work".
BUSY_WITHIN: Final = timedelta(minutes=15)
_STALE: Final = timedelta(minutes=10)  # the image's idle check looks every minute

_COSTS: Final = {
    (Transport.API, ACTIVE): "stops and starts it: kernels are lost, about 5 minutes without it",
    (Transport.API, STOPPED): "starts it, and stops it again: the VM's price for about 5 minutes",
    (Transport.STARTUP_SCRIPT, ACTIVE): "stops and starts it: kernels are lost, about 5 minutes without it",
    (Transport.STARTUP_SCRIPT, STOPPED): "starts it, and stops it again: the VM's price for about 5 minutes",
    (Transport.IAP_SSH, ACTIVE): "stops and starts it: kernels are lost; all of c2d's scripts run again",
    (Transport.IAP_SSH, STOPPED): "starts it twice, and stops it again; all of c2d's scripts run again",
}


_CAVEATS: Final = {
    Transport.IAP_SSH: (
        "rerun-flag-unverified",
        "whether Workbench's own runner heeds c2d-startup's flag is unverified",
    ),
    Transport.STARTUP_SCRIPT: (
        "rerun-startup-script",
        "its startup-script is replaced for a while; a simulated boot of the sandbox runs none",
    ),
}


class Use(StrEnum):
    """Whether somebody is at work on a notebook."""

    BUSY = "busy"
    IDLE = "idle"
    OFF = "off"
    UNKNOWN = "unknown"  # its console does not tell


@dataclass(frozen=True, slots=True)
class Rerun:
    """One notebook's part of the plan.

    Attributes:
        notebook: Its name.
        zone: Its zone.
        state: Its state.
        transport: By which way.
        use: Whether somebody is at work there.
        use_words: The same, in words.
        wanted: The script that is to run.
        reason: What came of it so far.
        cost: What running it again costs.
        impact: What that is to the person at the notebook.
    """

    notebook: str
    zone: str
    state: str
    transport: Transport
    use: Use
    use_words: str
    wanted: Wanted
    reason: str
    cost: str
    impact: Impact


@dataclass(frozen=True, slots=True)
class RerunPlan:
    """The whole plan.

    Attributes:
        reruns: The notebooks, canaries first.
        canaries: How many of them are canaries.
        findings: What is to be known of it; errors are why it is refused.
    """

    reruns: tuple[Rerun, ...]
    canaries: int
    findings: tuple[Finding, ...]

    @property
    def waves(self) -> list[Sequence[Rerun]]:
        """Canaries, then the rest."""
        parts = [self.reruns[: self.canaries], self.reruns[self.canaries :]]
        return [part for part in parts if part]

    @property
    def plan(self) -> Plan:
        """As steps with their impact."""
        steps = tuple(
            Step(one.notebook, f"run its script again by {one.transport}", one.reason, one.impact)
            for one in self.reruns
        )
        return Plan(steps, None if steps else "no notebook was named")

    def require(self, ceiling: Impact) -> None:
        """Hold the plan to its findings, and to what the caller accepted.

        Raises:
            Refused: A notebook is in no state for it.
            ImpactRefused: A step costs more than *ceiling*.
        """
        errors = [finding for finding in self.findings if finding.severity is Severity.ERROR]
        if errors:
            subjects = ", ".join(dict.fromkeys(finding.subject for finding in errors))
            raise Refused(
                f"nothing was changed: {subjects} cannot run a script now",
                hint="do what the findings say, or leave those notebooks out",
                findings=self.findings,
            )
        self.plan.require(ceiling)


def make_plan(
    found: Sequence[Facts],
    *,
    canaries: Sequence[str],
    transport: Transport | None,
    accepts_busy: bool,
) -> RerunPlan:
    """Plan a re-run.

    Args:
        found: What is known of the notebooks, with consoles of those that run, and script objects.
        canaries: Names of those that go first.
        transport: By which way; None picks for each notebook.
        accepts_busy: Whether notebooks may be restarted under somebody's hands.
    """
    findings: list[Finding] = []
    reruns = []
    for facts in sorted(found, key=lambda facts: facts.name not in canaries):
        way = transport or Transport.API
        findings += _obstacles(facts, way)
        if facts.instance is None:
            continue
        if way in _CAVEATS:
            code, words = _CAVEATS[way]
            remedy = "--transport api is documented by Google"
            findings.append(Finding(code, Severity.WARNING, facts.name, words, remedy))
        use, words = use_of(facts.instance.state, facts.guest.activity, facts.console, facts.now)
        findings += _about_use(facts, use, words, accepts_busy=accepts_busy)
        state = facts.instance.state
        reruns.append(
            Rerun(
                notebook=facts.name,
                zone=facts.zone,
                state=state,
                transport=way,
                use=use,
                use_words=words,
                wanted=facts.wanted,
                reason=f"its script is {diagnose(facts).verdict}",
                cost=_COSTS.get((way, state), "-"),
                impact=Impact.NONE if state == STOPPED else Impact.RESTART,
            )
        )
    first = sum(one.notebook in canaries for one in reruns)
    return RerunPlan(tuple(reruns), first, tuple(findings))


def use_of(state: str, activity: Activity | None, console: Console | None, now: datetime) -> tuple[Use, str]:
    """Whether somebody is at work: the notebook's own word, else what the image's idle check printed last.

    Args:
        state: The notebook's state.
        activity: What it says of its kernels; None where it says nothing.
        console: Its serial console; None where it cannot be read.
        now: The present.
    """
    if state != ACTIVE:
        return Use.OFF, "nobody can be at work"
    if activity is not None and now - activity.at <= _STALE:
        kernels = f"{activity.busy} of {counted(activity.kernels, 'kernel')} busy at {activity.at:%H:%M} UTC"
        return (Use.BUSY if activity.busy else Use.IDLE), kernels
    if console is None or console.last_activity is None or console.activity_seen is None:
        return Use.UNKNOWN, "neither it nor its console says when it was last used"
    if now - console.activity_seen > _STALE:
        return Use.UNKNOWN, f"its idle check last looked at {console.activity_seen:%Y-%m-%d %H:%M} UTC"
    words = f"last used at {console.last_activity:%Y-%m-%d %H:%M} UTC"
    return (Use.BUSY if now - console.last_activity < BUSY_WITHIN else Use.IDLE), words


def _obstacles(facts: Facts, way: Transport) -> list[Finding]:
    """Why its script cannot run now."""
    instance = facts.instance
    if instance is None:
        return [_error(facts, "rerun-absent", "there is no such notebook", "nbp apply makes it")]
    found = []
    if instance.state not in SETTLED:
        found.append(
            _error(facts, "rerun-state", f"it is {instance.state}", "wait until it is ACTIVE or STOPPED")
        )
    if instance.has_managed_euc:
        found.append(
            _error(
                facts,
                "rerun-euc",
                "it uses managed end user credentials: Google locks its script after creation",
                "make it anew",
            )
        )
    if way is Transport.IAP_SSH and instance.container:
        found.append(
            _error(facts, "rerun-container", "container images have no c2d-startup", "use --transport api")
        )
    if instance.metadata.get(SCRIPT_KEY) != facts.wanted.uri:
        found.append(
            _error(facts, "rerun-not-applied", "its metadata name another script", "run nbp apply first")
        )
    elif facts.script and facts.script.access is Access.MISSING:
        found.append(_error(facts, "rerun-missing", f"there is no {facts.wanted.uri}", "run nbp apply first"))
    elif facts.script and facts.script.reader is False:
        found.append(
            _error(
                facts,
                "rerun-denied",
                f"no binding lets {instance.service_account} read its script",
                "run nbp apply first",
            )
        )
    return found


def _about_use(facts: Facts, use: Use, words: str, *, accepts_busy: bool) -> list[Finding]:
    if use is Use.BUSY and not accepts_busy:
        remedy = "warn them, then give --accept restart; or wait"
        return [_error(facts, "rerun-busy", f"somebody is at work: {words}", remedy)]
    if use in {Use.BUSY, Use.UNKNOWN}:
        said = f"kernels are lost under somebody's hands: {words}" if use is Use.BUSY else words
        code = "rerun-busy" if use is Use.BUSY else "rerun-use-unknown"
        return [Finding(code, Severity.WARNING, facts.name, said)]
    return []


def _error(facts: Facts, code: str, message: str, remedy: str) -> Finding:
    return Finding(code, Severity.ERROR, facts.name, message, remedy)
