"""What Terraform and Python both know must be the same."""

import ipaddress
import json
import re
import subprocess
import sys
import tomllib
from datetime import date
from pathlib import Path
from typing import get_args

import click
import pytest

from notebook_provisioner.catalog import grants, jobs, metadata_keys
from notebook_provisioner.catalog.controls import CONTROLS
from notebook_provisioner.cli.main import nbp
from notebook_provisioner.core.fleet import maintenance
from notebook_provisioner.core.fleet.maintenance import Maintenance
from notebook_provisioner.core.fleet.model import Control
from notebook_provisioner.core.fleet.surroundings import EgressRule, IngressRule
from notebook_provisioner.core.upgrades.preflight import PERMISSIONS

REPOSITORY = Path(__file__).resolve().parents[2]
MODULES = REPOSITORY / "terraform" / "modules"
JOBS = json.loads((MODULES / "maintenance" / "jobs.json").read_text())
ROLES = json.loads((MODULES / "applier" / "roles.json").read_text())
APIS = json.loads((MODULES / "services" / "services.json").read_text())
METADATA_KEYS = json.loads((MODULES / "notebook" / "metadata_keys.json").read_text())
ENDPOINTS = json.loads((MODULES / "network" / "google_endpoints.json").read_text())
ALERTS = json.loads((MODULES / "observability" / "alerts.json").read_text())
CONSTRAINTS = json.loads((MODULES / "org-guardrails" / "constraints.json").read_text())
PRESETS = json.loads((MODULES / "perimeter" / "presets.json").read_text())
SERVICES = json.loads((MODULES / "perimeter" / "services.json").read_text())["services"]


@pytest.mark.parametrize(("name", "rows"), [("alerts", ALERTS), ("presets", PRESETS)])
def test_what_plans_are_held_to_is_what_the_modules_read(name, rows):
    catalogue = REPOSITORY / "notebook_provisioner" / "catalog" / f"{name}.json"
    assert json.loads(catalogue.read_text()) == rows


def test_what_google_serves_in_public():
    catalogue = REPOSITORY / "notebook_provisioner" / "catalog" / "google_public.json"
    assert catalogue.read_text() == (MODULES / "network" / "google_public.json").read_text()


def test_keys_that_workbench_protects():
    assert set(METADATA_KEYS["system"]) == set(metadata_keys.PROTECTED)


def test_keys_that_are_decided_elsewhere():
    assert set(METADATA_KEYS["module"]) | set(METADATA_KEYS["code"]) == set(metadata_keys.TYPED)


def test_keys_that_may_be_set():
    assert set(METADATA_KEYS["allowed"]) == set(metadata_keys.ALLOWED)


def test_keys_that_run_code():
    assert set(METADATA_KEYS["code"]) == set(metadata_keys.CODE)
    assert metadata_keys.CODE.items() <= metadata_keys.TYPED.items()


def test_keys_that_the_module_sets_are_refused_as_additional_metadata():
    text = (MODULES / "notebook" / "metadata.tf").read_text()
    written = set(re.findall(r"^ +([a-z-]+) += ", text, re.MULTILINE)) | set(
        re.findall(r'"(notebook-[a-z-]+)"', text)
    )
    written -= {"control", "metadata"}
    assert written <= set(METADATA_KEYS["module"])
    assert len(written) >= 11


def test_controls_that_can_be_exempted():
    text = (MODULES / "notebook" / "variables.tf").read_text()
    listed = re.search(r"setsubtract\(var\.exemptions\[\*\]\.control, \[(.*?)\]", text, re.DOTALL)[1]
    assert set(re.findall(r'"([^"]+)"', listed)) == set(get_args(Control))


def test_each_vip_is_the_four_addresses_of_its_range():
    for vip in ENDPOINTS["vips"].values():
        assert vip["addresses"] == [str(address) for address in ipaddress.ip_network(vip["cidr"])]
    ranges = [ipaddress.ip_network(vip["cidr"]) for vip in ENDPOINTS["vips"].values()]
    assert not ranges[0].overlaps(ranges[1])


def test_every_endpoint_says_why_and_where_it_comes_from():
    domains = [row["domain"] for row in ENDPOINTS["domains"]]
    assert len(set(domains)) == len(domains)
    for row in [*ENDPOINTS["domains"], *ENDPOINTS["vips"].values()]:
        assert row["source"].startswith("https://cloud.google.com/")
        assert date.fromisoformat(row["read"]) <= date.today()  # noqa: DTZ011  # a day, wherever one is
    assert all(row["why"].endswith(".") for row in ENDPOINTS["domains"])


