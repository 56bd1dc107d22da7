"""Whether this host can run the lab, tried and not guessed."""

import hashlib
import os
import secrets
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from notebook_provisioner.core.errors import ProvisionerError

PROGRAMS: Final = (
    *(
        "bash",
        "curl",
        "findmnt",
        "flock",
        "ip",
        "mount",
        "pivot_root",
        "prlimit",
        "setpriv",
        "umount",
        "unshare",
    ),
)
# Ends with whoever started it, even if that is killed. Of the namespaces only PID is left out: the machine
# gets its own, so that what serves it metadata stays out of its sight.
NAMESPACES: Final = (
    "setpriv",
    "--pdeathsig",
    "KILL",
    "unshare",
    "--mount",
    "--propagation",
    "private",
    "--net",
    "--uts",
    "--ipc",
)

_PROBE_SECONDS: Final = 20
_HINT: Final = "the lab needs Linux, root and util-linux, and no Docker: try sudo, or a virtual machine"


class LabUnavailable(ProvisionerError):
    """This host cannot run the lab: no Linux, no root, or no namespaces."""

    code = "lab-unavailable"
    exit_code = 3


@contextmanager
def folder() -> Iterator[Path]:
    """A folder of its own that boot disks can stand in; gone afterwards.

    Raises:
        LabUnavailable: This host cannot run the lab; says why.
    """
    _check_host()
    refusal = ""
    for parent in _parents():
        path = Path(parent) / f"nbp-lab-{secrets.token_hex(8)}"
        path.mkdir(mode=0o700)  # what the machine's root makes there is for nobody else to run
        try:
            refusal = _probe(path)
            if not refusal:
                yield path
                return
        finally:
            shutil.rmtree(path)
    raise LabUnavailable(f"this host lets no machine of namespaces run: {refusal}", hint=_HINT)


def place(preferred: Path) -> Path:
    """A folder that boot disks can stand in and stay: *preferred*, or one that belongs to it elsewhere.

    Raises:
        LabUnavailable: This host cannot run the lab; says why.
    """
    _check_host()
    digest = hashlib.sha256(str(preferred).encode()).hexdigest()[:16]
    refusal = ""
    for path in (preferred, *(Path(parent) / f"nbp-lab-{digest}" for parent in _parents())):
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        facts = path.lstat()
        if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.geteuid() or facts.st_mode & 0o077:
            refusal = f"{path} is not a folder of this user's alone"
            continue
        probe = path / f"probe-{secrets.token_hex(8)}"
        probe.mkdir()
        try:
            refusal = _probe(probe)
        finally:
            shutil.rmtree(probe)
        if not refusal:
            return path
    raise LabUnavailable(f"this host lets no machine of namespaces run: {refusal}", hint=_HINT)


def _parents() -> tuple[str, ...]:
    """Where temporary folders may stand; the second where the first is an overlay itself."""
    return tuple(parent for parent in (tempfile.gettempdir(), "/dev/shm") if Path(parent).is_dir())  # noqa: S108


def _check_host() -> None:
    if sys.platform != "linux":
        raise LabUnavailable(f"the lab needs Linux; this is {sys.platform}", hint=_HINT)
    if os.geteuid() != 0:
        raise LabUnavailable(
            "the lab needs root: namespaces, mounts and a machine's own accounts", hint=_HINT
        )
    if missing := [name for name in PROGRAMS if shutil.which(name) is None]:
        raise LabUnavailable(f"the lab needs programs that are not here: {', '.join(missing)}", hint=_HINT)


def _probe(path: Path) -> str:
    """Try namespaces and an overlay there; an empty answer is a yes."""
    for name in ("upper", "work", "merged"):
        (path / name).mkdir()
    options = f"lowerdir=/usr,upperdir={path / 'upper'},workdir={path / 'work'}"
    arguments = [*NAMESPACES, "--pid", "--fork", "--kill-child=KILL"]
    arguments += ["mount", "-t", "overlay", "-o", options, "overlay", str(path / "merged")]
    try:
        tried = subprocess.run(
            arguments, check=False, capture_output=True, timeout=_PROBE_SECONDS, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired:
        return "unshare does not come back"
    if tried.returncode:
        return tried.stderr.decode("utf-8", "replace").strip() or f"unshare ends with {tried.returncode}"
    for name in ("upper", "work", "merged"):
        shutil.rmtree(path / name)
    return ""
