"""A script's life: apply, it ran; another one, drift; re-run, it ran everywhere. With real Terraform."""

import json
import os
import shutil
import subprocess
import time

import pytest
from snapshot_documents import Control

from notebook_provisioner.sandbox.environment import for_gcloud
from notebook_provisioner.sandbox.lab import host

pytestmark = [pytest.mark.terraform, pytest.mark.network, pytest.mark.long]
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
        timeout=600,
        check=True,
    )
    return {
        one["name"].rpartition("/")[2]: (one["gceSetup"]["metadata"], one["state"])
        for one in json.loads(done.stdout)
    }


@pytest.mark.usefixtures("one_provider")
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


@pytest.fixture
def lab(machine):
    """The same machine, with a sandbox whose notebooks boot for real."""
    try:
        machine.sandbox.start(boot="lab")
    except host.LabUnavailable as error:
        pytest.skip(str(error))
    with machine.one_provider():
        yield machine


def booted(machine):
    """Wait until no notebook boots any more."""
    deadline = time.monotonic() + 600
    while sum(machine.sandbox.status().boots.values()):
        assert time.monotonic() < deadline
        time.sleep(0.3)


def said(machine):
    """What each notebook's script reported, as gcloud's user reads it; ours where there is no gcloud."""
    notebooks = machine.ask("post-startup", "status")["notebooks"]
    if shutil.which("gcloud") is None:
        return {one["name"]: one["report"] for one in notebooks}
    found = {}
    for name in NAMES:
        done = subprocess.run(
            [
                *("gcloud", "compute", "instances", "get-guest-attributes", name, "--zone=europe-west1-b"),
                *("--query-path=notebook-provisioner/status", "--format=json"),
            ],
            env={**os.environ, **for_gcloud(machine.sandbox.connection(), project="nbp-quickstart")},
            capture_output=True,
            text=True,
            timeout=600,
            check=True,
        )
        [item] = json.loads(done.stdout)
        found[name] = json.loads(item["value"])
    return found


def environments(machine):
    """The file that the script writes, on each boot disk."""
    folders = (machine.home / ".sandbox" / "lab").iterdir()
    return [(folder / "root/etc/notebook-provisioner/environment").read_text() for folder in folders]


def stop(machine, name):
    connection = machine.sandbox.connection()
    control = Control(connection.url, connection.token)
    place = "notebooks/v2/projects/nbp-quickstart/locations/europe-west1-b/instances"
    control.ask("POST", f"{place}/{name}:stop", {})


@pytest.mark.lab
def test_a_new_script_really_runs_everywhere(lab):
    lab.run("apply")
    booted(lab)
    assert verdicts(lab, 0) == ["current"] * 3
    first = said(lab)
    assert {one["state"] for one in first.values()} == {"COMPLETE"}
    assert {one["steps"]["jupyter-server"] for one in first.values()} == {"skipped"}  # there is no Jupyter
    assert "MOOD" not in "".join(environments(lab))

    lab.edit("defaults:\n", "defaults:\n  environment: {MOOD: new}\n")
    lab.run("apply")
    assert verdicts(lab, 3) == ["outdated"] * 3
    stop(lab, "ana-training")
    before = seen_by_gcloud(lab)
    assert [before[name][1] for name in NAMES] == ["ACTIVE", "STOPPED", "ACTIVE"]
    done = lab.ask("post-startup", "rerun", "--all", "--canary", "ben-research")
    assert {one["name"]: one["result"] for one in done["results"]} == dict.fromkeys(NAMES, "succeeded")
    booted(lab)
    second = said(lab)
    assert {one["state"] for one in second.values()} == {"COMPLETE"}
    assert not {one["run"] for one in first.values()} & {one["run"] for one in second.values()}
    assert verdicts(lab, 0) == ["current"] * 3
    assert [text.count("MOOD=") for text in environments(lab)] == [1, 1, 1]
    assert seen_by_gcloud(lab) == before
    lab.run("plan")
