"""c2d-startup's flag on a notebook, over SSH through Identity-Aware Proxy.

gcloud makes the tunnel and the keys. Every argument is an element of a list: no shell of this machine reads
one. What the notebook's own shell reads are constants of this file, without a value from anywhere.
"""

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from notebook_provisioner.core.errors import NotFound, TargetUnreachable
from notebook_provisioner.core.procedures import Unanswered

FLAGS: Final = ("/root/google_vm_config.lock", "/var/lock/google_vm_config.lock")
UNIT: Final = "google-c2d-startup.service"

_TIMEOUT: Final = 180.0  # seconds for a tunnel, a login and a command

# Words that a probe prints begin with nbp-, so that a banner of the machine's is not taken for one.
_SHOW: Final = (
    "for flag in /root/google_vm_config.lock /var/lock/google_vm_config.lock; do "
    'if [ -e "$flag" ]; then echo "nbp-flag $flag"; fi; done; '
    'echo "nbp-unit $(systemctl is-enabled google-c2d-startup.service 2>/dev/null || echo none)"; '
    'if [ -d /opt/c2d ]; then echo "nbp-c2d yes"; else echo "nbp-c2d no"; fi'
)
_PROBE: Final = f"sudo sh -c '{_SHOW}'"
_CLEAR: Final = f"sudo sh -c 'rm -f {' '.join(FLAGS)}; {_SHOW}'"
_SET: Final = f"sudo sh -c 'touch {FLAGS[0]}; {_SHOW}'"


@dataclass(frozen=True, slots=True)
class Flag:
    """What was found on the machine.

    Attributes:
        flags: The flag files that are there.
        unit: Whether c2d-startup's unit is ``enabled``, as systemd says; ``none`` without one.
        has_c2d: Whether ``/opt/c2d`` is there.
    """

    flags: tuple[str, ...]
    unit: str
    has_c2d: bool


@dataclass(frozen=True, slots=True)
class Gcloud:
    """The program that is run.

    Attributes:
        words: It and its first arguments; empty for gcloud as it is on PATH.
        environment: Variables for it.
    """

    words: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)

    def program(self) -> tuple[str, ...]:
        """The words, found.

        Raises:
            NotFound: There is no gcloud.
        """
        found = None if self.words else shutil.which("gcloud")
        if not self.words and found is None:
            raise NotFound(
                "gcloud is not installed: it makes the tunnel to a VM without an external address",
                hint="install the Google Cloud CLI, or use --transport api",
            )
        return self.words or (str(found),)


class IapShell:
    """Commands on one notebook's VM.

    Args:
        project: Its project.
        zone: Its zone.
        name: Its name.
        gcloud: The program that takes gcloud's arguments.
    """

    def __init__(self, project: str, zone: str, name: str, gcloud: Gcloud | None = None) -> None:
        self._project, self._zone, self._name = project, zone, name
        self._gcloud = gcloud or Gcloud()

    def probe(self) -> Flag:
        """Look for both flags and the unit.

        Raises:
            NotFound: There is no gcloud.
            TargetUnreachable: No way to the machine, or no permission there.
        """
        return self._run(_PROBE)

    def set_flag(self, *, present: bool) -> Flag:
        """Lay the flag where Google's images look for it, or take every one away. Can be done twice.

        Raises:
            NotFound: There is no gcloud.
            Unanswered: The way to the machine broke; whether it was done is unknown.
        """
        try:
            return self._run(_SET if present else _CLEAR)
        except TargetUnreachable as error:
            raise Unanswered(error.message) from error

    def arguments(self, command: str) -> list[str]:
        """The program and its arguments."""
        return [
            *self._gcloud.program(),
            "compute",
            "ssh",
            self._name,
            f"--project={self._project}",
            f"--zone={self._zone}",
            "--tunnel-through-iap",
            "--quiet",
            f"--command={command}",
        ]

    def _run(self, command: str) -> Flag:
        arguments = self.arguments(command)
        try:
            done = subprocess.run(  # a list, and gcloud's own path
                arguments,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=_TIMEOUT,
                check=False,
                env={**os.environ, **self._gcloud.environment, "CLOUDSDK_CORE_DISABLE_PROMPTS": "1"},
            )
        except subprocess.TimeoutExpired as error:
            raise TargetUnreachable(
                f"{self._name} did not answer over SSH within {_TIMEOUT:.0f} s"
            ) from error
        if done.returncode != 0:
            last = (done.stderr.strip().splitlines() or ["no word"])[-1]
            raise TargetUnreachable(
                f"gcloud compute ssh to {self._name} ended with status {done.returncode}: {last[:200]}",
                hint="it takes roles/iap.tunnelResourceAccessor, roles/compute.osAdminLogin, actAs on the "
                "VM's account, and port 22 open to 35.235.240.0/20",
            )
        words = [line.split(None, 1) for line in done.stdout.splitlines() if line.startswith("nbp-")]
        found = [(pair[0], pair[1]) for pair in words if len(pair) == 2]  # noqa: PLR2004  # a word and a value
        told = dict(found)
        if "nbp-c2d" not in told:
            raise TargetUnreachable(f"{self._name} did not answer the probe as expected")
        return Flag(
            flags=tuple(value for word, value in found if word == "nbp-flag" and value in FLAGS),
            unit=told.get("nbp-unit", "none"),
            has_c2d=told["nbp-c2d"] == "yes",
        )
