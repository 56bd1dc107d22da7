"""Whose a snapshot is."""

import pytest
from snapshot_facts import ZONE, ago, claimed, entry, notebook, register, snapshot

from notebook_provisioner.core.snapshots.origin import STRANGERS, Origin


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


@pytest.mark.parametrize("owners", [[], [notebook(name="in-file", created=ago(20))]])
def test_an_orphan_is_what_labels_prove_or_somebody_says(owners):
    left = snapshot("a", 40, of="in-file")
    proven = snapshot("a", 40, of="in-file", labels=claimed("in-file"))
    assert origin(proven, *owners) is Origin.ORPHAN
    assert origin(left, *owners, former=["in-file"]) is Origin.ORPHAN


@pytest.mark.parametrize("owners", [[], [notebook(name="in-file", created=ago(20))]])
@pytest.mark.parametrize(
    "labels",
    [
        {},
        {"nbp-fleet": "one"},
        {**claimed("in-file"), "nbp-fleet": "two"},
        {**claimed("in-file"), "nbp-notebook": "another"},
        {**claimed("in-file"), "nbp-origin": "hand"},
    ],
)
def test_what_nothing_proves_to_be_an_upgrades_is_no_orphan(owners, labels):
    assert origin(snapshot("my-backup", 40, of="in-file", labels=labels), *owners) is Origin.UNCLAIMED


def test_labels_and_names_bring_home_what_left_the_fleet_file():
    assert origin(snapshot("a", 40, of="left", labels=claimed("left"))) is Origin.ORPHAN
    assert origin(snapshot("a", 40, of="left"), former=["left"]) is Origin.ORPHAN
    assert origin(snapshot("a", 40, of="left", labels={"nbp-fleet": "one"})) is Origin.UNCLAIMED


def test_what_the_history_names_is_no_predecessors_whatever_the_clock_says():
    assert origin(snapshot("a", 40), notebook(entry("a", 40), created=ago(39.9))) is Origin.UPGRADE


def test_a_rollback_proves_nothing_of_the_snapshot_that_it_names():
    assert origin(snapshot("a", 40), notebook(entry("a", 40, action="ROLLBACK"))) is Origin.HAND


def test_a_change_of_an_unknown_kind_proves_nothing():
    assert origin(snapshot("a", 40), notebook(entry("a", 40, action="ACTION_UNSPECIFIED"))) is Origin.HAND


def test_an_upgrade_that_succeeded_outweighs_all_else_that_names_its_snapshot():
    done, failed = entry("a", 40), entry("a", 39.9, state="FAILED")
    owner = notebook(done, failed, entry("a", 2, action="ROLLBACK"))
    assert register(owner).belonging(snapshot("a", 40)).entry == done


def test_what_is_proven_is_claimed_while_it_can_be():
    known = register(notebook(entry("a", 40)))
    assert known.belonging(snapshot("a", 40)).claim == claimed()
    partly = snapshot("a", 40, labels={"nbp-fleet": "one", "team": "x"})
    assert known.belonging(partly).claim == {"nbp-notebook": "nb", "nbp-origin": "upgrade"}
    assert known.belonging(snapshot("a", 40, labels=claimed())).claim == {}


@pytest.mark.parametrize(
    "changed",
    [{"labels": {"nbp-fleet": "two"}}, {"labels": {"nbp-origin": "ana"}}, {"status": "UPLOADING"}],
)
def test_a_claim_overwrites_nobodys_word(changed):
    assert register(notebook(entry("a", 40))).belonging(snapshot("a", 40, **changed)).claim == {}


def test_only_what_an_upgrade_made_is_claimed():
    owner = notebook(entry("a", 40), created=ago(60))
    others = [snapshot("b", 40), snapshot("a", 40, by_schedule=True), snapshot("c", 80)]
    assert [register(owner).belonging(item).claim for item in others] == [{}, {}, {}]


def test_a_boot_disk_that_nobody_knows_is_nobodys():
    assert origin(snapshot("a", 400, of="database")) is None
    assert origin(snapshot("a", 400, of="left", labels={"nbp-fleet": "two"})) is None
    assert origin(snapshot("a", 400, disk=(ZONE, "nb-data-workspace")), notebook()) is None
    assert origin(snapshot("a", 400, disk=None), notebook()) is None


def test_another_fleets_notebook_is_left_alone():
    assert origin(snapshot("a", 400, labels=claimed()), notebook(fleet="two")) is None
    assert origin(snapshot("a", 40), notebook(entry("a", 40), fleet="two")) is None
    theirs = notebook(name="in-file", fleet="two")
    assert origin(snapshot("a", 400, of="in-file"), theirs) is None


@pytest.mark.parametrize("silent", [ZONE, "us-central1-a", "europe-west1", "-"])
def test_nothing_is_an_orphan_while_somewhere_nobody_answers(silent):
    claim = claimed()
    assert origin(snapshot("a", 400, of="in-file"), unreachable={silent}) is Origin.UNKNOWN
    assert origin(snapshot("a", 400, labels=claim), unreachable={silent}) is Origin.UNKNOWN
    assert origin(snapshot("a", 400, of="gone"), unreachable={silent}, former=["gone"]) is Origin.UNKNOWN
    assert origin(snapshot("a", 40), notebook(entry("a", 40)), unreachable={silent}) is Origin.UPGRADE


def test_a_word_for_a_former_notebook_takes_in_nothing_of_another_fleets():
    theirs = {"nbp-fleet": "two"}
    assert origin(snapshot("a", 400, of="gone"), former=["gone"]) is Origin.ORPHAN
    assert origin(snapshot("a", 400, of="gone", labels=theirs), former=["gone"]) is None
    shown = origin(snapshot("a", 400, of="gone", labels=theirs), former=["gone"], strangers=True)
    assert shown is Origin.FOREIGN
    anew = notebook(created=ago(60))
    assert origin(snapshot("a", 400), anew, former=["nb"]) is Origin.ORPHAN
    assert origin(snapshot("a", 400, labels=theirs), anew, former=["nb"]) is Origin.UNCLAIMED


def test_a_selection_hides_the_rest():
    owner = notebook(entry("a", 40))
    assert origin(snapshot("a", 40), owner, only=lambda key: key[1] == "other") is None


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (snapshot("a", 400, of="database"), Origin.STRAY),
        (snapshot("a", 400, of="database", by_schedule=True), Origin.STRAY),
        (snapshot("a", 400, of="left", labels={"nbp-fleet": "two"}), Origin.FOREIGN),
        (snapshot("a", 40, of="theirs"), Origin.FOREIGN),
        (snapshot("a", 40, disk=("us-central1-a", "in-file-boot")), Origin.STRAY),
        (snapshot("a", 40, of="in-file"), Origin.UNCLAIMED),
        (snapshot("a", 400, disk=(ZONE, "theirs-data")), None),
        (snapshot("a", 400, disk=None), None),
    ],
)
def test_strangers_are_told_apart_where_somebody_asks(found, expected):
    theirs = notebook(entry("a", 40), name="theirs", fleet="two")
    assert origin(found, theirs, strangers=True) is expected
    assert origin(found, theirs) is (None if expected in STRANGERS else expected)


def test_a_name_is_known_by_the_file_the_project_or_somebodys_word():
    known = register(notebook(), notebook(name="theirs", fleet="two"), former=["gone"])
    assert [known.knows(name) for name in ("nb", "in-file", "gone", "theirs", "typo")] == [
        *[True] * 3,
        False,
        False,
    ]
