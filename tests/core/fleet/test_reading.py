"""Reading as a whole: examples, targets, dates, and that nothing ever ends in a traceback."""

import copy
import datetime as dt
import json
import random
import re
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st
from schema_documents import documents

from notebook_provisioner.core.errors import InvalidInput
from notebook_provisioner.core.findings import Severity
from notebook_provisioner.core.fleet import Fleet, check, parse

TODAY = dt.date(2026, 11, 21)
ROOT = Path(__file__).parents[3]
EXAMPLES = sorted((ROOT / "examples").glob("*/fleet.yaml"))
PRODUCTION = (ROOT / "examples/production/fleet.yaml").read_text(encoding="utf-8")


def read_or_explained(text):
    """Hold reading to the only two ways in which it may end: a whole fleet, or errors with their places."""
    fleet, findings = check(text, file="fleet.yaml", today=TODAY)
    if any(finding.severity is Severity.ERROR for finding in findings):
        lines = len(re.split(r"\r\n|[\r\n\x85\u2028\u2029]", text))
        assert all(finding.message for finding in findings)
        assert all(1 <= finding.location.line <= lines for finding in findings)
        assert all(finding.location.column >= 1 for finding in findings)
    else:
        assert len(fleet.resolved_notebooks) == len(fleet.notebooks)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.parent.name)
def test_examples_have_nothing_to_complain_about(path):
    fleet, findings = check(path.read_text(encoding="utf-8"), file=str(path), today=TODAY)
    assert findings == ()
    assert len(fleet.resolved_notebooks) == 3


def test_the_target_can_be_overridden():
    without_state = "".join(
        line
        for line in PRODUCTION.splitlines(keepends=True)
        if not line.startswith(("state:", "  bucket", "  prefix"))
    )
    with pytest.raises(InvalidInput, match="1 error"):
        parse(without_state, file="fleet.yaml", today=TODAY)
    assert parse(without_state, file="fleet.yaml", today=TODAY, target="sandbox").target == "sandbox"
    assert parse(PRODUCTION, file="fleet.yaml", today=TODAY).target == "google"


@pytest.mark.parametrize(
    ("today", "codes"),
    [
        (dt.date(2026, 6, 28), {"exemption-long"}),
        (dt.date(2026, 6, 29), set()),
        (dt.date(2027, 5, 30), set()),
        (dt.date(2027, 5, 31), {"exemption-expiring"}),
        (dt.date(2027, 6, 30), {"exemption-expiring"}),
        (dt.date(2027, 7, 1), {"exemption-expired"}),
    ],
)
def test_an_exemption_holds_through_its_last_day(today, codes):
    _, findings = check(PRODUCTION, file="fleet.yaml", today=today)
    assert {finding.code for finding in findings} == codes


def test_all_findings_come_in_the_files_order_and_once():
    text = PRODUCTION.replace("version: 1", "version: 2").replace("acme.example", "acme")
    _, findings = check(text, file="fleet.yaml", today=TODAY)
    places = [(finding.location.line, finding.location.column) for finding in findings]
    assert places == sorted(places)
    assert len(set(findings)) == len(findings) == 5


# The schema allows what only the rules across values refuse, so both ways of ending occur.
DOCUMENTS = documents()


@settings(max_examples=60, suppress_health_check=list(HealthCheck), deadline=None)
@given(DOCUMENTS)
def test_what_the_schema_allows_is_read_or_explained(document):
    read_or_explained(json.dumps(document))
    read_or_explained(yaml.safe_dump(document, allow_unicode=True))


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_read_or_explained(text):
    read_or_explained(text)


WRITTEN = yaml.load(PRODUCTION, Loader=yaml.BaseLoader)  # noqa: S506  # text only; the safest there is
WRITTEN["version"] = 1


def paths(node, path=()):
    yield path
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        yield from paths(value, (*path, key))


JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(["[]", "{}", "[null, {}]", '{"mode": "create"}', '{"mode": []}']).map(json.loads),
)


@settings(max_examples=250, deadline=None)
@given(st.data())
def test_a_value_replaced_by_anything_is_read_or_explained(data):
    document = copy.deepcopy(WRITTEN)
    for _ in range(data.draw(st.integers(1, 3))):
        *around, last = data.draw(st.sampled_from([path for path in paths(document) if path]))
        holder = document
        for part in around:
            holder = holder[part]
        holder[last] = data.draw(JUNK)
    read_or_explained(yaml.safe_dump(document, allow_unicode=True))


@settings(max_examples=300, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(1, 5))
def test_a_file_with_damaged_characters_is_read_or_explained(chance: random.Random, damages):
    text = PRODUCTION
    for _ in range(damages):
        at = chance.randrange(len(text))
        junk = chance.choice(
            ["", "\t", ":", "- ", "{", "]", '"', "'", "&a ", "*a", "!!x ", "#", "\n", "\x00", "é", "\ud800"]
        )
        text = text[:at] + junk + text[at + chance.randrange(4) :]
    read_or_explained(text)


@settings(max_examples=60, suppress_health_check=list(HealthCheck), deadline=None)
@given(DOCUMENTS)
def test_what_is_read_is_what_was_written(document):
    fleet, _ = check(json.dumps(document), file="fleet.yaml", today=TODAY)
    if fleet is not None:
        again = Fleet.model_validate_json(fleet.model_dump_json(exclude_unset=True))
        assert again == fleet


@pytest.mark.parametrize("shape_is_right", [True, False])
def test_the_fuzz_reaches_both_endings(shape_is_right):
    def ends_so(document):
        fleet, _ = check(json.dumps(document), file="fleet.yaml", today=TODAY)
        return (fleet is not None) == shape_is_right

    options = settings(max_examples=200, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
    find(DOCUMENTS, ends_so, settings=options, random=random.Random(0))  # noqa: S311  # the same run every time
