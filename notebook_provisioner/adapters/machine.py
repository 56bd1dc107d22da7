"""What the machine under nbp has."""

import os
import shutil
import sys
from pathlib import Path

from notebook_provisioner.adapters.terraform import launcher, provider
from notebook_provisioner.core.diagnosis import Facts


def examine(
    *, target: str, mirror: str | None, sandbox_url: str | None, home: str, home_problem: str | None
) -> Facts:
    """Gather what ``nbp doctor`` judges.

    Args:
        target: ``google`` or ``sandbox``.
        mirror: NBP_REAL_PROVIDER_MIRROR, as ``terraform.provider`` reads it.
        sandbox_url: Where the sandbox answers; None where it does not.
        home: The folder of ``.nbp`` and ``.sandbox``.
        home_problem: Why nothing can be written there; None where it can.
    """
    terraform: str | None
    try:
        found = launcher.find()
        if found.version is None:
            terraform, why = "embedded", found.why
        else:
            terraform, why = found.command[0], f"{found.version}, {found.why}"
    except launcher.NoTerraform as error:
        terraform, why = None, str(error)
    return Facts(
        target=target,
        python=".".join(map(str, sys.version_info[:3])),
        terraform=terraform,
        terraform_why=why,
        provider=provider.explain(target, mirror),
        provider_problem=provider.problem(mirror),
        sandbox_url=sandbox_url,
        gcloud=shutil.which("gcloud"),
        credentials=_credentials(),
        home=home,
        home_problem=home_problem,
    )


def _credentials() -> str | None:
    """Where application default credentials would come from, without loading them.

    The order is google-auth's (google.auth.default): the environment variable, then gcloud's file. A VM's
    metadata server comes last there, and is not asked here: on a machine without one that takes seconds.
    """
    named = os.environ.get("GOOGLE_APPLICATION_CREDENTIALS")
    if named:
        return f"{named}, named by GOOGLE_APPLICATION_CREDENTIALS" if Path(named).is_file() else None
    folder = Path(os.environ.get("CLOUDSDK_CONFIG") or Path.home() / ".config" / "gcloud")
    path = folder / "application_default_credentials.json"
    return str(path) if path.is_file() else None
