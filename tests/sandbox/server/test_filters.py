"""List filters, against documents."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notebook_provisioner.sandbox.server.errors import ApiError
from notebook_provisioner.sandbox.server.filters import compile_filter

DOCUMENT = {
    "name": "nb-boot",
    "status": "READY",
    "sizeGb": "150",
    "autoCreated": False,
    "labels": {"team": "x", "goog.dotted": "y"},
    "creationTimestamp": "2024-06-24T17:27:17.206-07:00",
    "tags": {"items": ["a", "b"]},
    "disks": [{"deviceName": "boot"}, {"deviceName": "data"}],
    "gceSetup": {"machineType": "e2-standard-4"},
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", True),
        ("name = nb-boot", True),
        ('name="nb-*"', True),
        ("name != nb-boot", False),
        ("-name:data", True),
        ("NOT status = READY", False),
        ("sizeGb > 100 AND sizeGb <= 150", True),
        ("sizeGb > 100 sizeGb < 120", False),
        ("status = FAILED OR status = READY AND name = x", False),
        ("(status = FAILED OR status = READY) (name : boot)", True),
        ("autoCreated = false", True),
        ("labels.team = x", True),
        ("labels.team:*", True),
        ("labels.none:*", False),
        ("labels.goog.dotted = y", True),
        ("labels:team", True),
        ("tags.items = b", True),
        ("disks.deviceName = data", True),
        ("gce_setup.machine_type = e2-standard-4", True),
        ("creationTimestamp < 2024-06-25T00:27:18Z", True),
        ('creationTimestamp > "2024-06-25T00:27:18Z"', False),
        ("name:(other boot)", True),
        ("name eq nb-.*", True),
        ("name eq nb", False),
        ('name ne "nb-.*"', False),
        ("(name eq 'nb-(boot|data)') (status ne FAILED)", True),
        ("none ne x", True),
    ],
)
def test_a_filter_takes_what_it_says(text, expected):
    assert compile_filter(text)(DOCUMENT) is expected


@pytest.mark.parametrize(
    "text",
    [
        "name",
        "name =",
        "= x",
        "(name = x",
        "name = x)",
        "name ~ x",
        "a = b AND",
        "(name eq x) name = y",
        "name eq (",
    ],
)
def test_what_is_not_understood_is_refused(text):
    with pytest.raises(ApiError, match="Invalid list filter expression"):
        compile_filter(text)


@given(st.text(alphabet="ab =!<>:()\"'*-.eqneANDORNOT ", max_size=40))
def test_no_filter_ends_in_anything_but_a_verdict_or_a_refusal(text):
    with suppress(ApiError):
        assert compile_filter(text)(DOCUMENT) in {True, False}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r'gceSetup.machineType=~"^e2-standard-\d$"', True),
        (r'gceSetup.machineType!~"^n1-"', True),
        (r'name=~"^boot"', False),
        (r'NOT name=~"boot$"', False),
        ('labels."team"="x"', True),
        ('labels."goog.dotted"="z"', False),
        ('gceSetup."machineType"="e2-standard-4" AND NOT status="READY"', False),
    ],
)
def test_cloud_logging_s_language(text, expected):
    assert compile_filter(text, searches=True)(DOCUMENT) is expected


@pytest.mark.parametrize("text", ['name=~"("', "name=~boot", 'name=~"boot" AND'])
def test_searches_that_are_none(text):
    with pytest.raises(ApiError):
        compile_filter(text, searches=True)


def test_only_cloud_logging_searches():
    with pytest.raises(ApiError):
        compile_filter('name=~"boot"')
