"""One procedure over many notebooks: canaries first, some at a time, stopped when too many fail."""

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from notebook_provisioner.core.errors import ProvisionerError, Refused
from notebook_provisioner.core.procedures.record import Outcome, Record

J = TypeVar("J")

_BETWEEN: Final = 5.0  # seconds from one call of ``between`` to the next, at most


@dataclass(frozen=True, slots=True)
class Job(Generic[J]):
    """What became of one notebook.

    Attributes:
        item: The notebook, as the caller knows it.
        record: Its record at the end; None where there is none.
        error: What ended it before its end; its record is open then, unless it was refused.
        held_back: Why it was not begun; empty where it was.
    """

    item: J
    record: Record | None = None
    error: ProvisionerError | None = None
    held_back: str = ""

    @property
    def begun(self) -> bool:
        """Whether anything may have been asked of the notebook."""
        return self.record is not None or (self.error is not None and not isinstance(self.error, Refused))

    @property
    def failed(self) -> bool:
        """Whether it counts against the failure budget."""
        return self.error is not None or (
            self.record is not None and self.record.outcome in {Outcome.FAILED, Outcome.UNRESTORED}
        )


@dataclass(slots=True)
class Report(Generic[J]):
    """What became of all notebooks, in the order of their waves.

    Attributes:
        jobs: One a notebook.
    """

    jobs: list[Job[J]] = field(default_factory=list)

    @property
    def failures(self) -> int:
        """How many failed."""
        return sum(job.failed for job in self.jobs)

    @property
    def refusal(self) -> Refused | None:
        """A refusal to begin, where nothing was begun with any notebook; None otherwise."""
        if any(job.begun for job in self.jobs):
            return None
        return next((job.error for job in self.jobs if isinstance(job.error, Refused)), None)


def roll_out(
    waves: Sequence[Sequence[J]],
    carry: Callable[[J], Record],
    *,
    parallel: int,
    failure_budget: int,
    may_start: Callable[[J], str | None] = lambda _item: None,
    between: Callable[[], None] = lambda: None,
    abandon: Callable[[], None] = lambda: None,
) -> Report[J]:
    """Carry a procedure out for every notebook of every wave.

    Args:
        waves: The next begins when all of the last one are at their end.
        carry: Carries it out for one notebook; called in several threads.
        parallel: How many at a time.
        failure_budget: With more failures than this, no further notebook is begun. Where there are several
            waves, the first is the canaries', and a single failure in it does that.
        may_start: Why a notebook may not be begun at this moment; None where it may.
        between: Called every few seconds; what it raises abandons the run.
        abandon: Called before an exception is passed on, and has to make the running *carry* calls end.

    Raises:
        BaseException: What *between* raised, Ctrl-C, or what *carry* raised that nobody foresaw; open records
            stay open.
    """
    report: Report[J] = Report()

    def begin(item: J, budget: int) -> Job[J]:
        if report.failures > budget:
            job = Job(item, held_back=f"{report.failures} failed, which is more than the budget of {budget}")
        else:
            try:
                why = may_start(item)
                job = Job(item, held_back=why) if why else Job(item, record=carry(item))
            except ProvisionerError as error:
                job = Job(item, error=error)
        report.jobs.append(job)
        return job

    with ThreadPoolExecutor(max_workers=parallel, thread_name_prefix="notebook") as pool:
        for number, wave in enumerate(waves):
            canaries = number == 0 and len(waves) > 1
            futures = [pool.submit(begin, item, 0 if canaries else failure_budget) for item in wave]
            try:
                _watch(futures, between)
            except BaseException:
                for future in futures:
                    future.cancel()
                abandon()
                raise
            if canaries and report.failures:
                failure_budget = 0
    order = {id(item): place for place, item in enumerate(item for wave in waves for item in wave)}
    report.jobs.sort(key=lambda job: order[id(job.item)])
    return report


def _watch(futures: Sequence[Future[Job[J]]], between: Callable[[], None]) -> None:
    running = set(futures)
    while running:
        ended, running = wait(running, timeout=_BETWEEN, return_when=FIRST_EXCEPTION)
        for future in ended:
            future.result()
        between()
