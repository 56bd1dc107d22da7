"""``nbp check``."""

from typing import TYPE_CHECKING

import click

from notebook_provisioner.cli.app import App, pass_app
from notebook_provisioner.cli.main import global_options
from notebook_provisioner.cli.output import Status
from notebook_provisioner.core.counting import counted
from notebook_provisioner.core.errors import ProvisionerError
from notebook_provisioner.core.findings import Finding, Location, Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notebook_provisioner.core.fleet import Fleet

FOUND = 3  # the CLI contract: a check found something


@click.command()
@global_options
@pass_app
def check(app: App) -> None:
    """Validate the fleet file, offline.

    Says everything that is wrong at once, each with its line. Warnings alone end in status 0,
    errors in 3. --fleet may be given several times: then also what the files say of each other
    is held together, as whose jobs serve whom.

    \b
    Example:
      nbp check --fleet examples/quickstart/fleet.yaml
    """  # noqa: D301  # Click takes the character \b as: keep these lines as they are
    from notebook_provisioner.cli import fleet_files, many
    from notebook_provisioner.core import fleet as fleet_file  # pydantic costs --help a tenth of a second

    everything: list[Finding] = []
    rows: list[dict[str, object]] = []
    read: list[tuple[str, str, Fleet]] = []
    for one in many.apps(app):
        try:
            file, text = one.fleet_file, one.fleet_text
        except ProvisionerError as error:
            if one is app:
                raise
            everything.append(_not_heeded(one.settings.fleet or "", error))
            app.output.findings(everything[-1:])
            rows.append({"file": one.settings.fleet, **_counts(everything[-1:]), "notebooks": None})
            continue
        fleet, findings = fleet_file.check(text, file=file, today=one.today, target=one.settings.target)
        if fleet:
            try:
                fleet_files.require_its_own(fleet, file)
            except ProvisionerError as error:
                findings = (*findings, _not_heeded(file, error))
        rows.append({"file": file, **_counts(findings), "notebooks": len(fleet.notebooks) if fleet else None})
        everything += findings
        read += [(file, text, fleet)] if fleet else []
        app.output.findings(findings)
        more = "" if fleet else "; how its parts go together is checked once each of them is right"
        app.output.text(f"{file}: {_words(findings)}{more}")
    if len(rows) > 1:
        from notebook_provisioner.core.fleet.together import FleetFile, check_together

        between = check_together([FleetFile(*one) for one in read])
        everything += between
        app.output.findings(between)
        app.output.text(f"{len(rows)} files, with what they say of each other: {_words(everything)}")
    errors = _counts(everything)["errors"]
    app.output.result(
        rows[0] if len(rows) == 1 else {"fleets": rows, **_counts(everything)},
        status=Status.ERROR if errors else Status.OK,
        findings=everything,
    )
    if errors:
        click.get_current_context().exit(FOUND)


def _not_heeded(file: str, error: ProvisionerError) -> Finding:
    return Finding(error.code, Severity.ERROR, "fleet", error.message, error.hint, Location(file))


def _counts(findings: "Sequence[Finding]") -> dict[str, int]:
    errors = sum(finding.severity is Severity.ERROR for finding in findings)
    return {"errors": errors, "warnings": len(findings) - errors}


def _words(findings: "Sequence[Finding]") -> str:
    return ", ".join(
        counted(number, what.removesuffix("s")) if number else f"no {what}"
        for what, number in _counts(findings).items()
    )
