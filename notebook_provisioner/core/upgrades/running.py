"""Carries upgrades and rollbacks out: looks once more, opens a record, does it, and carries open ones on."""

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from notebook_provisioner.catalog.images import family_and_date
from notebook_provisioner.core.errors import Refused
from notebook_provisioner.core.findings import Finding
from notebook_provisioner.core.post_startup.facts import EVERY_START, has_managed_euc
from notebook_provisioner.core.procedures import Gone, Patience, Record, Records, World, carry_out
from notebook_provisioner.core.rerun.planning import Use, use_of
from notebook_provisioner.core.upgrades import preflight, procedure, verification
from notebook_provisioner.core.upgrades.facts import Upgradability
from notebook_provisioner.core.upgrades.families import Family
from notebook_provisioner.core.upgrades.observed import Instance, Observed
from notebook_provisioner.core.upgrades.preflight import Facts, Rules, Surroundings
from notebook_provisioner.core.upgrades.procedure import ROLLBACK_KIND, UPGRADE_KIND
from notebook_provisioner.core.upgrades.script_runs import runs_script_again

# An upgrade takes from a quarter of an hour on (a guess): looking seldom is soon enough, and costs few calls.
PATIENCE: Final = Patience(first=0.5, growth=1.5, longest=20.0)

# What is expected of an upgrade counts from waking the notebook; the request itself may come so much later.
_WAKING: Final = timedelta(minutes=10)

_DIGEST: Final = re.compile(r"gs://.+/([0-9a-f]{64})\.sh")


class ChangedMeanwhile(Refused):
    """A notebook was changed while its upgrade was about to begin."""

    code = "changed-meanwhile"


class Notebook(World[Observed], procedure.Requests, Protocol):
    """One notebook: what is seen of it, and what may be asked for."""


class Reader(Protocol):
    """What is read of a notebook before it is upgraded."""

    def upgradability(self, zone: str, name: str) -> Upgradability:
        """What Workbench says about upgrading it."""


@dataclass(frozen=True, slots=True)
class Task:
    """A notebook that is to be upgraded.

    Attributes:
        zone: Its zone.
        name: Its name.
        start_by: The last moment at which the upgrade may begin, UTC; None for whenever.
        canary: Whether it goes before the others.
    """

    zone: str
    name: str
    start_by: datetime | None = None
    canary: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """Zone and name."""
        return self.zone, self.name


@dataclass(frozen=True, slots=True)
class _Prepared:
    seen: Observed
    facts: Facts


