"""Text to values: the subset of YAML that PyYAML, Terraform and editors read alike."""

import string

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from notebook_provisioner.core.fleet import source


def read(text):
    return source.read(text, file="fleet.yaml")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("FALSE", False),
        ("~", None),
        ("", None),
        ("null", None),
        ("0", 0),
        ("-17", -17),
        ("3600", 3600),
        ("1.5", 1.5),
        ("2027-06-30", "2027-06-30"),
        ("12:30:00", "12:30:00"),
        ("1_000", "1_000"),
        ("'3600'", "3600"),
        ('"yes"', "yes"),
        ("europe-west1-b", "europe-west1-b"),
    ],
)
def test_plain_values(text, value):
    result = read(f"key: {text}\n")
    assert result.value == {"key": value}
    assert type(result.value["key"]) is type(value)
    assert not result.findings


@pytest.mark.parametrize(
    "text",
    ["yes", "No", "ON", "off", "y", "N", "0123", "0x1F", "0o17", "1e3", ".5", ".inf", "-.INF", ".nan", "5."],
)
def test_what_readers_disagree_about_is_refused(text):
    (finding,) = read(f"key: {text}\n").findings
    assert finding.code == "ambiguous-value"
    assert (finding.location.line, finding.location.column) == (1, 6)
    assert text in finding.message


# Terraform's yamldecode rewrites the first nine; the last three it leaves alone, and other readers do not.
@pytest.mark.parametrize(
    "text",
    [
        "2026-01-01",
        "2026-1-1",
        "2026-01-01 02:03:04",
        "2026-01-01  2:3:4",
        "2026-1-1 02:03:04.5",
        "2026-1-1 02:03:04,5",
        "2026-01-01t02:03:04Z",
        "2026-01-01T2:03:04Z",
        "2026-1-1T2:3:4-07:00",
        "2026-01-01 02:03:04 +1",
        "2026-01-01T02:03:04",
        "2026-02-30",
    ],
)
def test_unquoted_timestamps_are_told_from_text(text):
    result = read(f"a: {text}\nb: '{text}'\n")
    assert result.timestamps == {("a",): text}
    assert result.value == {"a": text, "b": text}


@pytest.mark.parametrize(
    "text", ["2026-01", "26-01-01", "2026-001-01", "2026/01/01", "2026-12-20/2027-01-03", "2026-01-01 02:03"]
)
def test_what_is_no_timestamp_to_any_reader(text):
    assert not read(f"a: {text}\n").timestamps


def test_a_long_number_is_cut_in_what_is_said():
    (finding,) = read(f"a: {'9' * 5000}\n").findings
    assert len(finding.message) < 120
    assert len(finding.remedy) < 150


@given(st.integers(-(10**14), 10**14))
def test_integers_are_read_as_everybody_reads_them(number):
    assert read(f"key: {number}\n").value == {"key": number}


_keys = st.text(string.ascii_lowercase, min_size=2, max_size=8).filter(
    lambda key: key not in {"no", "on", "off", "yes"}
)
_trees = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-1000, 1000)
    | st.text(st.characters(exclude_characters="\x85\u2028\u2029", codec="utf-8"), max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_keys, inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(_keys, _trees, min_size=1, max_size=4))
def test_what_pyyaml_writes_is_read_back(tree):
    text = yaml.safe_dump(tree, allow_unicode=True)
    if "&" not in text:  # PyYAML writes equal objects as anchors
        result = read(text)
        assert not [finding for finding in result.findings if finding.code != "ambiguous-value"]
        if not result.findings:
            assert result.value == tree


@given(st.dictionaries(_keys, _trees, min_size=1, max_size=4))
def test_every_mark_points_at_its_key(tree):
    text = yaml.safe_dump(tree, allow_unicode=True)
    lines = text.split("\n")
    for path, mark in read(text).keys.items():
        assert lines[mark.line - 1][mark.column - 1 :].lstrip("'\"").startswith(str(path[-1]))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a: &x 1\n", "anchor"),
        ("a: {b: 1}\nc: *x\n", "anchor"),
        ("a: !!python/name:os.system x\n", "tag"),
        ("a: !secret x\n", "tag"),
        ("a: 1\na: 2\n", "duplicate-key"),
        ("? [a]\n: 1\n", "key-not-text"),
        ("? {a: 1}\n: 1\n", "key-not-text"),
        ("true: 1\n", "key-not-text"),
        ("2026-01-01: 1\n", "key-not-text"),
        ("[" * 5000, "too-deep"),
        ("{a: " * 5000, "too-deep"),
        ("- " * 5000, "too-deep"),
        ("a: 1\n---\nb: 2\n", "second-document"),
        ("", "empty"),
        ("~\n", "empty"),
        ("text\n", "not-a-mapping"),
        ('a: "\\ud800"\n', "yaml-syntax"),
        ("a: \x00\n", "yaml-syntax"),
        ("%YAML 1." + "9" * 5000 + "\n---\na: 1\n", "yaml-syntax"),
    ],
)
def test_refused(text, code):
    assert code in {finding.code for finding in read(text).findings}


def test_of_a_duplicate_key_the_first_counts():
    result = read("a: {b: 1}\na: {b: 2}\n")
    assert result.value == {"a": {"b": 1}}
    assert result.keys[("a", "b")] == (1, 5)


def test_an_absent_place_is_found_at_what_is_around_it():
    result = read("a:\n  b: 1\n")
    assert result.location(("a", "c", 0)).line == 1
    assert result.location(("a", "b")).column == 6
    assert result.location(("a", "b"), key=True).column == 3
    assert str(result.location(("x",))) == "fleet.yaml:1:1"
