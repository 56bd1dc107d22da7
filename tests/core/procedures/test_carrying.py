"""A small world with a power switch, a setting and a counter; everything that can go wrong goes wrong."""

import contextlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notebook_provisioner.core.procedures import (
    Busy,
    Declined,
    Gone,
    Operation,
    Outcome,
    Patience,
    Procedure,
    Record,
    RecordOpen,
    Step,
    Unanswered,
    carry_out,
)

START = datetime(2026, 3, 1, tzinfo=UTC)
MINUTES = timedelta(minutes=30)
NEXT = {"STARTING": "ACTIVE", "STOPPING": "STOPPED"}


class Killed(BaseException):
    """The process is gone; nothing runs after it."""


@dataclass(frozen=True)
class Seen:
    power: str
    setting: str
    work: int


@dataclass
class World:
    """One notebook; *events* say what becomes of the requests, one after the other, then all goes well."""

    power: str = "ACTIVE"
    setting: str = "600"
    work: int = 0
    events: list[str] = field(default_factory=list)
    now: datetime = START
    records: dict = field(default_factory=dict)
    running: list = field(default_factory=list)  # looks left, effect, whether it fails
    operations: dict = field(default_factory=dict)
    sent: int = 0

    # What carry_out is given.
    def observe(self):
        for item in list(self.running):
            item[0] -= 1
            if item[0] <= 0:
                self.running.remove(item)
                _, name, effect, error = item
                if error is None:
                    effect()
                elif self.power in NEXT:
                    self.power = "ACTIVE" if self.power == "STOPPING" else "STOPPED"
                self.operations[name] = Operation(done=True, error=error)
        return Seen(self.power, self.setting, self.work)

    def operation(self, name):
        return self.operations[name]

    def clock(self):
        return self.now

    def sleep(self, seconds):
        self.now += timedelta(seconds=seconds)

    def open(self, record):
        if record.key in self.records:
            raise RecordOpen("open")
        self.records[record.key] = record.dumps()

    def save(self, record):
        assert record.key in self.records
        self.records[record.key] = record.dumps()

    def close(self, record):
        self.records.pop(record.key, None)

    def pending(self):
        return tuple(Record.loads(text) for text in self.records.values())

    def request(self, effect, transition=None):
        event = self.events.pop(0) if self.events else "taken"
        if event == "killed before":
            raise Killed
        if event == "busy" or (self.running and event != "declined"):
            raise Busy("Unable to queue the operation")
        if event == "declined":
            raise Declined("no permission")
        if event == "lost request":
            raise Unanswered("connection reset")
        self.sent += 1
        name = f"operation-{self.sent}"
        self.operations[name] = Operation(done=False)
        self.running.append([2, name, effect, "stockout" if event == "operation fails" else None])
        if transition:
            self.power = transition
        if event == "killed after":
            raise Killed
        if event == "lost answer":
            raise Unanswered("connection reset")
        return name

    def turn(self, state):
        transition = "STARTING" if state == "ACTIVE" else "STOPPING"
        return self.request(lambda: setattr(self, "power", state), transition)

    def put(self, value):
        return self.request(lambda: setattr(self, "setting", value))

    def do_work(self):
        return self.request(lambda: setattr(self, "work", self.work + 1))


def procedure(world: World) -> Procedure[Seen]:
    at_rest = lambda seen, _: seen.power not in NEXT  # noqa: E731  # three uses, one line
    return Procedure(
        steps=(
            Step(
                name="start",
                done=lambda seen, _: seen.power == "ACTIVE",
                lacks=lambda seen, _: f"it did not start; it is {seen.power}",
                ask=lambda _seen, _record: world.turn("ACTIVE"),
                ready=at_rest,
                timeout=MINUTES,
            ),
            Step(
                name="hold",
                done=lambda seen, _: seen.setting == "",
                lacks=lambda _seen, _: "the setting stays",
                ask=lambda _seen, _record: world.put(""),
                timeout=MINUTES,
            ),
            Step(
                name="work",
                done=lambda seen, record: seen.work == record.before["work"] + 1,
                lacks=lambda _seen, _: "no work was done",
                ask=lambda _seen, _record: world.do_work(),
                ready=lambda seen, record: seen.work == record.before["work"] and not world.running,
                timeout=MINUTES,
                failures=1,
            ),
        ),
        restore=(
            Step(
                name="release",
                done=lambda seen, record: seen.setting == record.before["setting"],
                lacks=lambda _seen, _: "the setting was not put back",
                ask=lambda _seen, record: world.put(record.before["setting"]),
                timeout=MINUTES,
            ),
            Step(
                name="power",
                done=lambda seen, record: seen.power == record.before["power"],
                lacks=lambda seen, _: f"it is {seen.power}",
                ask=lambda _seen, record: world.turn(record.before["power"]),
                ready=at_rest,
                timeout=MINUTES,
            ),
        ),
    )


def begin(world: World) -> Record:
    seen = world.observe()
    record = Record(
        kind="work",
        run="one",
        project="p-one",
        zone="europe-west1-b",
        notebook="alpha",
        started=world.now,
        before={"power": seen.power, "setting": seen.setting, "work": seen.work},
    )
    world.open(record)
    return record


def until_the_end(world: World) -> Record:
    """Carry out, and resume as often as it is killed or leaves something to be put back."""
    record = begin(world)
    for _ in range(50):
        with contextlib.suppress(Killed):
            record = carry_out(
                procedure(world), record, world, records=world, clock=world.clock, sleep=world.sleep
            )
        if not world.pending():
            return record
        [record] = world.pending()
    raise AssertionError("it never ends")


