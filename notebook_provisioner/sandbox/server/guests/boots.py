"""What a boot does inside a notebook's VM: simulated here, and marked so; or queued for the lab.

A boot follows the start of a VM in the same transaction. What is kept between boots (c2d's flag, that the
script has run, the script as it was downloaded) belongs to the boot disk: another disk has none of it.
"""

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Final

from notebook_provisioner.catalog import images
from notebook_provisioner.sandbox.server.errors import invalid, not_found
from notebook_provisioner.sandbox.server.guests import access, console, scripts, settings, simulation
from notebook_provisioner.sandbox.server.guests.simulation import Fate, Outcome, Saying
from notebook_provisioner.sandbox.server.services.compute import metadata
from notebook_provisioner.sandbox.server.services.compute.api import key_of
from notebook_provisioner.sandbox.server.store import Document, Json, Key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from notebook_provisioner.sandbox.server.context import Context

SAY: Final = "sandbox.guests.say"
HOW: Final = "nbp-sandbox/boot"  # the guest attribute that tells a simulated boot from a real one
BEHAVIORS: Final = ("run_once", "run_every_start", "download_and_run_every_start")

QUEUE: Final = "labBoots"  # the collection of boots that wait for the lab

_KIND: Final = "guests"
_RERUNS_SINCE: Final = date(2026, 4, 19)


def register(context: "Context") -> None:
    """Make what guests say later known to the sandbox's scheduler."""
    context.register(SAY, _say)


def state_key(vm: Key) -> Key:
    """Where the state of a VM's guest is kept."""
    return Key("sandbox", _KIND, vm.name)


def guest_of(context: "Context", vm: Key) -> Document:
    """What is known of a VM's guest: ``boots``, ``booted_at``, ``idle_timeout`` …; empty before a boot."""
    return context.store.get(state_key(vm)) or {}


def boot(context: "Context", vm: Key) -> None:
    """Boot the guest of a VM that has just started; nothing happens in one that is no notebook's."""
    machine = context.store.get(vm)
    if machine is None or not is_notebook(machine):
        return
    state = _state(context, vm, machine)
    values = metadata.to_map(machine["metadata"])
    listens = values.get("enable-guest-attributes", "").lower() == "true"
    state |= {
        "boots": state["boots"] + 1,
        "booted_at": context.clock.now(),
        "vm_id": machine["id"],
        "project_number": context.project_number(vm.collection.split("/")[1]),
        "idle_timeout": int(values.get("idle-timeout-seconds") or 0) if listens else 0,
    }
    if context.lab is not None:
        context.store.put(state_key(vm), state | {"how": "lab"})
        context.store.put(Key("sandbox", QUEUE, vm.name), {"boot": state["boots"], "id": machine["id"]})
        context.lab.wake()
        return
    shall = settings.read(context, vm)
    sayings = list(_simulated(context, vm, machine, state, shall))
    context.store.put(state_key(vm), state)
    settings.used(context, vm, "post_startup")
    seconds = context.settings.boot_seconds / max(1, len(sayings) - 1)
    for number, saying in enumerate(sayings):
        arguments = {
            "vm": list(vm),
            "boot": state["boots"],
            "id": machine["id"],
            "serial": list(saying.serial),
            "attributes": [list(pair) for pair in saying.attributes],
        }
        if number * seconds <= 0:
            _say(context, arguments)
        else:
            context.later(number * seconds, SAY, arguments)


def current(context: "Context", vm: Key, boot: Document) -> Document | None:
    """The VM, while it runs and *boot* (the VM's ``id``, the number ``boot``) is its last one; else None."""
    machine = context.store.get(vm)
    if machine is None or machine.get("status") != "RUNNING" or machine["id"] != boot["id"]:
        return None
    return machine if guest_of(context, vm).get("boots") == boot["boot"] else None


def forget(context: "Context", vm: Key) -> None:
    """Forget the guest of a VM that is deleted."""
    context.store.delete(state_key(vm))
    context.store.delete(Key("sandbox", QUEUE, vm.name))
    if context.lab is not None:
        context.lab.wake()


def set_lock(context: "Context", vm: Key, *, present: Json) -> None:
    """Lay c2d's flag on a boot disk, or take it away: what a shell on the VM would do.

    Raises:
        ApiError: 400 where *present* is no boolean, or the disk is not to be had; 404 before a boot.
    """
    state = context.store.get(state_key(vm))
    if state is None:
        raise not_found(vm.name)
    if not isinstance(present, bool):
        raise invalid(f"'lock' is true or false, not {present!r}")
    if context.lab is None:
        context.store.put(state_key(vm), state | {"lock": present})
    else:
        context.lab.set_lock(vm, present=present)


def is_notebook(machine: Document) -> bool:
    """Whether a VM carries the guest software of notebooks: Workbench's, or that of user-managed ones."""
    return "notebooks-api" in metadata.to_map(machine.get("metadata", {}))


def is_workbench(values: dict[str, str]) -> bool:
    """Whether a notebook's metadata is that of a Workbench instance; else it is a user-managed one's."""
    return values.get("notebooks-api-version") == "v2"


