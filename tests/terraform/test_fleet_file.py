"""The fleet file means the same to Terraform as to Python."""

import functools
import json
import shutil
from datetime import date
from pathlib import Path

import pytest

from notebook_provisioner.core import fleet
from notebook_provisioner.core.fleet import source
from notebook_provisioner.core.fleet.buckets import bucket_name
from notebook_provisioner.core.fleet.maintenance import operations_bucket
from notebook_provisioner.core.post_startup.values import sync_bucket

REPOSITORY = Path(__file__).resolve().parents[2]
FLEETS = sorted(
    str(path.relative_to(REPOSITORY))
    for pattern in (
        "examples/*/fleet.yaml",
        "terraform/modules/fleet-file/tests/fleets/*.yaml",
        "terraform/fleet/tests/fleets/*.yaml",
    )
    for path in REPOSITORY.glob(pattern)
)
pytestmark = pytest.mark.terraform


@pytest.fixture(scope="module")
def read(bare_terraform, sources, tmp_path_factory):
    """Terraform's reading of a fleet file, once a file: every output of the module."""
    folder = Path(
        shutil.copytree(sources / "modules" / "fleet-file", tmp_path_factory.mktemp("read") / "module")
    )
    bare_terraform.succeed(folder, "init", "-input=false", "-no-color")

    @functools.cache
    def outputs(path):
        bare_terraform.succeed(folder, "apply", "-auto-approve", "-no-color", f"-var=path={path}")
        shown = json.loads(bare_terraform.succeed(folder, "output", "-json"))
        return {name: output["value"] for name, output in shown.items()}

    return outputs


def served_files(maintenance, job):
    """Where the fleets that a job serves say that their files are: each of them has a bucket of this name."""
    buckets = [bucket_name(one.project, one.fleet, "operations") for one in maintenance.served(job)]
    return [f"gs://{bucket}/fleet.yaml" for bucket in buckets]


def parsed(path):
    return fleet.parse(path.read_text(), file=path.name, today=date(2026, 11, 21), target=None)


@pytest.mark.parametrize("name", FLEETS)
def test_notebooks_resolve_alike(read, name):
    path = REPOSITORY / name
    expected = {
        notebook.name: {
            "name": notebook.name,
            "owner": notebook.owner,
            "zone": notebook.zone,
            "profile_name": notebook.profile_name,
            "profile": notebook.profile.model_dump(mode="json"),
            "labels": dict(notebook.labels),
            "idle_timeout_seconds": notebook.idle_timeout_seconds,
            "deletion_protection": notebook.deletion_protection,
            "exemptions": [{"control": one.control, "reason": one.reason} for one in notebook.exemptions],
            "metadata": dict(notebook.metadata),
            "post_startup_behavior": notebook.post_startup_behavior,
            "data_disk_snapshots": notebook.data_disk_snapshots and notebook.data_disk_snapshots.model_dump(),
            "managed_euc": notebook.managed_euc,
            "sync_enabled": notebook.sync.enabled,
            "sync_bucket": notebook.sync.bucket.model_dump(),
        }
        for notebook in parsed(path).resolved_notebooks
    }
    assert read(path)["notebooks"] == expected


