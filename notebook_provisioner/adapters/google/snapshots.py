"""Snapshots and the notebooks that they belong to, over Google's REST APIs."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from typing import Final

from notebook_provisioner.adapters.google import recycle_bin
from notebook_provisioner.adapters.google import snapshot_documents as documents
from notebook_provisioner.adapters.google.pace import Pace
from notebook_provisioner.adapters.google.rest import Rest
from notebook_provisioner.adapters.google.snapshot_requests import SnapshotRequests
from notebook_provisioner.core.errors import TargetUnreachable
from notebook_provisioner.core.notebooks import NotebookKey
from notebook_provisioner.core.snapshots.facts import Notebook, Notebooks, RecycleBin, Seen, Snapshot
from notebook_provisioner.core.snapshots.sweep import Look, Outcome, Result

_PAGE: Final = "500"  # Compute's largest (discovery, snapshots.list)
_FILTER_LENGTH: Final = 5_500  # characters; encoded, a URL above 8 KiB is refused by many a proxy on the way
# Compute counts what a filter passes over: 750,000 resources a minute in a project
# (https://cloud.google.com/compute/api-quota, read 2026-11-22). Above this, snapshots are read one by one,
# and what is pending is looked up among the newest operations.
_FILTER_UP_TO: Final = 50_000
_POLL_FIRST, _POLL_MOST = 0.5, 15.0  # seconds between looks at what is being deleted


class GoogleSnapshots:
    """One project's snapshots. Implements ``core.snapshots.sweep.SnapshotChanges``.

    Args:
        rest: How calls are made.
        project: The project's id.
        per_second: Changes a second at most; adapts downwards.
        workers: Calls at a time.
        patience: Seconds that deletions may take to end.
        heartbeat: Called for each page of the long lists, and each time that deletions are waited for.
    """

    def __init__(
        self,
        rest: Rest,
        project: str,
        *,
        per_second: float = 20.0,
        workers: int = 16,
        patience: float = 600.0,
        heartbeat: Callable[[], None] = lambda: None,
    ) -> None:
        self._rest = rest
        self._project = project
        self._workers = workers
        self._patience = patience
        self._heartbeat = heartbeat
        self._listed = 0
        self._notebook_pages = 1
        self._compute = f"{rest.target.endpoint('compute')}/compute/v1/projects/{project}/global"
        self._requests = SnapshotRequests(rest, self._compute, Pace(per_second))
        self._workbench = f"{rest.target.endpoint('notebooks')}/v2"

    def notebooks(self) -> Notebooks:
        """Every notebook of the project, in every zone.

        Raises:
            TargetUnreachable: The Notebooks API does not answer.
        """
        found: list[Notebook] = []
        unreachable: set[str] = set()
        pages = 0
        fields = f"nextPageToken,unreachable,instances({documents.NOTEBOOK_FIELDS})"
        url = f"{self._workbench}/projects/{self._project}/locations/-/instances"
        for page in self._rest.pages(url, {"pageSize": _PAGE, "fields": fields}):
            pages += 1
            self._heartbeat()
            found += [documents.notebook(item) for item in page.get("instances", ())]
            unreachable |= {documents.zone(place) for place in page.get("unreachable", ())}
        self._notebook_pages = pages
        return Notebooks(tuple(found), frozenset(unreachable))

    def snapshots(self) -> Iterator[Snapshot]:
        """Every snapshot of the project, newest first, a page at a time.

        Regional snapshots are not among them: API version 1 does not know them.

        Raises:
            TargetUnreachable: Compute Engine does not answer.
        """
        listed = 0
        parameters = {
            "maxResults": _PAGE,
            "orderBy": "creationTimestamp desc",
            "fields": f"nextPageToken,items({documents.SNAPSHOT_FIELDS})",
        }
        for page in self._rest.pages(f"{self._compute}/snapshots", parameters):
            self._heartbeat()
            for item in page.get("items", ()):
                listed += 1
                yield documents.snapshot(item, self._project)
        self._listed = listed

    def recycle_bin(self) -> RecycleBin:
        """Where deleted snapshots go."""
        return recycle_bin.read(self._rest, self._project)

    def again(self, names: Sequence[str], notebooks: Sequence[NotebookKey]) -> Seen:
        """Read these snapshots and notebooks as they are now, in as few calls as there can be.

        A notebook that a list lacks is asked for by its name, since a list may leave out what is there; but
        not in a place that the list names as one that does not answer.

        Raises:
            TargetUnreachable: The snapshots, or a list of notebooks, cannot be had.
        """
        with ThreadPoolExecutor(self._workers) as pool:
            found = self._snapshots_by_name(pool, names)
            many = len(notebooks) > self._notebook_pages
            listed = self.notebooks() if many else Notebooks((), frozenset())
            there = {item.key: item for item in listed.found}
            asked = [key for key in notebooks if key not in there and key[0] not in listed.unreachable]
            unread: dict[NotebookKey, str] = {}
            for key, answer in zip(asked, pool.map(self._notebook, asked), strict=True):
                if isinstance(answer, TargetUnreachable):
                    unread[key] = answer.message
                elif answer is not None:
                    there[key] = answer
            return Seen(found, there, listed.unreachable, unread)

    def delete(self, snapshots: Sequence[Snapshot], look: Look) -> Iterator[Outcome]:
        """Delete; an outcome each as it comes. What does not end at once is ``PENDING``: see `settle`."""
        return self._each(lambda snapshot: self._requests.delete(snapshot, look), snapshots)

    def label(
        self, changes: Sequence[tuple[Snapshot, Mapping[str, str | None]]], done: Result, look: Look
    ) -> Iterator[Outcome]:
        """Set labels, None taking one off; an outcome each when the labels show, *done* where they do."""
        wanted = {snapshot.name: changed for snapshot, changed in changes}
        waiting = []
        for outcome in self._each(
            lambda snapshot: self._requests.label(snapshot, wanted[snapshot.name], done, look),
            [snapshot for snapshot, _ in changes],
        ):
            if outcome.result is Result.PENDING:
                waiting.append(outcome)
            else:
                yield outcome

        def judge(outcome: Outcome, snapshot: Snapshot | None) -> Outcome | None:
            if snapshot is None:
                return Outcome(outcome.name, Result.GONE)
            if all(snapshot.labels.get(key) == value for key, value in wanted[outcome.name].items()):
                return Outcome(outcome.name, done, operation=outcome.operation, user=outcome.user)
            return self._requests.failure(outcome)

        yield from self._poll(waiting, done, judge)

    def settle(self, pending: Sequence[Outcome]) -> Iterator[Outcome]:
        """Wait for deletions to end, by looking what is still there, many at a time."""

        def judge(outcome: Outcome, snapshot: Snapshot | None) -> Outcome | None:
            if snapshot is None:
                return Outcome(outcome.name, Result.DELETED, operation=outcome.operation, user=outcome.user)
            return None if snapshot.status == "DELETING" else self._requests.failure(outcome)

        return self._poll(pending, Result.DELETED, judge)

    def _poll(
        self,
        pending: Sequence[Outcome],
        done: Result,
        judge: Callable[[Outcome, Snapshot | None], Outcome | None],
    ) -> Iterator[Outcome]:
        """Look at what is pending, seldom and seldomer, until all is judged or patience is out."""
        left = list(pending)
        until, pause = time.monotonic() + self._patience, 0.0
        while left:
            self._rest.pause(pause)
            self._heartbeat()
            pause = min(max(pause * 2, _POLL_FIRST), _POLL_MOST)
            ended = self._requests.ended(left, done) if self._listed > _FILTER_UP_TO else {}
            unknown = [outcome for outcome in left if outcome.name not in ended]
            with ThreadPoolExecutor(self._workers) as pool:
                found = self._snapshots_by_name(pool, [outcome.name for outcome in unknown])
                judged = pool.map(judge, unknown, [found.get(outcome.name) for outcome in unknown])
                ended |= zip((outcome.name for outcome in unknown), judged, strict=True)
            yield from (outcome for outcome in ended.values() if outcome is not None)
            left = [outcome for outcome in left if ended[outcome.name] is None]
            if time.monotonic() > until or self._rest.stopped():
                yield from left
                return

    def _snapshots_by_name(self, pool: ThreadPoolExecutor, names: Sequence[str]) -> dict[str, Snapshot]:
        wanted = list(dict.fromkeys(names))
        if self._listed > _FILTER_UP_TO:
            return {item.name: item for item in pool.map(self._get, wanted) if item is not None}
        lists = pool.map(self._filtered, _chunks(wanted))
        return {item.name: item for items in lists for item in items}

    def _filtered(self, names: Sequence[str]) -> list[Snapshot]:
        parameters = {
            "maxResults": _PAGE,
            "filter": f'name eq "{"|".join(names)}"',  # RE2, which must match the whole name
            "fields": f"nextPageToken,items({documents.SNAPSHOT_FIELDS})",
        }
        pages = self._rest.pages(f"{self._compute}/snapshots", parameters)
        return [documents.snapshot(item, self._project) for page in pages for item in page.get("items", ())]

    def _get(self, name: str) -> Snapshot | None:
        found = self._rest.find(f"{self._compute}/snapshots/{name}", {"fields": documents.SNAPSHOT_FIELDS})
        return None if found is None else documents.snapshot(found, self._project)

    def _notebook(self, key: NotebookKey) -> Notebook | TargetUnreachable | None:
        """A notebook, None where there is none, or why nobody knows: no matter for any other."""
        zone, name = key
        url = f"{self._workbench}/projects/{self._project}/locations/{zone}/instances/{name}"
        try:
            found = self._rest.find(url, {"fields": documents.NOTEBOOK_FIELDS})
        except TargetUnreachable as error:
            return error
        return None if found is None else documents.notebook(found)

    def _each(self, act: Callable[[Snapshot], Outcome], snapshots: Sequence[Snapshot]) -> Iterator[Outcome]:
        with ThreadPoolExecutor(self._workers) as pool:
            futures: list[Future[Outcome]] = [pool.submit(act, snapshot) for snapshot in snapshots]
            try:
                yield from (future.result() for future in as_completed(futures))
            finally:  # on Ctrl-C, what has not been sent is not sent
                pool.shutdown(cancel_futures=True)


def _chunks(names: Iterable[str]) -> Iterator[list[str]]:
    """Names, as many together as fit into a filter."""
    chunk: list[str] = []
    length = 0
    for name in names:
        if chunk and length + len(name) > _FILTER_LENGTH:
            yield chunk
            chunk, length = [], 0
        chunk.append(name)
        length += len(name) + 1
    if chunk:
        yield chunk
