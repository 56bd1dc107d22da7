"""Faults on demand: what the network and Google do to a client on a bad day."""

import dataclasses
import fnmatch
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from notebook_provisioner.sandbox.server.errors import ApiError, invalid


class FaultKind(StrEnum):
    """What goes wrong."""

    STATUS = "status"  # the request is refused with an HTTP status; nothing happens
    DELAY = "delay"  # the answer comes late
    DROP_BEFORE = "drop-before"  # the connection breaks; nothing happened
    DROP_AFTER = "drop-after"  # the connection breaks after the effect: the response is lost
    FAILED_OPERATION = "failed-operation"  # the operation starts and ends in an error; nothing happened
    ENDLESS_OPERATION = "endless-operation"  # the operation starts and never ends; nothing happens
    UNREACHABLE = "unreachable"  # a list finds nothing, and names a place that did not answer


class ConnectionDropped(Exception):
    """The connection is to be cut without an answer."""


@dataclass
class Fault:
    """A rule.

    Attributes:
        method: Glob over method ids: ``compute.snapshots.*``, ``*.get``.
        kind: What goes wrong.
        since: Glob over method ids; the rule holds once such a method was called. None holds at once.
        count: How often it may still strike; None for ever.
        probability: Chance, between 0 and 1, that it strikes a request that fits.
        status: HTTP status of a status fault or a failed operation.
        reason: Reason in the error; follows from the status where None.
        message: What the client reads.
        seconds: Real seconds of a delay.
        place: Zone or region that an unreachable fault names; none where None.
        struck: How often it has struck.
    """

    method: str
    kind: FaultKind
    since: str | None = None
    count: int | None = None
    probability: float = 1.0
    status: int = 503
    reason: str | None = None
    message: str = "injected by the sandbox"
    seconds: float = 0.0
    place: str | None = None
    struck: int = field(default=0, compare=False)

    @classmethod
    def parse(cls, document: Mapping[str, Any]) -> "Fault":
        """A rule from its JSON.

        Raises:
            ApiError: 400 that names the field that is wrong.
        """
        known = {field.name for field in dataclasses.fields(cls)} - {"struck"}
        unknown = sorted(document.keys() - known)
        if unknown:
            raise invalid(f"a fault has no field {', '.join(unknown)}; it has {', '.join(sorted(known))}")
        try:
            fault = cls(**(dict(document) | {"kind": FaultKind(document["kind"])}))
        except (KeyError, TypeError, ValueError) as error:
            kinds = ", ".join(FaultKind)
            raise invalid(f"a fault needs 'method' and 'kind' (one of {kinds}): {error}") from error
        if not 0 <= fault.probability <= 1:
            raise invalid(f"'probability' lies between 0 and 1, not {fault.probability}")
        return fault

    def error(self) -> ApiError:
        """The error that a status fault or a failed operation ends in."""
        return ApiError.from_http(self.status, self.message, self.reason)

    def to_document(self) -> dict[str, Any]:
        """The rule as JSON."""
        return dataclasses.asdict(self)


class Faults:
    """The rules in force, in their order; the first that fits and strikes, strikes alone.

    Args:
        seed: Seed of the random numbers, so that a run can be repeated.
    """

    def __init__(self, seed: int) -> None:
        self.rules: list[Fault] = []
        self._random = random.Random(seed)  # noqa: S311 - to be repeatable, not secret

    def draw(self, method_id: str) -> Fault | None:
        """The fault that strikes this request to *method_id*, or None."""
        for rule in self.rules:
            if rule.since is not None and fnmatch.fnmatchcase(method_id, rule.since):
                rule.since = None
        for rule in self.rules:
            if rule.since is not None or rule.count == 0 or not fnmatch.fnmatchcase(method_id, rule.method):
                continue
            if self._random.random() < rule.probability:
                rule.struck += 1
                if rule.count is not None:
                    rule.count -= 1
                return rule
        return None
