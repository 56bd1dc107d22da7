"""A throw-away machine: boots as often as asked, keeps its disks between boots, is gone at the end.

with Machine.create(Identity("ana-research")) as machine:
    report = machine.boot({"post-startup-script": "gs://b/s.sh"}, objects={"gs://b/s.sh": script})
"""

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from notebook_provisioner.core.errors import ProvisionerError
from notebook_provisioner.sandbox.lab import disk, host
from notebook_provisioner.sandbox.lab.facts import BootReport, Identity, ImageKind, Ran

SUPERVISOR: Final = "notebook_provisioner.sandbox.lab.supervisor"
TIME_LIMIT_SECONDS: Final = 300.0

_GRACE_SECONDS: Final = 30  # for what a boot needs besides the machine's own time
_EVENT_FIELDS: Final = 5


class Machine:
    """One machine. Its boots follow each other; two machines share nothing.

    Attributes:
        identity: Who it is.
        kind: What its image does at a boot.
        guest_attributes: ``namespace/key`` to value. They outlive boots and boot disks; that Compute Engine
            keeps them as long is unverified.
    """

    def __init__(
        self,
        folder: Path,
        identity: Identity,
        kind: ImageKind,
        *,
        image_files: Mapping[str, bytes],
        jupyter_user: str,
        is_root_disabled: bool,
    ) -> None:
        self.identity = identity
        self.kind = kind
        self.guest_attributes: dict[str, str] = {}
        self._folder = folder
        self._image_files = dict(image_files)
        self._jupyter_user = jupyter_user
        self._home = f"home/{jupyter_user}"
        self._is_root_disabled = is_root_disabled
        self._boots = 0
        data_disk = folder / "data-disk"
        data_disk.mkdir(mode=0o755)
        os.chown(data_disk, disk.JUPYTER_ID, disk.JUPYTER_ID)
        self.replace_boot_disk()

    @classmethod
    @contextmanager
    def create(
        cls,
        identity: Identity,
        kind: ImageKind = ImageKind.WORKBENCH,
        *,
        image_files: Mapping[str, bytes] | None = None,
        jupyter_user: str = "jupyter",
        is_root_disabled: bool = False,
    ) -> "Iterator[Machine]":
        """Make a machine that has never booted, and remove all of it afterwards.

        Args:
            identity: Who it is.
            kind: What its image does at a boot.
            image_files: Further files of its image, absolute path to content; executable if they begin
                with ``#!``. Those under /opt/c2d/scripts are run by c2d-startup.
            jupyter_user: The account that notebooks run as; its home is the data disk.
            is_root_disabled: Whether that account is kept out of the groups that amount to root.

        Raises:
            LabUnavailable: This host cannot run the lab; says why.
            InvalidInput: An image file's path is none.
        """
        with host.folder() as folder:
            yield cls(
                folder,
                identity,
                kind,
                image_files=image_files or {},
                jupyter_user=jupyter_user,
                is_root_disabled=is_root_disabled,
            )

    def replace_boot_disk(self) -> None:
        """Start over with the image's boot disk, as an upgrade does; the data disk stays.

        Raises:
            InvalidInput: An image file's path is none.
        """
        for name in ("root", "layers"):
            if (self._folder / name).exists():
                shutil.rmtree(self._folder / name)
            (self._folder / name).mkdir(mode=0o755)
        root = self._folder / "root"
        disk.make(
            root,
            self.identity,
            self.kind,
            jupyter_user=self._jupyter_user,
            is_root_disabled=self._is_root_disabled,
        )
        disk.put(root, self._image_files)

    def boot(
        self,
        attributes: Mapping[str, str],
        *,
        objects: Mapping[str, bytes] | None = None,
        commands: Sequence[Sequence[str]] = (),
        time_limit_seconds: float = TIME_LIMIT_SECONDS,
    ) -> BootReport:
        """Start the machine, wait until it has started and shut down.

        Args:
            attributes: Its instance metadata. Guest attributes are on unless it says otherwise.
            objects: What Cloud Storage holds, ``gs://`` address to content.
            commands: What to run as root once it has started, each a program with its arguments.
            time_limit_seconds: When it is cut off.

        Returns:
            What it did. A script that fails is no error here.

        Raises:
            ProvisionerError: The machine did not come up; says what was printed.
            InvalidInput: Its own root broke its boot disk so that nothing can be mounted there.
        """
        for name in disk.mount_points(self._home):
            if name != "usr/local":  # inside an overlay, which is not mounted here
                disk.mount_point(self._folder / "root", name)
        self._boots += 1
        folder = self._folder / f"boot-{self._boots}"
        folder.mkdir(mode=0o700)
        request = self._request(attributes, commands, time_limit_seconds)
        request["objects"] = {}
        for number, (url, content) in enumerate((objects or {}).items()):
            (folder / f"object-{number}").write_bytes(content)
            request["objects"][url] = f"object-{number}"
        (folder / "boot.json").write_text(json.dumps(request), encoding="utf-8")
        _supervise(folder, time_limit_seconds + _GRACE_SECONDS)
        result = json.loads((folder / "result.json").read_text(encoding="utf-8"))
        self.guest_attributes = result["guest_attributes"]
        return BootReport(
            number=self._boots,
            ran=tuple(_read_events(folder, commands)),
            guest_attributes=dict(self.guest_attributes),
            guest_attribute_writes=tuple((key, value) for key, value in result["writes"]),
            serial=(folder / "serial").read_bytes().decode("utf-8", "replace").replace("\r\n", "\n"),
            seconds=result["seconds"],
            timed_out=result["timed_out"],
        )

    def _request(
        self, attributes: Mapping[str, str], commands: Sequence[Sequence[str]], time_limit_seconds: float
    ) -> dict[str, Any]:
        identity = {name: getattr(self.identity, name) for name in Identity.__dataclass_fields__}
        return {
            "identity": identity,
            "attributes": {"enable-guest-attributes": "true", **attributes},
            "guest_attributes": self.guest_attributes,
            "root": str(self._folder / "root"),
            "layers": str(self._folder / "layers"),
            "data_disk": str(self._folder / "data-disk"),
            "home": self._home,
            "kind": self.kind.value,
            "lock_file": disk.lock_file(self.kind),
            "commands": [f"#!/bin/bash\nexec {shlex.join(words)}\n" for words in commands],
            "time_limit_seconds": time_limit_seconds,
        }


