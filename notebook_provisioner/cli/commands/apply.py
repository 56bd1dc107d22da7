"""``nbp apply``."""

import os
import shlex
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from notebook_provisioner.cli import options
from notebook_provisioner.cli.app import App, pass_app
from notebook_provisioner.cli.main import global_options
from notebook_provisioner.core.errors import AlreadyExists
from notebook_provisioner.core.plan import Impact

if TYPE_CHECKING:
    from notebook_provisioner.core.findings import Finding
    from notebook_provisioner.core.plan import Plan
    from notebook_provisioner.core.ports import Provisioner


@click.command()
@options.accept(Impact.LIVE)
@options.yes()
@click.option("--adopt", is_flag=True, help="Take over what exists in the cloud without being in the state.")
@global_options
@pass_app
def apply(app: App, *, accept: Impact, yes: bool, adopt: bool) -> None:
    """Make the cloud match the fleet file.

    Refuses, before anything changes, a plan that breaks a guardrail or that interrupts people
    more than --accept says. After an interruption, run it again: it goes on from there.

    \b
    Exit status: 0 done or nothing to do, 1 failed, 4 refused and nothing changed, 130 interrupted.

    \b
    Example:
      nbp apply --fleet examples/quickstart/fleet.yaml
    """  # noqa: D301  # Click takes the character \b as: keep these lines as they are
    from notebook_provisioner.cli import changes  # reads the fleet's models, which --help must not pay for

    app.require_exemptions()
    terraform = app.provisioner()
    app.output.say(f"Comparing {app.fleet_file} with {app.fleet.project} …")
    with terraform.session():
        plan, findings = _carry_out(app, terraform, accept=accept, yes=yes, adopt=adopt)
    rows = changes.fleet_rows(app, app.notebooks().list())
    changes.show_fleet(app, rows)
    _say_what_next(app)
    app.output.result({**changes.plan_data(plan, findings), "notebooks": rows}, findings=findings)


def _carry_out(
    app: App, terraform: "Provisioner", *, accept: Impact, yes: bool, adopt: bool
) -> "tuple[Plan, tuple[Finding, ...]]":
    """Plan, decide, apply; with *adopt*, again for what turns out to exist, until nothing more does."""
    from notebook_provisioner.cli import changes
    from notebook_provisioner.cli.confirm import confirm
    from notebook_provisioner.cli.procedures import require_none_open
    from notebook_provisioner.core import adoption, terraform_plan, unread

    adopted: dict[str, str] = {}
    while True:
        document = terraform.plan(show=app.settings.verbose > 0)
        planned = terraform_plan.read(document).changes
        adoption.require_own(adopted, planned)
        plan, findings = changes.decide(app, document)
        changes.show_plan(app, plan)
        changes.require(plan, findings, accept)
        changes.show_findings(app, findings)
        if not plan.steps:
            return plan, findings
        require_none_open(app)
        confirm(
            app,
            f"Change {app.fleet.project} on Google Cloud?",
            yes=yes,
            data=changes.refusal_data(plan, findings),
        )
        try:
            terraform.apply()
        except AlreadyExists as error:
            adoption.require_free(planned, app.notebooks().list(), app.fleet.name)
            found = adoption.import_ids(error.addresses, planned)
            for address, why in adoption.obstacles(error.addresses, planned).items():
                app.output.say(f"{address} cannot be taken over: {why}")
            new = found.keys() - adopted.keys()
            if not adopt or not new:
                raise
            adopted |= found
            app.output.say(f"Taking over {len(found)} that exist: {', '.join(sorted(found.values()))}")
            incomplete = unread.creations(new, planned)
            for change in incomplete:
                app.output.say(
                    f"{change.address}: its owner, image and disk types are believed from the fleet file"
                )
            terraform.adopt(adopted, incomplete)
        else:
            return plan, findings


def _say_what_next(app: App) -> None:
    nbp = _this_program() + (
        "" if app.settings.fleet is None else f" --fleet {shlex.quote(app.settings.fleet)}"
    )
    name = app.fleet.notebooks[0].name if app.fleet.notebooks else "NAME"
    ways = [
        ("the fleet as it is", f"{nbp} list"),
        ("one notebook in full", f"{nbp} show {name}"),
        ("what an edit would change", f"{nbp} plan"),
        ("take it all down again", f"{nbp} destroy"),
    ]
    if app.fleet.target == "sandbox":
        gcloud = "gcloud workbench instances list --location=-"
        ways.insert(2, ("the same with gcloud", f'eval "$({nbp} sandbox env)" && {gcloud}'))
    app.output.say("\nWhat next:")
    for purpose, command in ways:
        app.output.say(f"  {purpose:26} {command}")


def _this_program() -> str:
    """How the user called nbp: ``make apply`` runs one that is not on PATH."""
    called = Path(sys.argv[0])
    on_path = shutil.which("nbp")
    if called.name != "nbp" or (on_path and Path(on_path).samefile(called)):
        return "nbp"
    return shlex.quote(os.path.relpath(called) if called.is_relative_to(Path.cwd()) else str(called))
