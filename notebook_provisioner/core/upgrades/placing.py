"""Find each upgrade a time: inside a stretch of its window, and never more than so many at once.

What closes first goes first, at the earliest moment at which a place is free. Time grows with the number of
upgrades and of the stretches that each of them could not use.
"""

import heapq
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from notebook_provisioner.core.notebooks import NotebookKey
from notebook_provisioner.core.upgrades.stretches import Stretch

Rank = tuple[datetime, str, str]


@dataclass(frozen=True, slots=True)
class Job:
    """An upgrade that looks for its time.

    Attributes:
        key: The notebook.
        stretches: When it may happen, by start.
        first: The index of the first of them that is not over yet for other reasons, such as the cadence.
        expected: How long it takes.
        rank: What decides between those that close at the same time: the smaller one goes first.
    """

    key: NotebookKey
    stretches: tuple[Stretch, ...]
    first: int
    expected: timedelta
    rank: Rank

    def next_from(self, index: int, not_before: datetime) -> int | None:
        """The first stretch from *index* on into which it fits after *not_before*; None if none is left."""
        for number in range(index, len(self.stretches)):
            stretch = self.stretches[number]
            if max(stretch.start, not_before) + self.expected <= stretch.end:
                return number
        return None


class Placement(NamedTuple):
    """The time that an upgrade has found."""

    job: Job
    start: datetime
    stretch: Stretch
    lane: int


def place(jobs: Iterable[Job], not_before: datetime, parallelism: int) -> tuple[list[Placement], list[Job]]:
    """Place what finds room; the order of *jobs* does not matter.

    Args:
        jobs: The upgrades.
        not_before: Nothing begins earlier.
        parallelism: How many run at a time at most.

    Returns:
        The placements by start, and the jobs that found no room.
    """
    ordered = sorted(jobs, key=lambda job: job.rank)
    placed: list[Placement] = []
    left: list[Job] = []
    pending: list[tuple[datetime, int, int]] = []  # when they may begin; who; the number of the stretch
    ready: list[
        tuple[datetime, int, int]
    ] = []  # of those that may begin: when they must end; who; the number

    def wait(who: int, index: int, moment: datetime) -> None:
        number = ordered[who].next_from(index, moment)
        if number is None:
            left.append(ordered[who])
        else:
            heapq.heappush(pending, (ordered[who].stretches[number].start, who, number))

    for who, job in enumerate(ordered):
        wait(who, job.first, not_before)
    moment = not_before
    lanes = [(not_before, lane) for lane in range(parallelism)]  # by the moment from which on they are free
    while pending or ready:
        free, lane = lanes[0]
        moment = max(moment, free) if ready else max(moment, free, pending[0][0])
        while pending and pending[0][0] <= moment:
            _, who, number = heapq.heappop(pending)
            heapq.heappush(ready, (ordered[who].stretches[number].end, who, number))
        end, who, number = heapq.heappop(ready)
        job = ordered[who]
        over = moment + job.expected
        if over <= end:
            placed.append(Placement(job, moment, job.stretches[number], lane))
            heapq.heapreplace(lanes, (over, lane))
        else:
            wait(who, number + 1, moment)
    return placed, left
