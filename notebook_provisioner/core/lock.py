"""c2d-startup's flag: what it holds back, and what can be known of it without a shell on the machine.

Google's images run c2d-startup at boot: every script of ``/opt/c2d/scripts`` once, then a flag file is laid,
and while that is there they do not run again. On user-managed notebooks the post-startup script is one of
them; whether it is on Workbench instances is unverified: there ``post-startup-script-behavior`` decides. The
flag was seen on a Debian 11 Workbench image; on Debian 12 and in containers its existence is unverified.
"""

from dataclasses import dataclass
from enum import StrEnum

from notebook_provisioner.core.post_startup.console import Console
from notebook_provisioner.core.post_startup.facts import Instance


class FlagState(StrEnum):
    """Whether the flag is there."""

    PRESENT = "present"
    ABSENT = "absent"
    UNKNOWN = "unknown"


class Source(StrEnum):
    """Who says so."""

    PROBE = "iap-ssh"  # somebody looked on the machine
    CONSOLE = "console"  # inferred from what the last boot printed
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Lock:
    """What is known of one notebook's flag.

    Attributes:
        notebook: Its name.
        zone: Its zone.
        state: Its state.
        flag: Whether the flag is there.
        source: Who says so.
        paths: The flag files that were found or named.
        words: The same, with its reason.
        way: Which transport could know better; empty where none can.
    """

    notebook: str
    zone: str
    state: str
    flag: FlagState
    source: Source
    paths: tuple[str, ...]
    words: str
    way: str


def infer(name: str, zone: str, instance: Instance | None, console: Console | None) -> Lock:
    """What a console tells of a flag.

    Args:
        name: The notebook's name.
        zone: Its zone.
        instance: The notebook; None where there is none.
        console: Its serial console; None where it cannot be read.
    """
    if instance is None:
        return Lock(
            name, zone, "ABSENT", FlagState.UNKNOWN, Source.NOBODY, (), "there is no such notebook", ""
        )
    state = instance.state
    if instance.container:
        words = "it runs a container image: whether c2d-startup is on its host is unverified"
        return Lock(name, zone, state, FlagState.UNKNOWN, Source.NOBODY, (), words, "")
    if instance.has_managed_euc:
        words = "it uses managed end user credentials, with which Google blocks SSH"
        return Lock(name, zone, state, FlagState.UNKNOWN, Source.NOBODY, (), words, "")
    way = "iap-ssh" if state == "ACTIVE" else "iap-ssh, once it is started"
    if console is not None and console.flag:
        words = "c2d-startup said at the last boot that it had run already"
        return Lock(name, zone, state, FlagState.PRESENT, Source.CONSOLE, (console.flag,), words, way)
    if console is not None and console.c2d_finished:
        words = "c2d-startup ran at the last boot, and lays the flag when it ends"
        return Lock(name, zone, state, FlagState.PRESENT, Source.CONSOLE, (), words, way)
    words = "no API shows it, and the console does not speak of c2d-startup"
    return Lock(name, zone, state, FlagState.UNKNOWN, Source.NOBODY, (), words, way)


def probed(name: str, zone: str, state: str, paths: tuple[str, ...], unit: str, *, has_c2d: bool) -> Lock:
    """What somebody found on the machine.

    Args:
        name: The notebook's name.
        zone: Its zone.
        state: Its state.
        paths: The flag files that are there.
        unit: What systemd says of c2d-startup's unit.
        has_c2d: Whether ``/opt/c2d`` is there.
    """
    flag = FlagState.PRESENT if paths else FlagState.ABSENT
    words = f"google-c2d-startup.service is {unit}" + ("" if has_c2d else ", and there is no /opt/c2d")
    if not paths and has_c2d:
        words += "; c2d's scripts run again at the next start"
    return Lock(name, zone, state, flag, Source.PROBE, paths, words, "")
