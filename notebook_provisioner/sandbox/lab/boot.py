"""One boot of a machine while it goes on: a process of its own, followed from outside."""

import contextlib
import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from notebook_provisioner.core.errors import ProvisionerError
from notebook_provisioner.sandbox.lab import host
from notebook_provisioner.sandbox.lab.facts import BootReport, Ran

SUPERVISOR: Final = "notebook_provisioner.sandbox.lab.supervisor"

_EVENT_FIELDS: Final = 5


class Boot:
    """A boot that goes on.

    Attributes:
        number: Which one of its machine, from 1.
    """

    def __init__(self, folder: Path, number: int, commands: Sequence[Sequence[str]], seconds: float) -> None:
        """Begin it, as *folder*'s ``boot.json`` says; it has so many seconds at most."""
        self.number = number
        self._folder = folder
        self._commands = commands
        self._deadline = time.monotonic() + seconds
        self._seen = {"serial": 0, "heard": 0}
        with (folder / "supervisor.log").open("wb") as log:
            self._supervisor = subprocess.Popen(
                [*host.NAMESPACES, sys.executable, "-P", "-m", SUPERVISOR, str(folder)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8"},
                cwd="/",
                start_new_session=True,  # a terminal's Ctrl-C is for this process, which then ends that one
            )

    def is_over(self) -> bool:
        """Whether it has ended; one that does not end in time is killed.

        Raises:
            ProvisionerError: It did not end in time.
        """
        if self._supervisor.poll() is None and time.monotonic() > self._deadline:
            self.kill()
            raise ProvisionerError("the lab did not end in time")
        return self._supervisor.poll() is not None

    def wait(self) -> None:
        """Wait for its end.

        Raises:
            ProvisionerError: It did not end in time.
        """
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._supervisor.wait(max(0.0, self._deadline - time.monotonic()))
        self.is_over()

    def kill(self) -> None:
        """Pull the plug; nothing where it is over."""
        if self._supervisor.poll() is None:
            self._supervisor.kill()
        self._supervisor.wait()

    def news(self) -> tuple[str, list[tuple[str, str | None]]]:
        """What the serial console showed, and which guest attributes were set, since this was last asked.

        An attribute without a value was deleted.
        """
        serial = self._fresh("serial").decode("utf-8", "replace")
        return serial, [(name, value) for name, value in map(json.loads, self._fresh("heard").splitlines())]

    def end(self) -> BootReport:
        """What it did, once it is over. A script that fails is no error here.

        Raises:
            ProvisionerError: The machine did not come up; says what was printed.
        """
        if self._supervisor.returncode:
            text = (self._folder / "supervisor.log").read_text("utf-8", "replace")
            words = text.strip().splitlines() or ["nothing"]
            raise ProvisionerError(f"the lab's machine did not come up; its last word: {words[-1]}")
        result = json.loads((self._folder / "result.json").read_text(encoding="utf-8"))
        return BootReport(
            number=self.number,
            ran=tuple(_read_events(self._folder, self._commands)),
            guest_attributes=dict(result["guest_attributes"]),
            guest_attribute_writes=tuple((key, value) for key, value in result["writes"]),
            serial=(self._folder / "serial").read_bytes().decode("utf-8", "replace").replace("\r\n", "\n"),
            seconds=result["seconds"],
            timed_out=result["timed_out"],
        )

    def _fresh(self, name: str) -> bytes:
        """Whole lines that a file got since it was last read; all of the rest once the boot is over."""
        path = self._folder / name
        if not path.exists():
            return b""
        with path.open("rb") as file:
            file.seek(self._seen[name])
            found = file.read()
        if self._supervisor.poll() is None:
            found = found[: found.rfind(b"\n") + 1]
        self._seen[name] += len(found)
        return found


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
