"""Broken fleet files, each with what must be said about it.

``broken/NAME.yaml`` marks the lines to complain about with ``#! CODE, CODE``; ``NAME.expected`` holds the
messages in full.
"""

import datetime as dt
import os
import re
from pathlib import Path

import pytest

from notebook_provisioner.core.errors import InvalidInput
from notebook_provisioner.core.findings import Severity
from notebook_provisioner.core.fleet import check, parse

TODAY = dt.date(2026, 11, 21)
FILES = sorted((Path(__file__).parent / "broken").glob("*.yaml"))
REGENERATE = "NBP_REGENERATE=1 .venv/bin/python -m pytest tests/core/fleet/test_broken.py"

# Where the text itself is broken, a comment would change what is tested.
UNMARKED = {
    "control-character",
    "empty-file",
    "escape-beyond-unicode",
    "not-a-mapping",
    "tab-indentation",
    "too-deep",
    "unclosed-quote",
}


def findings_of(path):
    _, findings = check(path.read_text(encoding="utf-8"), file=path.name, today=TODAY)
    return findings


def shown(finding):
    where, severity = finding.location, finding.severity.value
    remedy = f"    {finding.remedy}\n" if finding.remedy else ""
    return f"{where}: {severity}: {finding.subject}: {finding.message} [{finding.code}]\n{remedy}"


def test_there_are_enough():
    assert len(FILES) >= 40


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_message(path):
    said = "".join(map(shown, findings_of(path)))
    expected = path.with_suffix(".expected")
    if os.environ.get("NBP_REGENERATE"):
        expected.write_text(said, encoding="utf-8")
    assert said == expected.read_text(encoding="utf-8"), f"review, then regenerate with: {REGENERATE}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_marked_lines_are_the_ones_complained_about(path):
    marked = [
        (number, code)
        for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), start=1)
        if (mark := re.search(r"#! (.+)$", line))
        for code in mark[1].split(", ")
    ]
    if path.stem in UNMARKED:
        assert not marked
        assert findings_of(path)
    else:
        found = [(finding.location.line, finding.code) for finding in findings_of(path)]
        assert sorted(found) == sorted(marked)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_errors_stop_and_warnings_do_not(path):
    findings = findings_of(path)
    text = path.read_text(encoding="utf-8")
    if any(finding.severity is Severity.ERROR for finding in findings):
        with pytest.raises(InvalidInput) as raised:
            parse(text, file=path.name, today=TODAY)
        assert raised.value.findings == findings
    else:
        assert parse(text, file=path.name, today=TODAY).resolved_notebooks
