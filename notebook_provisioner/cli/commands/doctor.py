"""``nbp doctor``."""

import click

from notebook_provisioner.cli.app import App, pass_app
from notebook_provisioner.cli.main import global_options
from notebook_provisioner.cli.output import Status
from notebook_provisioner.core.errors import NotFound

FOUND = 3  # the CLI contract: a check found something


@click.command()
@click.argument("name", required=False)
@global_options
@pass_app
def doctor(app: App, name: str | None) -> None:
    """Say what works on this machine, what does not, and why.

    Which Terraform is used, which google provider it gets and why, whether the sandbox answers,
    and whether there are credentials. With NAME it looks at that notebook too.

    \b
    Exit status: 0 nothing that is needed is missing, 1 failed, 3 something is missing.

    \b
    Example:
      nbp doctor --fleet examples/quickstart/fleet.yaml
    """  # noqa: D301  # Click takes the character \b as: keep these lines as they are
    from notebook_provisioner.core import diagnosis

    checks = diagnosis.diagnose_machine(app.diagnose())
    if name is not None:
        wanted = next((item for item in app.fleet.resolved_notebooks if item.name == name), None)
        if wanted is None:
            raise NotFound(f"no notebook {name} in the fleet {app.fleet.name}", hint="nbp list names them")
        live = next((item for item in app.notebooks().list() if item.name == name), None)
        checks += diagnosis.diagnose_notebook(live, wanted)
    rows = [(check.verdict.value, check.name, check.detail, check.remedy or "") for check in checks]
    app.output.table("", ("", "Check", "Found", "What to do"), rows)
    healthy = diagnosis.is_healthy(checks)
    app.output.result({"checks": checks}, status=Status.OK if healthy else Status.ERROR)
    if not healthy:
        click.get_current_context().exit(FOUND)
