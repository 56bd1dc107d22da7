"""The sandbox as a background process: start, find, stop, forget.

Whether it runs is said by a file lock that the server process holds and the kernel releases when it ends,
however it ends. The holder itself writes its process id; so while the lock is held the id is the server's,
and a stale id is never signalled.
"""

import fcntl
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from notebook_provisioner.core.errors import TargetUnreachable
from notebook_provisioner.sandbox.environment import Connection
from notebook_provisioner.sandbox.lab import host
from notebook_provisioner.sandbox.probe import answers, ask_status, is_free

MODULE: Final = "notebook_provisioner.sandbox.process"
READY_SECONDS: Final = 60
STOP_SECONDS: Final = 15

Boots = Literal["simulated", "lab"]

_BOOTS: Final = {"simulated": "simulated boots", "lab": "real boots in the lab"}
_POLL_SECONDS: Final = 0.05
_KEPT_BY_RESET: Final = frozenset({"address", "lock", "token"})


@dataclass(frozen=True, slots=True)
class Status:
    """What can be said about a sandbox from outside.

    Attributes:
        running: Whether its process lives.
        url: Where it listens; None while it does not.
        pid: Its process id; None while it does not run.
        directory: Its folder.
        log_file: Its log.
        resources: Kind to count, as in ``notebooks.instances``; empty while it does not answer.
        boot: How notebooks boot: simulated, or in the lab; None while it does not answer.
        boots: In the lab: how many are ``running``, and ``waiting`` for their turn.
    """

    running: bool
    url: str | None
    pid: int | None
    directory: Path
    log_file: Path
    resources: dict[str, int]
    boot: Boots | None
    boots: dict[str, int] | None


