"""The steps of one notebook's upgrade or rollback, and what is put back after them.

Idle shutdown is held off before a stopped notebook is woken: the timer that runs in the notebook begins with
the value of its boot, and clearing the key does not stop one that runs already. That one is outlived: the
upgrade boots the machine anew.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from notebook_provisioner.core.notebooks import ACTIVE, SETTLED, STOPPED
from notebook_provisioner.core.post_startup.facts import BEHAVIOR_KEY, EVERY_START
from notebook_provisioner.core.procedures import Busy, Declined, Procedure, Record, Step
from notebook_provisioner.core.upgrades import verification
from notebook_provisioner.core.upgrades.facts import IDLE_KEY
from notebook_provisioner.core.upgrades.observed import UPGRADE_LABEL, Observed
from notebook_provisioner.core.upgrades.verification import ROLLBACK, UPGRADE

UPGRADE_KIND: Final = "upgrade run"
ROLLBACK_KIND: Final = "upgrade rollback"

# How long anything takes is nowhere documented: these are ours, and end what has gone wrong.
_SHORT: Final = timedelta(minutes=15)
_REBUILD: Final = timedelta(minutes=90)
_SETTLE: Final = timedelta(minutes=30)


class Requests(Protocol):
    """What is asked of Google. All return an operation's name, and raise as ``Step.ask`` may."""

    def start(self) -> str:
        """Start the notebook."""

    def stop(self) -> str:
        """Stop it."""

    def upgrade(self, family: str | None) -> str:
        """Upgrade it to the newest image of its family, or of *family*."""

    def roll_back(self, snapshot: str) -> str:
        """Make its boot disk anew from *snapshot*."""

    def change(self, labels: Mapping[str, str], metadata: Mapping[str, str]) -> str:
        """Set its own labels and metadata; an empty value takes a key of the metadata away."""

    def snapshot_data_disk(self, name: str) -> str:
        """Take a snapshot of its data disk."""


def build(record: Record, requests: Requests, clock: Callable[[], datetime]) -> Procedure[Observed]:
    """Make the procedure that *record* is of; the same for a new record and for one that is resumed.

    ``record.wanted`` has: ``image`` (the link of what it shall get; empty where nobody knows), ``family``
    (empty for its own), ``snapshot`` (of a rollback), ``start_by`` (an ISO moment after which nothing may
    begin; empty for none), ``data_snapshot`` (name of the snapshot to take first; empty for none), ``script``
    (digest of the script that must run; empty for none), ``rerun`` (whether it has to be made to run).

    Args:
        record: ``before`` and ``wanted`` are filled in.
        requests: How to ask.
        clock: The target's present, UTC.
    """
    wanted = record.wanted
    steps = [_hold(requests)]
    if wanted["data_snapshot"]:
        steps.append(_data_snapshot(requests))
    steps.append(_start("start", requests))
    if record.kind == ROLLBACK_KIND:
        roll_back = _rebuild(
            "rollback",
            ROLLBACK,
            lambda record: requests.roll_back(record.wanted["snapshot"]),
            wake=requests.start,
            clock=clock,
        )
        steps += [roll_back, _verify(ROLLBACK)]
    else:
        upgrade = _rebuild(
            "upgrade",
            UPGRADE,
            lambda record: requests.upgrade(record.wanted["family"] or None),
            wake=requests.start,
            clock=clock,
        )
        steps += [upgrade, _verify(UPGRADE)]
    if wanted["script"]:
        steps += _rerun(requests) if wanted["rerun"] else []
        steps.append(_script())
    return Procedure(steps=tuple(steps), restore=(_settings(requests), _power(requests)))


def _hold(requests: Requests) -> Step[Observed]:
    def held(seen: Observed, _record: Record) -> bool:
        return seen.instance.idle_timeout is None and UPGRADE_LABEL in seen.instance.labels

    def hold(seen: Observed, record: Record) -> str:
        word = "rollback" if record.kind == ROLLBACK_KIND else "running"
        labels = {**seen.instance.own_labels, UPGRADE_LABEL: word}
        return requests.change(labels, {**seen.instance.own_metadata, IDLE_KEY: ""})

    return Step(
        name="hold-idle-shutdown",
        done=held,
        lacks=lambda _seen, _record: "idle shutdown could not be held off",
        timeout=_SHORT,
        ask=hold,
        ready=_quiet,
    )


def _data_snapshot(requests: Requests) -> Step[Observed]:
    def status(seen: Observed, record: Record) -> str | None:
        return seen.snapshot(record.wanted["data_snapshot"])

    return Step(
        name="snapshot-data-disk",
        done=lambda seen, record: status(seen, record) == "READY",
        lacks=lambda _seen, _record: "the snapshot of the data disk was not ready",
        timeout=_REBUILD,
        ask=lambda _seen, record: requests.snapshot_data_disk(record.wanted["data_snapshot"]),
        ready=lambda seen, record: status(seen, record) is None,
        hopeless=lambda seen, record: (
            "the snapshot of the data disk failed" if status(seen, record) == "FAILED" else None
        ),
    )


def _start(name: str, requests: Requests) -> Step[Observed]:
    return Step(
        name=name,
        done=lambda seen, _record: seen.instance.state == ACTIVE,
        lacks=lambda seen, _record: f"it was {seen.instance.state} and not {ACTIVE}",
        timeout=_SETTLE,
        ask=lambda _seen, _record: requests.start(),
        ready=lambda seen, _record: seen.instance.state == STOPPED,
    )


