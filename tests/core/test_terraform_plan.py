"""A plan's JSON becomes facts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plan_documents import change, document, notebook

from notebook_provisioner.core.terraform_plan import UNKNOWN, Action, read

NOTEBOOK = "google_workbench_instance"


def only(*arguments, **options):
    (found,) = read(document(change(*arguments, **options))).changes
    return found


def test_what_stays_and_what_is_only_read_is_left_out():
    plan = read(
        document(
            change(NOTEBOOK, ["no-op"], before=notebook(), after=notebook()),
            {**change("google_project", ["read"]), "mode": "data"},
        )
    )
    assert plan.changes == ()


def test_either_order_of_a_replacement_is_a_replacement():
    for actions in (["delete", "create"], ["create", "delete"]):
        found = only(
            NOTEBOOK, actions, before=notebook(), after=notebook(), replace_paths=[["gce_setup", 0, "tags"]]
        )
        assert found.action is Action.REPLACE
        assert found.replace_paths == ("gce_setup.tags",)


def test_an_import_without_a_change_is_an_adoption():
    found = only("google_kms_key_ring", ["no-op"], before={}, after={}, importing={"id": "x"})
    assert found.action is Action.ADOPT


def test_a_value_is_known_absent_or_unknown():
    found = only(NOTEBOOK, ["create"], after=notebook(), unknown={"gce_setup": [{"service_accounts": True}]})
    assert found.planned("gce_setup", 0, "disable_public_ip") is True
    assert found.planned("gce_setup", 0, "container_image") is None
    assert found.planned("gce_setup", 0, "service_accounts", 0, "email") is UNKNOWN
    assert found.planned("gce_setup", 7, "machine_type") is None


def test_changed_paths_go_into_single_blocks_and_metadata():
    after = notebook(machine_type="e2-standard-8")
    after["labels"] = {"team": "two"}
    after["gce_setup"][0]["metadata"] = {**after["gce_setup"][0]["metadata"], "idle-timeout-seconds": "600"}
    found = only(NOTEBOOK, ["update"], before=notebook(), after=after, unknown={"update_time": True})
    assert found.changed_paths() == (
        "gce_setup.machine_type",
        "gce_setup.metadata.idle-timeout-seconds",
        "labels.team",
        "update_time",
    )


def test_empty_and_absent_are_the_same_but_false_is_not():
    before = {"a": None, "b": [], "c": False, "d": ""}
    found = only(
        "google_compute_route", ["update"], before=before, after={"a": [], "b": None, "c": None, "d": None}
    )
    assert found.changed_paths() == ("c",)


def test_outputs_are_seen():
    plan = read(document(output_changes={"b": {"actions": ["update"]}, "a": {"actions": ["no-op"]}}))
    assert plan.outputs == ("b",)


@pytest.mark.parametrize(
    ("before", "drifted"),
    [
        (
            {"labels": {"team": "blue"}, "creator": "ana"},
            True,
        ),  # somebody painted it red, the plan paints it blue
        (
            {"labels": {"team": "red"}, "creator": None},
            False,
        ),  # only a new release of the provider reads creator
    ],
)
def test_drift_is_what_others_changed_and_the_plan_changes_back(before, drifted):
    now = {"labels": {"team": "red"}, "creator": "ana"}
    entry = change(NOTEBOOK, ["update"], before=now, after={**now, "labels": {"team": "blue"}})
    drift = {"address": entry["address"], "change": {"before": before, "after": now}}
    (found,) = read(document(entry, resource_drift=[drift])).changes
    assert found.drifted is drifted


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(st.text(max_size=3), JSON, max_size=4))
def test_nothing_differs_from_itself(attributes):
    found = only("google_compute_route", ["update"], before=attributes, after=attributes)
    assert found.changed_paths() == ()


def test_programs_that_terraform_would_run():
    local = {"address": "google_service_account.this", "mode": "managed", "type": "google_service_account"}
    asked = {"address": "data.external.this", "mode": "data", "type": "external"}
    read_only = {"address": "data.google_project.this", "mode": "data", "type": "google_project"}
    inner = {"resources": [{**local, "provisioners": [{"type": "local-exec"}]}, local, asked, read_only]}
    root = {"module_calls": {"project": {"module": {"module_calls": {"services": {"module": inner}}}}}}
    assert read(document(configuration={"root_module": root})).programs == (
        ("module.project.module.services.google_service_account.this", "a provisioner, local-exec,"),
        (
            "module.project.module.services.data.external.this",
            "a data source that is not Google's, external,",
        ),
    )
