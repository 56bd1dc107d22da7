"""A script's life: apply, it ran; another one, drift; re-run, it ran everywhere. With real Terraform."""

import json
import os
import shutil
import subprocess

import pytest

from notebook_provisioner.sandbox.environment import for_gcloud

pytestmark = [pytest.mark.terraform, pytest.mark.network]
NAMES = ["ana-research", "ana-training", "ben-research"]


def verdicts(machine, expect):
    return [one["verdict"] for one in machine.ask("post-startup", "status", expect=expect)["notebooks"]]


def seen_by_gcloud(machine):
    """Name to metadata and state, in gcloud's eyes; in our own where there is no gcloud."""
    if shutil.which("gcloud") is None:
        listed = machine.ask("list")["notebooks"]
        shown = [machine.ask("show", one["name"]) for one in listed]
        return {one["name"]: (one["metadata"], one["state"]) for one in shown}
    done = subprocess.run(
        ["gcloud", "workbench", "instances", "list", "--location=europe-west1-b", "--format=json"],
        env={**os.environ, **for_gcloud(machine.sandbox.connection(), project="nbp-quickstart")},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return {
        one["name"].rpartition("/")[2]: (one["gceSetup"]["metadata"], one["state"])
        for one in json.loads(done.stdout)
    }


def test_a_new_script_ships_without_a_restart_and_runs_when_it_is_told_to(machine):
    machine.run("apply")
    assert verdicts(machine, 0) == ["current"] * 3

    machine.edit("defaults:\n", "defaults:\n  environment: {MOOD: new}\n")
    assert "outdated" in verdicts(machine, 3)
    machine.run("post-startup", "rerun", "--all", expect=4)  # nothing is shipped yet
    plan = machine.ask("plan", expect=3)
    assert plan["impact"] == "live"
    machine.run("apply")
    assert verdicts(machine, 3) == ["outdated"] * 3

    before = seen_by_gcloud(machine)
    done = machine.ask("post-startup", "rerun", "--all", "--canary", "ben-research")
    assert [(one["name"], one["result"]) for one in done["results"]] == [
        ("ben-research", "succeeded"),
        ("ana-research", "succeeded"),
        ("ana-training", "succeeded"),
    ]
    assert verdicts(machine, 0) == ["current"] * 3
    assert seen_by_gcloud(machine) == before
    assert sorted(before) == NAMES
    assert {state for _, state in before.values()} == {"ACTIVE"}
    machine.run("plan")  # Terraform has nothing to put back either
