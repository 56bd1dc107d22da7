"""A report is a claim of somebody on the notebook."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notebook_provisioner.core.post_startup.reports import State, read_report

DOCUMENT = {
    "run": "6d3b",
    "state": "COMPLETE",
    "step": "end",
    "line": 0,
    "exit": 0,
    "version": "0.1.0",
    "fleet_sha256": "ab",
    "script_sha256": "cd",
    "image": "debian-12",
    "steps": {"account": "done"},
    "at": "2026-01-02T03:04:05Z",
}


def test_a_report_is_read():
    found = read_report(json.dumps(DOCUMENT))
    assert (found.run, found.state, found.steps) == ("6d3b", State.COMPLETE, {"account": "done"})
    assert found.at.isoformat() == "2026-01-02T03:04:05+00:00"


def test_a_report_without_a_run_is_an_older_scripts():
    assert read_report(json.dumps({key: DOCUMENT[key] for key in DOCUMENT if key != "run"})).run == ""


@pytest.mark.parametrize(
    "wrong",
    [
        {"state": "GREAT"},
        {"step": "\x1b[2J"},
        {"steps": {"a\nb": "done"}},
        {"steps": {str(n): "done" for n in range(101)}},
        {"steps": "all"},
        {"at": "yesterday"},
        {"at": "2026-01-02T03:04:05"},
        {"line": "many"},
        {"version": 3},
    ],
)
def test_what_no_script_of_ours_writes_is_no_report(wrong):
    assert read_report(json.dumps(DOCUMENT | wrong)) is None


@given(
    st.text()
    | st.recursive(st.none() | st.text(), lambda inner: st.dictionaries(st.text(), inner)).map(json.dumps)
)
def test_no_text_is_too_much(text):
    assert read_report(text) is None
