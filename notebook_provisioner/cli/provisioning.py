"""Builds Terraform over a fleet: its provider, its state, and what it is told of the target."""

import os
from typing import TYPE_CHECKING

from notebook_provisioner.adapters.files import data
from notebook_provisioner.adapters.google.access_policies import scoped_policy
from notebook_provisioner.adapters.google.keys import key_exists
from notebook_provisioner.adapters.terraform.provider import choose
from notebook_provisioner.adapters.terraform.runner import TerraformRunner
from notebook_provisioner.adapters.terraform.workspace import (
    Inputs,
    Workspace,
    bucket_backend,
    local_backend,
)
from notebook_provisioner.cli import home
from notebook_provisioner.cli.app import REAL_PROVIDER, App, not_installed
from notebook_provisioner.core.fleet.names import own_prefix
from notebook_provisioner.sandbox import environment

if TYPE_CHECKING:
    from notebook_provisioner.adapters.terraform.provider import StandIn
    from notebook_provisioner.core.ports import Provisioner


def provisioner(app: App) -> "Provisioner":
    """Terraform over the fleet.

    Raises:
        InvalidInput: The fleet's folder cannot be written.
        TargetUnreachable: The sandbox does not come up.
    """
    fleet = app.fleet
    workspace = Workspace(home.require(app.work_folder))
    variables: dict[str, str] = {}
    if fleet.target == "sandbox":
        connection = app.connect_sandbox()
        variables = environment.for_terraform(connection, project=fleet.project, region=fleet.region)
    else:
        app.google_target().credentials()  # says what is missing better than Terraform does
    provider = choose(fleet.target, os.environ.get(REAL_PROVIDER), workspace.directory, _stand_in)
    inputs = Inputs(
        source=data("terraform"),
        fleet_text=app.fleet_text,
        backend=(
            bucket_backend(fleet.state.bucket, fleet.state.prefix)
            if fleet.target == "google" and fleet.state is not None
            else local_backend(workspace)
        ),
        variables={"target": fleet.target, **_left_over(app)},
        scripts=app.scripts(),
        provider=provider.fingerprint,
    )
    variables |= provider.environment
    return TerraformRunner(workspace, inputs, variables, say=app.output.say, stand_in=provider.stand_in)


def _left_over(app: App) -> dict[str, str | bool]:
    """What the fleet shall create, is there already, and only the root can import: its variables for it."""
    fleet, encryption, perimeter = app.fleet, app.fleet.encryption, app.fleet.perimeter
    found: dict[str, str | bool] = {}
    if encryption.mode == "create":
        ring = f"projects/{fleet.project}/locations/{fleet.region}/keyRings/{encryption.key_ring}"
        names = {"adopt_key_ring": ring, "adopt_key": f"{ring}/cryptoKeys/{encryption.key}"}
        found |= {variable: key_exists(app.google_target(), name) for variable, name in names.items()}
    if perimeter.mode != "disabled" and perimeter.organization is not None:
        title = f"nbp {own_prefix(fleet.name)}"  # as terraform/modules/perimeter makes it
        policy = scoped_policy(app.google_target(), perimeter.organization, fleet.project, title)
        found |= {} if policy is None else {"adopt_access_policy": policy}
    return found


def _stand_in() -> "StandIn":
    """Load the stand-in provider; the adapters must not know the sandbox."""
    try:
        from notebook_provisioner.sandbox.provider import resident
    except ImportError as error:
        raise not_installed(error) from None
    return resident
