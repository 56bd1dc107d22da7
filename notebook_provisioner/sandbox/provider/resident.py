"""One process of the provider for all the Terraforms of a command, each of which would start two to five.

Terraform is sent to it by ``TF_REATTACH_PROVIDERS``, and neither configures it for good nor ends it. It must
live as long as the last Terraform, even one that finishes what is in flight after nbp was killed; and not a
moment longer. So it waits for the end of a pipe whose other end nbp and its Terraforms hold
(docs/adr/0012-a-resident-stand-in.md).
"""

import functools
import io
import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from notebook_provisioner.sandbox.provider.agreed import LIFELINE_VARIABLE, MAGIC_COOKIE
from notebook_provisioner.sandbox.provider.mirror import SOURCE, command, prepare

__all__ = ["REATTACH", "Resident", "prepare", "serving"]

REATTACH: Final = "TF_REATTACH_PROVIDERS"

_END_SECONDS: Final = 10
_HANDSHAKE_PARTS: Final = 6


class Resident:
    """A provider that runs, or is about to.

    Attributes:
        descriptor: The end of the pipe that keeps it alive, in whichever process holds it open.
    """

    def __init__(self, process: "subprocess.Popen[str]", descriptor: int) -> None:
        self.descriptor = descriptor
        self._process = process

    @functools.cached_property
    def variables(self) -> dict[str, str]:
        """What sends Terraform to it, once it listens; empty where it ended before: its log says why."""
        with self._process.stdout or io.StringIO() as output:
            handshake = output.readline().strip().split("|")
        if len(handshake) != _HANDSHAKE_PARTS:
            return {}
        _, protocol, network, address, kind, _ = handshake
        plugin = {
            "Protocol": kind,
            "ProtocolVersion": int(protocol),
            "Pid": self._process.pid,
            "Test": True,  # Terraform leaves it running
            "Addr": {"Network": network, "String": address},
        }
        return {REATTACH: json.dumps({SOURCE: plugin})}


@contextmanager
def serving(environment: Mapping[str, str], log: Path) -> Iterator[Resident]:
    """Run a provider until the context ends, and Terraforms that hold its descriptor have ended too.

    Args:
        environment: All its variables; the endpoints that it shall call are among them.
        log: Where its words go: what Terraform would put into a log of its own.
    """
    reader, writer = os.pipe()
    with os.fdopen(writer, "wb") as lifeline:
        with (
            os.fdopen(reader, "rb"),
            open(log, "wb", opener=_private) as words,
        ):  # Path.open() takes no opener
            process = subprocess.Popen(
                command(),
                env={**environment, "TF_PLUGIN_MAGIC_COOKIE": MAGIC_COOKIE, LIFELINE_VARIABLE: str(reader)},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=words,
                text=True,
                pass_fds=(reader,),
                start_new_session=True,  # a terminal's Ctrl-C is for nbp, which tells Terraform
                cwd="/",
            )
        try:
            yield Resident(process, writer)
        finally:
            lifeline.close()
            with suppress(subprocess.TimeoutExpired):  # a Terraform that is left behind still needs it
                process.wait(_END_SECONDS)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
