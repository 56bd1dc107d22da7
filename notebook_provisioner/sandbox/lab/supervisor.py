"""One boot, from inside the machine's network, mount, UTS and IPC namespaces but outside its PID namespace.

Run as ``python -m notebook_provisioner.sandbox.lab.supervisor FOLDER`` under ``unshare``. Reads
``boot.json`` from the folder, puts the machine's root together, serves metadata, runs the machine's first
process, and writes ``result.json``. The machine sees none of these files. When this process ends, everything
that it mounted and started ends with it, by the kernel's hand.
"""

import fcntl
import json
import os
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import uvicorn

from notebook_provisioner.sandbox.lab import disk
from notebook_provisioner.sandbox.lab.facts import Identity
from notebook_provisioner.sandbox.lab.gateway import Gateway
from notebook_provisioner.sandbox.lab.metadata_server import MetadataServer

SERIAL_BYTES: Final = 1024 * 1024  # what is kept of the console; the rest is read and dropped
FILE_BYTES: Final = 512 * 1024 * 1024  # the largest file that the machine may write
MEMORY_BYTES: Final = 4 * 1024**3  # address space of one process
_HTTP: Final = 80
_PIPE_BYTES: Final = 65536
_PASSED_FROM: Final = 20
_DRAIN_SECONDS: Final = 5
# The kernel ends the machine with this process (setpriv), and all of it with its first process (unshare).
_CONTAINMENT: Final = (
    *("prlimit", "--core=0", f"--fsize={FILE_BYTES}", f"--as={MEMORY_BYTES}", "--nofile=4096"),
    *("setpriv", "--pdeathsig", "KILL"),
    *("unshare", "--pid", "--fork", "--kill-child=KILL", "--mount", "--propagation", "private"),
)
_DEVICES: Final = {
    "full": (1, 7),
    "null": (1, 3),
    "random": (1, 8),
    "tty": (5, 0),
    "urandom": (1, 9),
    "zero": (1, 5),
}
_LINKS: Final = {
    "fd": "/proc/self/fd",
    "stdin": "/proc/self/fd/0",
    "stdout": "/proc/self/fd/1",
    "stderr": "/proc/self/fd/2",
    "ptmx": "pts/ptmx",
}


def main(folder: Path) -> None:
    """Boot once, as ``boot.json`` says."""
    request = json.loads((folder / "boot.json").read_text(encoding="utf-8"))
    identity = Identity(**request["identity"])
    socket.sethostname(identity.name)
    _run("ip", "link", "set", "lo", "up")
    _run("ip", "address", "add", f"{disk.METADATA_ADDRESS}/32", "dev", "lo")
    root = _assemble(request)
    gateway = request["gateway"]
    heard = (folder / "heard").open("ab", buffering=0)

    def write_down(name: str, value: str | None) -> None:
        heard.write(json.dumps([name, value]).encode() + b"\n")

    served = MetadataServer(
        identity,
        request["attributes"],
        guest_attributes=request["guest_attributes"],
        objects={url: (folder / name).read_bytes() for url, name in request["objects"].items()},
        storage=Gateway(Path(gateway["socket"]), gateway["secret"]) if gateway else None,
        heard=write_down,
    )
    _serve(served)
    began = time.monotonic()
    timed_out = _boot(root, folder, request)
    result = {
        "guest_attributes": served.guest_attributes,
        "writes": served.writes,
        "seconds": time.monotonic() - began,
        "timed_out": timed_out,
    }
    (folder / "result.json").write_text(json.dumps(result), encoding="utf-8")


def _assemble(request: Mapping[str, Any]) -> Path:
    """Mount the machine's root. Every mount is this namespace's own."""
    root, layers = Path(request["root"]), Path(request["layers"])
    home = disk.mount_point(root, request["home"])
    _run("mount", "--bind", str(root), str(root))
    for name in disk.overlays():
        upper, work = (layers / f"{name.replace('/', '-')}.{part}" for part in ("upper", "work"))
        for path in (upper, work):
            path.mkdir(exist_ok=True)
        options = f"lowerdir=/{name},upperdir={upper},workdir={work}"
        _run("mount", "-t", "overlay", "-o", options, "overlay", str(disk.mount_point(root, name)))
    local = layers / "usr-local"  # the host's own is whoever administers it; nothing of it is shown
    for name in ("bin", "lib", "share"):
        (local / name).mkdir(parents=True, exist_ok=True)
    _run("mount", "--bind", str(local), str(disk.mount_point(root, "usr/local")))
    _run("mount", "--bind", request["data_disk"], str(home))
    for name, options in {
        "run": "mode=755,size=64m",
        "tmp": "mode=1777,size=512m",
        "dev": "mode=755,size=1m",
    }.items():
        _run("mount", "-t", "tmpfs", "-o", f"nosuid,{options}", "tmpfs", str(disk.mount_point(root, name)))
    (root / "run/lock").mkdir(mode=0o1777)
    _make_devices(root / "dev")
    _put_commands(root / "run/nbp-lab", request["commands"])
    return root


