"""The fleet file's shape as JSON Schema, and what it says about one place in a file."""

import functools
from typing import Any, Final

from notebook_provisioner.core.fleet.model import Fleet
from notebook_provisioner.core.fleet.source import Path, Value

# Keys where null means something: never stopped, never upgraded. Elsewhere an empty value is a slip.
NULLABLE: Final = frozenset({"idle_timeout_seconds", "upgrade"})


@functools.cache
def json_schema() -> dict[str, Any]:
    """The fleet file's JSON Schema (draft 2020-12), for editors and for tests. Not to be changed."""
    schema = Fleet.model_json_schema()
    for model in (schema, *schema["$defs"].values()):
        _one_line(model)
        for key, field in model["properties"].items():
            _one_line(field)
            _close(field)
            if key not in NULLABLE:
                _drop_null(field)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:notebook-provisioner:fleet:1",
        **schema,
    }


def _one_line(schema: dict[str, Any]) -> None:
    if "description" in schema:
        schema["description"] = " ".join(schema["description"].split())


def _close(field: dict[str, Any]) -> None:
    """Refuse keys that do not match; pydantic's ``patternProperties`` alone lets them through."""
    if "patternProperties" in field:
        ((pattern, values),) = field.pop("patternProperties").items()
        field["additionalProperties"] = values
        field["propertyNames"]["pattern"] = pattern


def _drop_null(field: dict[str, Any]) -> None:
    others = [kind for kind in field.get("anyOf", ()) if kind != {"type": "null"}]
    if len(others) == 1:
        del field["anyOf"]
        field.update({key: value for key, value in others[0].items() if key not in field})
    default = _without_nulls(field.pop("default", None))
    if default is not None:
        field["default"] = default


def _without_nulls(value: Any) -> Any:  # noqa: ANN401  # any default
    if not isinstance(value, dict):
        return value
    return {key: _without_nulls(inner) for key, inner in value.items() if inner is not None}


def schema_at(path: Path, tree: Value) -> dict[str, Any]:
    """The part of the schema that holds at *path* in *tree*; empty where the schema knows no such place.

    Where a mapping's ``mode`` is to choose among several, and does not, they are listed as ``modes``.
    """
    schema: dict[str, Any] = _plain(json_schema(), tree)
    node: Any = tree
    for part in path:
        if isinstance(part, int):
            inner = schema.get("items", {})
        else:
            inner = schema.get("properties", {}).get(part) or schema.get("additionalProperties") or {}
        try:
            node = node[part]
        except (KeyError, IndexError, TypeError):
            node = None
        schema = {**inner, **_plain(inner, node)}
    return schema


def _plain(schema: dict[str, Any], node: Any) -> dict[str, Any]:  # noqa: ANN401  # any part of a file
    """Follow references, what may be null, and, where a mapping's ``mode`` chooses, the choice."""
    while True:
        others = [kind for kind in schema.get("anyOf", ()) if kind != {"type": "null"}]
        if len(others) == 1:
            schema = others[0]
        if "discriminator" in schema:
            kinds = schema["discriminator"]["mapping"]
            mode = node.get("mode") if isinstance(node, dict) else None
            if not isinstance(mode, str) or mode not in kinds:
                return {"modes": sorted(kinds)}
            schema = {"$ref": kinds[mode]}
        if "$ref" not in schema:
            return schema
        schema = json_schema()["$defs"][schema["$ref"].rpartition("/")[2]]
