"""What a plan is: ordered steps, each with its cost to the person at the notebook."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from notebook_provisioner.core.counting import counted
from notebook_provisioner.core.errors import ImpactRefused

_NAMED: Final = 4  # a refusal names so many steps; the plan, which is shown beside it, all


class Impact(IntEnum):
    """Cost of a step to the person at the notebook. Ordered, so that ``max`` is a plan's cost."""

    NONE = 0  # nobody notices
    LIVE = 1  # changed under running kernels
    RESTART = 2  # stopped and started: kernels are lost
    REPLACE = 3  # deleted and made anew: disks are lost
    DESTROY = 4  # deleted for good

    @property
    def label(self) -> str:
        """The name as users write it after ``--accept``."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Step:
    """One change.

    Attributes:
        subject: What it changes: a notebook's name, a resource address.
        action: What is done, in the imperative.
        reason: Why.
        impact: What it costs the user.
    """

    subject: str
    action: str
    reason: str
    impact: Impact


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps in the order of their execution.

    Attributes:
        steps: The changes; empty where there is nothing to do.
        no_op_reason: Why there is nothing to do; required for an empty plan, None otherwise.
    """

    steps: tuple[Step, ...]
    no_op_reason: str | None = None

    def __post_init__(self) -> None:
        """Hold every empty plan to its reason."""
        if bool(self.steps) == bool(self.no_op_reason):
            raise ValueError("a plan has steps, or a reason for having none")

    @property
    def impact(self) -> Impact:
        """The heaviest step's impact."""
        return max((step.impact for step in self.steps), default=Impact.NONE)

    def require(self, ceiling: Impact) -> None:
        """Hold the plan to what the caller accepted.

        Raises:
            ImpactRefused: A step costs more than *ceiling*; names the first of such steps.
        """
        above = [step for step in self.steps if step.impact > ceiling]
        if above:
            named = [f"{step.subject}: {step.reason} ({step.impact.label})" for step in above[:_NAMED]]
            listed = "; ".join([*named, *([f"{len(above) - _NAMED} more"] if len(above) > _NAMED else [])])
            raise ImpactRefused(
                f"{counted(len(above), 'change')} above the accepted impact '{ceiling.label}': {listed}",
                hint=f"warn the people at these notebooks, then run again with --accept {self.impact.label}",
            )
