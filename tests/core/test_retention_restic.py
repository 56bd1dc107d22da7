"""Retention decides as restic's ``forget`` does: recorded pairs always, the real program where it is."""

import json
import random
from datetime import datetime
from pathlib import Path

import pytest
import restic

from notebook_provisioner.core.retention import Policy, Span, Walk, apply

GOLDEN = Path(__file__).parent / "golden" / "restic_forget.jsonl"
RECORD = "python tests/support/restic.py > tests/core/golden/restic_forget.jsonl"


def apply_as_before(moments, policy):
    """The rules without the oldest snapshot's, as restic had them before 0.16."""
    walk = Walk(policy)
    return (walk.reasons(moment) for moment in moments)


def ours(pair, rules_applied=apply):
    rules = {
        rule.replace("-", "_"): Span.parse(value) if isinstance(value, str) else value
        for rule, value in pair["policy"].items()
    }
    moments = [datetime.fromisoformat(text) for text in pair["moments"]]
    kept = zip(pair["moments"], rules_applied(moments, Policy(**rules)), strict=True)
    return [text for text, reasons in kept if reasons]


def test_recorded_decisions_of_restic_are_ours():
    pairs = [json.loads(line) for line in GOLDEN.read_text().splitlines()]
    assert len(pairs) >= 200
    for pair in pairs:
        assert ours(pair) == pair["kept"], f"{pair}\nrecord anew with: {RECORD}"
    of_oldest = [pair for pair in pairs if ours(pair, apply_as_before) != pair["kept"]]
    assert len(of_oldest) > len(pairs) / 20, "nothing shows that the oldest is kept"


@pytest.mark.parametrize(
    ("release", "kept"),
    [("0.14.0", False), ("0.15.2", False), ("0.16.0", True), ("0.19.1", True), ("1.0.0", True)],
)
def test_which_restic_keeps_the_oldest(release, kept):
    assert restic.keeps_oldest(release) is kept


@pytest.mark.skipif(restic.RESTIC is None, reason="restic is not installed; the recorded pairs did run")
@pytest.mark.timeout(600)
def test_the_real_restic_decides_the_same():
    rules_applied = apply if restic.keeps_oldest(restic.version()) else apply_as_before
    seed = random.SystemRandom().randrange(2**32)
    pairs = restic.pairs(seed)
    assert len(pairs) >= 200
    removing = [pair for pair in pairs if len(pair["kept"]) < len(pair["moments"])]
    assert len(removing) > len(pairs) / 4, "policies that keep everything prove nothing"
    for pair in pairs:
        assert ours(pair, rules_applied) == pair["kept"], f"seed {seed}: {pair}"
