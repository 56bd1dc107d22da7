"""The steps of one notebook's re-run, and what is put back after them.

Power is put back only where nobody else has taken charge of it since: a notebook that was on, and has come up
again, may have been stopped by its owner or by idle shutdown.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final

from notebook_provisioner.catalog.metadata_keys import PROTECTED
from notebook_provisioner.core.errors import TargetUnreachable
from notebook_provisioner.core.notebooks import ACTIVE, SETTLED, STOPPED
from notebook_provisioner.core.post_startup.facts import BEHAVIOR_KEY, EVERY_START
from notebook_provisioner.core.post_startup.reports import Report, State
from notebook_provisioner.core.post_startup.status import BOOTING
from notebook_provisioner.core.procedures import Procedure, Record, Step
from notebook_provisioner.core.rerun.observed import Requests, Seen
from notebook_provisioner.core.rerun.one_shot import STARTUP_KEY, one_shot

KIND: Final = "post-startup rerun"

# How long anything takes is nowhere documented: these are ours, and end what has gone wrong.
_SHORT: Final = timedelta(minutes=15)
_BOOT: Final = timedelta(minutes=30)
_RUN: Final = timedelta(minutes=60)

TIMEOUT: Final = "timeout_seconds"  # in ``record.wanted``, where one was asked for

_CLOCKS_DIFFER: Final = timedelta(minutes=2)  # ours, and the notebook's

_STUCK: Final = "PROVISIONING"  # where a notebook stays that does not come up


class Transport(StrEnum):
    """By which way a script is made to run again."""

    API = "api"  # the metadata say that it runs at every start; then a stop and a start
    IAP_SSH = "iap-ssh"  # c2d-startup's flag is taken away over SSH; then a stop and a start
    STARTUP_SCRIPT = "startup-script"  # Compute Engine's own startup script runs it; then a stop and a start


def before(seen: Seen, transport: Transport) -> dict[str, Any]:
    """What a record keeps: what is to be put back, and what tells the new run from the last.

    Raises:
        TargetUnreachable: The last run cannot be read, on a notebook that is on. Whether it can be on one
            that is off is unverified.
    """
    try:
        run: str | None = _identity(seen.report())
    except TargetUnreachable:
        if seen.state == ACTIVE:
            raise
        run = None
    key = STARTUP_KEY if transport is Transport.STARTUP_SCRIPT else BEHAVIOR_KEY
    return {
        "state": seen.state,
        "value": seen.metadata.get(key) or None,
        "metadata_keys": sorted(name for name in seen.metadata if name not in PROTECTED),
        "run": run,
    }


def build(record: Record, requests: Requests) -> Procedure[Seen]:
    """The procedure that *record* is about."""
    if record.wanted["transport"] == Transport.IAP_SSH:
        steps = [_start(requests, "wake"), _clear(requests)]
        restore = [_flag(requests), _power(requests)]
    else:
        setting = _setting(record)
        steps = [_change(setting, requests)]
        restore = [_change_back(setting, requests), _power(requests)]
    steps += [_stop(requests), _start(requests, "start"), _run(_timeout(record))]
    return Procedure(steps=steps, restore=restore)


def undo(record: Record, requests: Requests) -> Procedure[Seen]:
    """Only what is to be put back."""
    return Procedure(steps=(), restore=build(record, requests).restore)


@dataclass(frozen=True, slots=True)
class _Setting:
    """A key of the metadata that has another value for the time of the re-run."""

    name: str
    key: str
    ours: str


def _setting(record: Record) -> _Setting:
    wanted = record.wanted
    if wanted["transport"] == Transport.API:
        return _Setting("behavior", BEHAVIOR_KEY, EVERY_START)
    script = one_shot(wanted["uri"], wanted["sha256"], record.run, storage=wanted["storage"])
    return _Setting("startup-script", STARTUP_KEY, script)


def _timeout(record: Record) -> timedelta:
    asked = record.wanted.get(TIMEOUT)
    return _RUN if asked is None else timedelta(seconds=asked)


def _change(setting: _Setting, requests: Requests) -> Step[Seen]:
    def lost(seen: Seen, record: Record) -> list[str]:
        return sorted(set(record.before["metadata_keys"]) - {setting.key} - seen.metadata.keys())

    def changed(seen: Seen) -> bool:
        return seen.metadata.get(setting.key) == setting.ours

    def hopeless(seen: Seen, record: Record) -> str | None:
        if changed(seen) and (gone := lost(seen, record)):
            return f"its metadata lost {', '.join(gone)}; nbp apply puts them back"
        return None

    return Step(
        name=setting.name,
        ask=lambda seen, _record: requests.change_metadata(seen.metadata, {setting.key: setting.ours}),
        done=lambda seen, record: changed(seen) and not lost(seen, record),
        ready=lambda seen, _record: seen.state in SETTLED,
        hopeless=hopeless,
        lacks=lambda _seen, _record: f"{setting.key} did not change",
        timeout=_SHORT,
    )


def _clear(requests: Requests) -> Step[Seen]:
    return Step(
        name="flag",
        ask=lambda _seen, _record: requests.set_flag(present=False),
        done=lambda seen, _record: seen.state == ACTIVE and seen.flags().present == frozenset(),
        ready=lambda seen, _record: seen.state == ACTIVE,
        lacks=lambda seen, _record: f"the flag did not go: {_flag_words(seen)}",
        timeout=_SHORT,
    )


def _stop(requests: Requests) -> Step[Seen]:
    return Step(
        name="stop",
        ask=lambda _seen, _record: requests.stop(),
        done=lambda seen, _record: seen.state == STOPPED,
        ready=lambda seen, _record: seen.state == ACTIVE,
        lacks=lambda seen, _record: f"it did not stop, it is {seen.state}",
        timeout=_SHORT,
    )


def _start(requests: Requests, name: str) -> Step[Seen]:
    def hopeless(seen: Seen, record: Record) -> str | None:
        # A script that fails can keep a notebook from coming up.
        return _failure(_report(seen), record) if seen.state in BOOTING else None

    return Step(
        name=name,
        ask=lambda _seen, _record: requests.start(),
        done=lambda seen, _record: seen.state == ACTIVE,
        ready=lambda seen, _record: seen.state == STOPPED,
        hopeless=hopeless,
        lacks=lambda seen, _record: f"it did not come up, it is {seen.state}",
        timeout=_BOOT,
    )


def _run(timeout: timedelta) -> Step[Seen]:
    def done(seen: Seen, record: Record) -> bool:
        report = _report(seen)
        return (
            _is_new(report, record)
            and report is not None
            and report.state is State.COMPLETE
            and report.script_sha256 == record.wanted["sha256"]
        )

    def hopeless(seen: Seen, record: Record) -> str | None:
        report = _report(seen)
        if why := _failure(report, record):
            return why
        if _is_new(report, record) and report is not None and report.state is State.COMPLETE:
            return f"another script ran: {report.script_sha256[:12] or 'its digest is not known'}"
        if seen.state in {STOPPED, "STOPPING"}:
            return "it was stopped before its script had ended"
        return None

    def lacks(seen: Seen, record: Record) -> str:
        report = _report(seen)
        if report is None or not _is_new(report, record):
            return "no new run was reported"
        return f"its script did not end, it is at step {report.step}"

    return Step(name="run", done=done, hopeless=hopeless, lacks=lacks, timeout=timeout)


def _flag(requests: Requests) -> Step[Seen]:
    """The flag is there again. A boot lays it by itself, once c2d's scripts have run."""

    def done(seen: Seen, record: Record) -> bool:
        untouched = "flag" not in record.asked or "start" in record.finished
        return untouched or (seen.state == ACTIVE and bool(seen.flags().present))

    return Step(
        name="flag-back",
        ask=lambda seen, _record: (
            requests.start() if seen.state == STOPPED else requests.set_flag(present=True)
        ),
        done=done,
        ready=lambda seen, _record: seen.state in SETTLED,
        lacks=lambda seen, _record: f"the flag did not come back: {_flag_words(seen)}",
        timeout=_BOOT,
    )


