"""Whose a snapshot is."""

import pytest
from snapshot_facts import ZONE, ago, entry, notebook, register, snapshot

from notebook_provisioner.core.snapshots.origin import Origin


def origin(found, *notebooks, **options):
    belonging = register(*notebooks, **options).belonging(found)
    return belonging and belonging.origin


def test_what_the_history_names_is_the_upgrades():
    assert origin(snapshot("a", 40), notebook(entry("a", 40))) is Origin.UPGRADE


def test_a_name_alone_says_nothing():
    assert origin(snapshot("krwlzipynril", 40), notebook()) is Origin.HAND


def test_a_name_that_was_used_again_is_told_by_its_time():
    assert origin(snapshot("a", 10), notebook(entry("a", 40))) is Origin.HAND


def test_the_disk_must_be_the_notebooks_own():
    assert origin(snapshot("a", 40, of="other"), notebook(entry("a", 40))) is None
    elsewhere = snapshot("a", 40, disk=("us-central1-a", "nb-boot"))
    assert origin(elsewhere, notebook(entry("a", 40))) is None


def test_another_disk_number_is_the_same_notebook():
    first, second = snapshot("a", 80, disk_id="1"), snapshot("b", 40, disk_id="2")
    owner = notebook(entry("a", 80), entry("b", 40))
    assert {origin(first, owner), origin(second, owner)} == {Origin.UPGRADE}


def test_a_schedules_stays_the_schedules():
    assert origin(snapshot("a", 40, by_schedule=True), notebook(entry("a", 40))) is Origin.SCHEDULE
    assert origin(snapshot("a", 40, of="in-file", by_schedule=True)) is Origin.SCHEDULE


def test_a_notebook_made_anew_leaves_its_predecessors_snapshots_orphaned():
    assert origin(snapshot("a", 40), notebook(entry("a", 40), created=ago(20))) is Origin.ORPHAN


@pytest.mark.parametrize(
    ("found", "options"),
    [
        (snapshot("a", 40, of="in-file"), {}),
        (snapshot("a", 40, of="left"), {"former": ["left"]}),
        (snapshot("a", 40, of="left", labels={"nbp-fleet": "one"}), {}),
    ],
)
def test_an_orphan_needs_somebody_to_vouch_for_it(found, options):
    assert origin(found, **options) is Origin.ORPHAN


def test_a_boot_disk_that_nobody_knows_is_nobodys():
    assert origin(snapshot("a", 400, of="database")) is None
    assert origin(snapshot("a", 400, of="left", labels={"nbp-fleet": "two"})) is None
    assert origin(snapshot("a", 400, disk=(ZONE, "nb-data-workspace")), notebook()) is None
    assert origin(snapshot("a", 400, disk=None), notebook()) is None


def test_another_fleets_notebook_is_left_alone():
    assert origin(snapshot("a", 40), notebook(entry("a", 40), fleet="two")) is None
    theirs = notebook(name="in-file", fleet="two")
    assert origin(snapshot("a", 400, of="in-file"), theirs) is None


def test_nothing_is_an_orphan_in_a_zone_that_does_not_answer():
    assert origin(snapshot("a", 400, of="in-file"), unreachable={ZONE}) is Origin.UNKNOWN


def test_a_selection_hides_the_rest():
    owner = notebook(entry("a", 40))
    assert origin(snapshot("a", 40), owner, only=lambda key: key[1] == "other") is None
