"""A re-run that is killed, refused, or left without an answer at every point of its way."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from notebook_provisioner.core.errors import TargetUnreachable
from notebook_provisioner.core.post_startup.reports import Report, State
from notebook_provisioner.core.procedures import (
    Busy,
    Declined,
    Operation,
    Outcome,
    Record,
    Unanswered,
    carry_out,
)
from notebook_provisioner.core.rerun.observed import Flags, Seen
from notebook_provisioner.core.rerun.procedures import KIND, TIMEOUT, Transport, before, build, undo

START = datetime(2026, 3, 1, tzinfo=UTC)
KEY = "post-startup-script-behavior"
KEYS = {Transport.API: KEY, Transport.IAP_SSH: KEY, Transport.STARTUP_SCRIPT: "startup-script"}
WAYS = list(product(Transport, ("ACTIVE", "STOPPED"), ("run_once", None, "run_every_start")))


class Killed(BaseException):
    """The process is gone."""


@dataclass
class World:
    """One notebook, its operations and its open record. Dies at call *kill*, before or after its effect."""

    state: str = "ACTIVE"
    behavior: str | None = "run_once"
    transport: Transport = Transport.API
    kill: int = -1
    after: bool = False
    events: dict = field(default_factory=dict)  # number of a request → what goes wrong
    ending: State = State.COMPLETE  # of new runs
    sha256: str = "new"
    runs: int = 1
    flag: bool = True
    calls: int = 0
    requests: int = 0
    now: datetime = START
    pending: list = field(default_factory=list)
    operations: dict = field(default_factory=dict)
    record: bytes | None = None
    last: State = State.COMPLETE
    readable: bool = True

    def point(self, effect=lambda: None):
        self.calls += 1
        if self.calls == self.kill and not self.after:
            raise Killed
        result = effect()
        if self.calls == self.kill:
            raise Killed
        return result

    # The world and its requests.
    def tick(self):
        for item in list(self.pending):
            item[0] -= 1
            if item[0] <= 0:
                self.pending.remove(item)
                _, name, effect, error = item
                if error is None:
                    effect()
                else:
                    self.state = {"STARTING": "STOPPED", "STOPPING": "ACTIVE"}.get(self.state, self.state)
                self.operations[name] = Operation(done=True, error=error)

    def observe(self):
        self.point()
        self.tick()
        flags = Flags(frozenset({"/root/google_vm_config.lock"} if self.flag else ()))
        key = KEYS[self.transport]
        metadata = {"own": "1", **({key: self.behavior} if self.behavior else {})}
        return Seen(self.state, metadata, self.report, lambda: flags)

    def report(self):
        if not self.readable:
            raise TargetUnreachable("no permission")
        return Report(str(self.runs), self.last, "git", 7, 3, "1", "", self.sha256, "", {}, self.now)

    def operation(self, name):
        self.point()
        return self.operations[name]

    def request(self, effect, transition=None):
        self.requests += 1
        event = self.events.get(self.requests, "")
        if event == "declined":
            raise Declined("no permission")
        if event == "busy" or self.pending:
            raise Busy("unable to queue the operation")
        if event == "lost request":
            raise Unanswered("connection reset")
        name = f"operation-{self.requests}"
        self.operations[name] = Operation(done=False)
        self.pending.append([2, name, effect, "stockout" if event == "operation fails" else None])
        self.state = transition or self.state
        if event == "lost answer":
            raise Unanswered("connection reset")
        return name

    def start(self):
        return self.point(lambda: self.request(self.booted, "STARTING"))

    def booted(self):
        self.state = "ACTIVE"
        runs_again = (
            not self.flag if self.transport is Transport.IAP_SSH else self.behavior not in {"run_once", None}
        )
        self.flag = True
        if runs_again:
            self.runs += 1
            self.last = self.ending

    def stop(self):
        return self.point(lambda: self.request(lambda: setattr(self, "state", "STOPPED"), "STOPPING"))

    def change_metadata(self, seen, changes):
        assert seen["own"] == "1"
        return self.point(
            lambda: self.request(lambda: setattr(self, "behavior", changes[KEYS[self.transport]]))
        )

    def set_flag(self, *, present):
        def touch():
            self.flag = present

        self.point(touch)

    # The records.
    def open(self, record):
        self.point(lambda: setattr(self, "record", record.dumps()))

    def save(self, record):
        self.point(lambda: setattr(self, "record", record.dumps()))

    def close(self, record):
        del record
        self.point(lambda: setattr(self, "record", None))

    def clock(self):
        return self.now

    def sleep(self, seconds):
        self.now += timedelta(seconds=seconds)
        self.tick()


def begin(world, **wanted):
    record = Record(
        KIND,
        "one",
        "p",
        "z",
        "nb",
        world.now,
        before=before(world.observe(), world.transport),
        wanted={"transport": world.transport, "uri": "gs://b/o", "sha256": "new", "storage": "https://s"}
        | wanted,
    )
    world.open(record)
    return carry(world, record)


def carry(world, record, make=build):
    return carry_out(make(record, world), record, world, records=world, clock=world.clock, sleep=world.sleep)


def carry_on(world, make=build):
    """A new process, which knows the record alone."""
    world.kill = -1
    return carry(world, Record.loads(world.record), make) if world.record else None


def quiet(world):
    """Operations that were under way come to their end."""
    world.kill = -1
    for _ in range(5):
        world.observe()


def world_of(way, **changed):
    transport, state, behavior = way
    return World(state=state, behavior=behavior, transport=transport, **changed)


def calls_of(way):
    world = world_of(way)
    begin(world)
    return world.calls


@pytest.mark.parametrize("way", WAYS)
def test_the_script_ran_anew_and_everything_is_as_before(way):
    world = world_of(way)
    record = begin(world)
    assert record.outcome is Outcome.SUCCEEDED, record.failure
    assert (world.state, world.behavior, world.flag) == (way[1], way[2], True)
    assert world.runs > 1
    assert world.record is None


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("way", WAYS)
def test_killed_at_every_call_and_resumed(way, after):
    for kill in range(1, calls_of(way) + 1):
        world = world_of(way, kill=kill, after=after)
        with pytest.raises(Killed):
            begin(world)
        opened = world.record is not None
        record = carry_on(world)
        quiet(world)
        assert (world.state, world.behavior, world.flag) == (way[1], way[2], True), kill
        assert world.record is None
        if opened:
            assert record.outcome is Outcome.SUCCEEDED, (kill, record.failure)
            assert world.runs > 1


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("way", WAYS)
def test_killed_at_every_call_and_undone(way, after):
    for kill in range(1, calls_of(way) + 1):
        world = world_of(way, kill=kill, after=after)
        with pytest.raises(Killed):
            begin(world)
        carry_on(world, undo)
        quiet(world)
        assert (world.state, world.behavior, world.flag) == (way[1], way[2], True), kill
        assert world.record is None


@pytest.mark.parametrize("after", [False, True])
def test_killed_twice(after):
    way = WAYS[0]
    for first in range(3, calls_of(way), 3):
        for second in range(1, 20, 2):
            world = world_of(way, kill=first, after=after)
            with pytest.raises(Killed):
                begin(world)
            if world.record is None:
                continue
            world.calls, world.kill = 0, second
            try:
                carry(world, Record.loads(world.record))
            except Killed:
                carry_on(world)
            quiet(world)
            assert (world.state, world.behavior, world.record) == ("ACTIVE", "run_once", None), (
                first,
                second,
            )
            assert world.runs > 1


@pytest.mark.parametrize("event", ["busy", "lost request", "lost answer", "operation fails"])
@pytest.mark.parametrize("way", WAYS)
def test_every_request_goes_wrong_once(way, event):
    quiet_world = world_of(way)
    begin(quiet_world)
    for number in range(1, quiet_world.requests + 1):
        world = world_of(way, events={number: event})
        record = begin(world)
        quiet(world)
        assert record.outcome is Outcome.SUCCEEDED, (number, record.failure)
        assert (world.state, world.behavior, world.flag) == (way[1], way[2], True), number
        assert world.runs > 1


@pytest.mark.parametrize("way", WAYS)
def test_a_refusal_fails_the_run_and_puts_everything_back(way):
    world = world_of(way, events={1: "declined"})
    record = begin(world)
    assert (record.outcome, record.failure.reason) == (Outcome.FAILED, "no permission")
    assert (world.state, world.behavior, world.flag) == (way[1], way[2], True)


@pytest.mark.parametrize("way", WAYS)
def test_a_script_that_fails_is_told_with_step_and_line(way):
    world = world_of(way, ending=State.ERROR)
    record = begin(world)
    assert record.outcome is Outcome.FAILED
    assert record.failure.reason == "the script failed at step git, line 7, with exit status 3"
    assert (world.state, world.behavior) == way[1:]


@pytest.mark.parametrize(("wanted", "said"), [({}, "1:00:00"), ({TIMEOUT: 420}, "0:07:00")])
def test_a_script_may_run_as_long_as_was_asked_for(wanted, said):
    world = World(state="STOPPED", readable=False)
    assert begin(world, **wanted).failure.reason == f"no new run was reported within {said}"


def test_another_script_that_ran_is_none():
    world = World(sha256="old")
    assert begin(world).failure.reason == "another script ran: old"


def test_what_cannot_be_put_back_stays_on_record_until_it_can():
    world = World(events=dict.fromkeys(range(4, 9), "declined"))
    record = begin(world)
    assert record.outcome is Outcome.UNRESTORED
    assert world.behavior == "download_and_run_every_start"
    world.events = {}
    assert carry_on(world).outcome is Outcome.SUCCEEDED
    assert (world.behavior, world.record) == ("run_once", None)


def test_what_somebody_else_chose_meanwhile_stays():
    world = World(kill=12)
    with pytest.raises(Killed):
        begin(world)
    world.behavior = "run_every_start"
    carry_on(world, undo)
    assert world.behavior == "run_every_start"


def test_a_notebook_that_idle_shutdown_stopped_after_the_run_is_not_started_again():
    world = World()
    total = calls_of(WAYS[0])
    world.kill = total - 1
    with pytest.raises(Killed):
        begin(world)
    assert "start" in Record.loads(world.record).finished
    world.state = "STOPPED"
    carry_on(world)
    assert world.state == "STOPPED"


def test_a_notebook_whose_reports_nobody_may_read_is_left_alone():
    world = World(readable=False)
    with pytest.raises(TargetUnreachable):
        begin(world)
    assert (world.requests, world.record) == (0, None)


def test_a_lost_key_of_the_metadata_fails_the_step():
    class Forgetful(World):
        def observe(self):
            seen = super().observe()
            if self.behavior == "download_and_run_every_start":
                seen.metadata.pop("own")
            return seen

        def change_metadata(self, seen, changes):
            return super().change_metadata({"own": "1", **seen}, changes)

    world = Forgetful()
    record = begin(world)
    assert "lost own" in record.failure.reason
    assert world.behavior == "run_once"
