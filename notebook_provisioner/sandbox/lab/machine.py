"""A throw-away machine: boots as often as asked, keeps its disks between boots, is gone at the end.

with Machine.create(Identity("ana-research")) as machine:
    report = machine.boot({"post-startup-script": "gs://b/s.sh"}, objects={"gs://b/s.sh": script})
"""

import json
import os
import shlex
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from notebook_provisioner.sandbox.lab import disk, host
from notebook_provisioner.sandbox.lab.boot import Boot
from notebook_provisioner.sandbox.lab.facts import BootReport, Identity, ImageKind

TIME_LIMIT_SECONDS: Final = 300.0

_GRACE_SECONDS: Final = 30  # for what a boot needs besides the machine's own time


@dataclass(frozen=True, slots=True)
class Gateway:
    """Where a boot reaches a Cloud Storage that is not its own.

    Attributes:
        socket: The Unix socket of whoever answers.
        secret: Tells it which boot asks.
    """

    socket: Path
    secret: str


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
        kind: ImageKind = ImageKind.WORKBENCH,
        *,
        image_files: Mapping[str, bytes] | None = None,
        jupyter_user: str = "jupyter",
        is_root_disabled: bool = False,
    ) -> None:
        """Take the machine whose disks are in *folder*, or make it there; as `create` otherwise."""
        self.identity = identity
        self.kind = kind
        self.guest_attributes: dict[str, str] = {}
        self._folder = folder
        self._image_files = dict(image_files or {})
        self._jupyter_user = jupyter_user
        self._home = f"home/{jupyter_user}"
        self._is_root_disabled = is_root_disabled
        boots = (int(path.name.removeprefix("boot-")) for path in folder.glob("boot-*"))
        self._boots = max(boots, default=0)
        data_disk = folder / "data-disk"
        if not data_disk.exists():
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
                image_files=image_files,
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

    @staticmethod
    def lock(folder: Path) -> Path:
        """Where c2d's flag lies on the boot disk of the machine whose disks are in *folder*.

        Raises:
            InvalidInput: The machine's root put something else in the place of its folder.
        """
        name = Path(disk.lock_file(ImageKind.WORKBENCH))
        return disk.mount_point(folder / "root", str(name.parent).lstrip("/")) / name.name

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
        running = self.begin(attributes, objects=objects, commands=commands, seconds=time_limit_seconds)
        try:
            running.wait()
            report = running.end()
        finally:
            running.kill()
        self.guest_attributes = dict(report.guest_attributes)
        return report

    def begin(
        self,
        attributes: Mapping[str, str],
        *,
        objects: Mapping[str, bytes] | None = None,
        commands: Sequence[Sequence[str]] = (),
        gateway: Gateway | None = None,
        seconds: float = TIME_LIMIT_SECONDS,
    ) -> Boot:
        """As `boot`, without waiting; with *gateway* that answers for Cloud Storage, instead of *objects*.

        The boot ends with the thread that began it.

        Raises:
            InvalidInput: Its own root broke its boot disk so that nothing can be mounted there.
        """
        for name in disk.mount_points(self._home):
            if name != "usr/local":  # inside an overlay, which is not mounted here
                disk.mount_point(self._folder / "root", name)
        self._boots += 1
        folder = self._folder / f"boot-{self._boots}"
        folder.mkdir(mode=0o700)
        request = self._request(attributes, commands, seconds)
        request["gateway"] = gateway and {"socket": str(gateway.socket), "secret": gateway.secret}
        request["objects"] = {}
        for number, (url, content) in enumerate((objects or {}).items()):
            (folder / f"object-{number}").write_bytes(content)
            request["objects"][url] = f"object-{number}"
        (folder / "boot.json").write_text(json.dumps(request), encoding="utf-8")
        return Boot(folder, self._boots, commands, seconds + _GRACE_SECONDS)

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
