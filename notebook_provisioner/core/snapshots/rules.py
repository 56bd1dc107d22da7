"""What holds for one notebook's snapshots, from the fleet file and the command line."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from notebook_provisioner.core.errors import Refused
from notebook_provisioner.core.retention import Policy, Span

if TYPE_CHECKING:
    from notebook_provisioner.core.fleet.model import Snapshots

_COUNTS: Final = ("last", "hourly", "daily", "weekly", "monthly", "yearly")
_SPANS: Final = ("within", *(f"within_{unit}" for unit in _COUNTS[1:]))
KEEP_OPTIONS: Final = tuple(f"keep_{rule}" for rule in (*_COUNTS, *_SPANS))


class PolicyRefused(Refused):
    """A retention policy would delete everything, or more than the caps allow."""

    code = "policy-refused"


@dataclass(frozen=True, slots=True)
class Rules:
    """Retention of one notebook's snapshots.

    Attributes:
        policy: restic's rules.
        rollback_points: Newest snapshots to roll back to, kept whatever the policy says.
        keep_labels: Labels that keep a snapshot, whatever their value.
        min_age: Nothing younger is deleted.
        soak: How long nothing is deleted after an upgrade or a rollback.
        orphans: How long snapshots of notebooks that are gone are kept.
        grace: How long a snapshot bears the mark before it is deleted, from the end of the day (UTC) on which
            it got it; None deletes at once.
    """

    policy: Policy
    rollback_points: int
    keep_labels: tuple[str, ...]
    min_age: Span
    soak: Span
    orphans: Span
    grace: Span | None

    @classmethod
    def read(cls, settings: "Snapshots", overrides: Mapping[str, Any] | None = None) -> "Rules":
        """From the fleet file, with *overrides* by the fleet file's key where a value is given.

        Raises:
            PolicyRefused: Nothing at all would be kept.
        """
        given = {name: value for name, value in (overrides or {}).items() if value is not None}
        values = {**settings.model_dump(), **given}
        kept: dict[str, Any] = {rule: values[f"keep_{rule}"] for rule in _COUNTS}
        kept |= {rule: Span.parse(text) for rule in _SPANS if (text := values[f"keep_{rule}"]) is not None}
        rules = cls(
            policy=Policy(**kept),
            rollback_points=values["rollback_points"],
            keep_labels=tuple(values["keep_labels"]),
            min_age=Span.parse(values["min_age"]),
            soak=Span.parse(values["soak"]),
            orphans=Span.parse(values["orphans_keep_within"]),
            grace=Span.parse(values["grace"]) if values["grace"] is not None else None,
        )
        if rules.rollback_points < 1 and rules.policy.is_empty:
            raise PolicyRefused(
                "this policy keeps nothing: it has no rollback point and no rule that keeps",
                hint="keep one rollback point at least, or add a rule such as --keep-last 1",
            )
        return rules

    @property
    def digest(self) -> str:
        """Twelve hexadecimal digits that change when any rule changes; for the log."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:12]
