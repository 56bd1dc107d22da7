"""Between Terraform's state of a resource and the API's JSON of it."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from notebook_provisioner.sandbox.provider.rest import Json
from notebook_provisioner.sandbox.provider.schema import Attribute, Block, NestedBlock
from notebook_provisioner.sandbox.provider.values import (
    Object,
    Value,
    dig,
    is_empty,
    is_unknown,
    is_void,
    same_members,
)

LOCAL: Final = frozenset(
    {"id", "project", "deletion_policy", "timeouts", "labels", "terraform_labels", "annotations"}
)
_PLACES: Final = frozenset({"region", "zone"})
"""Told by the path, and output-only in the body."""
"""Top-level arguments that no request body has: Terraform's own, or parts of the path."""

_RENAMED: Final = {"effective_labels": "labels", "effective_annotations": "annotations"}


def camel(name: str) -> str:
    """``private_ip_google_access`` as ``privateIpGoogleAccess``."""
    return re.sub(r"_([a-z0-9])", lambda match: match[1].upper(), name)


class Converter:
    """Converts one resource type.

    Args:
        block: Its schema.
        fields: Terraform path to API path, as in ``mapping.Row``.
    """

    def __init__(self, block: Block, fields: Mapping[str, str | None]) -> None:
        self._block = block
        self._fields = fields

    def body(self, state: Object) -> dict[str, Any]:
        """The request body for a state; unset and unknown values are left out."""
        return self._to_api(self._block, state, "")

    def state(self, api: Mapping[str, Any], known: Object) -> Object:
        """The state that an API object means.

        Args:
            api: What the API answered.
            known: The state so far (on read), or the planned one (after apply): it has what the API does not,
                and the order of sets.
        """
        state = self._from_api(self._block, api, known, "")
        present: Mapping[str, Value] = state.get("effective_labels") or {}
        for lineage in ("labels", "terraform_labels"):
            if "effective_labels" in state and lineage in state:
                state[lineage] = _tracked(known.get(lineage), present)
        if "effective_annotations" in state:
            state["annotations"] = _tracked(known.get("annotations"), state["effective_annotations"] or {})
        return state

    def _target(self, path: str, name: str) -> tuple[str, ...] | None:
        """Where the API has a field, within the enclosing object; None for nowhere."""
        if path in self._fields:
            renamed = self._fields[path]
            return None if renamed is None else tuple(renamed.split("."))
        return (_RENAMED.get(path) or camel(name),)

    def _members(self, block: Block, prefix: str) -> Iterator[tuple[str, str, Attribute | NestedBlock]]:
        for name, member in block.members():
            yield name, prefix + name, member

    def _to_api(self, block: Block, value: Object, prefix: str) -> dict[str, Any]:
        body: dict[str, Any] = {}
        for name, path, member in self._members(block, prefix):
            given = value.get(name)
            target = self._target(path, name)
            local = not prefix and name in LOCAL | _PLACES and path not in self._fields
            if given is None or is_unknown(given) or target is None or local:
                continue
            if isinstance(member, Attribute):
                if member.output_only and path not in _RENAMED:
                    continue
                if is_empty(given) and isinstance(given, str | list | dict):
                    continue
            else:
                if not given:
                    continue
                elements = [self._to_api(member.block, element or {}, path + ".") for element in given]
                given = elements[0] if self._is_object(member, path) else elements
            _put(body, target, given)
        return body

    def _is_object(self, nested: NestedBlock, path: str) -> bool:
        """A block that stands at most once is an object in the API, unless its row says that it is a list."""
        return nested.max_items == 1 and path + "[]" not in self._fields

    def _from_api(self, block: Block, api: Mapping[str, Any], known: Object, prefix: str) -> Object:
        state: Object = {}
        for name, path, member in self._members(block, prefix):
            before = known.get(name)
            before = None if is_unknown(before) else before
            target = self._target(path, name)
            if target is None or (not prefix and name in LOCAL and path not in self._fields):
                state[name] = (
                    before if before is not None or isinstance(member, Attribute) else _absent(member)
                )
                continue
            found = dig(api, target)
            if isinstance(member, Attribute):
                state[name] = _attribute(member, found, before)
            else:
                state[name] = self._nested(member, found, before, path)
        return state

    def _nested(self, nested: NestedBlock, found: Json, before: Value, path: str) -> Value:
        if nested.nesting == "single":
            return before
        prior: list[Object] = before if isinstance(before, list) else []
        if found is None or found in ({}, []):
            return prior if is_void(prior) else []
        objects = found if isinstance(found, list) else [found]
        elements = [
            self._from_api(
                nested.block,
                element if isinstance(element, Mapping) else {},
                prior[index] if nested.nesting == "list" and index < len(prior) else {},
                path + ".",
            )
            for index, element in enumerate(objects)
        ]
        return _in_order(elements, prior) if nested.nesting == "set" else elements


def coerce(constraint: Value, value: Json) -> Value:
    """An API value in Terraform's type: int64 comes as text, enumerations may be missing."""
    if value is None:
        return None
    if isinstance(constraint, list):
        return _coerce_collection(constraint[0], constraint[1], value)
    if constraint == "string" and not isinstance(value, str):
        return json.dumps(value)
    if constraint == "number" and isinstance(value, str):
        return float(value) if "." in value else int(value)
    if constraint == "bool" and isinstance(value, str):
        return value.lower() == "true"
    return value


def _coerce_collection(kind: str, inner: Value, value: Json) -> Value:
    if kind == "map":
        return {key: coerce(inner, member) for key, member in value.items()}
    if kind == "object":
        members = value if isinstance(value, Mapping) else {}
        return {name: coerce(inner[name], members.get(camel(name), members.get(name))) for name in inner}
    return [coerce(inner, item) for item in (value if isinstance(value, list) else [value])]


def _absent(nested: NestedBlock) -> Value:
    return None if nested.nesting == "single" else []


def _attribute(attribute: Attribute, found: Json, before: Value) -> Value:
    value = coerce(attribute.type, found)
    if is_empty(value) and is_empty(before):
        return value if before is None else before
    if attribute.is_set and same_members(value, before):
        return before
    return value


def _tracked(known: Value, present: Mapping[str, Value]) -> Value:
    """Of the keys that Terraform manages, those that are there."""
    if known is None or is_unknown(known):
        return known if known is None else None
    return {key: present[key] for key in known if key in present}


def _in_order(elements: list[Object], prior: list[Object]) -> list[Object]:
    """Elements of a set, in the order that they had."""
    rest = list(elements)
    ordered: list[Object] = []
    for old in prior:
        match = next((new for new in rest if _alike(old, new)), None)
        if match is not None:
            rest.remove(match)
            ordered.append(match)
    return ordered + rest


def _alike(old: Value, new: Value) -> bool:
    """Equal, where unset and unknown equal anything."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        return all(_alike(value, new.get(key)) for key, value in old.items())
    if isinstance(old, list) and isinstance(new, list):
        return len(old) == len(new) and all(map(_alike, old, new))
    return is_void(old) or is_unknown(old) or bool(old == new)


def _put(body: dict[str, Any], target: tuple[str, ...], value: Json) -> None:
    """Set a nested member, keeping what its siblings have set."""
    *parents, leaf = target
    for parent in parents:
        body = body.setdefault(parent, {})
    if isinstance(value, dict) and isinstance(body.get(leaf), dict):
        body[leaf].update(value)
    else:
        body[leaf] = value
