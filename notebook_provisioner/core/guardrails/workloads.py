"""Guardrails for what runs beside the notebooks, in whose name: jobs, and the timers that start them."""

from collections.abc import Iterator, Mapping
from typing import Final

from notebook_provisioner.core.findings import Finding
from notebook_provisioner.core.fleet import Fleet
from notebook_provisioner.core.fleet.maintenance import JOBS, JobName, job_account
from notebook_provisioner.core.guardrails.facts import Rule, Surroundings, finding, of_blocks, shown, stays
from notebook_provisioner.core.guardrails.grants import timer_account
from notebook_provisioner.core.guardrails.notebooks import DEFAULT_ACCOUNT
from notebook_provisioner.core.terraform_plan import UNKNOWN, Change

JOB: Final = "google_cloud_run_v2_job"
TIMER: Final = "google_cloud_scheduler_job"
TASK: Final = ("template", 0, "template", 0)
CALL: Final = ("http_target", 0)
_TOKENS: Final = ("oauth_token", "oidc_token")


def _account(change: Change, surroundings: Surroundings) -> Iterator[Finding]:
    """What runs as another's account has its rights, without its controls."""
    fleet = surroundings.fleet
    if not stays(change):
        return
    own = {job_name(fleet, job): job_account(fleet.project, fleet.name, job) for job in JOBS}
    email = change.planned(*TASK, "service_account")
    remedy = "give it an account of its own, as the module maintenance does"
    if not email or (isinstance(email, str) and DEFAULT_ACCOUNT.search(email)):
        said = f"it would run as a default service account{f', {email}' if email else ''}"
        yield finding("default-service-account", change, said, remedy)
    elif email is UNKNOWN or email != own.get(change.name):
        said = f"it would run as {'an unknown account' if email is UNKNOWN else email}, not as its own"
        yield finding("shared-service-account", change, said, remedy)


def _job_image(change: Change, surroundings: Surroundings) -> Iterator[Finding]:
    maintenance = surroundings.fleet.maintenance
    wanted = maintenance.image if maintenance is not None else None
    if not stays(change):
        return
    containers = change.planned(*TASK, "containers")
    images = [UNKNOWN] if containers is UNKNOWN else of_blocks(change, *TASK, "containers", attribute="image")
    for image in images:
        if image != wanted:
            said = f"the job would run {shown(image)}, which the fleet file does not name"
            yield finding("image-source", change, said, "name it in the fleet file: maintenance.image")


def _timer(change: Change, surroundings: Surroundings) -> Iterator[Finding]:
    """A timer starts a job as it stands: a body could bring other arguments."""
    fleet = surroundings.fleet
    if not stays(change):
        return
    address = change.planned(*CALL, "uri")
    if address not in of_address(fleet):
        said = f"the timer would call {shown(address)}, which starts no job of the fleet's"
        yield finding("timer-target", change, said, "let the module maintenance make it")
    if change.planned(*CALL, "body"):
        said = "the timer would send a body, which may change what the job does"
        yield finding("timer-target", change, said, "leave body out of it")
    own = timer_account(fleet)
    for token in _TOKENS:
        email = change.planned(*CALL, token, 0, "service_account_email")
        if email not in {None, own}:
            said = f"the timer would call in the name of {shown(email)}, and not of {own}"
            yield finding("timer-target", change, said, "leave it the account that only starts jobs")


def job_name(fleet: Fleet, job: str) -> str:
    """The name of one of the fleet's jobs, as the module maintenance gives it."""
    return f"nbp-{fleet.name}-{job}"


def of_fleet(fleet: Fleet) -> Mapping[str, JobName]:
    """The fleet's own jobs, by the names that they have in Cloud Run."""
    jobs = fleet.maintenance.jobs if fleet.maintenance is not None else ()
    return {job_name(fleet, job): job for job in jobs}


def of_address(fleet: Fleet) -> Mapping[str, JobName]:
    """The fleet's own jobs, by the addresses that start them."""
    jobs = f"https://run.googleapis.com/v2/projects/{fleet.project}/locations/{fleet.region}/jobs"
    return {f"{jobs}/{name}:run": job for name, job in of_fleet(fleet).items()}


RULES: Final[Mapping[str, tuple[Rule, ...]]] = {
    JOB: (_account, _job_image),
    TIMER: (_timer,),
}
