"""What a re-run has a machine do, in a machine."""

import hashlib

import pytest

from notebook_provisioner.adapters import ssh
from notebook_provisioner.core.rerun.one_shot import one_shot

pytestmark = pytest.mark.lab

URL = "gs://nbp-scripts/ana research/ünïcode.sh"
SCRIPT = b'#!/bin/bash\necho "ran from ${BASH_SOURCE[0]} as $(id -u)"\n'
C2D = {"/opt/c2d/scripts/00-first.sh": b"#!/bin/bash\necho first\n"}


def start(run):
    digest = hashlib.sha256(SCRIPT).hexdigest()
    return {"startup-script": one_shot(URL, digest, run, storage="http://storage.googleapis.com")}


def outputs(report):
    return [(ran.exit_status, ran.output) for ran in report.of_stage("startup-script")]


def test_the_startup_script_runs_the_post_startup_script_once(new_machine):
    machine = new_machine()
    said = "ran from /var/lib/notebook-provisioner/rerun.sh as 0\n"
    objects = {URL: SCRIPT}
    assert outputs(machine.boot(start("one"), objects=objects)) == [(0, said)]
    assert outputs(machine.boot(start("one"), objects=objects)) == [(0, "")]
    assert outputs(machine.boot(start("two"), objects=objects)) == [(0, said)]


def test_another_content_in_the_bucket_is_not_run(new_machine):
    [(status, output)] = outputs(new_machine().boot(start("one"), objects={URL: SCRIPT + b"echo evil\n"}))
    assert status != 0
    assert "ran from" not in output


def test_what_is_sent_over_ssh_makes_c2d_run_again(new_machine):
    machine = new_machine(image_files=C2D)
    machine.boot({})
    commands = [
        ["/bin/sh", "-c", command.removeprefix("sudo ")] for command in (ssh._PROBE, ssh._CLEAR, ssh._PROBE)
    ]
    told = [ran.output for ran in machine.boot({}, commands=commands).of_stage("command")]
    assert "nbp-flag /root/google_vm_config.lock\n" in told[0]
    assert all("nbp-flag" not in output and "nbp-c2d yes\n" in output for output in told[1:])
    again = machine.boot({}, commands=[["/bin/sh", "-c", ssh._SET.removeprefix("sudo ")]])
    assert len(again.of_stage("c2d")) == 1
    assert machine.boot({}).of_stage("c2d") == ()
