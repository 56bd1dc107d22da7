"""What a run writes down: its policies, and of each snapshot whose it is, what is done, why, and by which."""

from collections.abc import Iterable
from dataclasses import fields
from datetime import datetime
from typing import Any

from notebook_provisioner.core.snapshots.decisions import Decision, RulesOf
from notebook_provisioner.core.snapshots.plan import ACTIONS
from notebook_provisioner.core.snapshots.rules import Rules

_OTHER_KEYS = {"orphans": "orphans_keep_within"}  # where the fleet file's key is another


def policies(decisions: Iterable[Decision], rules_of: RulesOf) -> dict[str, dict[str, Any]]:
    """The rules behind *decisions*, for JSON: by digest, each as `stated`."""
    notebooks = dict.fromkeys(item.belonging.notebook for item in decisions)
    found = {rules.digest: rules for rules in map(rules_of, notebooks)}
    return {digest: stated(rules) for digest, rules in found.items()}


def stated(rules: Rules) -> dict[str, Any]:
    """Rules by the fleet file's keys, for JSON; a key that is not there sets no rule."""
    policy = {f"keep_{field.name}": getattr(rules.policy, field.name) for field in fields(rules.policy)}
    others = {field.name: getattr(rules, field.name) for field in fields(rules) if field.name != "policy"}
    values = {**policy, **{_OTHER_KEYS.get(name, name): value for name, value in others.items()}}
    return {name: _plain(value) for name, value in values.items() if value is not None}


def _plain(value: object) -> Any:  # noqa: ANN401  # whatever JSON has
    if isinstance(value, int):
        return value
    return list(value) if isinstance(value, tuple) else str(value)


def policy_entry(digest: str, rules: dict[str, Any], now: datetime) -> dict[str, Any]:
    """The journal's line about a policy, for JSON: what stands behind the digest in the lines that follow."""
    return {"time": now.isoformat(), "event": "policy", "policy": digest, "rules": rules}


def journal_entry(event: str, decision: Decision, rules_of: RulesOf, now: datetime) -> dict[str, Any]:
    """The journal's line about a snapshot, for JSON.

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