def _make_devices(dev: Path) -> None:
    os.umask(0)
    for name, (major, minor) in _DEVICES.items():
        os.mknod(dev / name, 0o666 | stat.S_IFCHR, os.makedev(major, minor))
    for name, target in _LINKS.items():
        (dev / name).symlink_to(target)
    os.mkfifo(dev / "ttyS0", 0o600)
    for name in ("pts", "shm"):
        (dev / name).mkdir()
    _run("mount", "-t", "devpts", "-o", "newinstance,ptmxmode=0666,mode=620", "devpts", str(dev / "pts"))
    _run("mount", "-t", "tmpfs", "-o", "nosuid,nodev,mode=1777,size=64m", "tmpfs", str(dev / "shm"))
    os.umask(0o022)


def _put_commands(folder: Path, commands: list[str]) -> None:
    folder.mkdir(mode=0o700)
    for index, text in enumerate(commands):
        path = folder / f"command-{index}"
        path.write_text(text, encoding="utf-8")
        path.chmod(0o700)


def _serve(served: MetadataServer) -> None:
    """Answer on the metadata address for as long as this process lives."""
    config = uvicorn.Config(served.app(), log_config=None, access_log=False, lifespan="off")
    listener = socket.create_server((disk.METADATA_ADDRESS, _HTTP), backlog=128)
    # The socket takes connections from here on; they are answered once the thread has come up.
    server = uvicorn.Server(config)
    threading.Thread(target=server.run, args=([listener],), daemon=True).start()


def _boot(root: Path, folder: Path, request: Mapping[str, Any]) -> bool:
    """Run the machine's first process to its end, or to the time limit; says whether it was cut off."""
    console = root / "dev" / "ttyS0"
    reader = os.open(console, os.O_RDONLY | os.O_NONBLOCK)
    os.set_blocking(reader, True)
    writer = os.open(
        console, os.O_WRONLY
    )  # held open, so that the reader sees an end only when this is closed
    log = threading.Thread(target=_keep_serial, args=(reader, folder / "serial"), daemon=True)
    log.start()
    with (folder / "events").open("ab") as events, (folder / "output").open("ab") as output:
        # High numbers: the guest gets them as 3 and 4, and no copy may stand in the way.
        passed = [fcntl.fcntl(file, fcntl.F_DUPFD, _PASSED_FROM) for file in (events, output)]
        machine = subprocess.Popen(
            [*_CONTAINMENT, "bash", str(disk.GUEST / "enter.sh"), str(root), *map(str, passed)],
            stdin=subprocess.DEVNULL,
            stdout=writer,
            stderr=writer,
            env=_environment(request),
            cwd="/",
            pass_fds=passed,
            start_new_session=True,
        )
        for descriptor in (*passed, writer):
            os.close(descriptor)
        try:
            machine.wait(request["time_limit_seconds"])
        except subprocess.TimeoutExpired:
            machine.kill()
            machine.wait()
            return True
        finally:
            log.join(_DRAIN_SECONDS)
    return False


def _environment(request: Mapping[str, Any]) -> dict[str, str]:
    """What the machine's first process finds; nothing of the host's."""
    return {
        "COMMANDS": str(len(request["commands"])),
        "GOOGLE_VM_CONFIG_LOCK_FILE": request["lock_file"],
        "HOME": "/root",
        "IMAGE_KIND": request["kind"],
        "LANG": "C.UTF-8",
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    }


def _keep_serial(descriptor: int, log: Path) -> None:
    room = SERIAL_BYTES
    with log.open("wb", buffering=0) as file:
        while part := os.read(descriptor, _PIPE_BYTES):
            file.write(part[:room])
            room = max(0, room - len(part))


def _run(*arguments: str) -> None:
    subprocess.run(arguments, check=True, stdin=subprocess.DEVNULL)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
