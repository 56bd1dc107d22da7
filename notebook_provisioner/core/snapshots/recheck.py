"""The last look before a snapshot is changed: everything that could have changed since the plan."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from notebook_provisioner.core.notebooks import NotebookKey
from notebook_provisioner.core.snapshots.decisions import Decision, Verdict, frozen, label_reasons
from notebook_provisioner.core.snapshots.facts import MARK_LABEL, Notebook, Seen, Snapshot
from notebook_provisioner.core.snapshots.rules import Rules

GONE = "it is gone already"

HARMFUL: Final = frozenset({Verdict.DELETE, Verdict.MARK})  # what protects a snapshot stands against these


@dataclass(frozen=True, slots=True)
class Fresh:
    """What was read right before an action.

    Attributes:
        seen: Snapshots and notebooks.
        now: When they were read.
    """

    seen: Seen
    now: datetime


def objection(
    decision: Decision, before: Notebook | None, points: tuple[str, ...], rules: Rules, fresh: Fresh
) -> str | None:
    """Why *decision*'s snapshot must not be touched after all; None where it may be.

    Args:
        decision: What was decided.
        before: Its notebook when the decision was made; None if it was gone then.
        points: Names of the rollback points that stay behind, and must.
        rules: The notebook's rules.
        fresh: The facts of this moment.
    """
    planned, snapshot = decision.snapshot, fresh.seen.snapshots.get(decision.snapshot.name)
    if snapshot is None or snapshot.status == "DELETING" or snapshot.id != planned.id:
        return GONE
    if decision.verdict is Verdict.UNMARK:  # what keeps a snapshot is no objection to taking its mark off
        marks = (snapshot.labels.get(MARK_LABEL), planned.labels.get(MARK_LABEL))
        return None if marks[0] == marks[1] else "its mark changed"
    found = [*_of_snapshot(decision, snapshot)]
    if decision.verdict in HARMFUL:
        found += [f"it got the {reason}" for reason in label_reasons(snapshot, rules, fresh.now)]
        found += _against_all(decision.belonging.notebook, before, points, rules, fresh)
    else:
        found += _of_notebook(decision.belonging.notebook, before, fresh)
    return next(iter(found), None)


def objection_to_all(
    key: NotebookKey, before: Notebook | None, points: tuple[str, ...], rules: Rules, fresh: Fresh
) -> str | None:
    """Why no snapshot of a notebook must be deleted or marked any more; None where that may go on.

    Args:
        key: The notebook, in being or gone.
        before: As it was when this was decided; None if it was gone then.
        points: Names of its rollback points that stay behind, and must.
        rules: Its rules.
        fresh: The facts of this moment.
    """
    return next(_against_all(key, before, points, rules, fresh), None)


def _of_snapshot(decision: Decision, snapshot: Snapshot) -> Iterator[str]:
    planned, claim = decision.snapshot, decision.belonging.claim
    if (snapshot.status, snapshot.kind) != (planned.status, planned.kind):
        yield f"it is {snapshot.status} and {snapshot.kind} now"
    if snapshot.disk_id != planned.disk_id:
        yield f"it is of another disk now: sourceDiskId was {planned.disk_id}, is {snapshot.disk_id}"
    if snapshot.labels.get(MARK_LABEL) != planned.labels.get(MARK_LABEL):
        yield "its mark changed"
    if any(snapshot.labels.get(label, value) != value for label, value in claim.items()):
        yield "somebody else claimed it"


def _of_notebook(key: NotebookKey, before: Notebook | None, fresh: Fresh) -> Iterator[str]:
    if (why := fresh.seen.unread.get(key)) is not None:
        yield f"its notebook could not be read: {why}"
        return
    notebook = fresh.seen.notebooks.get(key)
    if notebook is None and key[0] in fresh.seen.unreachable:
        yield f"nobody knows whether its notebook is there: {key[0]} did not answer"
        return
    if notebook is None or before is None:
        if notebook is not before:
            yield "its notebook is gone" if notebook is None else "its notebook is back"
        return
    if (notebook.created, notebook.history) != (before.created, before.history):
        yield "its notebook was upgraded, rolled back or made anew"


def _against_all(
    key: NotebookKey, before: Notebook | None, points: tuple[str, ...], rules: Rules, fresh: Fresh
) -> Iterator[str]:
    yield from _of_notebook(key, before, fresh)
    notebook = fresh.seen.notebooks.get(key)
    if notebook is not None and (why := frozen(notebook, rules, fresh.now)):
        yield why
    for name in points:
        other = fresh.seen.snapshots.get(name)
        if other is None or (other.status, other.kind) != ("READY", "STANDARD"):
            yield f"{name}, which was to stay, is gone"
