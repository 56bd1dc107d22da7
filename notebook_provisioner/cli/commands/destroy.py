"""``nbp destroy``."""

import click

from notebook_provisioner.cli import options
from notebook_provisioner.cli.app import App, pass_app
from notebook_provisioner.cli.main import global_options
from notebook_provisioner.core.plan import Impact


@click.command()
@options.accept(Impact.DESTROY)
@options.yes()
@global_options
@pass_app
def destroy(app: App, *, accept: Impact, yes: bool) -> None:
    """Delete everything that apply made.

    Notebooks go with their disks and files. One that is protected from deletion stops the whole
    command before anything is deleted. On Google Cloud the fleet's name must be typed.

    \b
    Exit status: 0 done or nothing to do, 1 failed, 4 refused and nothing changed, 130 interrupted.

    \b
    Example:
      nbp destroy --fleet examples/quickstart/fleet.yaml
    """  # noqa: D301  # Click takes the character \b as: keep these lines as they are
    from notebook_provisioner.cli import changes  # reads the fleet's models, which --help must not pay for
    from notebook_provisioner.cli.confirm import confirm
    from notebook_provisioner.cli.procedures import require_none_open

    terraform = app.provisioner()
    app.output.say(f"Looking for what {app.fleet.name} has in {app.fleet.project} …")
    with terraform.session():
        document = terraform.plan(destroy=True, show=app.settings.verbose > 0)
        plan, findings = changes.decide(app, document, no_op_reason="nothing of the fleet is there")
        changes.show_plan(app, plan)
        changes.require(plan, findings, accept)
        if plan.steps:
            require_none_open(app)
            confirm(
                app,
                f"Delete every notebook of {app.fleet.name} in {app.fleet.project}, with its disks?",
                yes=yes,
                word=app.fleet.name,
                data=changes.refusal_data(plan, findings),
            )
            terraform.apply()
            app.output.text(f"Destroyed {app.fleet.name}.")
    app.output.result(changes.plan_data(plan, findings))