def _supervise(folder: Path, seconds: float) -> None:
    log = folder / "supervisor.log"
    with log.open("wb") as file:
        supervisor = subprocess.Popen(
            [*host.NAMESPACES, sys.executable, "-P", "-m", SUPERVISOR, str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            env={"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8"},
            cwd="/",
            start_new_session=True,  # a terminal's Ctrl-C is for this process, which then ends that one
        )
        try:
            supervisor.wait(seconds)
        except subprocess.TimeoutExpired:
            raise ProvisionerError(f"the lab did not end after {seconds:.0f} seconds") from None
        finally:
            if supervisor.poll() is None:
                supervisor.kill()
                supervisor.wait()
    if supervisor.returncode:
        words = log.read_text("utf-8", "replace").strip().splitlines() or ["nothing"]
        raise ProvisionerError(f"the lab's machine did not come up; its last word: {words[-1]}")


def _read_events(folder: Path, commands: Sequence[Sequence[str]]) -> Iterator[Ran]:
    """Pair begins with ends. The machine's root can write here: lines of another form are left out."""
    output = (folder / "output").read_bytes()
    begun: dict[tuple[str, str], int] = {}
    for line in (folder / "events").read_text("utf-8", "replace").splitlines():
        fields = line.split("\t")
        if len(fields) != _EVENT_FIELDS or not fields[4].isdigit():
            continue
        state, stage, name, status, offset = *fields[:4], int(fields[4])
        if state == "begin":
            begun[stage, name] = offset
        elif (stage, name) in begun and status.isdigit():
            yield _ran(stage, name, int(status), output[begun.pop((stage, name)) : offset], commands)
    for (stage, name), offset in begun.items():
        yield _ran(stage, name, None, output[offset:], commands)


def _ran(stage: str, name: str, status: int | None, output: bytes, commands: Sequence[Sequence[str]]) -> Ran:
    if stage == "command" and name.isdigit() and int(name) < len(commands):
        name = shlex.join(commands[int(name)])
    return Ran(stage=stage, name=name, exit_status=status, output=output.decode("utf-8", "replace"))