def account_of(machine: Document) -> str:
    """The e-mail of a VM's service account; empty where it has none."""
    accounts: list[dict[str, Any]] = machine.get("serviceAccounts") or [{}]
    return str(accounts[0].get("email", ""))


def _state(context: "Context", vm: Key, machine: Document) -> Document:
    link = next((disk["source"] for disk in machine.get("disks", []) if disk.get("boot")), "")
    disk = (context.store.get(key_of(link, "")) or {}) if link else {}
    state = context.store.get(state_key(vm)) or {"boots": 0, "boot_disk": None, "image": ""}
    image = str(disk.get("sourceImage", "")).rpartition("/")[2] or state["image"]
    if state["boot_disk"] != disk.get("id"):
        ran = state["boots"] > 0 and not _reruns_after_upgrade(image)
        state |= {"boot_disk": disk.get("id"), "lock": False, "ran": ran, "kept": None}
    return state | {"how": "simulated", "image": image}


def _reruns_after_upgrade(image: str) -> bool:
    """Whether an image runs a ``run_once`` script again on a boot disk that an upgrade made.

    Release notes of 2026-04-20: from M141 and 20260419 on it does "now". A name without a date: yes.
    """
    found = images.family_and_date(image)
    return found is None or found[1] >= _RERUNS_SINCE


def _say(context: "Context", arguments: Document) -> None:
    """A guest's words; those of a boot that another one has followed are not said."""
    vm = Key(*arguments["vm"])
    machine = current(context, vm, arguments)
    if machine is None:
        return
    now = datetime.fromtimestamp(context.clock.now(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    attributes = tuple((key, value) for key, value in arguments["attributes"])
    saying = Saying(tuple(arguments["serial"]), attributes).at(now)
    console.append_serial(context, vm, "".join(f"{line}\r\n" for line in saying.serial))
    if metadata.to_map(machine["metadata"]).get("enable-guest-attributes", "").lower() == "true":
        console.set_attributes(context, vm, saying.attributes)


def _simulated(
    context: "Context", vm: Key, machine: Document, state: Document, shall: Document
) -> "Iterator[Saying]":
    """What the guest says from its boot on; changes *state* as the boot disk would change."""
    values = metadata.to_map(machine["metadata"])
    words = f"nbp sandbox: boot {state['boots']} of {vm.id} is simulated: no program runs"
    yield Saying((words, f"Booting {vm.id}"), ((HOW, "simulated"),))
    fate = Fate.from_document(shall.get("post_startup", {}))
    run = _post_startup(context, machine, values, state, fate)
    if values.get("google-c2d-startup-enable") == "0":
        yield Saying(("c2d-startup: Google C2D startup is switched off by google-c2d-startup-enable=0.",))
    elif state["lock"]:
        yield Saying(
            (
                "c2d-startup: Google C2D startup config has already run. This is expected on reboots.",
                f"c2d-startup: To run startup scripts again, delete {simulation.LOCK}",
            )
        )
    else:
        yield Saying(("c2d-startup: Starting Google C2D startup config",))
        if not is_workbench(values):
            yield from run
        state["lock"] = True
        words = "c2d-startup: Finished Google C2D startup config"
        yield Saying((words,), (simulation.C2D_COMPLETED,))
    if values.get("startup-script"):
        yield Saying(("nbp sandbox: the startup-script is not run in a simulated boot",))
    if is_workbench(values):
        yield from run


def _post_startup(
    context: "Context",
    machine: Document,
    values: dict[str, str],
    state: Document,
    fate: Fate,
) -> "Iterator[Saying]":
    """The post-startup script's part, as ``post-startup-script-behavior`` says."""
    url = values.get("post-startup-script", "")
    behavior = values.get("post-startup-script-behavior") or "run_once"
    if not url or fate.outcome is Outcome.NEVER_RUNS:
        return
    if is_workbench(values) and behavior not in BEHAVIORS:
        yield Saying((f"post-startup-script-behavior {behavior} is unknown",))
        return
    if is_workbench(values) and behavior == "run_once" and state["ran"]:
        yield Saying(("post-startup-script has already run (run_once)",))
        return
    if not is_workbench(values) or behavior != "run_every_start":
        state["kept"] = None
    state["ran"] = True
    if state["kept"] is None:
        try:
            content = _download(context, machine, url, fate)
        except access.Unreadable as refusal:
            words = f"post-startup-script {url} cannot be downloaded"
            yield Saying((f"{words}: HTTP {refusal.status}: {refusal}",), (simulation.DONE,))
            return
        state["kept"] = scripts.parse(content).to_document()
    script = scripts.Script.from_document(state["kept"])
    yield from simulation.post_startup(script, image=_image_kind(values, state), fate=fate)


def _download(context: "Context", machine: Document, url: str, fate: Fate) -> bytes:
    if fate.outcome is Outcome.UNREADABLE:
        raise access.Unreadable(403, "injected by the sandbox")
    return access.read(context, url, account_of(machine))


def _image_kind(values: dict[str, str], state: Document) -> str:
    if values.get("container") or values.get("custom-container-image"):
        return "container"
    return "debian-11" if state["image"].startswith(f"{images.LEGACY_FAMILY}-v") else "debian-12"
