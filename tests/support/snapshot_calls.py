"""The order in which a sandbox took its calls: what a program could know when it deleted something.

The sandbox notes a call in the same step in which it takes effect, so its log is the order of the effects.
What people do is told from the program's calls by the standard parameter ``quotaUser``.
"""

from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import parse_qs, unquote, urlsplit

from snapshot_documents import Control

DELETE = "compute.snapshots.delete"
_SNAPSHOT_LOOKS = ("compute.snapshots.get", "compute.snapshots.list")
_NOTEBOOK_LOOKS = tuple(f"notebooks.projects.locations.instances.{verb}" for verb in ("get", "list"))
_OK, _DROPPED, _NOT_FOUND = 200, 0, 404


class Moment(StrEnum):
    """When a person acted, seen from a deletion."""

    IN_TIME = "in time"  # before a look of the program that came before the deletion
    TOO_LATE = "too late"  # between the last look and the deletion: nothing can protect then
    AFTERWARDS = "afterwards"


@dataclass(frozen=True, slots=True)
class _Call:
    method: str
    path: str
    filter: str | None
    person: str | None
    request: str
    status: int


class CallLog:
    """What a sandbox was asked since its log was cleared.

    Args:
        control: The sandbox. Its log keeps 500 calls; more are an error.
    """

    def __init__(self, control: Control) -> None:
        document = control.ask("GET", "sandbox/v1/requests")
        if document["total"] > len(document["latest"]):
            raise ValueError(f"{document['total']} calls, of which the sandbox forgot the first")
        self._calls = [_call(item) for item in document["latest"]]

    def deletion(self, snapshot: str, *, answers_lost: bool) -> int | None:
        """When *snapshot*, which is gone, was deleted: the position of the call; None without one.

        Args:
            snapshot: Its name.
            answers_lost: Whether a call whose connection broke may have taken effect.
        """
        effective = {_OK, _DROPPED} if answers_lost else {_OK}
        return next((at for at, call in self._sent(snapshot) if call.status in effective), None)

    def sendings(self) -> int:
        """How many deletions arrived."""
        return sum(call.method == DELETE for call in self._calls)

    def act(self, person: str) -> int | None:
        """When the act of this ``quotaUser`` took effect; None if it did not."""
        found = [at for at, call in enumerate(self._calls) if call.person == person and call.status == _OK]
        return found[-1] if found else None

    def planned(self) -> int:
        """When the program, of which there is one, had read which notebooks there are; the end if never."""
        list_ = _NOTEBOOK_LOOKS[1]
        found = (
            at
            for at, call in enumerate(self._calls)
            if call.method == list_ and call.person is None and call.status == _OK
        )
        return next(found, len(self._calls))

    def moment(self, act: int, deletion: int, snapshot: str, *, notebook: str = "") -> Moment:
        """When an act was, seen from a deletion.

        Args:
            act: The position of the act.
            deletion: The position of the deletion.
            snapshot: What was deleted.
            notebook: Where the act was on a notebook: the program reads it after the snapshot, each time. A
                reading of the notebook alone may belong to a look at another snapshot.
        """
        if act > deletion:
            return Moment.AFTERWARDS
        seen = [call for call in self._calls[act + 1 : deletion] if call.person is None and _tells(call)]
        shown = next((at for at, call in enumerate(seen) if _shows(call, snapshot, _SNAPSHOT_LOOKS)), None)
        if shown is None:
            return Moment.TOO_LATE
        if notebook and not any(_shows(call, notebook, _NOTEBOOK_LOOKS) for call in seen[shown:]):
            return Moment.TOO_LATE
        return Moment.IN_TIME

    def sent_again_unseen(self, snapshot: str) -> bool:
        """Whether a deletion of *snapshot* was sent once more without a look since it was sent before."""
        sent: dict[str, int] = {}
        for at, call in self._sent(snapshot):
            before = sent.get(call.request)
            if before is not None and not any(
                _shows(seen, snapshot, _SNAPSHOT_LOOKS)
                for seen in self._calls[before + 1 : at]
                if seen.person is None and seen.status == _OK
            ):
                return True
            sent[call.request] = at
        return False

    def _sent(self, snapshot: str) -> list[tuple[int, _Call]]:
        end = f"/snapshots/{snapshot}"
        return [
            (at, call)
            for at, call in enumerate(self._calls)
            if call.method == DELETE and call.path.endswith(end)
        ]


def _call(item: dict[str, str | int]) -> _Call:
    parts = urlsplit(str(item["path"]))
    query = parse_qs(parts.query)
    return _Call(
        method=str(item["method"]),
        path=unquote(parts.path),
        filter=query.get("filter", [None])[0],
        person=query.get("quotaUser", [None])[0],
        request=query.get("requestId", [""])[0],
        status=int(item["status"]),
    )


def _tells(call: _Call) -> bool:
    """Whether the answer to *call* tells what there is; that a notebook is not there does."""
    return call.status == _OK or (call.status == _NOT_FOUND and call.method == _NOTEBOOK_LOOKS[0])


def _shows(call: _Call, name: str, methods: tuple[str, str]) -> bool:
    """Whether the answer to *call* shows the resource called *name* as it was then."""
    get, listing = methods
    if call.method == get:
        return call.path.endswith(f"/{name}")
    return call.method == listing and (call.filter is None or name in call.filter)