@pytest.mark.parametrize("name", FLEETS)
def test_the_rest_of_the_fleet_resolves_alike(read, name):
    path = REPOSITORY / name
    ours, theirs = parsed(path), read(path)["fleet"]
    assert (theirs["name"], theirs["project"], theirs["region"], theirs["target"]) == (
        ours.name,
        ours.project,
        ours.region,
        ours.target,
    )
    assert theirs["labels"] == {**ours.labels, "nbp-fleet": ours.name}
    network = ours.network.model_dump(mode="json")
    assert theirs["network"]["create"] == (network["mode"] == "create")
    assert theirs["network"]["name"] == network["name"]
    assert theirs["network"]["host_project"] == network.get("host_project")
    assert theirs["network"]["subnet"] == {
        "name": network["subnet"],
        "region": ours.region,
        "cidr": network.get("cidr"),
    }
    assert theirs["network"]["iap_ssh"] == network.get("iap_ssh", False)
    assert theirs["network"]["vip"] == network["vip"]
    assert theirs["network"]["egress"].items() <= network["egress"].items()
    perimeter = ours.perimeter.model_dump(mode="json")
    for key in ("mode", "organization", "access_policy"):
        assert theirs["perimeter"][key] == perimeter.get(key)
    assert [level["name"] for level in theirs["perimeter"]["access_levels"]] == [
        level["name"] for level in perimeter.get("access_levels", [])
    ]
    for way in ("ingress", "egress"):
        ruled = [{"access_levels": [], "projects": [], **rule} for rule in theirs["perimeter"][way]]
        assert ruled == [{"access_levels": [], **rule} for rule in perimeter.get(way, [])]
    for key in ("existing_access_levels", "restricted_services", "accessible_services"):
        assert theirs["perimeter"][key] == perimeter.get(key, [])
    watched = ours.observability
    assert theirs["observability"] == (watched and watched.model_dump(mode="json"))
    maintenance = ours.maintenance
    assert theirs["maintenance"] == (
        maintenance
        and {
            "image": maintenance.image,
            "jobs": {
                name: job.model_dump(mode="json")
                | {"tasks": maintenance.tasks(name), "served_files": served_files(maintenance, name)}
                for name, job in maintenance.jobs.items()
            },
            "served_by": maintenance.served_by and maintenance.served_by.model_dump(mode="json"),
        }
    )
    encryption = ours.encryption.model_dump(mode="json")
    assert theirs["encryption"]["create"] == (encryption["mode"] == "create")
    for key in ("key_ring", "key", "kms_key"):
        assert theirs["encryption"][key] == encryption.get(key)
    assert theirs["encryption"]["rotation_days"] == encryption.get("rotation_days", 90)
    assert theirs["encryption"]["protection_level"] == encryption.get("protection_level", "SOFTWARE")


@pytest.mark.parametrize("name", FLEETS)
def test_leases_lie_where_the_jobs_look_for_them(read, name):
    ours, theirs = parsed(REPOSITORY / name), read(REPOSITORY / name)
    if ours.maintenance is not None:
        assert operations_bucket(ours) == theirs["operations_bucket"]


@pytest.mark.parametrize("name", FLEETS)
def test_sync_buckets_have_the_names_that_notebooks_are_told(read, name):
    ours = parsed(REPOSITORY / name)
    expected = {one.name: sync_bucket(ours, one) for one in ours.resolved_notebooks if one.sync.enabled}
    assert read(REPOSITORY / name)["sync_buckets"] == expected


def test_what_terraform_rewrites_is_told_from_text(bare_terraform, tmp_path):
    days = ("2026-01-01", "2026-1-1", "2026-02-30", "0000-01-01", "26-01-01", "2026/01/01", "2026-01")
    times = (
        "",
        "T",
        "T2:3:4Z",
        "t02:03:04Z",
        "T02:03:04.5Z",
        " 02:03:04",
        "  2:3:4,5",
        " 02:03",
        "T2:3:4-24:60",
    )
    texts = [day + time for day in days for time in times]
    (tmp_path / "texts.json").write_text(json.dumps(texts))
    (tmp_path / "main.tf").write_text(
        'output "read" { value = [for t in jsondecode(file("texts.json")) : yamldecode("key: ${t}").key] }\n'
    )
    bare_terraform.succeed(tmp_path, "apply", "-auto-approve", "-no-color")
    read = json.loads(bare_terraform.succeed(tmp_path, "output", "-json"))["read"]["value"]
    rewritten = {text for text, value in zip(texts, read, strict=True) if value != text}
    told = {text for text in texts if source.read(f"key: {text}\n", file="fleet.yaml").timestamps}
    assert len(rewritten) > 10
    assert rewritten <= told
