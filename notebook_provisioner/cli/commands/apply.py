"""``nbp apply``."""

import click

from notebook_provisioner.cli import options
from notebook_provisioner.cli.app import App, pass_app
from notebook_provisioner.cli.main import global_options
from notebook_provisioner.core.plan import Impact


@click.command()
@options.accept(Impact.LIVE)
@options.yes()
@global_options
@pass_app
def apply(app: App, *, accept: Impact, yes: bool) -> None:
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
    from notebook_provisioner.cli.confirm import confirm
    from notebook_provisioner.core import guardrails

    terraform = app.provisioner()
    app.output.say(f"Comparing {app.fleet_path} with {app.fleet.project} …")
    with terraform.session():
        plan, findings = changes.decide(app, terraform.plan(show=app.settings.verbose > 0))
        guardrails.require(findings)
        plan.require(accept)
        changes.show_plan(app, plan, whole=app.settings.verbose > 0)
        if plan.steps:
            confirm(app, f"Change {app.fleet.project} on Google Cloud?", yes=yes)
            terraform.apply()
    rows = changes.fleet_rows(app, app.notebooks().list())
    changes.show_fleet(app, rows)
    _say_what_next(app)
    app.output.result({**changes.plan_data(plan, findings), "notebooks": rows})


def _say_what_next(app: App) -> None:
    fleet = "" if app.settings.fleet is None else f" --fleet {app.fleet_path}"
    name = app.fleet.notebooks[0].name if app.fleet.notebooks else "NAME"
    app.output.say("\nWhat next:")
    app.output.say(f"  nbp{fleet} list                the fleet as it is")
    app.output.say(f"  nbp{fleet} show {name}   one notebook in full")
    app.output.say(f"  edit {app.fleet_path}, then: nbp{fleet} plan")
    if app.fleet.target == "sandbox":
        app.output.say(f'  eval "$(nbp{fleet} sandbox env)" && gcloud workbench instances list --location=-')
    app.output.say(f"  nbp{fleet} destroy             take it all down again")