@dataclass(slots=True)
class Conductor:
    """One run over notebooks of one project. Safe to share between threads, one thread a notebook.

    Attributes:
        project: The project's id.
        run: The run's own name, in its records.
        notebook: Gives the notebook of a zone and a name.
        reader: Reads what stands against an upgrade.
        records: Where open records are.
        clock: The target's present, UTC.
        sleep: Waits so many seconds.
        around: What holds for the whole project.
        rules: What the run may bear.
        family: The image family that notebooks are asked into; None for their own.
        versions: The version that each notebook has, and what it would be upgraded to, by zone and name.
        tell: Told of every step.
        announce: Told before a notebook is touched, and when it is at its end.
        patience: Pauses between looks.
        findings: What preflight found, by zone and name.
        current: Notebooks with nothing to upgrade to, with Workbench's words.
    """

    project: str
    run: str
    notebook: Callable[[str, str], Notebook]
    reader: Reader
    records: Records
    clock: Callable[[], datetime]
    sleep: Callable[[float], None]
    around: Surroundings
    rules: Rules
    family: Family | None = None
    versions: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    tell: Callable[[Record, str], None] = lambda _record, _what: None
    announce: Callable[[Record], None] = lambda _record: None
    patience: Patience = PATIENCE
    findings: dict[tuple[str, str], tuple[Finding, ...]] = field(default_factory=dict)
    current: dict[tuple[str, str], str] = field(default_factory=dict)
    _prepared: dict[tuple[str, str], _Prepared] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def may_start(self, task: Task) -> str | None:
        """Look at a notebook; why it must stay as it is, or None.

        Raises:
            TargetUnreachable: It cannot be looked at.
        """
        if task.start_by is not None and self.clock() > task.start_by:
            return f"it could not end in its window any more: it had to begin by {task.start_by:%H:%M} UTC"
        try:
            prepared = self._look(task)
        except Gone:
            return "there is no such notebook"
        found = preflight.check(prepared.facts, self.rules)
        nothing = preflight.nothing_to_do(prepared.facts)
        against = preflight.obstacle(found)
        with self._lock:
            if nothing is not None:
                self.current[task.key] = nothing
            else:
                self.findings[task.key] = found
            self._prepared[task.key] = prepared
            target = prepared.facts.upgradability
            self.versions[task.key] = (
                prepared.seen.instance.version,
                target.version or verification.last(target.image),
            )
        return nothing or (against.message if against else None)

    def upgrade(self, task: Task) -> Record:
        """Upgrade a notebook that `may_start` let through.

        Raises:
            RecordOpen: Another procedure over it is under way, or was left unfinished.
            ChangedMeanwhile: Somebody started, stopped or changed it in this very moment.
            TargetUnreachable: Google does not answer; the record stays open.
        """
        with self._lock:
            prepared = self._prepared.pop(task.key)
        facts = prepared.facts
        target = facts.upgradability
        wanted = self._wanted(facts.instance) | {
            "version": "" if facts.family else target.version,
            "image": "" if facts.family else target.image,
            "family": facts.family or "",
            "start_by": (task.start_by + _WAKING).isoformat() if task.start_by else "",
            "data_snapshot": self._data_snapshot(facts),
            "rerun": _may_be_rerun(facts.instance) and not runs_script_again(target.version, target.image),
        }
        return self._begin(UPGRADE_KIND, prepared.seen, wanted)

    def roll_back(self, seen: Observed, snapshot: str, version: str) -> Record:
        """Roll a notebook back to *snapshot*, of when it ran *version*. Raises as `upgrade`."""
        instance = seen.instance
        wanted = self._wanted(instance) | {
            "version": version,
            "snapshot": snapshot,
            "rerun": _may_be_rerun(instance),
        }
        return self._begin(ROLLBACK_KIND, seen, wanted)

    def resume(self, record: Record) -> Record:
        """Carry a record on that an earlier run left.

        Raises:
            TargetUnreachable: Google does not answer; the record stays open.
        """
        return self._carry(record)

    def _look(self, task: Task) -> _Prepared:
        seen, now = self.notebook(*task.key).observe(), self.clock()
        use, use_words = _use(seen, now)
        activity = seen.activity()
        family = self._other_family(seen)
        facts = Facts(
            instance=seen.instance,
            upgradability=self.reader.upgradability(*task.key)
            if family is None
            else Upgradability(None, "", family.image or "", "it is asked into another family"),
            family=family.name if family else None,
            use=use,
            use_words=use_words,
            data_free_mib=activity.data_free_mib if activity else None,
            around=self.around,
            now=now,
        )
        return _Prepared(seen, facts)

    def _other_family(self, seen: Observed) -> Family | None:
        """The family that a notebook is to change to; None where it is in it already, or is to stay."""
        boot = seen.disks().boot if self.family else None
        known = family_and_date(verification.last(boot.image)) if boot else None
        return None if known and self.family and known[0] == self.family.name else self.family

    def _wanted(self, instance: Instance) -> dict[str, Any]:
        script = _DIGEST.fullmatch(instance.metadata.get("post-startup-script", ""))
        return {
            "version": "",
            "image": "",
            "family": "",
            "snapshot": "",
            "start_by": "",
            "data_snapshot": "",
            "script": script[1] if script else "",
            "rerun": False,
        }

    def _data_snapshot(self, facts: Facts) -> str:
        if not preflight.needs_data_snapshot(facts, self.rules):
            return ""
        stamp = f"-before-upgrade-{facts.now:%Y%m%d%H%M%S}"  # 63 characters at most: a snapshot's name
        return f"{facts.instance.name[: 63 - len(stamp)]}{stamp}"

    def _begin(self, kind: str, seen: Observed, wanted: dict[str, Any]) -> Record:
        instance = seen.instance
        record = Record(
            kind=kind,
            run=self.run,
            project=self.project,
            zone=instance.zone,
            notebook=instance.name,
            started=self.clock(),
            before=verification.before(seen),
            wanted=wanted,
        )
        self.records.open(record)
        # Between the look and the record, another procedure may have come to its end, and put things back.
        again = self.notebook(instance.zone, instance.name).observe().instance
        if _settings(again) != _settings(instance):
            self.records.close(record)
            raise ChangedMeanwhile(f"{instance.name} was changed in this very moment", hint="run it again")
        return self._carry(record)

    def _carry(self, record: Record) -> Record:
        self.announce(record)
        notebook = self.notebook(record.zone, record.notebook)
        ended = carry_out(
            procedure.build(record, notebook, self.clock),
            record,
            notebook,
            records=self.records,
            clock=self.clock,
            sleep=self.sleep,
            say=self.tell,
            patience=self.patience,
        )
        self.announce(ended)
        return ended


def _may_be_rerun(instance: Instance) -> bool:
    """Whether the script's behaviour can be changed, and makes a difference."""
    locked = has_managed_euc(instance.metadata)
    return instance.behavior != EVERY_START and not locked


def _use(seen: Observed, now: datetime) -> tuple[Use, str]:
    """Whether somebody is at work; the console, the dearer source, is read only where it must be."""
    state, activity = seen.instance.state, seen.activity()
    use, words = use_of(state, activity, None, now)
    return (use, words) if use is not Use.UNKNOWN else use_of(state, activity, seen.console(), now)


def _settings(instance: Instance) -> tuple[object, ...]:
    return instance.state, instance.idle_timeout, instance.behavior, instance.history
