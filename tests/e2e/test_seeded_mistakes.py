"""Somebody edits the modules in a hurry: nbp refuses each mistake with its control's id, and changes nothing.

The mistakes stand in mistakes/mistakes.toml. Each is made alone, in a copy of the project, and goes through
the real Terraform, as a person's would.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest
import stand_in
from machine import REPOSITORY, Machine

from notebook_provisioner.catalog import resources
from notebook_provisioner.catalog.controls import CONTROLS
from notebook_provisioner.sandbox import environment

pytestmark = [pytest.mark.terraform, pytest.mark.network, pytest.mark.usefixtures("socket_enabled")]

DATA = Path(__file__).parent / "mistakes"
MISTAKES = tomllib.loads((DATA / "mistakes.toml").read_text(encoding="utf-8"))
MIRROR = os.environ.get("NBP_REAL_PROVIDER_MIRROR")
REAL = "hashicorp/google"
PROGRAM = "from notebook_provisioner.cli.main import main; main()"
DONE, PENDING, REFUSED = 0, 3, 4
NO_EGRESS = "egress:\n    mode: none"


class Checkout(Machine):
    """A copy of the project whose Terraform code is edited, and a user's folder beside it."""

    def __init__(self, folder, provider):
        home = folder / "home"
        home.mkdir()
        super().__init__(home)
        self.project = folder / "project"
        made_meanwhile = shutil.ignore_patterns(".terraform*", "__pycache__")
        for name in ("notebook_provisioner", "terraform", "post_startup"):
            shutil.copytree(REPOSITORY / name, self.project / name, ignore=made_meanwhile)
        self.fleet_file.write_text((DATA / "fleet.yaml").read_text(encoding="utf-8"), encoding="utf-8")
        self.environment |= {"PYTHONPATH": str(self.project)}
        if provider == REAL:
            self.environment["NBP_REAL_PROVIDER_MIRROR"] = MIRROR
        else:
            self.environment.pop("NBP_REAL_PROVIDER_MIRROR", None)

    def nbp(self, *arguments):
        """Run the checkout's own nbp; return its exit status and its JSON envelope."""
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, *arguments, "--format", "json"],
            cwd=self.home,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout)

    def make(self, mistake):
        """Edit the Terraform code; return what undoes it."""
        path = self.project / "terraform" / mistake["file"]
        before = path.read_text(encoding="utf-8") if "old" in mistake else None
        if before is None:
            assert not path.exists()
            path.write_text(mistake["new"], encoding="utf-8")
            return path.unlink
        assert mistake["old"] in before, f"{mistake['file']} has changed: mend mistakes.toml"
        path.write_text(before.replace(mistake["old"], mistake["new"]), encoding="utf-8")
        return lambda: path.write_text(before, encoding="utf-8")


@contextmanager
def made(folder, provider):
    """A checkout and its sandbox; one process of the stand-in serves all its Terraforms."""
    checkout = Checkout(folder, provider)
    connection = checkout.sandbox.start()
    endpoints = environment.for_terraform(connection, project="nbp-mistakes", region="europe-west1")
    try:
        with stand_in.running(endpoints) if provider != REAL else nullcontext({}) as variables:
            checkout.environment |= variables
            yield checkout
    finally:
        checkout.sandbox.stop()


@pytest.fixture(scope="module", params=["stand-in", pytest.param(REAL, marks=pytest.mark.acceptance)])
def provider(request):
    if request.param == REAL and not MIRROR:
        pytest.skip("NBP_REAL_PROVIDER_MIRROR names no mirror of hashicorp/google")
    return request.param


@pytest.fixture(scope="module")
def checkout(provider, tmp_path_factory):
    with made(tmp_path_factory.mktemp("checkout"), provider) as one:
        status, envelope = one.nbp("plan")
        assert (status, envelope["findings"]) == (PENDING, []), "refused without any mistake"
        yield one


@pytest.fixture
def standing(provider, tmp_path):
    with made(tmp_path, provider) as one:
        status, envelope = one.nbp("apply")
        assert status == DONE, envelope
        yield one


def codes(envelope):
    return {finding["code"] for finding in envelope["findings"]}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_refused_with_its_control(checkout, provider, name):
    mistake = MISTAKES[name]
    if mistake.get("provider", provider) != provider:
        pytest.skip(f"only with {mistake['provider']} does Terraform come as far as a plan")
    control, before = mistake["control"], checkout.in_the_cloud()
    egress = f"egress: {mistake['egress']}" if "egress" in mistake else NO_EGRESS
    checkout.edit(NO_EGRESS, egress)
    undo = checkout.make(mistake)
    try:
        # A control of medium severity warns; only a high one refuses.
        high = CONTROLS[control].severity == "high"
        status, envelope = checkout.nbp("apply" if high else "plan")
    finally:
        undo()
        checkout.edit(egress, NO_EGRESS)

    made = set(re.findall(r'^resource "(\w+)"', mistake["new"], re.MULTILINE))
    besides = {"unlisted-resource"} if made - resources.TYPES else set()
    assert codes(envelope) == {control} | besides, envelope
    assert (status, envelope["status"]) == ((REFUSED, "refused") if high else (PENDING, "ok"))
    assert envelope["data"]["refused"] is high
    assert checkout.in_the_cloud() == before


def test_a_standing_fleet_loses_neither_a_notebook_nor_its_key(standing):
    before = standing.in_the_cloud()
    undo = standing.make(
        {
            "file": "modules/encryption/override.tf",
            "new": 'resource "google_kms_crypto_key" "this" { purpose = "ASYMMETRIC_SIGN" }',
        }
    )
    status, envelope = standing.nbp("apply", "--yes", "--accept", "destroy")
    undo()
    assert status == REFUSED
    assert "key-deletion" in codes(envelope)  # hashicorp/google may count what the key encrypts as well

    standing.edit("  - name: ben\n    owner: ben@example.com\n    profile: confidential\n", "")
    status, envelope = standing.nbp("apply", "--yes", "--accept", "destroy")
    assert (status, codes(envelope)) == (REFUSED, {"deletion-protected"})
    assert standing.in_the_cloud() == before


def test_the_mistakes_are_enough():
    seeded = {mistake["control"] for mistake in MISTAKES.values()}
    assert seeded | {"key-deletion"} == set(CONTROLS)  # which needs a fleet that stands
    assert len([mistake for mistake in MISTAKES.values() if "provider" not in mistake]) >= 25