def test_presets_of_the_perimeter():
    for rule, way in ((IngressRule, "ingress"), (EgressRule, "egress")):
        names = get_args(rule.model_fields["preset"].annotation)
        assert [row["preset"] for row in PRESETS if row["direction"] == way] == list(names)
    for row in PRESETS:
        assert row["why"].endswith(".")
        assert row["source"].startswith("https://cloud.google.com/")
        assert date.fromisoformat(row["read"]) <= date.today()  # noqa: DTZ011  # a day, wherever one is
        assert isinstance(row["verified"], bool)
        assert row["from"] in {"access_levels", "projects", "anywhere"}
        assert all(operation["methods"] for operation in row["operations"])


def test_who_runs_nbp_is_let_in_to_every_restricted_service_that_nbp_calls():
    # Everything that nbp or its Terraform calls is enabled; this is enabled for notebooks alone.
    called = {row["service"] for row in APIS} - {"aiplatform.googleapis.com"}
    restricted = {row["service"] for row in SERVICES}
    for name in ("operators", "pipeline"):
        (preset,) = (row for row in PRESETS if row["preset"] == name)
        assert {operation["service"] for operation in preset["operations"]} == called & restricted
    # The two calls of impersonation and federation, which the bootstrap sets up.
    assert {"iamcredentials.googleapis.com", "sts.googleapis.com"} <= called
    assert "iamcredentials.googleapis.com" in restricted


def test_every_restricted_service_says_why():
    services = [row["service"] for row in SERVICES]
    assert len(set(services)) == len(services)
    assert all(row["service"].endswith(".googleapis.com") and row["why"].endswith(".") for row in SERVICES)
    assert all(isinstance(row["verified"], bool) for row in SERVICES)


def test_every_alert_says_why_and_where_it_comes_from():
    names = [row["name"] for row in ALERTS]
    assert len(set(names)) == len(names)
    for row in ALERTS:
        assert row["severity"] in {"CRITICAL", "ERROR", "WARNING"}
        assert row["why"].endswith(".")
        assert row["source"].startswith("https://")
        assert isinstance(row["verified"], bool)
        assert row["filter"].count('"') % 2 == 0
        assert row["filter"].count("(") == row["filter"].count(")")


def test_every_constraint_serves_a_control_that_exists():
    constraints = [row["constraint"] for row in CONSTRAINTS]
    assert len(set(constraints)) == len(constraints)
    for row in CONSTRAINTS:
        assert row["dry_run"] in {True, False, "unverified"}
        assert row["control"] is None or row["control"] in CONTROLS
        assert row["rule"] in {"denied", "deny", "enforce", "values"}
        assert row["why"].endswith(".")
        assert row["source"].startswith("https://cloud.google.com/")


def test_every_permission_of_a_job_says_why():
    for job in JOBS:
        permissions = [row["permission"] for row in job["permissions"]]
        assert permissions == sorted(set(permissions))
        for row in job["permissions"]:
            assert re.fullmatch(r"[a-z]+\.[a-zA-Z]+\.[a-zA-Z]+", row["permission"])
            assert row["why"].endswith(".")
            assert row["source"].startswith("https://cloud.google.com/")
            assert isinstance(row["verified"], bool)


def test_the_upgrade_job_holds_what_the_command_checks_for():
    held = {row["permission"] for job in JOBS if job["name"] == "upgrade" for row in job["permissions"]}
    # not checked for: operations, and facts whose absence stops nothing
    besides = {
        "compute.instances.getSerialPortOutput",
        "compute.instances.list",
        "compute.projects.get",
        "notebooks.operations.get",
        "notebooks.operations.list",
    }
    assert held == set(PERMISSIONS) | besides


