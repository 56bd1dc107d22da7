"""What a newcomer does: apply, look, edit, apply again, take down. With real Terraform."""

import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import click
import pytest
from machine import NBP, REPOSITORY

from notebook_provisioner.cli.main import COMMANDS, nbp
from notebook_provisioner.sandbox.lab import host

pytestmark = [pytest.mark.terraform, pytest.mark.network, pytest.mark.long]


def test_the_quickstart_from_nothing_to_nothing(machine):
    table = machine.run("apply")
    for name in ("ana-research", "ana-training", "ben-research"):
        assert name in table

    assert "Nothing to do" in machine.run("apply")
    assert machine.ask("plan") == {
        "pending": False,
        "impact": "none",
        "no_op_reason": "the cloud is as the fleet file says",
        "steps": [],
        "refused": False,
    }
    notebooks = machine.ask("list")["notebooks"]
    assert [notebook["external_ip"] for notebook in notebooks] == [None, None, None]
    assert {notebook["state"] for notebook in notebooks} == {"ACTIVE"}
    assert {notebook["owner"] for notebook in notebooks} == {"ana@example.com", "ben@example.com"}

    machine.edit("idle_timeout_seconds: 3600", "idle_timeout_seconds: 7200")
    (step,) = machine.ask("plan", expect=3)["steps"]
    assert (step["action"], step["impact"]) == ("update", "live")
    machine.run("apply")
    assert machine.ask("show", "ana-research")["metadata"]["idle-timeout-seconds"] == "7200"
    machine.run("plan")

    assert "Destroyed quickstart" in machine.run("destroy")
    assert machine.managed() == set()
    assert {notebook["state"] for notebook in machine.ask("list")["notebooks"]} == {"ABSENT"}
    machine.run("apply")  # takes over the key that outlives every fleet
    assert machine.leftovers() == []


@pytest.mark.usefixtures("one_provider")
def test_what_costs_people_is_refused_until_it_is_accepted(machine):
    machine.run("apply")
    machine.edit("machine_type: e2-standard-4", "machine_type: e2-standard-8")
    machine.run("apply", expect=4)
    assert {n["machine_type"] for n in machine.ask("list")["notebooks"]} == {"e2-standard-4", "n1-standard-8"}
    machine.run("apply", "--accept", "restart")
    assert {n["machine_type"] for n in machine.ask("list")["notebooks"]} == {"e2-standard-8", "n1-standard-8"}

    machine.edit("owner: ben@example.com", "owner: eve@example.com")
    steps = machine.ask("plan", expect=3)["steps"]
    assert {step["impact"] for step in steps if "workbench_instance" in step["subject"]} == {"replace"}
    machine.run("apply", "--accept", "restart", expect=4)

    machine.edit("deletion_protection: false", "deletion_protection: true")
    machine.edit("owner: eve@example.com", "owner: ben@example.com")
    machine.run("apply")
    machine.run("destroy", expect=4)
    assert {n["state"] for n in machine.ask("list")["notebooks"]} == {"ACTIVE"}


def test_ctrl_c_stops_in_good_order_and_the_next_apply_goes_on(machine):
    process = machine.start("apply")
    said = ""
    for line in process.stderr:
        said += line
        if "Creation complete" in line:
            process.send_signal(signal.SIGINT)
            break
    _, rest = process.communicate(timeout=600)
    assert process.returncode == 130, said + rest
    assert "Traceback" not in rest
    assert "execution halted" not in rest
    # Terraform says it of some of the rest alone: how many there are, nobody knows before the next plan.
    assert rest.splitlines().count("stopped: the rest was not begun; what was done is in the state") == 1
    assert machine.leftovers() == []
    machine.run("apply")
    machine.run("plan")


def test_a_second_run_waits_for_the_first(machine):
    first = machine.start("apply")
    for line in first.stderr:
        if "Creating..." in line:
            break
    machine.run("apply")
    first.communicate(timeout=600)
    assert first.returncode == 0
    machine.run("plan")


@pytest.mark.usefixtures("one_provider")
def test_a_lost_state_is_built_again_from_what_exists(machine):
    machine.edit("mode: none", "fqdns: [docs.example.com]\n    mode: nat-allowlist")  # rules have no names
    machine.run("apply")
    managed = machine.managed()
    for path in (machine.home / ".nbp" / "nbp-quickstart" / "quickstart-sandbox").glob("terraform.tfstate*"):
        path.unlink()
    assert machine.run("apply", "--format", "json", expect=1).count("already-exists") == 1
    machine.run("apply", "--adopt")
    assert machine.managed() == managed
    machine.run("plan")


LAST = ["destroy", "sandbox reset", "sandbox stop"]


def examples():
    """The examples of every command's help, in an order in which they can work."""
    ctx = click.Context(nbp)
    found = {}
    for name in COMMANDS:
        command = nbp.get_command(ctx, name)
        group = command.commands if isinstance(command, click.Group) else {"": command}
        for word, leaf in group.items():
            found[f"{name} {word}".strip()] = re.search(r"Example:\n +(nbp .+)", leaf.help).group(1)
    first = [words for words in ("init", "sandbox start", "apply") if words in found]
    rest = [words for words in found if words not in {*first, *LAST}]
    return [found[words] for words in (*first, *rest, *LAST)]


def test_the_examples_of_the_help_work(machine):
    (machine.home / "examples").symlink_to(REPOSITORY / "examples")
    environment = {**machine.environment, "PATH": f"{Path(NBP).parent}:{os.environ['PATH']}"}
    del environment["NBP_FLEET"]
    for line in examples():
        shown = subprocess.run(
            ["sh", "-c", line], cwd=machine.home, env=environment, capture_output=True, text=True, check=False
        )
        pending = "--dry-run" in line or ("post-startup test" in line and not lab_is_there())
        never_upgraded = "upgrade rollback" in line
        expected = 3 if pending else 1 if never_upgraded else 0
        assert shown.returncode == expected, f"{line}: {shown.returncode}\n{shown.stdout}{shown.stderr}"


def lab_is_there():
    try:
        with host.folder():
            return True
    except host.LabUnavailable:
        return False


@pytest.mark.gcloud
@pytest.mark.usefixtures("one_provider")
def test_gcloud_sees_the_same_fleet(machine):
    if shutil.which("gcloud") is None:
        pytest.skip("gcloud is not on PATH")
    machine.run("apply")
    variables = machine.ask("sandbox", "env")

    def gcloud(*words):
        shown = subprocess.run(
            ["gcloud", *words],
            capture_output=True,
            text=True,
            check=False,
            env={**machine.environment, **variables},
            timeout=600,
        )
        assert shown.returncode == 0, shown.stderr
        return shown.stdout.split()

    names = ["ana-research", "ana-training", "ben-research"]
    assert (
        sorted(gcloud("workbench", "instances", "list", "--location=-", "--format=value(name.basename())"))
        == names
    )
    assert sorted(gcloud("compute", "instances", "list", "--format=value(name)")) == names
    disks = gcloud("compute", "disks", "list", "--format=value(name)")
    assert sorted(disks) == sorted(f"{name}-{disk}" for name in names for disk in ("boot", "data-workspace"))
    assert gcloud("storage", "ls") == ["gs://nbp-quickstart-quickstart-scripts/"]
    assert "googleapis.com." in gcloud("dns", "managed-zones", "list", "--format=value(dnsName)")
