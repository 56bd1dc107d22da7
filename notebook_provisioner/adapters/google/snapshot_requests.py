"""Requests that change a snapshot, one at a time, and what an answer to them means."""

import contextlib
import itertools
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from notebook_provisioner.adapters.google.pace import Pace
from notebook_provisioner.adapters.google.rest import NoAnswer, Refusal, Rest, Tries
from notebook_provisioner.core.errors import ProvisionerError, TargetUnreachable
from notebook_provisioner.core.snapshots.facts import Snapshot
from notebook_provisioner.core.snapshots.sweep import Look, Outcome, Result


class _Stop(Exception):
    """A look spoke against sending a request."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.message)
        self.outcome = outcome


class SnapshotRequests:
    """Sends requests about a project's snapshots. Safe to share between threads.

    Args:
        rest: How calls are made.
        url: Of the project's global resources.
        pace: Held to.
    """

    def __init__(self, rest: Rest, url: str, pace: Pace) -> None:
        self._rest = rest
        self._url = url
        self._pace = pace

    def delete(self, snapshot: Snapshot, look: Look) -> Outcome:
        """Delete a snapshot. ``PENDING`` where that is under way, or nobody can say: then reading tells."""
        name, tries = snapshot.name, _tries(snapshot, look)
        parameters = {"requestId": str(uuid.uuid4())}
        try:
            operation = self._rest.call(
                "DELETE", f"{self._url}/snapshots/{name}", parameters, pace=self._pace, tries=tries
            )
        except Refusal as refusal:
            if refusal.status != HTTPStatus.NOT_FOUND:
                return _failed(name, refusal, tries)
            # After a try whose answer was lost, it is this request that deleted it.
            done = Result.DELETED if tries.lost else Result.GONE
            return Outcome(name, done, "it was gone when the request came")
        except (_Stop, NoAnswer, ProvisionerError) as error:
            return _failed(name, error, tries)
        return _of_operation(name, operation, Result.DELETED)

    def label(
        self, snapshot: Snapshot, changed: Mapping[str, str | None], done: Result, look: Look
    ) -> Outcome:
        """Change labels of a snapshot that still has those of *snapshot*.

        Args:
            snapshot: As it was read.
            changed: Labels to set; None takes one off. All others stay.
            done: The result where it is done at once.
            look: Asked before each sending.
        """
        name, tries = snapshot.name, _tries(snapshot, look)
        labels = {key: value for key, value in {**snapshot.labels, **changed}.items() if value is not None}
        body = {"labels": labels, "labelFingerprint": snapshot.label_fingerprint}
        try:
            operation = self._rest.call(
                "POST", f"{self._url}/snapshots/{name}/setLabels", body=body, pace=self._pace, tries=tries
            )
        except Refusal as refusal:
            if refusal.status == HTTPStatus.PRECONDITION_FAILED:
                # A try whose answer was lost may have been the one that changed them: look.
                return Outcome(name, Result.PENDING, "its labels changed meanwhile")
            return _failed(name, refusal, tries)
        except (_Stop, NoAnswer, ProvisionerError) as error:
            return _failed(name, error, tries)
        return _of_operation(name, operation, done)

    def failure(self, outcome: Outcome) -> Outcome | None:
        """Why a change does not show; None while it may still come."""
        if not outcome.operation:
            return Outcome(outcome.name, Result.FAILED, outcome.message or "nothing came of it")
        try:
            operation = self._rest.call("GET", f"{self._url}/operations/{outcome.operation}")
        except (Refusal, NoAnswer) as error:
            return Outcome(outcome.name, Result.FAILED, str(error), outcome.operation, outcome.user)
        done = _of_operation(outcome.name, operation, Result.PENDING)
        return done if done.result is Result.FAILED else None

    def ended(self, pending: Sequence[Outcome], done: Result) -> dict[str, Outcome | None]:
        """What came of requests, from the project's list of operations: many in one call.

        Args:
            pending: What is not finished.
            done: The result of an operation that ended well.

        Returns:
            By snapshot: its outcome, None while it is under way. Absent is what the list does not hold within
            as many pages as asking for each would take calls, and all where nobody may list operations.
        """
        wanted = {outcome.operation: outcome.name for outcome in pending if outcome.operation}
        found: dict[str, Outcome | None] = {}
        parameters = {
            "maxResults": "500",  # the largest (discovery, globalOperations.list)
            "orderBy": "creationTimestamp desc",
            "fields": "nextPageToken,items(name,status,user,error,httpErrorStatusCode,httpErrorMessage)",
        }
        pages = self._rest.pages(f"{self._url}/operations", parameters)
        with contextlib.suppress(TargetUnreachable):
            for page in itertools.islice(pages, len(wanted)):
                for item in page.get("items", ()):
                    if name := wanted.pop(item["name"], None):
                        outcome = _of_operation(name, item, done)
                        found[name] = None if outcome.result is Result.PENDING else outcome
                if not wanted:
                    break
        return found


def _tries(snapshot: Snapshot, look: Look) -> Tries:
    def before(tries: Tries) -> None:
        if outcome := look(snapshot, tries.sent > 0):
            raise _Stop(outcome)

    return Tries(before)


def _failed(name: str, error: Exception, tries: Tries) -> Outcome:
    """What a request came to that got no answer of its own; only reading tells where one was lost."""
    outcome = error.outcome if isinstance(error, _Stop) else Outcome(name, Result.FAILED, str(error))
    return replace(outcome, result=Result.PENDING) if tries.lost else outcome


def _of_operation(name: str, operation: Mapping[str, Any], done: Result) -> Outcome:
    if operation.get("error") or operation.get("httpErrorStatusCode"):
        result, message = Result.FAILED, _why(operation)
    else:
        result, message = (done if operation.get("status") == "DONE" else Result.PENDING), ""
    return Outcome(name, result, message, operation.get("name", ""), operation.get("user", ""))


def _why(operation: Mapping[str, Any]) -> str:
    """Why an operation failed, with whatever it says."""
    error = operation.get("error")
    errors = error.get("errors") if isinstance(error, Mapping) else None
    told = [
        ": ".join(str(item[key]) for key in ("code", "message") if item.get(key))
        for item in (errors if isinstance(errors, list) else ())
        if isinstance(item, Mapping)
    ]
    said = "; ".join(filter(None, told)) or operation.get("httpErrorMessage")
    return str(said or "the operation failed, and does not say why")
