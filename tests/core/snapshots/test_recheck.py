"""The last look."""

import pytest
from snapshot_facts import NOW, register, rules, snapshot, upgraded

from notebook_provisioner.core.snapshots import plan as planning
from notebook_provisioner.core.snapshots.caps import Caps
from notebook_provisioner.core.snapshots.decisions import Verdict
from notebook_provisioner.core.snapshots.facts import Seen
from notebook_provisioner.core.snapshots.recheck import Fresh, objection


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ({"nbp-prune": "2026-06-01", "hold": ""}, None),
        ({"nbp-prune": "2026-06-14", "hold": ""}, "its mark changed"),
        ({"hold": ""}, "its mark changed"),
    ],
)
def test_what_keeps_a_snapshot_is_no_objection_to_taking_its_mark_off(labels, words):
    notebook, found = upgraded(4)
    held = snapshot(found[-1].name, 120, labels={"nbp-prune": "2026-06-01", "hold": ""})
    keeping = rules(rollback_points=2, grace="7d")
    plan = planning.make([*found[:-1], held], register(notebook), lambda _: keeping, Caps(), NOW)
    [decision] = [item for item in plan.actions if item.verdict is Verdict.UNMARK]
    now = snapshot(held.name, 120, labels=labels)
    fresh = Fresh(Seen({held.name: now}, {notebook.key: notebook}), NOW)
    assert objection(decision, notebook, plan.points[notebook.key], keeping, fresh) == words
