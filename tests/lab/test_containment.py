"""A hostile script, root in its machine, gets at nothing of the host, and leaves nothing behind."""

import os
import platform
import secrets
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest

from notebook_provisioner.core.errors import InvalidInput
from notebook_provisioner.sandbox.lab import host
from notebook_provisioner.sandbox.lab.facts import Identity
from notebook_provisioner.sandbox.lab.machine import Machine

pytestmark = pytest.mark.lab

CHECKOUT = Path(__file__).parents[2]
URL = "gs://b/s.sh"


def look(machine, *commands, **options):
    """Run bash lines as root in the machine; give their output."""
    report = machine.boot({}, commands=[["bash", "-c", line] for line in commands], **options)
    return [ran.output.strip() for ran in report.of_stage("command")]


def processes_with(word):
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if word.encode() in path.read_bytes():
                found.append(path.parent.name)
        except OSError:
            continue
    return found


def test_the_hosts_files_are_not_there(new_machine, tmp_path):
    secret = secrets.token_hex(16)
    (tmp_path / "secret").write_text(secret)
    at_home = Path.home() / f".nbp-lab-test-{secret}"
    at_home.write_text(secret)
    try:
        places = f"{tmp_path}/secret {at_home} {CHECKOUT}/pyproject.toml /etc/ssh /etc/ssl/private"
        machine = new_machine()
        found, content, environment, shadow = look(
            machine,
            f"ls -d {places} 2>/dev/null",
            f"grep --recursive --files-with-matches {secret} /etc /home /root /run /srv /tmp /opt /var /mnt",
            "cat /proc/[0-9]*/environ | tr '\\0' '\\n' | cut -d= -f1 | sort -u",
            "cut -d: -f2 /etc/shadow | sort -u",
        )
    finally:
        at_home.unlink()
    assert found == ""
    # The questions themselves hold the word; nothing else does.
    assert set(content.split()) == {"/run/nbp-lab/command-0", "/run/nbp-lab/command-1"}
    allowed = {
        "COMMANDS",
        "GOOGLE_VM_CONFIG_LOCK_FILE",
        "HOME",
        "IMAGE_KIND",
        "LANG",
        "PATH",
    }
    assert set(environment.split()) <= allowed | {"PWD", "SHLVL", "_", "OLDPWD"}
    assert shadow == "*"


def test_the_hosts_processes_are_not_there(new_machine):
    names, init = look(
        new_machine(), "cat /proc/[0-9]*/cmdline | tr '\\0' ' '", "cat /proc/1/cmdline | tr '\\0' ' '"
    )
    assert "pytest" not in names
    assert "supervisor" not in names
    assert init == "/bin/bash /opt/nbp-lab/init.sh"


# Chosen to do no harm where a wall should be missing: nothing here changes what it would reach. The clock and
# the like, which no attempt could leave as they were, are held by the capabilities instead.
ESCAPES = {
    "a device of the host": "mknod /tmp/disk b 254 0",
    "a mount": "mount -t tmpfs tmpfs /mnt",
    "a mount undone": "umount /proc/sys",
    "the old root": 'cat /proc/1/root/../../../etc/machine-id | grep -v "$(cat /etc/machine-id)"',
    "chroot": "chroot /mnt true",
    "another namespace": "nsenter --target 1 --mount true",
    "the kernel's settings": 'cd /proc/sys/kernel && old=$(cat core_pattern) && echo "$old" >core_pattern',
    "the kernel's keys to the machine": ": >>/proc/sysrq-trigger",
    "the kernel's log": "dmesg",
    "the host's name": 'hostname "$(hostname)"',
    "the network's set-up": "ip address add 10.0.0.1/8 dev lo",
    "a new network": "ip link add dummy0 type dummy",
    "the kernel's memory": "head -c 1 /proc/kcore | grep .",
    "control groups": "ls /sys/fs/cgroup | grep .",
    "a core dump's limit": "ulimit -c unlimited",
}


def test_a_hostile_root_is_refused_everything(new_machine):
    machine = new_machine()
    report = machine.boot({}, commands=[["bash", "-c", line] for line in ESCAPES.values()])
    ended = {name: ran.exit_status for name, ran in zip(ESCAPES, report.of_stage("command"), strict=True)}
    assert [name for name, status in ended.items() if status == 0] == []
    assert not report.timed_out


# chown dac_override fowner fsetid kill setgid setuid setpcap net_bind_service audit_write setfcap
KEPT_CAPABILITIES = {0, 1, 3, 4, 5, 6, 7, 8, 10, 29, 31}


def test_root_keeps_no_capability_that_reaches_past_its_machine(new_machine):
    (lines,) = look(new_machine(), "grep Cap /proc/self/status")
    sets = {name: int(value, 16) for name, value in (line.split(":\t") for line in lines.splitlines())}
    kept = {bit for bit in range(64) if sets["CapBnd"] >> bit & 1}
    assert kept == KEPT_CAPABILITIES
    assert sets["CapPrm"] == sets["CapEff"] == sets["CapBnd"]
    assert sets["CapInh"] == sets["CapAmb"] == 0


