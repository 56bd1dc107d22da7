"""``nbp plan``."""

import click

from notebook_provisioner.cli.app import App, pass_app
from notebook_provisioner.cli.main import global_options


@click.command()
@global_options
@pass_app
def plan(app: App) -> None:
    """Show what apply would change.

    Reads the cloud, changes nothing, and says for each change what it costs the person at the
    notebook, what costs most last. A long plan has one line for what is done alike in one module;
    -v names each resource, and shows Terraform's own plan too.

    \b
    Exit status: 0 nothing to do, 1 Terraform failed, 3 changes are pending or something is found.

    \b
    Example:
      nbp plan --fleet examples/quickstart/fleet.yaml
    """  # noqa: D301  # Click takes the character \b as: keep these lines as they are
    from notebook_provisioner.cli import changes  # reads the fleet's models, which --help must not pay for
    from notebook_provisioner.core import guardrails
    from notebook_provisioner.core.plan import Impact

    app.require_exemptions()
    terraform = app.provisioner()
    app.output.say(f"Comparing {app.fleet_file} with {app.fleet.project} …")
    with terraform.session():
        document = terraform.plan(show=app.settings.verbose > 0)
    decided, findings = changes.decide(app, document)
    changes.show_plan(app, decided)
    changes.show_findings(app, findings)
    if guardrails.refused(findings):
        app.output.say("apply would refuse this plan")
    elif decided.impact > Impact.LIVE:
        app.output.say(f"apply would refuse this plan without --accept {decided.impact.label}")
    app.output.result(changes.plan_data(decided, findings), findings=findings)
    if decided.steps or findings:
        click.get_current_context().exit(changes.PENDING)
