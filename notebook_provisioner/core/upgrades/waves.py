"""Who goes first, and how long the others wait to learn from it.

A release is an image family and the version that the API offers for it. It counts as proven where a notebook
of the fleet was upgraded to it, has it still, and is not unhealthy.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from notebook_provisioner.core.notebooks import NotebookKey
from notebook_provisioner.core.upgrades.facts import Notebook
from notebook_provisioner.core.upgrades.placing import Job

Release = tuple[str, str]  # image family, version


@dataclass(frozen=True, slots=True)
class Record:
    """What is known of the releases on offer.

    Attributes:
        proven: When the first upgrade to each release began that turned out well.
        taken_back: Names of notebooks that were rolled back from each release.
    """

    proven: Mapping[Release, datetime]
    taken_back: Mapping[Release, tuple[str, ...]]


def release(notebook: Notebook) -> Release:
    """What *notebook* would be upgraded to."""
    return notebook.family, _plain(notebook.upgradability.version)


def record(notebooks: Iterable[Notebook]) -> Record:
    """What the histories of *notebooks* say about releases."""
    proven: dict[Release, datetime] = {}
    taken_back: dict[Release, list[str]] = defaultdict(list)
    for notebook in notebooks:
        upgrade = next((entry for entry in reversed(notebook.history) if entry.action == "UPGRADE"), None)
        if upgrade is None or not upgrade.target_version:
            continue
        tried = (notebook.family, _plain(upgrade.target_version))
        if rolled_back(notebook):
            taken_back[tried].append(notebook.name)
        elif notebook.history[-1].state == "SUCCEEDED" and upgrade.created and not unwell(notebook):
            proven[tried] = min(upgrade.created, proven.get(tried, upgrade.created))
    return Record(proven, {key: tuple(sorted(names)) for key, names in taken_back.items()})


def rolled_back(notebook: Notebook) -> bool:
    """Whether its last upgrade was taken back, and nothing came after."""
    last = notebook.last
    return last is not None and last.action == "ROLLBACK" and last.state == "SUCCEEDED"


def unwell(notebook: Notebook) -> bool:
    """Whether it runs, and is not healthy. Nobody asks a notebook that is stopped."""
    return notebook.state == "ACTIVE" and notebook.health != "HEALTHY"


def same_version(one: str, other: str) -> bool:
    """Whether two versions are the same: ``m144`` is ``144``."""
    return _plain(one) == _plain(other)


def pick_canaries(
    jobs: Sequence[Job],
    releases: Mapping[NotebookKey, Release],
    named: Collection[str],
    proven: Collection[Release],
) -> frozenset[NotebookKey]:
    """Who goes first.

    Args:
        jobs: The upgrades.
        releases: Each notebook's release.
        named: The notebooks that the fleet file names as canaries.
        proven: Releases that need no other canary.

    Returns:
        The named ones, and one notebook of each release that none of them has and that is not proven: the
        one whose window opens first, so that the others wait no longer than they must.
    """
    chosen = {job.key for job in jobs if job.key[1] in named}
    covered = {releases[key] for key in chosen} | set(proven)
    for job in sorted(jobs, key=opening):
        if releases[job.key] not in covered:
            covered.add(releases[job.key])
            chosen.add(job.key)
    return frozenset(chosen)


def cut(jobs: Sequence[Job], size: int | None) -> list[Sequence[Job]]:
    """*Jobs* in waves of *size*, those whose windows open first in the first; all in one for None."""
    ordered = sorted(jobs, key=opening)
    if size is None:
        return [ordered] if ordered else []
    return [ordered[start : start + size] for start in range(0, len(ordered), size)]


def opening(job: Job) -> tuple[datetime, tuple[datetime, str, str]]:
    """When *job* may begin for the first time, and its rank."""
    return job.stretches[job.first].start, job.rank


def _plain(version: str) -> str:
    return version.lower().removeprefix("m")