class SandboxProcess:
    """The sandbox of one folder.

    Attributes:
        directory: State, token, log, lock.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory.resolve()
        self._child: subprocess.Popen[bytes] | None = None  # where this process started it, to reap it

    @property
    def log_file(self) -> Path:
        """What the server says."""
        return self.directory / "sandbox.log"

    @property
    def token_file(self) -> Path:
        """The token, readable by its owner only."""
        return self.directory / "token"

    def connection(self) -> Connection | None:
        """How to reach the sandbox, or None if it does not answer."""
        address = self._address()
        if address is None or not self._is_locked() or not answers(address):
            return None
        return self._connection(address)

    def start(self, port: int | None = None, boot: Boots | None = None) -> Connection:
        """Start the sandbox, or find it running; wait until it answers.

        Args:
            port: Where it shall listen on 127.0.0.1; None takes the last one, or any that is free.
            boot: Whether notebooks boot in the lab; None takes what runs, or simulated boots.

        Raises:
            LabUnavailable: This host cannot run the lab; says why.
            TargetUnreachable: It did not come up, or the port is taken.
        """
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._make_token()
        if boot == "lab":
            host.place(self.directory / "lab")
        deadline = time.monotonic() + READY_SECONDS
        child = None
        while (connection := self.connection()) is None:
            if time.monotonic() > deadline or (child is not None and child.poll() is not None):
                raise TargetUnreachable(
                    f"the sandbox did not come up: {self._last_words()}",
                    hint=f"its log is {self.log_file}; nbp sandbox reset forgets a broken state",
                )
            if child is None and (child := self._spawn_if_free(port, boot or "simulated")) is not None:
                self._reap()  # an earlier one has let go of the lock, so it has ended or is about to
                self._child = child
            time.sleep(_POLL_SECONDS)
        if port and not connection.url.endswith(f":{port}"):
            raise TargetUnreachable(
                f"the sandbox runs already, at {connection.url}",
                hint=f"stop it first: nbp sandbox stop && nbp sandbox start --port {port}",
            )
        running = self._record().get("boot", "simulated")
        if boot and boot != running:
            raise TargetUnreachable(
                f"the sandbox runs already, with {_BOOTS[running]}",
                hint=f"stop it first: nbp sandbox stop && nbp sandbox start --boot {boot}",
            )
        return connection

    def stop(self) -> bool:
        """End the sandbox; its state stays.

        Returns:
            Whether it was running.

        Raises:
            TargetUnreachable: It would not end.
        """
        for number in (signal.SIGTERM, signal.SIGKILL):
            if not self._is_locked():
                self._reap()
                return number is not signal.SIGTERM
            self._wait_for(lambda: self._record().get("pid") is not None)
            pid = self._record().get("pid")
            if pid is not None:
                os.kill(pid, number)
            if self._wait_for(lambda: not self._is_locked()):
                self._reap()
                return True
        raise TargetUnreachable(f"the sandbox in {self.directory} does not end")

    def reset(self) -> bool:
        """Forget everything in the sandbox but its token and port; start it again if it was running.

        Returns:
            Whether it was running, and runs again.
        """
        boot = self._record().get("boot")
        was_running = self.stop()
        for path in self.directory.glob("*") if self.directory.is_dir() else ():
            if path.name in _KEPT_BY_RESET:
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
        if was_running:
            self.start(boot=boot)
        return was_running

    def status(self) -> Status:
        """Whether the sandbox runs, where, and what is in it."""
        running = self._is_locked()
        connection = self.connection() if running else None
        told = ask_status(connection) if connection else {}
        return Status(
            running=running,
            url=connection.url if connection else None,
            pid=self._record().get("pid") if running else None,
            directory=self.directory,
            log_file=self.log_file,
            resources=told.get("resources", {}),
            boot=told.get("boot"),
            boots=told.get("boots"),
        )

    def _spawn_if_free(self, port: int | None, boot: Boots) -> "subprocess.Popen[bytes] | None":
        """Start the server unless one holds the lock; the lock goes to the server."""
        lock = os.open(self.directory / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            chosen = self._choose(port)
            for name in ("address", "process.json"):
                (self.directory / name).unlink(missing_ok=True)
            log = os.open(self.log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                return subprocess.Popen(
                    [sys.executable, "-P", "-m", MODULE, str(self.directory), str(chosen), boot],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,  # a terminal's Ctrl-C is not for the sandbox
                    pass_fds=(lock,),
                    cwd="/",
                )
            finally:
                os.close(log)
        except BlockingIOError:
            return None
        finally:
            os.close(lock)

    def _choose(self, port: int | None) -> int:
        if port:
            if not is_free(port):
                raise TargetUnreachable(f"port {port} is taken", hint="choose another, or none at all")
            return port
        last = self._address()
        return last[1] if last is not None and is_free(last[1]) else 0

    def _connection(self, address: tuple[str, int]) -> Connection:
        return Connection(
            url=f"http://{address[0]}:{address[1]}",
            token=self.token_file.read_text(encoding="ascii").strip(),
            token_file=self.token_file,
            directory=self.directory,
        )

    def _make_token(self) -> None:
        try:
            descriptor = os.open(self.token_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(32) + "\n")

    def _is_locked(self) -> bool:
        try:
            descriptor = os.open(self.directory / "lock", os.O_RDWR)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        else:
            return False
        finally:
            os.close(descriptor)

    def _record(self) -> dict[str, Any]:
        try:
            record: dict[str, Any] = json.loads((self.directory / "process.json").read_text(encoding="ascii"))
        except (FileNotFoundError, ValueError):
            return {}
        return record

    def _address(self) -> tuple[str, int] | None:
        try:
            host, _, port = (self.directory / "address").read_text(encoding="ascii").strip().partition(":")
        except FileNotFoundError:
            return None
        return host, int(port)

    def _wait_for(self, condition: Callable[[], bool]) -> bool:
        deadline = time.monotonic() + STOP_SECONDS
        while not condition():
            if time.monotonic() > deadline:
                return False
            time.sleep(_POLL_SECONDS)
        return True

    def _reap(self) -> None:
        if self._child is not None:
            self._child.wait()
            self._child = None

    def _last_words(self) -> str:
        lines = self.log_file.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"


def main() -> None:
    """Be the server: note the process id, then serve until SIGTERM. Exits; never returns."""
    directory, port, boot = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    from notebook_provisioner.sandbox.server.__main__ import main as serve

    record = directory / "process.json"
    unfinished = record.with_suffix(".new")
    unfinished.write_text(json.dumps({"pid": os.getpid(), "boot": boot}), encoding="ascii")
    unfinished.replace(record)
    arguments = ["--state", str(directory), "--port", port, "--token-file", str(directory / "token")]
    arguments += ["--boot", boot]
    sys.exit(serve(arguments))


if __name__ == "__main__":
    main()
