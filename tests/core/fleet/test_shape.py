"""The exported JSON Schema."""

import datetime as dt
import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from notebook_provisioner.core.findings import Severity
from notebook_provisioner.core.fleet import check, json_schema, source
from notebook_provisioner.core.fleet.shape import schema_at

ROOT = Path(__file__).parents[3]
EXAMPLES = [
    *sorted((ROOT / "examples").glob("*/fleet.yaml")),
    ROOT / "notebook_provisioner/cli/commands/starter.yaml",
]
BROKEN = sorted((Path(__file__).parent / "broken").glob("*.yaml"))
VALIDATOR = Draft202012Validator(json_schema(), format_checker=FormatChecker())


def test_it_is_a_schema():
    Draft202012Validator.check_schema(json_schema())
    assert json_schema()["$id"] == "urn:notebook-provisioner:fleet:1"
    json.dumps(json_schema())


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.parent.name)
def test_examples_follow_it(path):
    document = source.read(path.read_text(encoding="utf-8"), file=str(path)).value
    assert list(VALIDATOR.iter_errors(document)) == []


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_it_never_complains_about_what_reading_accepts(path):
    text = path.read_text(encoding="utf-8")
    _, findings = check(text, file=path.name, today=dt.date(2026, 11, 21))
    if not any(finding.severity is Severity.ERROR for finding in findings):
        assert list(VALIDATOR.iter_errors(source.read(text, file=path.name).value)) == []


@pytest.mark.parametrize(
    "name",
    [
        "misspelt-key",
        "unknown-mode",
        "version-as-text",
        "owner-group",
        "label-capital",
        "idle-timeout-too-short",
        "unknown-key",
        "package-not-pinned",
        "repository-http",
        "missing-owner",
        "metadata-key-and-value",
        "window-syntax",
    ],
)
def test_editors_complain_too(name):
    text = (Path(__file__).parent / "broken" / f"{name}.yaml").read_text(encoding="utf-8")
    assert list(VALIDATOR.iter_errors(source.read(text, file=name).value))


def test_every_key_is_described():
    for model in (json_schema(), *json_schema()["$defs"].values()):
        assert model["description"]
        for key, field in model["properties"].items():
            assert "description" in field or "$ref" in field or key == "mode", (model["title"], key)


def test_defaults_follow_their_own_schema():
    for model in (json_schema(), *json_schema()["$defs"].values()):
        for field in model["properties"].values():
            if "default" in field:
                inner = {**field, "$defs": json_schema()["$defs"]}
                Draft202012Validator(inner).validate(field["default"])


def test_a_place_is_looked_up():
    tree = {"network": {"mode": "create"}, "profiles": {"gpu": {}}}
    assert schema_at(("network", "cidr"), tree)["examples"] == ["10.20.0.0/24"]
    assert "count" in schema_at(("profiles", "gpu", "gpu"), tree)["properties"]
    assert schema_at(("perimeter",), tree)["modes"] == ["disabled", "dry-run", "enforced"]
    assert schema_at(("nowhere", 0), tree) == {}
