"""Guardrails for what runs beside the notebooks, in whose name: jobs, timers and virtual machines."""

from collections.abc import Iterator, Mapping
from typing import Final

from notebook_provisioner.core.findings import Finding
from notebook_provisioner.core.guardrails.facts import Rule, Surroundings, finding, of_blocks, shown, stays
from notebook_provisioner.core.guardrails.machines import MACHINES
from notebook_provisioner.core.guardrails.notebooks import DEFAULT_ACCOUNT, own_account
from notebook_provisioner.core.terraform_plan import UNKNOWN, Change

_JOB: Final = "google_cloud_run_v2_job"
_TIMER: Final = "google_cloud_scheduler_job"
_TASK: Final = ("template", 0, "template", 0)
_ACCOUNTS: Final[Mapping[str, tuple[tuple[str | int, ...], ...]]] = {
    _JOB: ((*_TASK, "service_account"),),
    _TIMER: tuple(
        ("http_target", 0, token, 0, "service_account_email") for token in ("oauth_token", "oidc_token")
    ),
    **dict.fromkeys(MACHINES, (("service_account", 0, "email"),)),
}


def _account(change: Change, surroundings: Surroundings) -> Iterator[Finding]:
    """What runs as a notebook's account has its rights, without its controls."""
    if not stays(change):
        return
    project = surroundings.fleet.project
    notebooks = {own_account(project, name) for name in surroundings.notebooks}
    for path in _ACCOUNTS[change.type]:
        email = change.planned(*path)
        if email is UNKNOWN or email in notebooks:
            said = f"it would run as {'an unknown account' if email is UNKNOWN else email}, a notebook's own"
            remedy = "give it an account of its own, as the module maintenance does"
            yield finding("shared-service-account", change, said, remedy)
        elif isinstance(email, str) and DEFAULT_ACCOUNT.search(email):
            said = f"it would run as a default service account, {email}"
            yield finding("default-service-account", change, said, "give it an account of its own")


def _job_image(change: Change, surroundings: Surroundings) -> Iterator[Finding]:
    maintenance = surroundings.fleet.maintenance
    wanted = maintenance.image if maintenance is not None else None
    if not stays(change):
        return
    containers = change.planned(*_TASK, "containers")
    images = (
        [UNKNOWN] if containers is UNKNOWN else of_blocks(change, *_TASK, "containers", attribute="image")
    )
    for image in images:
        if image != wanted:
            said = f"the job would run {shown(image)}, which the fleet file does not name"
            yield finding("image-source", change, said, "name it in the fleet file: maintenance.image")


RULES: Final[Mapping[str, tuple[Rule, ...]]] = {
    **dict.fromkeys(_ACCOUNTS, (_account,)),
    _JOB: (_account, _job_image),
}
