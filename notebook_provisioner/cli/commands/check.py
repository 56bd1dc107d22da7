"""``nbp check``."""

import click

from notebook_provisioner.cli.app import App, pass_app
from notebook_provisioner.cli.main import global_options
from notebook_provisioner.cli.output import Status
from notebook_provisioner.core.findings import Severity

FOUND = 3  # the CLI contract: a check found something


@click.command()
@global_options
@pass_app
def check(app: App) -> None:
    """Validate the fleet file, offline.

    Says everything that is wrong at once, each with its line. Warnings alone end in status 0,
    errors in 3.

    \b
    Example:
      nbp check --fleet examples/quickstart/fleet.yaml
    """  # noqa: D301  # Click takes the character \b as: keep these lines as they are
    from notebook_provisioner.core import fleet as fleet_file  # pydantic costs --help a tenth of a second

    file = str(app.fleet_path)
    fleet, findings = fleet_file.check(app.fleet_text, file=file, today=app.today, target=app.settings.target)
    errors = sum(finding.severity is Severity.ERROR for finding in findings)
    warnings = len(findings) - errors
    notebooks = len(fleet.notebooks) if fleet else None
    app.output.findings(findings)
    app.output.text(f"{file}: {_count(errors, 'error')}, {_count(warnings, 'warning')}")
    app.output.result(
        {"file": file, "errors": errors, "warnings": warnings, "notebooks": notebooks},
        status=Status.ERROR if errors else Status.OK,
        findings=findings,
    )
    if errors:
        click.get_current_context().exit(FOUND)


def _count(number: int, what: str) -> str:
    return f"{number or 'no'} {what}{'' if number == 1 else 's'}"