OPEN_BY_HANDLE_AT = 304  # on x86-64
BY_HANDLE = f"""
my $handle = pack("IiI2", 8, 1, 2, 0);  # inode 2: the root of an ext4 file system
open(my $folder, "<", "/home/jupyter") or exit 9;
exit(syscall({OPEN_BY_HANDLE_AT}, fileno($folder), $handle, 0) >= 0 ? 0 : $!{{EPERM}} ? 3 : 4);
"""


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the system call's number is that of x86-64")
def test_a_file_handle_opens_nothing(new_machine):
    report = new_machine().boot({}, commands=[["perl", "-e", BY_HANDLE]])
    assert report.of_stage("command")[0].exit_status == 3


@pytest.mark.network
@pytest.mark.usefixtures("socket_enabled")
def test_the_hosts_network_is_not_there(new_machine):
    reached = threading.Event()
    with socket.create_server(("0.0.0.0", 0)) as server:  # noqa: S104  # every address of the host is tried
        port = server.getsockname()[1]

        def accept():
            while True:
                try:
                    server.accept()
                except OSError:
                    return
                reached.set()

        threading.Thread(target=accept, daemon=True).start()
        mine = socket.gethostbyname(socket.gethostname())
        tries = [
            f"curl --silent --max-time 2 http://{address}:{port}/"
            for address in ("127.0.0.1", "169.254.169.254", mine)
        ]
        *answers, links = look(
            new_machine(), *[f"{line}; echo $?" for line in tries], "ip -oneline link | cut -d: -f2"
        )
        server.shutdown(socket.SHUT_RDWR)
    assert not reached.is_set()
    assert "0" not in answers
    assert links == "lo"


@pytest.mark.usefixtures("lab")
def test_the_metadata_server_listens_inside_only():
    done = subprocess.run(
        [
            "curl",
            "--silent",
            "--max-time",
            "2",
            "--header",
            "Metadata-Flavor: Google",
            "http://169.254.169.254/computeMetadata/v1/instance/name",
        ],
        capture_output=True,
        check=False,
    )
    assert b"ana-research" not in done.stdout


@pytest.mark.usefixtures("lab")
def test_nothing_is_left_behind(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    word = f"nbp-left-{secrets.token_hex(8)}"
    daemon = f"setsid nohup bash -c 'exec -a {word} sleep 300' >/dev/null 2>&1 & sleep 0.2; pgrep -f {word}"
    with Machine.create(Identity("ana-research")) as machine:
        (running,) = look(machine, daemon)
        assert running  # it did run; it ended with its machine
        assert processes_with(word) == []
        machine.boot({"startup-script": f"#!/bin/bash\nexec -a {word} sleep 300"}, time_limit_seconds=1)
        assert processes_with(word) == []
        assert list(tmp_path.iterdir())
    assert str(tmp_path) not in Path("/proc/self/mountinfo").read_text()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("lab")
def test_a_killed_lab_takes_its_machine_along(tmp_path):
    word = f"nbp-killed-{secrets.token_hex(8)}"
    program = (
        "from notebook_provisioner.sandbox.lab.facts import Identity\n"
        "from notebook_provisioner.sandbox.lab.machine import Machine\n"
        "with Machine.create(Identity('ana')) as machine:\n"
        f"    machine.boot({{'startup-script': '#!/bin/bash\\nexec -a {word} sleep 300'}})\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], env={**os.environ, "TMPDIR": str(tmp_path)}
    ) as lab:
        try:
            wait_until(lambda: len(processes_with(word)) > 1)  # the machine's, beside the program itself
        finally:
            lab.kill()  # which leaves nobody to remove its folder; but nothing runs or is mounted there
    wait_until(lambda: processes_with(word) == [])
    assert str(tmp_path) not in Path("/proc/self/mountinfo").read_text()


def wait_until(condition):
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize("folder", ["/home", "/var"])
def test_a_boot_disk_that_was_made_a_trap_is_not_mounted(new_machine, tmp_path, folder):
    machine = new_machine()
    look(machine, f"mv {folder} {folder}-moved && ln -s {tmp_path} {folder}")
    with pytest.raises(InvalidInput, match="is no folder any more"):
        machine.boot({})
    assert list(tmp_path.iterdir()) == []
    machine.replace_boot_disk()
    assert look(machine, "echo up") == ["up"]


def test_the_boot_disk_is_for_root_alone(new_machine):
    machine = new_machine()
    assert (
        machine._folder.stat().st_mode & 0o777 == 0o700
    )  # a program set-uid root made there is nobody's to run


@pytest.mark.parametrize("path", ["etc/x", "/etc/../../x"])
@pytest.mark.usefixtures("lab")
def test_an_image_file_stays_on_the_boot_disk(path):
    with (
        pytest.raises(InvalidInput, match="no place on a boot disk"),
        Machine.create(Identity("a"), image_files={path: b""}),
    ):
        pass


def test_without_root_it_says_so(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(host.LabUnavailable, match="needs root") as caught, host.folder():
        pass
    assert caught.value.exit_code == 3


def test_without_a_program_it_names_it(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(host.LabUnavailable, match="unshare"), host.folder():
        pass
