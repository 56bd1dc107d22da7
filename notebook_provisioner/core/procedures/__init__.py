"""Procedures: several changes to one notebook that belong together, and what is put back after them.

A step is done when the notebook is seen to be so, never because a request was answered. Before each request
the record says what is about to be asked; whoever finds an open record carries on from what is seen. What a
procedure changed only for its own sake, such as the power state, is put back whatever happened in between.
"""

from notebook_provisioner.core.procedures.carrying import Patience, carry_out
from notebook_provisioner.core.procedures.record import Asked, Failure, Outcome, Record
from notebook_provisioner.core.procedures.rollout import Job, Report, roll_out
from notebook_provisioner.core.procedures.steps import (
    Busy,
    Declined,
    Gone,
    Operation,
    Procedure,
    RecordLost,
    RecordOpen,
    Records,
    Step,
    Unanswered,
    World,
)

__all__ = [
    "Asked",
    "Busy",
    "Declined",
    "Failure",
    "Gone",
    "Job",
    "Operation",
    "Outcome",
    "Patience",
    "Procedure",
    "Record",
    "RecordLost",
    "RecordOpen",
    "Records",
    "Report",
    "Step",
    "Unanswered",
    "World",
    "carry_out",
    "roll_out",
]
