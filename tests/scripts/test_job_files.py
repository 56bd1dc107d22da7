"""What starts the clean-up: the image's guard, the systemd units, the crontab line."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
SCRIPTS = REPOSITORY / "scripts"
CRON = (SCRIPTS / "nbp-snapshots-prune.cron").read_text("utf-8")
PROGRAM = "/opt/nbp/bin/nbp"


@pytest.mark.parametrize(
    ("image", "status"),
    [
        (f"docker.io/library/python:3.13-slim@sha256:{'0' * 64}", 0),
        (f"python@sha256:{'0' * 64}", 0),
        ("python:latest", 1),
        ("python:latest@sha256:", 1),
        ("", 1),
    ],
)
def test_the_image_is_built_on_a_digest_alone(image, status):
    dockerfile = (REPOSITORY / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
    first, second = re.findall(r"^(?:ARG|RUN|FROM) (.*)$", dockerfile, re.MULTILINE)[2:4]
    assert first == "PYTHON_IMAGE"  # in the stage, too: what stands above FROM is not known below it
    done = subprocess.run(
        ["/bin/sh", "-c", second], env={first: image}, capture_output=True, text=True, check=False
    )
    assert done.returncode == status
    assert bool(done.stderr) is bool(status)


def _cron_line() -> tuple[list[str], str]:
    [line] = [line for line in CRON.splitlines() if re.match(r"[\d*]", line)]
    *fields, command = line.split(maxsplit=6)
    return fields, command


def test_the_crontab_runs_what_the_timer_runs():
    fields, command = _cron_line()
    assert fields == ["17", "3", "*", "*", "*", "nbp"]  # the sixth field of /etc/cron.d is the user
    service = (SCRIPTS / "nbp-snapshots-prune.service").read_text("utf-8")
    [started] = re.findall(r"^ExecStart=(.*)$", service, re.MULTILINE)
    assert command.endswith(started)
    assert "OnCalendar=*-*-* 03:17:00" in (SCRIPTS / "nbp-snapshots-prune.timer").read_text("utf-8")
    assert "%" not in command  # cron makes a line's end of it
    assert CRON.endswith("\n")  # cron reads no line without an end


@pytest.mark.skipif(shutil.which("flock") is None, reason="flock is not on this machine")
def test_runs_of_the_crontab_do_not_overlap(tmp_path):
    program = tmp_path / "nbp"
    program.write_text('#!/bin/sh\necho "ran $*"\n')
    program.chmod(0o755)
    lock = tmp_path / "cron.lock"
    command = _cron_line()[1].replace(PROGRAM, str(program)).replace("/var/lib/nbp/cron.lock", str(lock))

    def run() -> subprocess.CompletedProcess[str]:
        return subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=False)

    assert "ran snapshots prune --due --yes" in run().stdout
    with subprocess.Popen(["flock", str(lock), "sh", "-c", "echo held; cat"], stdin=-1, stdout=-1) as other:
        assert other.stdout.readline() == b"held\n"
        refused = run()
        other.communicate()
    assert (refused.returncode, "ran" in refused.stdout) == (4, False)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd's own reading is not here")
def test_systemd_finds_nothing_wrong_with_the_units(tmp_path):
    for unit in SCRIPTS.glob("nbp-snapshots-prune.*"):
        if unit.suffix in {".service", ".timer"}:
            text = unit.read_text("utf-8").replace(PROGRAM, shutil.which("true"))
            (tmp_path / unit.name).write_text(text, "utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", *sorted(map(str, tmp_path.iterdir()))],
        env={**os.environ, "SYSTEMD_LOG_LEVEL": "warning"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    said = [line for line in done.stderr.splitlines() if "nbp-snapshots-prune" in line]
    assert (done.returncode, said) == (0, [])
