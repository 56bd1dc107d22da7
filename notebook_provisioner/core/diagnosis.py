"""What is right and wrong with a machine or a notebook, and what to do about it."""

from dataclasses import dataclass
from enum import StrEnum

from notebook_provisioner.core.fleet import ResolvedNotebook
from notebook_provisioner.core.notebooks import LiveNotebook


class Verdict(StrEnum):
    """How a check came out."""

    OK = "ok"
    NOTE = "note"  # works without, or is made when it is needed
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Attributes:
        name: What.
        verdict: How it came out.
        detail: What was found.
        remedy: What to do; None where there is nothing to do.
    """

    name: str
    verdict: Verdict
    detail: str
    remedy: str | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What a machine has.

    Attributes:
        target: ``google`` or ``sandbox``.
        python: As in ``3.11.7``.
        terraform: The program; None where there is none.
        terraform_why: Its version and why it was chosen, or why there is none.
        provider: Which google provider Terraform gets, and why.
        provider_problem: What is wrong with its source; None where nothing is.
        sandbox_url: Where the sandbox answers; None where it does not.
        gcloud: The program; None where there is none.
        credentials: Where application default credentials come from; None where there are none.
        home: The folder of ``.nbp`` and ``.sandbox``.
        home_problem: Why nothing can be written there; None where it can.
    """

    target: str
    python: str
    terraform: str | None
    terraform_why: str
    provider: str
    provider_problem: str | None
    sandbox_url: str | None
    gcloud: str | None
    credentials: str | None
    home: str
    home_problem: str | None


def diagnose_machine(facts: Facts) -> tuple[Check, ...]:
    """Judge a machine by what the target needs."""
    return (
        Check("python", Verdict.OK, facts.python),
        Check("terraform", Verdict.OK, f"{facts.terraform} ({facts.terraform_why})")
        if facts.terraform
        else Check("terraform", Verdict.MISSING, "none", facts.terraform_why),
        Check("provider", Verdict.MISSING, facts.provider, facts.provider_problem)
        if facts.provider_problem
        else Check("provider", Verdict.OK, facts.provider),
        Check("home", Verdict.OK, facts.home)
        if facts.home_problem is None
        else Check(
            "home", Verdict.MISSING, facts.home_problem, "set NBP_HOME to a folder that you may write to"
        ),
        _sandbox(facts),
        _credentials(facts),
        Check("gcloud", Verdict.OK, facts.gcloud)
        if facts.gcloud
        else Check(
            "gcloud", Verdict.NOTE, "none", "needed only to reach a VM over IAP: cloud.google.com/sdk"
        ),
    )


def diagnose_notebook(live: LiveNotebook | None, wanted: ResolvedNotebook) -> tuple[Check, ...]:
    """Judge one notebook by what the fleet file says."""
    name = wanted.name
    if live is None:
        return (Check(f"{name}: exists", Verdict.MISSING, "not in the cloud", "make it with: nbp apply"),)
    return (
        Check(f"{name}: exists", Verdict.OK, f"in {live.zone}, {live.state}"),
        _state(live),
        Check(f"{name}: external IP", Verdict.OK, "none")
        if live.external_ip is None
        else Check(
            f"{name}: external IP",
            Verdict.MISSING,
            live.external_ip,
            "nbp plan shows what would take it away; an address cannot be removed in place",
        ),
        Check(f"{name}: owner", Verdict.OK, wanted.owner)
        if live.owner == wanted.owner
        else Check(
            f"{name}: owner",
            Verdict.MISSING,
            f"{live.owner or 'nobody'}, not {wanted.owner}",
            "an owner cannot be changed in place: nbp plan shows the replacement",
        ),
    )


def is_healthy(checks: tuple[Check, ...]) -> bool:
    """Whether nothing that is needed is missing."""
    return all(check.verdict is not Verdict.MISSING for check in checks)


def _sandbox(facts: Facts) -> Check:
    if facts.sandbox_url:
        return Check("sandbox", Verdict.OK, f"answers at {facts.sandbox_url}")
    started = "nbp apply starts it" if facts.target == "sandbox" else "not needed for the target google"
    return Check("sandbox", Verdict.NOTE, f"does not run; {started}")


def _credentials(facts: Facts) -> Check:
    if facts.credentials:
        return Check("credentials", Verdict.OK, facts.credentials)
    if facts.target == "sandbox":
        return Check("credentials", Verdict.NOTE, "none, and the sandbox needs none")
    return Check(
        "credentials",
        Verdict.MISSING,
        "no application default credentials in a file; those of a VM's own account were not looked for",
        "log in with: gcloud auth application-default login",
    )


def _state(live: LiveNotebook) -> Check:
    if live.state == "ACTIVE" and live.health == "UNHEALTHY":
        return Check(
            f"{live.name}: health",
            Verdict.MISSING,
            "the notebook reports UNHEALTHY",
            "its serial console says more: gcloud compute instances get-serial-port-output",
        )
    if live.state in {"PROVISIONING", "STARTING", "INITIALIZING"}:
        return Check(
            f"{live.name}: health",
            Verdict.NOTE,
            f"{live.state}; it stays so without a route to notebooks.googleapis.com or with a failing script",
        )
    return Check(f"{live.name}: health", Verdict.OK, live.health)
