"""Boots in the lab: the guests of notebooks as machines of namespaces that run their scripts for real.

Boots go on beside the sandbox's requests, each in processes of its own, so many at a time; what a machine
says reaches the store as it says it. A lab that breaks is a boot that failed, and the console says so.
"""

import asyncio
import contextlib
import hashlib
import json
import logging
import os
import secrets
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from notebook_provisioner.core.errors import InvalidInput, ProvisionerError
from notebook_provisioner.sandbox.lab.facts import Identity, ImageKind
from notebook_provisioner.sandbox.lab.machine import Gateway, Machine
from notebook_provisioner.sandbox.server.errors import ApiError
from notebook_provisioner.sandbox.server.guests import boots, console
from notebook_provisioner.sandbox.server.services.compute import metadata
from notebook_provisioner.sandbox.server.store import Document, Key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from notebook_provisioner.sandbox.lab.boot import Boot
    from notebook_provisioner.sandbox.server.context import Context

PARALLEL: Final = max(1, min(4, os.cpu_count() or 1))

_LOG = logging.getLogger(__name__)
_POLL_SECONDS: Final = 0.2
_RAN: Final = "/var/lib/nbp-lab/post-startup-script-ran"


class Lab:
    """The machines of one sandbox.

    Attributes:
        accounts: Secret of a boot that goes on to its service account: who asks through the gateway.
    """

    def __init__(self, context: "Context", folder: Path, gateway: Path) -> None:
        """Keep machines' disks in *folder*; *gateway* is the Unix socket on which they are answered."""
        self.accounts: dict[str, str] = {}
        self._context = context
        self._folder = folder
        self._gateway = gateway
        self._wake = asyncio.Event()
        self._running: dict[Key, asyncio.Task[None]] = {}

    def wake(self) -> None:
        """Look at what is to be booted or removed; called whenever that may have changed."""
        self._wake.set()

    async def run(self) -> None:
        """Boot what is to be booted, until cancelled."""
        self._wake.set()
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                self._remove_orphans()
                self._begin_due()
        finally:
            for task in self._running.values():
                task.cancel()
            await asyncio.gather(*self._running.values(), return_exceptions=True)

    def tally(self) -> dict[str, int]:
        """How many machines boot now, and how many wait for their turn."""
        waiting = len(self._context.store.page("sandbox", boots.QUEUE))
        return {"running": len(self._running), "waiting": waiting}

    def has_lock(self, vm: Key) -> bool:
        """Whether c2d's flag lies on a VM's boot disk."""
        with contextlib.suppress(InvalidInput):
            return os.path.lexists(Machine.lock(self._place(vm, boots.guest_of(self._context, vm))))
        return False

    def set_lock(self, vm: Key, *, present: bool) -> None:
        """Lay c2d's flag on the boot disk of a VM, or take it away.

        Raises:
            ApiError: 400 where it has no boot disk yet, or boots just now.
        """
        if vm in self._running:
            raise ApiError("FAILED_PRECONDITION", f"{vm.name} boots just now; its flag is its own")
        try:
            flag = Machine.lock(self._place(vm, boots.guest_of(self._context, vm)))
        except InvalidInput as error:
            raise ApiError("FAILED_PRECONDITION", f"{vm.name} has no boot disk to look at: {error}") from None
        flag.unlink(missing_ok=True)
        if present:
            flag.touch(exist_ok=False)

    def _begin_due(self) -> None:
        for entry in self._context.store.page("sandbox", boots.QUEUE):
            vm = Key.of("compute", entry.key.id)
            if len(self._running) >= PARALLEL:
                return
            if vm not in self._running:
                self._context.store.delete(entry.key)
                task = asyncio.create_task(self._boot(vm, entry.document))
                self._running[vm] = task

    async def _boot(self, vm: Key, wanted: Document) -> None:
        try:
            await self._follow(vm, wanted)
        except (ProvisionerError, OSError, ValueError) as error:
            _LOG.warning("the boot of %s failed: %s", vm.name, error)
            self._tell(vm, wanted, f"nbp sandbox: the boot failed: {error}", {boots.HOW: "failed"})
        except Exception:  # noqa: BLE001  # a bug here must not end the sandbox, and is logged
            _LOG.exception("the boot of %s broke", vm.name)
            self._tell(vm, wanted, "nbp sandbox: the boot failed: see sandbox.log", {boots.HOW: "failed"})
        finally:
            del self._running[vm]
            self._wake.set()

    async def _follow(self, vm: Key, wanted: Document) -> None:
        document = boots.current(self._context, vm, wanted)
        if document is None:
            return
        values = metadata.to_map(document["metadata"])
        guest = boots.guest_of(self._context, vm)
        words = f"nbp sandbox: boot {wanted['boot']} of {vm.id} is real, in the lab"
        self._tell(vm, wanted, words, {boots.HOW: "lab"})
        machine = await asyncio.to_thread(self._machine, vm, document, values, guest)
        secret = secrets.token_urlsafe(32)
        if boots.current(self._context, vm, wanted) is None:
            return
        machine.guest_attributes = console.attributes(self._context, vm)
        # The boot ends with the thread that began it: not with one of a pool.
        boot = machine.begin(values, gateway=Gateway(self._gateway, secret))
        self.accounts[secret] = boots.account_of(document)
        try:
            await self._listen(vm, wanted, boot)
        finally:
            del self.accounts[secret]
            boot.kill()

    async def _listen(self, vm: Key, wanted: Document, boot: "Boot") -> None:
        is_over = False
        while not is_over:
            await asyncio.sleep(_POLL_SECONDS)
            if boots.current(self._context, vm, wanted) is None:
                return  # it was stopped, reset or deleted: the plug is pulled
            is_over = boot.is_over()
            serial, heard = boot.news()
            self._pass_on(vm, serial, heard)
        report = boot.end()
        if report.timed_out:
            words = f"nbp sandbox: the boot was cut off after {report.seconds:.0f} seconds"
            self._tell(vm, wanted, words, {})

    def _tell(self, vm: Key, wanted: Document, words: str, attributes: "Mapping[str, str]") -> None:
        if boots.current(self._context, vm, wanted) is not None:
            self._pass_on(vm, f"{words}\r\n", list(attributes.items()))

    def _pass_on(self, vm: Key, serial: str, heard: "list[Any]") -> None:
        with self._context.store.transaction():
            if serial:
                console.append_serial(self._context, vm, serial)
            console.set_attributes(self._context, vm, heard)

    def _machine(self, vm: Key, document: Document, values: dict[str, str], guest: Document) -> Machine:
        """The VM's machine with its disks, made where they are missing; runs in a thread, reads no store."""
        folder = self._place(vm, guest)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / "vm").write_text(json.dumps([vm.name, guest["vm_id"]]), encoding="utf-8")
        disk_id = folder / "disk-id"
        project, zone = vm.collection.split("/")[1], vm.collection.split("/")[3]
        machine = Machine(
            folder,
            Identity(
                name=vm.id,
                zone=zone,
                project=project,
                project_number=int(guest["project_number"]),
                instance_id=int(document["id"]),
                service_account=boots.account_of(document),
            ),
            ImageKind.WORKBENCH if boots.is_workbench(values) else ImageKind.USER_MANAGED,
            image_files={_RAN: b""} if guest["ran"] else {},
            jupyter_user=values.get("jupyter-user") or "jupyter",
            is_root_disabled=values.get("notebook-disable-root", "").lower() == "true",
        )
        known = disk_id.read_text(encoding="utf-8") if disk_id.exists() else str(guest["boot_disk"])
        if known != str(guest["boot_disk"]):
            machine.replace_boot_disk()
        disk_id.write_text(str(guest["boot_disk"]), encoding="utf-8")
        for log in folder.glob("boot-*/"):
            shutil.rmtree(log)
        return machine

    def _place(self, vm: Key, guest: Document) -> Path:
        """Where a VM's disks are; a VM of the same name that follows it has others."""
        name = f"{vm.name} {guest.get('vm_id')}"
        return self._folder / hashlib.sha256(name.encode()).hexdigest()[:24]

    def _remove_orphans(self) -> None:
        """Remove the disks of VMs that are gone."""
        for folder in self._folder.iterdir() if self._folder.is_dir() else ():
            with contextlib.suppress(OSError, ValueError):
                name, identifier = json.loads((folder / "vm").read_text(encoding="utf-8"))
                vm = Key.of("compute", name)
                is_there = boots.guest_of(self._context, vm).get("vm_id") == identifier
                if vm not in self._running and not is_there:
                    shutil.rmtree(folder)
