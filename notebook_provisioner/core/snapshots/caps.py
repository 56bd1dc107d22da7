"""How much one run may delete, mark for deletion, and claim."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from notebook_provisioner.core.notebooks import NotebookKey
from notebook_provisioner.core.snapshots.decisions import Decision, Verdict
from notebook_provisioner.core.snapshots.rules import PolicyRefused


@dataclass(frozen=True, slots=True)
class Caps:
    """Limits of one run. What is above a number waits for the next run; what is above the share is refused.

    Attributes:
        number: Most deletions of a run, most marks, and most claims.
        per_notebook: Most deletions of a run from one notebook, and most marks.
        share: Most of the fleet's snapshots, between 0 and 1, that the policy may want gone at once: deleted,
            marked, or waiting with their mark.
        share_from: Up to this many the share is not looked at, unless they are all: of few snapshots, few are
            half.
    """

    number: int = 1_000
    per_notebook: int = 50
    share: float = 0.5
    share_from: int = 10

    def apply(self, decisions: Iterable[Decision], total: int) -> list[Decision]:
        """Hold a run to its caps; the oldest snapshots go first.

        Args:
            decisions: The decisions to delete, to mark and to wait.
            total: The number of the fleet's snapshots.

        Returns:
            The same decisions, oldest first, those above a cap deferred.

        Raises:
            PolicyRefused: More than the share is to go; or all, and the share is not 1.
        """
        wanted = sorted(decisions, key=lambda item: (item.snapshot.created, item.snapshot.name))
        if 0 < total == len(wanted) and self.share < 1:
            raise PolicyRefused(
                f"this would delete every snapshot that the fleet has, now or later: {total}",
                hint="look through nbp snapshots list; if it is meant, say --max-share 1",
            )
        if len(wanted) > max(self.share_from, self.share * total):
            raise PolicyRefused(
                f"this would delete {len(wanted)} of the fleet's {total} snapshots, now or later, more than "
                f"{self.share:.0%} at once",
                hint="look through nbp snapshots list; if it is meant, raise --max-share",
            )
        taken: dict[Verdict, Counter[NotebookKey]] = {Verdict.DELETE: Counter(), Verdict.MARK: Counter()}
        return [
            self._held(decision, taken[decision.verdict]) if decision.verdict in taken else decision
            for decision in wanted
        ]

    def _held(self, decision: Decision, taken: Counter[NotebookKey]) -> Decision:
        key = decision.belonging.notebook
        if taken.total() >= self.number:
            return _deferred(decision, f"above {self.number} in one run")
        if taken[key] >= self.per_notebook:
            return _deferred(decision, f"above {self.per_notebook} of one notebook in one run")
        taken[key] += 1
        return decision


def _deferred(decision: Decision, why: str) -> Decision:
    return replace(decision, verdict=Verdict.DEFER, reasons=(*decision.reasons, why))
