"""The laws of filling in a notebook's values."""

import datetime as dt
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notebook_provisioner.core.fleet import Fleet

LABELS = st.dictionaries(st.sampled_from(["a", "b", "c", "d"]), st.sampled_from(["x", "y", "z"]))
METADATA = st.dictionaries(
    st.sampled_from(["disable-mixer", "jupyter-user", "own-key"]), st.sampled_from(["x", "y"])
)
EXEMPTION = st.fixed_dictionaries(
    {
        "control": st.sampled_from(["secure-boot", "notebook-disable-root", "idle-timeout-seconds"]),
        "reason": st.just("It was agreed upon."),
        "expires": st.just("2027-01-01"),
    }
)
REPLACED = {
    "profile": st.sampled_from(["standard", "large"]),
    "idle_timeout_seconds": st.none() | st.integers(600, 86_400),
    "deletion_protection": st.booleans(),
    "upgrade": st.none() | st.just({"window": "Sat 02:00-06:00 UTC"}),
    "snapshots": st.fixed_dictionaries(
        {}, optional={"rollback_points": st.integers(1, 9), "keep_last": st.integers(1, 9)}
    ),
    "sync": st.fixed_dictionaries({}, optional={"enabled": st.booleans(), "exclude": st.just(["a"])}),
    "packages": st.lists(st.sampled_from(["polars==1.0", "numpy==2.0"]), unique=True),
    "repositories": st.just([]) | st.just([{"url": "https://git.example.com/a.git"}]),
    "post_startup_behavior": st.sampled_from(["run_once", "run_every_start"]),
    "hardening": st.fixed_dictionaries({}, optional={"shell_escapes": st.sampled_from(["allow", "block"])}),
    "jupyter": st.fixed_dictionaries({}, optional={"cull_idle_seconds": st.integers(300, 86_400)}),
    "package_index": st.fixed_dictionaries({}, optional={"pip": st.just("https://pypi.acme.example/simple")}),
    "environment": st.dictionaries(st.sampled_from(["A", "B"]), st.sampled_from(["x", "y"])),
}
MERGED = {"labels": LABELS, "metadata": METADATA}
SETTINGS = st.fixed_dictionaries({}, optional={**REPLACED, **MERGED})
EXEMPTIONS = st.fixed_dictionaries({}, optional={"exemptions": st.lists(EXEMPTION, max_size=2)})


def fleet(defaults, notebook, labels):
    return Fleet.model_validate_json(
        json.dumps(
            {
                "version": 1,
                "name": "laws",
                "target": "sandbox",
                "project": "acme-notebooks",
                "region": "europe-west1",
                "zones": ["europe-west1-c", "europe-west1-b"],
                "network": {"mode": "existing", "host_project": "acme-net", "name": "n", "subnet": "s"},
                "perimeter": {"mode": "disabled"},
                "encryption": {"mode": "google-managed"},
                "labels": labels,
                "profiles": {
                    "standard": {"machine_type": "e2-standard-4"},
                    "large": {"machine_type": "n2-standard-32"},
                },
                "defaults": {"profile": "standard", **defaults},
                "notebooks": [{"name": "ana", "owner": "ana@example.com", **notebook}],
            }
        )
    )


def as_json(value):
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json", exclude_unset=True)
    if isinstance(value, tuple):
        return [as_json(item) for item in value]
    return value


@given(SETTINGS, SETTINGS, LABELS)
def test_a_notebooks_key_replaces_the_defaults_whole(defaults, notebook, labels):
    (resolved,) = fleet(defaults, notebook, labels).resolved_notebooks
    (built_in,) = fleet({}, {}, {}).resolved_notebooks
    for key in REPLACED.keys() - {"profile", "idle_timeout_seconds"}:
        for holder in (notebook, defaults):
            if key in holder:
                assert as_json(getattr(resolved, key)) == holder[key]
                break
        else:
            assert getattr(resolved, key) == getattr(built_in, key)
    assert resolved.profile_name == notebook.get("profile", defaults.get("profile", "standard"))


@given(SETTINGS, SETTINGS, LABELS)
def test_labels_and_metadata_merge(defaults, notebook, labels):
    (resolved,) = fleet(defaults, notebook, labels).resolved_notebooks
    assert resolved.labels == {**labels, **defaults.get("labels", {}), **notebook.get("labels", {})}
    assert resolved.metadata == {**defaults.get("metadata", {}), **notebook.get("metadata", {})}


@given(SETTINGS, SETTINGS, EXEMPTIONS, LABELS)
def test_an_exempted_notebook_is_never_stopped_for_idleness(defaults, notebook, exemptions, labels):
    (resolved,) = fleet(defaults, {**notebook, **exemptions}, labels).resolved_notebooks
    assert as_json(resolved.exemptions) == exemptions.get("exemptions", [])
    if resolved.is_exempt("idle-timeout-seconds"):
        assert resolved.idle_timeout_seconds is None
    else:
        expected = {"idle_timeout_seconds": 3600, **defaults, **notebook}["idle_timeout_seconds"]
        assert resolved.idle_timeout_seconds == expected


@given(SETTINGS, LABELS)
def test_writing_a_default_at_the_notebook_changes_nothing(settings, labels):
    assert (
        fleet(settings, {}, labels).resolved_notebooks[0] == fleet({}, settings, labels).resolved_notebooks[0]
    )


def test_built_in_values():
    (resolved,) = fleet({}, {}, {}).resolved_notebooks
    assert resolved.zone == "europe-west1-c"
    assert resolved.idle_timeout_seconds == 3600
    assert resolved.deletion_protection is True
    assert resolved.post_startup_behavior == "run_once"
    assert resolved.upgrade is None
    assert resolved.snapshots.rollback_points == 2
    assert resolved.sync.enabled is False
    assert (resolved.profile.boot_disk.size_gb, resolved.profile.boot_disk.type) == (150, "PD_BALANCED")
    assert (resolved.profile.data_disk.size_gb, resolved.profile.data_disk.type) == (100, "PD_BALANCED")
    assert resolved.profile.image.project == "cloud-notebooks-managed"
    assert resolved.profile.image.family == "workbench-instances-2603"


def test_a_notebooks_zone_wins():
    (resolved,) = fleet({}, {"zone": "europe-west1-b"}, {}).resolved_notebooks
    assert resolved.zone == "europe-west1-b"


def test_a_container_has_no_vm_image():
    document = json.loads(fleet({}, {}, {}).model_dump_json(exclude_unset=True))
    document["profiles"]["standard"]["container"] = {"repository": "europe-docker.pkg.dev/acme/base"}
    (resolved,) = Fleet.model_validate_json(json.dumps(document)).resolved_notebooks
    assert resolved.profile.image is None
    assert resolved.profile.container.tag == "latest"


def test_a_fleet_is_frozen():
    whole = fleet({}, {}, {})
    with pytest.raises(ValueError, match="frozen"):
        whole.name = "other"
    with pytest.raises(AttributeError):
        whole.resolved_notebooks[0].zone = "other"
    assert whole.resolved_notebooks is whole.resolved_notebooks


def test_an_exemption_expires_on_a_date():
    whole = fleet(
        {},
        {"exemptions": [{"control": "secure-boot", "reason": "Agreed upon.", "expires": "2027-01-01"}]},
        {},
    )
    assert whole.notebooks[0].exemptions[0].expires == dt.date(2027, 1, 1)