HARMLESS = ("taken", "busy", "lost request", "lost answer", "killed before", "killed after")
EVENTS = (*HARMLESS, "operation fails", "declined")


@settings(deadline=None)
@given(st.sampled_from(("ACTIVE", "STOPPED")), st.lists(st.sampled_from(HARMLESS), max_size=12))
def test_whatever_gets_lost_the_work_is_done_once_and_everything_is_put_back(power, events):
    world = World(power=power, events=events)
    assert until_the_end(world).outcome is Outcome.SUCCEEDED
    assert world.observe() == Seen(power, "600", 1)


@settings(deadline=None)
@given(st.sampled_from(("ACTIVE", "STOPPED")), st.lists(st.sampled_from(EVENTS), max_size=12))
def test_whatever_fails_the_work_is_never_done_twice_and_everything_is_put_back(power, events):
    world = World(power=power, events=events)
    outcome = until_the_end(world).outcome
    assert world.observe() == Seen(power, "600", 1 if outcome is Outcome.SUCCEEDED else world.work)
    assert world.work <= 1


@pytest.mark.parametrize("number", range(5))
@pytest.mark.parametrize("event", ["killed before", "killed after"])
def test_killed_at_each_request_and_resumed(number, event):
    world = World(power="STOPPED", events=["taken"] * number + [event])
    assert until_the_end(world).outcome is Outcome.SUCCEEDED
    assert world.observe() == Seen("STOPPED", "600", 1)
    assert world.sent == 5


def test_nothing_is_asked_for_that_is_so_already():
    world = World(power="ACTIVE", setting="")
    record = until_the_end(world)
    assert (record.outcome, world.sent, record.finished) == (
        Outcome.SUCCEEDED,
        1,
        ("start", "hold", "work", "release", "power"),
    )


def test_what_is_told_is_what_was_done():
    world, told = World(power="ACTIVE"), []
    parts = {"records": world, "clock": world.clock, "sleep": world.sleep}
    carry_out(procedure(world), begin(world), world, say=lambda _, what: told.append(what), **parts)
    assert told == ["hold", "work", "release"]


def test_a_step_that_fails_says_why_and_ends_the_rest():
    world = World(power="STOPPED", events=["operation fails"] * 3)
    record = until_the_end(world)
    assert record.outcome is Outcome.FAILED
    assert (record.failure.step, record.failure.reason) == ("start", "stockout")
    assert world.observe() == Seen("STOPPED", "600", 0)


def test_what_cannot_be_put_back_stays_on_record_and_is_tried_again():
    world = World(events=["taken", "taken", "declined"])
    record = carry_out(
        procedure(world), begin(world), world, records=world, clock=world.clock, sleep=world.sleep
    )
    assert record.outcome is Outcome.UNRESTORED
    assert [failure.reason for failure in record.unrestored] == ["no permission"]
    [left] = world.pending()
    again = carry_out(procedure(world), left, world, records=world, clock=world.clock, sleep=world.sleep)
    assert (again.outcome, again.unrestored) == (Outcome.SUCCEEDED, ())
    assert world.observe() == Seen("ACTIVE", "600", 1)


def test_an_operation_that_never_ends_is_given_up_in_time():
    world = World(power="STOPPED")
    stuck = begin(world)
    world.running.append([10**9, "somebody-elses", None, None])
    record = carry_out(procedure(world), stuck, world, records=world, clock=world.clock, sleep=world.sleep)
    assert record.failure.reason == "it did not start; it is STOPPED within 0:30:00"
    assert record.outcome is Outcome.FAILED  # nothing was changed, so nothing is to be put back
    assert world.now - START < 4 * MINUTES


def test_a_machine_that_slept_looks_again_before_it_gives_up():
    world = World(power="STOPPED")
    slept = [timedelta(hours=8)]

    def sleep(seconds):
        world.now += slept.pop() if slept else timedelta(seconds=seconds)

    record = carry_out(procedure(world), begin(world), world, records=world, clock=world.clock, sleep=sleep)
    assert record.outcome is Outcome.SUCCEEDED


def test_a_notebook_that_somebody_deletes_ends_its_procedure():
    class Deleted(World):
        def observe(self):
            if self.sent:
                raise Gone
            return super().observe()

    world = Deleted(power="STOPPED")
    assert until_the_end(world).outcome is Outcome.GONE
    assert world.pending() == ()


def test_a_busy_notebook_is_not_asked_all_the_time():
    world = World(events=["busy"] * 200)
    carry_out(
        procedure(world),
        begin(world),
        world,
        records=world,
        clock=world.clock,
        sleep=world.sleep,
        patience=Patience(longest=10),
    )
    asked_in_vain = 200 - len(world.events)
    assert asked_in_vain < MINUTES.total_seconds() * 3 / 9


def test_what_one_step_saw_the_next_need_not_look_at_again():
    looks = []

    class Counted(World):
        def observe(self):
            looks.append(self.power)
            return super().observe()

    world = Counted(power="ACTIVE", setting="600", work=0)
    record = begin(world)
    looks.clear()
    carry_out(procedure(world), record, world, records=world, clock=world.clock, sleep=world.sleep)
    assert len(looks) <= 1 + 2 * world.sent  # the first look, and until each request shows
