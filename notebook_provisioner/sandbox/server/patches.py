"""Partial updates: field masks of the newer APIs, merge patches of the legacy ones."""

from copy import deepcopy
from typing import TYPE_CHECKING

from notebook_provisioner.sandbox.server.errors import invalid
from notebook_provisioner.sandbox.server.store import Document, Json
from notebook_provisioner.sandbox.server.validation import camel_case, is_output_only

if TYPE_CHECKING:
    from notebook_provisioner.sandbox.server.discovery import Api, Schema


def apply_mask(api: "Api", schema: str, stored: Document, body: Document, mask: str | None) -> Document:
    """*stored* with the fields of *mask* taken from *body*.

    A masked field that the body lacks is cleared. Without a mask every field of the body counts (AIP-134);
    ``*`` replaces all that is not output-only.

    Args:
        api: The API whose schemas apply.
        schema: Name of the resource's schema.
        stored: The document so far.
        body: The request's body, cleaned.
        mask: Comma-separated paths, ``gce_setup.metadata`` or ``gceSetup.metadata``.

    Raises:
        ApiError: 400 for a path that the schema does not have.
    """
    if not mask:
        return deepcopy(stored) | body
    updated = deepcopy(stored)
    if mask == "*":
        for name, child in api.properties(schema).items():
            if name != "name" and not is_output_only(child):
                _assign(updated, [name], body.get(name))
        return updated
    for path in (part.strip() for part in mask.split(",")):
        if path:
            steps = _resolve(api, schema, path)
            _assign(updated, steps, _value_at(body, steps))
    return updated


def masked_paths(api: "Api", schema: str, mask: str) -> list[str]:
    """The paths of *mask* in camelCase: ``gceSetup.metadata``."""
    return [".".join(_resolve(api, schema, part.strip())) for part in mask.split(",") if part.strip()]


def merge(stored: Json, patch: Json) -> Json:
    """JSON merge patch (RFC 7396): objects merge, ``null`` removes, everything else replaces.

    A ``null`` within a list that replaces means unset, as in every message of Google's.
    """
    if isinstance(patch, list):
        return [merge(None, item) for item in patch]
    if not isinstance(patch, dict):
        return deepcopy(patch)
    merged = dict(stored) if isinstance(stored, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge(merged.get(key), value)
    return merged


def _resolve(api: "Api", schema: str, path: str) -> list[str]:
    node: Schema = {"$ref": schema}
    steps: list[str] = []
    rest = path.split(".")
    while rest:
        if "$ref" in node:
            node = api.schemas[node["$ref"]]
        properties = node.get("properties", {})
        if not properties and node.get("type") in {"object", "any"}:  # a map: the rest is one key
            steps.append(".".join(rest).strip("`"))
            return steps
        name = rest[0] if rest[0] in properties else camel_case(rest[0])
        if name not in properties:
            raise invalid(f"Invalid field mask: '{path}' is no field of {schema}.")
        steps.append(name)
        node, rest = properties[name], rest[1:]
        if node.get("type") == "array" and rest:  # masks below a repeated field address the whole field
            return steps
    return steps


def _value_at(document: Document, steps: list[str]) -> Json:
    node: Json = document
    for step in steps:
        node = node.get(step) if isinstance(node, dict) else None
    return node


def _assign(document: Document, steps: list[str], value: Json) -> None:
    *parents, last = steps
    node = document
    for step in parents:
        if step not in node:
            if value is None:
                return
            node[step] = {}
        node = node[step]
    if value is None:
        node.pop(last, None)
    else:
        node[last] = deepcopy(value)
