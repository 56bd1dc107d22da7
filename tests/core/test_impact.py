"""Each kind of edit has its price, and the price is asked for before anything changes."""

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plan_documents import change, document, metadata, notebook

from notebook_provisioner.core.errors import ImpactRefused
from notebook_provisioner.core.impact import RESTART_METADATA, assess, summary
from notebook_provisioner.core.plan import Impact, Plan, Step
from notebook_provisioner.core.terraform_plan import read

NOTEBOOK = "google_workbench_instance"


def step(entry):
    (found,) = assess(read(document(entry))).steps
    return found


def update(after, unknown=None, before=None):
    return step(change(NOTEBOOK, ["update"], before=before or notebook(), after=after, unknown=unknown))


def test_creating_costs_nobody_anything():
    assert step(change(NOTEBOOK, ["create"], after=notebook())).impact is Impact.NONE


def test_what_is_added_has_one_reason_whether_the_fleet_file_or_a_module_was_edited():
    found = step(change("google_compute_route", ["create"], after={"name": "r"}))
    assert found.reason == "asked for by the fleet file or the modules, not in the state"


def test_what_somebody_else_deleted_is_said_to_be():
    route = change("google_compute_route", ["create"], after={"name": "r"})
    gone = {**route, "change": {"actions": ["delete"], "before": {"name": "r"}, "after": None}}
    (found,) = assess(read(document(route, resource_drift=[gone]))).steps
    assert found.reason == "asked for by the fleet file or the modules, deleted by somebody else"


@pytest.mark.parametrize("key", sorted(RESTART_METADATA))
def test_metadata_that_the_provider_stops_the_vm_for(key):
    found = update(notebook(metadata={**metadata(), key: "changed"}))
    assert found.impact is Impact.RESTART
    assert key in found.reason


@pytest.mark.parametrize(
    "setup",
    [
        {"machine_type": "e2-standard-8"},
        {"accelerator_configs": [{"type": "NVIDIA_TESLA_T4", "core_count": "1"}]},
        {"shielded_instance_config": [{"enable_secure_boot": False}]},
        {"container_image": [{"repository": "r", "tag": "t"}]},
    ],
)
def test_hardware_that_the_provider_stops_the_vm_for(setup):
    assert update(notebook(**setup)).impact is Impact.RESTART


def test_other_edits_happen_under_running_kernels():
    after = notebook(metadata=metadata(idle_timeout_seconds="600", my_key="1"))
    after["labels"] = {"team": "two"}
    found = update(after)
    assert found.impact is Impact.LIVE
    assert "idle-timeout-seconds" in found.reason


def test_metadata_that_nobody_can_see_yet_may_restart():
    after = copy.deepcopy(notebook())
    del after["gce_setup"][0]["metadata"]
    assert update(after, unknown={"gce_setup": [{"metadata": True}]}).impact is Impact.RESTART


def test_a_replacement_names_its_cause():
    found = step(
        change(
            NOTEBOOK,
            ["delete", "create"],
            before=notebook(),
            after=notebook(),
            replace_paths=[["instance_owners"], ["gce_setup", 0, "disable_public_ip"]],
        )
    )
    assert found.impact is Impact.REPLACE
    assert found.reason == "cannot be changed in place: instance_owners, disable_public_ip"


@pytest.mark.parametrize(
    ("kind", "before", "impact"),
    [
        (NOTEBOOK, notebook(), Impact.DESTROY),
        ("google_storage_bucket", {"name": "b"}, Impact.DESTROY),
        ("google_logging_project_bucket_config", {"bucket_id": "audit"}, Impact.DESTROY),
        ("google_kms_crypto_key", {"deletion_policy": "ABANDON"}, Impact.LIVE),
        ("google_storage_bucket_object", {"name": "script"}, Impact.LIVE),
        ("google_compute_route", {"name": "r"}, Impact.LIVE),
    ],
)
def test_deleting_costs_what_cannot_be_made_again(kind, before, impact):
    found = step(change(kind, ["delete"], before=before, action_reason="delete_because_each_key"))
    assert found.impact is impact
    assert found.reason == "no longer asked for by the fleet file or the modules"


def test_a_deletion_without_a_reason_is_of_a_destroy_or_of_what_a_replacement_left():
    route = change("google_compute_route", ["delete"], before={"name": "r"})
    assert step(route).reason == "the fleet is being destroyed"
    assert step({**route, "deposed": "00000000"}).reason == "left over from a replacement that did not finish"


ADDRESSES = st.builds(
    "{}google_{}.this{}".format,
    st.sampled_from(["", "module.a.", "module.a[0].", 'module.a["b.c"].module.d.', 'module.a["\\"].x"].']),
    st.sampled_from(["compute_route", "storage_bucket"]),
    st.sampled_from(["", "[1]", '["x"]']),
)
STEPS = st.builds(
    Step, ADDRESSES, st.sampled_from(["create", "delete"]), st.just("why"), st.sampled_from(Impact)
)


@given(st.lists(STEPS, min_size=1, unique=True))
def test_a_summary_stands_for_every_step_and_puts_no_loss_together(steps):
    rows = summary(Plan(tuple(steps)))
    assert sum(of for _, of in rows) == len(steps)
    assert {row for row, of in rows if of == 1} <= set(steps)
    assert {step for step in steps if step.impact > Impact.LIVE} <= {row for row, _ in rows}


def test_a_summary_has_one_line_for_what_a_new_notebook_takes():
    parts = ["google_workbench_instance.this", 'google_project_iam_member.project["roles/viewer"]']
    steps = [
        Step(f'module.notebook["{name}"].{part}', "create", "new", Impact.NONE)
        for name in "ab"
        for part in parts
    ]
    rows = summary(
        Plan((*steps, Step("module.network[0].google_dns_policy.this", "create", "new", Impact.NONE)))
    )
    assert [(row.subject, of) for row, of in rows] == [
        ('module.notebook["a"]', 2),
        ('module.notebook["b"]', 2),
        ("module.network[0].google_dns_policy.this", 1),
    ]


def test_the_ceiling_refuses_and_says_the_way_out():
    plan = assess(read(document(change(NOTEBOOK, ["delete"], before=notebook()))))
    with pytest.raises(ImpactRefused) as refused:
        plan.require(Impact.RESTART)
    assert 'module.notebook["ana"].google_workbench_instance.this' in refused.value.message
    assert refused.value.hint is not None
    assert "--accept destroy" in refused.value.hint
    plan.require(Impact.DESTROY)


def test_a_refusal_of_many_changes_stays_readable():
    steps = tuple(Step(f"notebook-{number}", "update", "why", Impact.RESTART) for number in range(200))
    with pytest.raises(ImpactRefused) as refused:
        Plan(steps).require(Impact.LIVE)
    assert refused.value.message.startswith("200 changes above the accepted impact 'live': notebook-0: why")
    assert refused.value.message.endswith("notebook-3: why (restart); 196 more")


def test_an_empty_plan_says_why():
    assert assess(read(document())).no_op_reason == "the cloud is as the fleet file says"


def test_an_output_alone_is_a_change_too():
    plan = assess(read(document(output_changes={"notebooks": {"actions": ["update"]}})))
    assert [step.subject for step in plan.steps] == ["output.notebooks"]
    assert plan.impact is Impact.NONE
