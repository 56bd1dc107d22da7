"""What a run writes down about a snapshot: who is concerned, what is done, why, and under which policy."""

from datetime import datetime
from typing import Any

from notebook_provisioner.core.snapshots.decisions import Decision, RulesOf
from notebook_provisioner.core.snapshots.plan import ACTIONS


def journal_entry(event: str, decision: Decision, rules_of: RulesOf, now: datetime) -> dict[str, Any]:
    """A line of the journal, for JSON.

    Args:
        event: ``intent``, ``outcome`` or ``settled``.
        decision: What was decided about the snapshot.
        rules_of: The rules of a notebook.
        now: The present, with a time zone.
    """
    zone, name = decision.belonging.notebook
    return {
        "time": now.isoformat(),
        "event": event,
        "action": decision.verdict.value if decision.verdict in ACTIONS else "claim",
        "claim": decision.belonging.claim if decision.claims else {},
        "snapshot": decision.snapshot.name,
        "snapshot_id": decision.snapshot.id,
        "created": decision.snapshot.created.isoformat(),
        "notebook": name,
        "zone": zone,
        "origin": decision.belonging.origin.value,
        "reasons": list(decision.reasons),
        "policy": rules_of(decision.belonging.notebook).digest,
        "storage_bytes": decision.snapshot.storage_bytes,
    }