def _change_back(setting: _Setting, requests: Requests) -> Step[Seen]:
    def done(seen: Seen, record: Record) -> bool:
        # Another value than ours is somebody else's, who shall have it.
        now = seen.metadata.get(setting.key) or None
        return now == record.before["value"] or now != setting.ours

    return Step(
        name=f"{setting.name}-back",
        ask=lambda seen, record: requests.change_metadata(
            seen.metadata, {setting.key: record.before["value"]}
        ),
        done=done,
        ready=lambda seen, _record: seen.state in SETTLED or seen.state == _STUCK,
        lacks=lambda _seen, _record: f"{setting.key} did not become what it was",
        timeout=_BOOT,
    )


def _power(requests: Requests) -> Step[Seen]:
    def wants_off(record: Record) -> bool:
        return bool(record.before["state"] == STOPPED)

    def done(seen: Seen, record: Record) -> bool:
        if wants_off(record):
            return seen.state == STOPPED
        return seen.state == ACTIVE or "start" in record.finished

    return Step(
        name="power",
        ask=lambda _seen, record: requests.stop() if wants_off(record) else requests.start(),
        done=done,
        ready=lambda seen, record: seen.state in ({ACTIVE, _STUCK} if wants_off(record) else {STOPPED}),
        lacks=lambda seen, record: f"it did not become {record.before['state']} again, it is {seen.state}",
        timeout=_BOOT,
    )


def _flag_words(seen: Seen) -> str:
    if seen.state != ACTIVE:
        return f"the notebook is {seen.state}"
    flags = seen.flags()
    return flags.problem or ", ".join(sorted(flags.present or ())) or "there is none"


def _report(seen: Seen) -> Report | None:
    """The last report; None while it cannot be read, as of a machine that boots."""
    try:
        return seen.report()
    except TargetUnreachable:
        return None


def _failure(report: Report | None, record: Record) -> str | None:
    if report is None or not _is_new(report, record) or report.state is not State.ERROR:
        return None
    return f"the script failed at step {report.step}, line {report.line}, with exit status {report.exit}"


def _is_new(report: Report | None, record: Record) -> bool:
    if report is None:
        return False
    if record.before["run"] is None:
        return report.at > record.started - _CLOCKS_DIFFER
    return bool(_identity(report) != record.before["run"])


def _identity(report: Report | None) -> str:
    """What tells one run from another: its number, or its moments where a script gives none."""
    if report is None:
        return ""
    return report.run or f"{report.at.isoformat()} {report.state}"
