"""Builds what carries upgrades and rollbacks out, keeps its journal, and tells who wants to know."""

import json
import threading
import uuid
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final

from notebook_provisioner.adapters.google.rest import Rest
from notebook_provisioner.adapters.google.upgrade_preflight import UpgradePreflight
from notebook_provisioner.adapters.google.upgrading import UpgradeWorld
from notebook_provisioner.adapters.notification import NotificationFailed, notify
from notebook_provisioner.adapters.records import already_open
from notebook_provisioner.cli.app import App
from notebook_provisioner.core.errors import ProvisionerError
from notebook_provisioner.core.notebooks import FLEET_LABEL
from notebook_provisioner.core.procedures import Job, Outcome, Record, RecordOpen
from notebook_provisioner.core.upgrades.observed import Observed
from notebook_provisioner.core.upgrades.preflight import Rules, Surroundings
from notebook_provisioner.core.upgrades.running import Conductor, Task

if TYPE_CHECKING:
    from datetime import timedelta

_LOOKS: Final = 8  # at a time
_BAD: Final = frozenset({Outcome.FAILED, Outcome.UNRESTORED})


class Conduct:
    """One run of a command.

    Attributes:
        app: The command's App.
        clock: The target's present, UTC.
        reader: Reads what stands against an upgrade.
        conductor: Carries upgrades and rollbacks out.
        took: How long each notebook took, by zone and name.

    Args:
        app: The command's App.
        name: The command, as in ``upgrade run``; it names the journal.
        command: A program that is told, and its arguments; empty for none.
        log: Whether what happens is logged as Cloud Logging reads it; else it is talked of.
    """

    def __init__(self, app: App, name: str, *, command: Sequence[str] = (), log: bool = False) -> None:
        self.app = app
        self.clock = app.clock()
        self.took: dict[tuple[str, str], timedelta] = {}
        self._rest = Rest(app.google_target())
        self._command = tuple(command)
        self._log = log
        self._pauses = app.pauses()
        self._lock = threading.Lock()
        run = str(uuid.uuid4())
        common = {"run": run, "fleet": app.fleet.name, "project": app.fleet.project}
        self._journal = app.journal(name.replace(" ", "-"), common, self._echo)
        self._records = app.records()
        self._open: dict[tuple[str, str], Record] = {}
        self._refusals: list[RecordOpen] = []
        self.reader = UpgradePreflight(self._rest, app.fleet.project)
        self.conductor = Conductor(
            project=app.fleet.project,
            run=run,
            notebook=self.notebook,
            reader=self.reader,
            records=self._records,
            clock=self.clock,
            sleep=self._pauses.sleep,
            around=Surroundings(missing=None, quota=None, backups=None),
            rules=Rules(),
            tell=self._step,
            announce=self._announce,
        )

    def notebook(self, zone: str, name: str) -> UpgradeWorld:
        """One notebook of the fleet's project."""
        fleet = self.app.fleet
        return UpgradeWorld(self._rest, fleet.project, zone, name, {FLEET_LABEL: fleet.name})

    def pending(self, kinds: Collection[str]) -> tuple[Record, ...]:
        """What earlier runs of these commands left unfinished."""
        project = self.app.fleet.project
        return tuple(
            record for record in self._records.pending() if record.kind in kinds and record.project == project
        )

    def note_open(self) -> None:
        """Look which notebooks have open records, of whatever command."""
        self._open = {(record.zone, record.notebook): record for record in self._records.pending()}

    def may_start(self, task: Task) -> str | None:
        """Why a notebook must stay as it is, or None. Raises as `Conductor.may_start`."""
        if (found := self._open.get(task.key)) is not None:
            refusal = already_open(found)
            self._refusals.append(refusal)
            return f"{refusal.message}; {refusal.hint}"
        return self.conductor.may_start(task)

    def look(self, tasks: Sequence[Task]) -> list[str | None]:
        """Why each notebook must stay as it is, or None; one that cannot be looked at must."""

        def why(task: Task) -> str | None:
            try:
                return self.may_start(task)
            except ProvisionerError as error:
                return error.message

        with ThreadPoolExecutor(_LOOKS) as pool:
            return list(pool.map(why, tasks))

    def upgrade(self, task: Task) -> Record:
        """Upgrade a notebook that may be. Raises as `Conductor.upgrade`."""
        try:
            return self._timed(self.conductor.upgrade(task))
        except RecordOpen as refusal:
            self._refusals.append(refusal)
            raise

    def require_begun(self, jobs: Sequence[Job[Task]]) -> None:
        """Hold a command about named notebooks to have found one that is in no other run's hands.

        Raises:
            RecordOpen: One was, and nothing was begun with any.
        """
        if self._refusals and not any(job.begun for job in jobs):
            raise self._refusals[0]

    def roll_back(self, seen: Observed, snapshot: str, version: str) -> Record:
        """Roll a notebook back. Raises as `Conductor.roll_back`."""
        return self._timed(self.conductor.roll_back(seen, snapshot, version))

    def resume(self, record: Record) -> Record:
        """Carry on what an earlier run left. Raises as `Conductor.resume`."""
        return self._timed(self.conductor.resume(record))

    def break_off(self) -> None:
        """Have everything that is under way end at once; its records stay open."""
        self._pauses.break_off()
        self.app.output.say("Broken off. What was begun is carried on with: nbp upgrade run --resume")

    def _timed(self, record: Record) -> Record:
        self.took[record.zone, record.notebook] = self.clock() - record.started
        return record

    def _step(self, record: Record, what: str) -> None:
        """A step came to its end, or failed."""
        if not self._log:
            self.app.output.say(f"{record.notebook}: {what}")
        self._write("step", record, step=what)

    def _announce(self, record: Record) -> None:
        ended = record.outcome is not Outcome.OPEN
        self._write("ended" if ended else "begins", record, outcome=record.outcome.value)
        if not self._command:
            return
        try:
            notify(self._command, self._line("ended" if ended else "begins", record))
        except NotificationFailed as error:
            self.app.output.say(f"{record.notebook}: nobody was told: {error}")

    def _write(self, event: str, record: Record, **more: str) -> None:
        with self._lock:
            self._journal.write([{**self._line(event, record), **more}])

    def _line(self, event: str, record: Record) -> dict[str, Any]:
        failure = record.failure
        return {
            "time": self.clock().isoformat(),
            "event": event,
            "action": record.kind,
            "notebook": record.notebook,
            "zone": record.zone,
            "from": record.before.get("version", ""),
            "to": record.wanted.get("version", ""),
            "outcome": record.outcome.value,
            "failure": f"{failure.step}: {failure.reason}" if failure else "",
            "unrestored": [f"{item.step}: {item.reason}" for item in record.unrestored],
        }

    def _echo(self, line: str) -> None:
        if self._log:
            self.app.output.say(_log_line(line))


def _log_line(line: str) -> str:
    """A journal's line in the shape that Cloud Logging reads from a container's output."""
    entry = json.loads(line)
    bad = entry["outcome"] in _BAD
    what = entry.get("step") or entry["outcome"]
    words = f"{entry['action']} {entry['notebook']} {entry['event']}: {what}"
    message = "; ".join(filter(None, (words, entry["failure"] if bad else "", *entry["unrestored"])))
    return json.dumps({"severity": "ERROR" if bad else "INFO", **entry, "message": message})