def test_the_guardrails_let_pass_what_the_modules_grant_and_nothing_else():
    vm = re.search(r"permissions = \[(.*?)\]", (MODULES / "project" / "roles.tf").read_text())[1]
    held = {job["name"]: {row["permission"] for row in job["permissions"]} for job in JOBS}
    assert held | {"vm": set(re.findall(r'"([^"]+)"', vm))} == grants.PERMISSIONS
    assert {job["name"]: tuple(job["folders"]) for job in JOBS} == grants.FOLDERS

    granted = set()
    outside = {"applier"}  # called by the bootstrap, which no fleet's plan holds
    for path in MODULES.glob("*/*.tf"):
        module = path.parent.name
        for kind, body in re.findall(
            r'^resource "(google_\w+)_iam_member" .*?\{\n(.*?)^\}', path.read_text(), re.MULTILINE | re.DOTALL
        ):
            narrowed = re.search(r"^  condition \{", body, re.MULTILINE) is not None
            roles = re.findall(r'"(roles/[^"]+)"', body) or ["a custom role"]
            if module not in outside:
                granted |= {(module, kind, role, narrowed) for role in roles}
    custom = "projects/"
    assert granted == {
        (row.module, row.kind, "a custom role" if row.role.startswith(custom) else row.role, bool(row.only))
        for row in grants.GRANTS
    }
    assert all(row.why.endswith(".") for row in grants.GRANTS)
    assert "modules/applier" not in (REPOSITORY / "terraform" / "fleet" / "fleet.tf").read_text()


def test_the_jobs_are_those_of_the_fleet_file():
    fields = Maintenance.model_fields.keys() - {"image", "serves", "served_by"}
    assert {job["name"] for job in JOBS} == fields == set(maintenance.JOBS)
    assert {row["job"] for row in ALERTS if "job" in row} == fields


def test_what_a_job_runs_is_what_a_plan_is_held_to():
    assert {
        job["name"]: jobs.Job(tuple(job["arguments"]), job["timeout_seconds"]) for job in JOBS
    } == jobs.JOBS
    bucket = (MODULES / "maintenance" / "bucket.tf").read_text()
    assert re.findall(r"^  name +=(.*)$", bucket, re.MULTILINE)[-1] == f' "{jobs.FLEET_FILE}"'
    assert f'mount_path = "{jobs.MOUNT}"' in (MODULES / "maintenance" / "jobs.tf").read_text()


def test_every_job_runs_a_command_that_takes_its_options():
    for job in JOBS:
        words = [word for word in job["arguments"] if not word.startswith("-")]
        command = nbp
        for word in words:
            command = command.get_command(click.Context(command), word)
            if command is None:
                pytest.skip(f"nbp {' '.join(words)} is not there yet")
        known = {option for parameter in command.params for option in parameter.opts}
        assert set(job["arguments"]) - set(words) <= known


def test_who_applies_may_make_all_that_the_modules_make():
    # Its own making is done by whoever runs the bootstrap.
    tfs = [path for path in MODULES.rglob("*.tf") if path.parent.name != "applier"]
    made = set(re.findall(r'^resource "(\w+)"', "".join(map(Path.read_text, tfs)), re.MULTILINE))
    allowed = {resource for row in ROLES for resource in row["resources"]}
    assert made <= allowed
    for row in ROLES:
        assert row["why"].endswith(".")
        assert row["source"].startswith("https://cloud.google.com/")
        assert row["scope"] in {
            "project",
            "host project",
            "key",
            "registry",
            "access policy",
            "organization",
            "billing account",
        }


def test_what_others_grant_stands_on_the_page_for_a_real_project():
    text = (REPOSITORY / "docs" / "operators" / "real-project.md").read_text()
    rows = re.findall(r"^ +\| `(roles/[\w.]+)`.* \| the ([\w ]+) \| .+ \|$", text, re.MULTILINE)
    assert sorted(rows) == sorted((row["role"], row["scope"]) for row in ROLES if row["scope"] != "project")


def test_every_enabled_api_says_why():
    services = [row["service"] for row in APIS]
    assert len(set(services)) == len(services)
    assert all(row["service"].endswith(".googleapis.com") and row["why"].endswith(".") for row in APIS)


@pytest.mark.parametrize("what", ["module_readmes", "arguments"])
def test_what_is_generated_from_the_modules_is_fresh(what):
    script = REPOSITORY / "scripts" / f"generate_{what}.py"
    checked = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr


def test_the_lines_that_mistakes_are_seeded_in_are_there():
    mistakes = tomllib.loads((REPOSITORY / "tests" / "e2e" / "mistakes" / "mistakes.toml").read_text("utf-8"))
    seeded = {name: mistake for name, mistake in mistakes.items() if "old" in mistake}
    assert seeded
    for name, mistake in seeded.items():
        assert mistake["old"] in (REPOSITORY / "terraform" / mistake["file"]).read_text("utf-8"), name
