"""The calendar: every notebook of the fleet gets its time, or is named with the reason why it has none.

Pure, and without a clock: the same facts give the same calendar, whatever order they come in.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import itemgetter

from notebook_provisioner.core.fleet.windows import WorkingHours
from notebook_provisioner.core.notebooks import NotebookKey
from notebook_provisioner.core.upgrades import burden, eligibility, waves
from notebook_provisioner.core.upgrades.durations import Durations, Estimate
from notebook_provisioner.core.upgrades.facts import Notebook, Sight
from notebook_provisioner.core.upgrades.placing import Job, Placement, place
from notebook_provisioner.core.upgrades.plan import LeftOut, ScheduledUpgrade, UpgradePlan, Wave, Why
from notebook_provisioner.core.upgrades.policy import Policy, Rollout
from notebook_provisioner.core.upgrades.stretches import Moments, Openings, at_work, openings

_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A notebook that has something to upgrade to, and may be."""

    notebook: Notebook
    policy: Policy
    estimate: Estimate


def make(
    sight: Sight,
    policies: Mapping[NotebookKey, Policy | None],
    rollout: Rollout,
    now: datetime,
    until: datetime,
) -> UpgradePlan:
    """Plan the fleet's upgrades.

    Args:
        sight: The fleet as it is.
        policies: Those of the fleet file's notebooks; None for one that is never upgraded.
        rollout: In which order.
        now: The present; nothing is planned before it.
        until: The horizon; nothing is planned to end after it.
    """
    durations = Durations(sight.samples, {item.key: item.family for item in sight.notebooks})
    left = [*eligibility.absent(sight, policies), *map(eligibility.legacy, sight.legacy)]
    candidates: dict[NotebookKey, _Candidate] = {}
    record = waves.record(sight.notebooks)
    for notebook in sight.notebooks:
        obstacle = eligibility.obstacle(notebook, policies) or _held(notebook, record)
        policy = policies.get(notebook.key)
        if obstacle is not None or policy is None:
            left += [obstacle] if obstacle else []
        else:
            candidates[notebook.key] = _Candidate(notebook, policy, durations.of(notebook.key))
    diary = _Diary(now, until)
    jobs: list[Job] = []
    for candidate in candidates.values():
        found = diary.job(candidate)
        if isinstance(found, Job):
            jobs.append(found)
        else:
            left.append(found)
    planned, full = _in_waves(jobs, candidates, rollout, record, diary)
    left += [
        _left(candidates[job.key].notebook, Why.FULL, _no_room(until), "widen the windows, or parallelism")
        for job in full
    ]
    return UpgradePlan(
        made=now.astimezone(UTC),
        until=until.astimezone(UTC),
        parallelism=rollout.parallelism,
        waves=tuple(planned),
        left_out=tuple(sorted(left, key=lambda item: (item.name, item.zone))),
    )


class _Diary:
    """Knows when windows are open; each of them is worked out once."""

    def __init__(self, now: datetime, until: datetime) -> None:
        self.now = now
        self._until = until
        self._known: dict[Policy, tuple[Openings, list[tuple[int, int]]]] = {}
        self._work: dict[WorkingHours, tuple[Moments, ...]] = {}

    def is_work(self, hours: WorkingHours | None, start: datetime, end: datetime) -> bool:
        """Whether *hours* overlap *start* to *end*."""
        if hours is None:
            return False
        if hours not in self._work:
            self._work[hours] = tuple(at_work(hours, self.now, self._until))
        known = self._work[hours]
        index = bisect_right(known, start, key=itemgetter(1))
        return index < len(known) and known[index][0] < end

    def job(self, candidate: _Candidate) -> Job | LeftOut:
        """What is to be placed, or why there is no place for it however empty the calendar is."""
        notebook, policy = candidate.notebook, candidate.policy
        if policy not in self._known:
            found = openings(policy.window, policy.blackouts, self.now, self._until)
            self._known[policy] = found, [policy.period(stretch.day) for stretch in found.stretches]
        opened, periods = self._known[policy]
        first = bisect_right(periods, policy.period_of(notebook.upgraded)) if notebook.upgraded else 0
        job = Job(
            notebook.key,
            opened.stretches,
            first,
            candidate.estimate.expected,
            (notebook.upgraded or notebook.created or _NEVER, notebook.name, notebook.zone),
        )
        usable = job.next_from(first, self.now)
        return job if usable is not None else self._obstacle(candidate, opened, first)

    def _obstacle(self, candidate: _Candidate, opened: Openings, first: int) -> LeftOut:
        notebook, policy = candidate.notebook, candidate.policy
        horizon = f"{self._until:%Y-%m-%d}"
        if opened.stretches[first:]:
            longest = max(stretch.end - stretch.start for stretch in opened.stretches[first:])
            said = (
                f"it is expected to take {_minutes(candidate.estimate.expected)} min, and {policy.window} is "
                f"open for {_minutes(longest)} min at most"
            )
            return _left(notebook, Why.WINDOW_TOO_SHORT, said, "widen the window")
        if opened.stretches:
            last = f"the last {policy.cadence.removesuffix('ly')} before {horizon}"
            return _left(notebook, Why.CADENCE, f"it was upgraded in {last} already")
        if opened.blacked_out:
            said = f"blackouts take every window until {horizon}"
            return _left(notebook, Why.BLACKOUT, said, "look further ahead, or shorten the blackout")
        said = f"{policy.window} does not open before {horizon}"
        return _left(notebook, Why.FULL, said, "look further ahead")


