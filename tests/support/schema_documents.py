"""Hypothesis strategies for documents that the fleet file's schema allows.

hypothesis-jsonschema 0.23.1 uses internals that today's hypothesis no longer has.
"""

import datetime as dt

from hypothesis import strategies as st

from notebook_provisioner.core.fleet import json_schema


def documents(schema=None):
    """Documents that *schema*, by default the whole file's, allows."""
    schema = schema or json_schema()
    if "$ref" in schema:
        return documents(json_schema()["$defs"][schema["$ref"].rpartition("/")[2]])
    if kinds := schema.get("oneOf") or schema.get("anyOf"):
        return st.one_of([documents(kind) for kind in kinds])
    if "const" in schema or "enum" in schema:
        return st.sampled_from(schema.get("enum") or [schema["const"]])
    return _BY_TYPE[schema["type"]](schema)


def _objects(schema):
    if "properties" not in schema:
        keys = documents({**schema["propertyNames"], "type": "string"})
        values = documents(schema["additionalProperties"])
        return st.dictionaries(keys, values, min_size=schema.get("minProperties", 0), max_size=3)
    fields = {key: documents(field) for key, field in schema["properties"].items()}
    required = {key: fields.pop(key) for key in schema.get("required", ())}
    return st.fixed_dictionaries(required, optional=fields)


def _strings(schema):
    if schema.get("format") == "date":
        return st.dates().map(dt.date.isoformat)
    text = st.from_regex(schema["pattern"]) if "pattern" in schema else st.text(max_size=20)
    return st.one_of(*[st.sampled_from(schema["examples"])] if "examples" in schema else [], text)


_BY_TYPE = {
    "object": _objects,
    "string": _strings,
    "array": lambda schema: st.lists(
        documents(schema["items"]), min_size=schema.get("minItems", 0), max_size=3
    ),
    "integer": lambda schema: st.integers(schema["minimum"], schema["maximum"]),
    "boolean": lambda _: st.booleans(),
    "null": lambda _: st.none(),
}
