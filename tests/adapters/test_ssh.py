"""gcloud's way to a machine: what it is told, and what is read of what it says."""

import json
import stat
import sys

import pytest

from notebook_provisioner.adapters.ssh import FLAGS, Gcloud, IapShell
from notebook_provisioner.core.errors import NotFound, TargetUnreachable
from notebook_provisioner.core.procedures import Unanswered

FAKE = """#!{python}
import json, os, sys
folder = {folder!r}
with open(os.path.join(folder, "argv"), "a") as file:
    file.write(json.dumps(sys.argv[1:]) + "\\n")
sys.stdout.write(open(os.path.join(folder, "stdout")).read())
sys.stderr.write("a warning\\nERROR: (gcloud.compute.ssh) no permission\\n")
sys.exit(int(open(os.path.join(folder, "status")).read()))
"""


class Fake:
    """A gcloud that writes down how it was called."""

    def __init__(self, folder):
        self.folder = folder
        program = folder / "gcloud"
        program.write_text(FAKE.format(python=sys.executable, folder=str(folder)))
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        self.says("nbp-unit enabled\nnbp-c2d yes\n")

    def says(self, stdout, status=0):
        (self.folder / "stdout").write_text(stdout)
        (self.folder / "status").write_text(str(status))

    @property
    def calls(self):
        return [json.loads(line) for line in (self.folder / "argv").read_text().splitlines()]


@pytest.fixture
def fake(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    return Fake(tmp_path)


SHELL = IapShell("a-project", "europe-west1-b", "nb-one")


def test_gcloud_gets_a_list_and_a_constant(fake):
    SHELL.probe()
    [arguments] = fake.calls
    assert arguments[:-1] == [
        "compute",
        "ssh",
        "nb-one",
        "--project=a-project",
        "--zone=europe-west1-b",
        "--tunnel-through-iap",
        "--quiet",
    ]
    IapShell("other", "z", "x; touch /tmp/evil").probe()
    assert fake.calls[1][-1] == arguments[-1]
    assert fake.calls[1][2] == "x; touch /tmp/evil"


def test_flags_and_unit_are_read_whatever_banner_there_is(fake):
    fake.says(
        "Welcome to nbp-flag land\nnbp-flag /etc/passwd\nnbp-flag /root/google_vm_config.lock\n"
        "nbp-unit disabled\nnbp-c2d no\n"
    )
    found = SHELL.probe()
    assert (found.flags, found.unit, found.has_c2d) == (("/root/google_vm_config.lock",), "disabled", False)


def test_changes_name_both_places(fake):
    SHELL.set_flag(present=False)
    SHELL.set_flag(present=True)
    clear, lay = (call[-1] for call in fake.calls)
    assert f"rm -f {' '.join(FLAGS)}" in clear
    assert f"touch {FLAGS[0]}" in lay


def test_a_machine_that_cannot_be_reached(fake):
    fake.says("", status=255)
    with pytest.raises(TargetUnreachable, match=r"status 255: ERROR: .* no permission") as caught:
        SHELL.probe()
    assert "35.235.240.0/20" in caught.value.hint
    with pytest.raises(Unanswered):
        SHELL.set_flag(present=False)


def test_an_answer_that_is_none(fake):
    fake.says("command not found\n")
    with pytest.raises(TargetUnreachable, match="as expected"):
        SHELL.probe()


def test_no_gcloud(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NotFound, match="gcloud is not installed"):
        SHELL.probe()


@pytest.mark.gcloud
def test_gcloud_itself_understands_the_arguments(tmp_path):
    """With --dry-run it parses all of it, and asks for the instance first: nobody answers there."""
    import os
    import shutil
    import subprocess

    if shutil.which("gcloud") is None:
        pytest.skip("gcloud is not installed")
    arguments = IapShell("a-project", "europe-west1-b", "nb-one").arguments("true")
    environment = {
        **os.environ,
        "CLOUDSDK_CONFIG": str(tmp_path),
        "CLOUDSDK_AUTH_ACCESS_TOKEN_FILE": str(tmp_path / "token"),
        "CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE": "http://127.0.0.1:9/compute/v1/",
    }
    (tmp_path / "token").write_text("none")
    done = subprocess.run(
        [*arguments, "--dry-run"], env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert "unrecognized arguments" not in done.stderr
    assert "Invalid choice" not in done.stderr
    assert done.returncode != 2, done.stderr


def test_the_commands_do_what_they_say_on_a_real_shell(tmp_path):
    """Run in a root of our own making: sudo and systemctl are stand-ins, the paths are moved."""
    import subprocess

    (tmp_path / "sudo").write_text('#!/bin/sh\nexec "$@"\n')
    (tmp_path / "systemctl").write_text("#!/bin/sh\necho enabled\n")
    for name in ("sudo", "systemctl"):
        (tmp_path / name).chmod(0o755)
    for folder in ("root", "var/lock", "opt/c2d"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "var/lock/google_vm_config.lock").touch()
    from notebook_provisioner.adapters import ssh

    def say(command):
        moved = command
        for path in ("/root/google_vm", "/var/lock/google_vm", "/opt/c2d"):
            moved = moved.replace(path, f"{tmp_path}{path}")
        done = subprocess.run(
            ["/bin/sh", "-c", moved],
            env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.replace(str(tmp_path), "").splitlines()

    assert say(ssh._PROBE) == [f"nbp-flag {FLAGS[1]}", "nbp-unit enabled", "nbp-c2d yes"]
    assert say(ssh._CLEAR) == ["nbp-unit enabled", "nbp-c2d yes"]
    assert say(ssh._SET) == [f"nbp-flag {FLAGS[0]}", "nbp-unit enabled", "nbp-c2d yes"]
    assert Gcloud(("a", "b")).program() == ("a", "b")
