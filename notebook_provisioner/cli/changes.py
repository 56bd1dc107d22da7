"""What the Terraform commands share: decide about a plan, show it, show the fleet."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

import click

from notebook_provisioner.cli.app import App
from notebook_provisioner.core import guardrails, hidden_drift, impact, terraform_plan
from notebook_provisioner.core.counting import counted
from notebook_provisioner.core.errors import Refused
from notebook_provisioner.core.findings import Finding
from notebook_provisioner.core.notebooks import FLEET_LABEL, LiveNotebook
from notebook_provisioner.core.plan import Impact, Plan

PENDING: Final = 3  # the CLI contract: a check found something

_TABLE_LIMIT: Final = 25


def decide(app: App, document: Mapping[str, Any], **reason: str) -> tuple[Plan, tuple[Finding, ...]]:
    """Read a plan's JSON: what it does and costs, which guardrails it breaks, and what Terraform hides."""
    facts = terraform_plan.read(document)
    findings = (
        *guardrails.check(facts, app.fleet, app.scripts()),
        *hidden_drift.check(document, app.fleet),
    )
    if findings:  # then the cloud is not as it should be, though Terraform has nothing to change
        reason = {"no_op_reason": "Terraform would change nothing of what is found", **reason}
    return impact.assess(facts, **reason), findings


def require(plan: Plan, findings: tuple[Finding, ...], accept: Impact) -> None:
    """Hold a plan to the guardrails and to what was accepted.

    Raises:
        GuardrailRefused: It breaks a guardrail.
        ImpactRefused: It costs people more than *accept*.

    Both carry the findings, and the plan for the JSON envelope.
    """
    try:
        guardrails.require(findings)
        plan.require(accept)
    except Refused as error:
        error.findings = findings
        error.data = refusal_data(plan, findings)
        raise


def show_findings(app: App, findings: tuple[Finding, ...]) -> None:
    """Print what was found; of what stands in violation, which no apply mends, the addresses again."""
    app.output.findings(findings)
    if standing := guardrails.standing(findings):
        addresses = ", ".join(dict.fromkeys(finding.subject for finding in standing))
        said = f"standing already: {counted(len(standing), 'violation')} of high severity, in {addresses}"
        app.output.say(click.style(said, fg="red", bold=True))


def show_plan(app: App, plan: Plan) -> None:
    """Print a plan, what costs most last. Without -v, a long one has a line for what is alike in a module."""
    if not plan.steps:
        app.output.text(f"Nothing to do: {plan.no_op_reason}.")
        return
    whole = app.settings.verbose > 0 or len(plan.steps) <= _TABLE_LIMIT
    rows = [(step, 1) for step in plan.steps] if whole else impact.summary(plan)
    rows = sorted(rows, key=lambda row: row[0].impact)
    app.output.table(
        "",
        ("Action", "Resource", "Impact", "Why"),
        [
            (
                step.action,
                step.subject if of == 1 else f"{step.subject} ({of} resources)",
                step.impact.label,
                step.reason,
            )
            for step, of in rows
        ],
    )
    counts = Counter(step.action for step in plan.steps)
    words = ", ".join(f"{number} to {action}" for action, number in sorted(counts.items()))
    short = "; -v names each resource" if len(rows) < len(plan.steps) else ""
    app.output.text(f"{words}. Impact: {plan.impact.label}{short}.")


def plan_data(plan: Plan, findings: tuple[Finding, ...]) -> dict[str, Any]:
    """A plan for the JSON envelope."""
    return {
        "pending": bool(plan.steps),
        "impact": plan.impact,
        "no_op_reason": plan.no_op_reason,
        "steps": plan.steps,
        "refused": bool(guardrails.refused(findings)),
    }


def refusal_data(plan: Plan, findings: tuple[Finding, ...]) -> dict[str, Any]:
    """A plan that is not carried out, for the JSON envelope."""
    return {**plan_data(plan, findings), "refused": True}


def fleet_rows(app: App, live: Sequence[LiveNotebook]) -> list[dict[str, Any]]:
    """The fleet's notebooks: those of the file, there or not, and those that only bear its label."""
    by_name = {notebook.name: notebook for notebook in live}
    wanted = {notebook.name: notebook for notebook in app.fleet.resolved_notebooks}
    labelled = [item.name for item in live if item.labels.get(FLEET_LABEL) == app.fleet.name]
    rows = []
    for name in dict.fromkeys([*wanted, *labelled]):
        found = by_name.get(name)
        rows.append(
            {
                "name": name,
                "in_fleet_file": name in wanted,
                "owner": found.owner if found else wanted[name].owner,
                "zone": found.zone if found else wanted[name].zone,
                "state": found.state if found else "ABSENT",
                "health": found.health if found else None,
                "machine_type": found.machine_type if found else wanted[name].profile.machine_type,
                "gpus": found.gpus if found else {},
                "external_ip": found.external_ip if found else None,
                "internal_ip": found.internal_ip if found else None,
                "service_account": found.service_account if found else None,
                "labels": found.labels if found else {},
                "proxy_url": found.proxy_url if found else None,
                "created": found.created if found else None,
            }
        )
    return rows


def show_fleet(app: App, rows: Sequence[Mapping[str, Any]]) -> None:
    """Print the fleet as a table."""
    columns = ("Notebook", "Owner", "Zone", "State", "Machine", "GPU", "External IP", "JupyterLab")
    app.output.table(
        "",
        columns,
        [
            (
                row["name"],
                row["owner"] or "-",
                row["zone"],
                row["state"] if row["in_fleet_file"] else f"{row['state']} (not in the fleet file)",
                row["machine_type"],
                ", ".join(f"{count} x {kind}" for kind, count in row["gpus"].items()) or "-",
                row["external_ip"] or "none",
                row["proxy_url"] or "-",
            )
            for row in rows
        ],
    )
