"""How long an upgrade is expected to take, from those there were."""

import math
import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from notebook_provisioner.core.counting import counted
from notebook_provisioner.core.notebooks import NotebookKey
from notebook_provisioner.core.upgrades.facts import Sample

# Nobody publishes how long an upgrade takes. This is a guess on the safe side, and says so where it is used.
UNMEASURED: Final = timedelta(minutes=45)

# Waking a stopped notebook, looking that all is well, and putting everything back: not part of the samples,
# which are of the API's operation alone. A guess, too.
AROUND: Final = timedelta(minutes=15)

_NEWEST: Final = 20  # samples of a group that count
_MARGIN: Final = 1.25  # the slowest of so few is not the slowest there can be


@dataclass(frozen=True, slots=True)
class Estimate:
    """How long an upgrade is expected to take.

    Attributes:
        expected: In whole minutes, with what stands around the upgrade itself.
        basis: What it is built on, in plain words.
    """

    expected: timedelta
    basis: str


class Durations:
    """Estimates for notebooks: from their own upgrades, else their family's, else the fleet's.

    Args:
        samples: Upgrades there were, oldest first.
        families: The image family of each notebook.
    """

    def __init__(self, samples: Iterable[Sample], families: Mapping[NotebookKey, str]) -> None:
        self._families = families
        own: dict[NotebookKey, list[timedelta]] = defaultdict(list)
        family: dict[str, list[timedelta]] = defaultdict(list)
        everybody: list[timedelta] = []
        for sample in samples:
            own[sample.notebook].append(sample.took)
            everybody.append(sample.took)
            if sample.notebook in families:
                family[families[sample.notebook]].append(sample.took)
        self._own = {key: _estimate(took, "of its own") for key, took in own.items()}
        self._family = {name: _estimate(took, f"of {name or 'its kind'}") for name, took in family.items()}
        self._everybody = _estimate(everybody, "of the project") if everybody else None

    def of(self, notebook: NotebookKey) -> Estimate:
        """The estimate for *notebook*."""
        by_family = self._family.get(self._families.get(notebook, ""))
        return self._own.get(notebook) or by_family or self._everybody or _GUESS


def _estimate(all_took: Sequence[timedelta], whose: str) -> Estimate:
    newest = all_took[-_NEWEST:]
    minutes = [item.total_seconds() / 60 for item in newest]
    count = counted(len(newest), "upgrade")
    took = f"{math.ceil(statistics.median(minutes))} min in the middle, {math.ceil(max(minutes))} at most"
    return Estimate(
        timedelta(minutes=math.ceil(max(minutes) * _MARGIN)) + AROUND, f"{count} {whose} took {took}"
    )


_GUESS: Final = Estimate(UNMEASURED + AROUND, "no upgrade has been measured yet")