def _in_waves(
    jobs: Sequence[Job],
    candidates: Mapping[NotebookKey, _Candidate],
    rollout: Rollout,
    record: waves.Record,
    diary: "_Diary",
) -> tuple[list[Wave], list[Job]]:
    """The waves, and the jobs that found no room."""
    now = diary.now
    releases = {job.key: waves.release(candidates[job.key].notebook) for job in jobs}
    canaries = waves.pick_canaries(jobs, releases, rollout.canaries, record.proven.keys())
    planned: list[Wave] = []
    left: list[Job] = []

    def add(wave: Iterable[Job], not_before: datetime, *, canary: bool) -> datetime:
        placed, full = place(wave, not_before, rollout.parallelism)
        left.extend(full)
        if not placed:
            return not_before
        upgrades = tuple(_scheduled(item, candidates[item.job.key], diary, canary=canary) for item in placed)
        planned.append(Wave(len(planned) + 1, canary, not_before, upgrades))
        return max(item.start + item.job.expected for item in placed)

    proven = [record.proven[item] for item in set(releases.values()) if item in record.proven]
    not_before = max([now, *(rollout.soak.after(moment) for moment in proven)])
    first = [job for job in jobs if job.key in canaries]
    if first:
        over = add(first, now, canary=True)
        if planned:
            not_before = max(not_before, rollout.soak.after(over))
    for wave in waves.cut([job for job in jobs if job.key not in canaries], rollout.wave_size):
        not_before = add(wave, not_before, canary=False)
    return planned, left


def _scheduled(
    placement: Placement, candidate: _Candidate, diary: _Diary, *, canary: bool
) -> ScheduledUpgrade:
    notebook, policy = candidate.notebook, candidate.policy
    job, start, stretch, lane = placement
    return ScheduledUpgrade(
        zone=notebook.zone,
        name=notebook.name,
        family=notebook.family,
        version=notebook.version,
        target_version=notebook.upgradability.version,
        start=start,
        start_not_after=stretch.end - job.expected,
        deadline=stretch.end,
        expected=job.expected,
        time_zone=policy.window.time_zone,
        canary=canary,
        lane=lane,
        reason=f"{notebook.upgradability.message}; {candidate.estimate.basis}",
        interrupts=burden.interruptions(
            notebook, at_work=diary.is_work(policy.working_hours, start, start + job.expected)
        ),
        cost=burden.cost(notebook, job.expected),
    )


def _held(notebook: Notebook, record: waves.Record) -> LeftOut | None:
    """Stop a release that was taken back somewhere, and that nobody is known to run well with."""
    release = waves.release(notebook)
    taken_back = record.taken_back.get(release)
    if not taken_back or release in record.proven:
        return None
    said = f"{', '.join(taken_back)} was rolled back from {notebook.upgradability.version}, and none has it"
    remedy = f"once it is known to work: nbp upgrade run {notebook.name} --now"
    return _left(notebook, Why.HELD, said, remedy)


def _left(notebook: Notebook, why: Why, message: str, remedy: str | None = None) -> LeftOut:
    return LeftOut(notebook.zone, notebook.name, why, message, remedy)


def _no_room(until: datetime) -> str:
    return f"its windows until {until:%Y-%m-%d} are taken, or come before its wave may begin"


def _minutes(length: timedelta) -> int:
    return int(length.total_seconds() // 60)