def _rebuild(
    name: str,
    action: str,
    request: Callable[[Record], str],
    *,
    wake: Callable[[], str],
    clock: Callable[[], datetime],
) -> Step[Observed]:
    """The one request that must never be taken twice."""
    rebuild = _Rebuild(name, action, request, wake, clock)
    return Step(
        name=name,
        done=rebuild.done,
        lacks=lambda seen, _record: f"the {name} did not end; the notebook is {seen.instance.state}",
        timeout=_REBUILD,
        ask=rebuild.ask,
        ready=lambda seen, record: _quiet(seen, record) and not rebuild.arrived(seen, record),
        hopeless=rebuild.hopeless,
        failures=1,
    )


@dataclass(frozen=True, slots=True)
class _Rebuild:
    name: str
    action: str
    request: Callable[[Record], str]
    wake: Callable[[], str]
    clock: Callable[[], datetime]

    def done(self, seen: Observed, record: Record) -> bool:
        entry = verification.new_entry(seen.instance, record, self.action)
        return entry is not None and entry.state == "SUCCEEDED" and seen.instance.state == ACTIVE

    def arrived(self, seen: Observed, record: Record) -> bool:
        """Whether a request was taken: only one of which nothing at all is to be seen may be sent again."""
        asked = record.asked.get(self.name)
        if asked is None:
            return False
        if asked.operation is not None:
            return True
        entry = verification.new_entry(seen.instance, record, self.action)
        return entry is not None or seen.sent_since(self.name, asked.at) is not None

    def hopeless(self, seen: Observed, record: Record) -> str | None:
        entry = verification.new_entry(seen.instance, record, self.action)
        if entry is not None and entry.state == "FAILED":
            return f"the upgrade history says that the {self.name} failed"
        asked = record.asked.get(self.name)
        if asked is not None and asked.operation is None:
            return seen.sent_since(self.name, asked.at) or None
        return None

    def ask(self, seen: Observed, record: Record) -> str:
        until = record.wanted["start_by"]
        if until and self.clock() > datetime.fromisoformat(until):
            raise Declined(f"it could not end in its window any more: it had to begin by {until}")
        if seen.instance.state == STOPPED:  # by the timer that ran already
            self.wake()
            raise Busy
        return self.request(record)


def _verify(action: str) -> Step[Observed]:
    return Step(
        name="verify",
        done=lambda seen, record: next(verification.unverified(seen, record, action), None) is None,
        lacks=lambda seen, record: "; ".join(verification.unverified(seen, record, action)),
        timeout=_SETTLE,
        hopeless=lambda seen, record: (
            verification.lost_data_disk(seen, record) if seen.instance.state == ACTIVE else None
        ),
    )


def _rerun(requests: Requests) -> list[Step[Observed]]:
    """For images that do not run the script again by themselves; passed over where it did run."""

    def ran(seen: Observed, record: Record) -> bool:
        return verification.ran_since(seen.report(), record) is not None

    def behaves(seen: Observed, _record: Record) -> bool:
        return seen.instance.behavior == EVERY_START

    def behave(seen: Observed, _record: Record) -> str:
        metadata = {**seen.instance.own_metadata, BEHAVIOR_KEY: EVERY_START}
        return requests.change(seen.instance.own_labels, metadata)

    return [
        Step(
            name="ask-for-script",
            done=lambda seen, record: ran(seen, record) or behaves(seen, record),
            lacks=lambda _seen, _record: f"{BEHAVIOR_KEY} could not be set",
            timeout=_SHORT,
            ask=behave,
            ready=_quiet,
        ),
        Step(
            name="stop-for-script",
            done=lambda seen, record: seen.instance.state == STOPPED or ran(seen, record),
            lacks=lambda seen, _record: f"it was {seen.instance.state} and not {STOPPED}",
            timeout=_SETTLE,
            ask=lambda _seen, _record: requests.stop(),
            ready=lambda seen, _record: seen.instance.state == ACTIVE,
        ),
        _start("start-for-script", requests),
    ]


def _script() -> Step[Observed]:
    return Step(
        name="script",
        done=lambda seen, record: verification.script_lacks(seen, record) is None,
        lacks=lambda seen, record: str(verification.script_lacks(seen, record)),
        timeout=_SETTLE,
        hopeless=verification.script_failed,
    )


def _settings(requests: Requests) -> Step[Observed]:
    def as_before(seen: Observed, record: Record) -> bool:
        instance = seen.instance
        return (
            instance.idle_timeout == record.before["idle_timeout"]
            and instance.behavior == record.before["behavior"]
            and UPGRADE_LABEL not in instance.labels
        )

    def put_back(seen: Observed, record: Record) -> str:
        labels = {key: value for key, value in seen.instance.own_labels.items() if key != UPGRADE_LABEL}
        metadata: dict[str, Any] = {
            **seen.instance.own_metadata,
            IDLE_KEY: record.before["idle_timeout"] or "",
            BEHAVIOR_KEY: record.before["behavior"] or "",
        }
        return requests.change(labels, metadata)

    return Step(
        name="restore-settings",
        done=as_before,
        lacks=lambda _seen, _record: "idle timeout, script behaviour and labels could not be put back",
        timeout=_SHORT,
        ask=put_back,
        ready=_quiet,
    )


def _power(requests: Requests) -> Step[Observed]:
    def switch(_seen: Observed, record: Record) -> str:
        return requests.start() if record.before["state"] == ACTIVE else requests.stop()

    return Step(
        name="restore-power",
        done=lambda seen, record: seen.instance.state == record.before["state"],
        lacks=lambda seen, record: f"it was {seen.instance.state} and not {record.before['state']}",
        timeout=_SETTLE,
        ask=switch,
        ready=_quiet,
    )


def _quiet(seen: Observed, _record: Record) -> bool:
    return seen.instance.state in SETTLED
