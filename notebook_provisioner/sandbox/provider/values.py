"""Terraform values on the wire, and how to walk them.

Terraform sends configuration and state as MessagePack. A decoded value is None, a bool, a number, a string, a
list (also for sets) or a dict (maps, objects and blocks); a value that is not known yet is ``UNKNOWN``.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeAlias

import msgpack

Value: TypeAlias = Any
"""A decoded Terraform value; its shape is told by a schema, at run time."""

Object: TypeAlias = dict[str, Value]
"""The decoded value of a block."""

Path: TypeAlias = tuple[str | int, ...]
"""Where a value stands: attribute names, and indexes of list elements."""

UNKNOWN: Final = msgpack.ExtType(0, b"\x00")
"""A value that is known only after apply. MessagePack extension 0 is cty's encoding of it."""


def decode(packed: bytes, text: bytes = b"") -> Value:
    """Decode a DynamicValue: MessagePack, or JSON where Terraform chose that; None when both are empty."""
    if packed:
        # cty also knows unknown values with refinements (extension 12); they are as unknown as the others.
        return msgpack.unpackb(packed, strict_map_key=False, ext_hook=lambda _code, _data: UNKNOWN)
    return json.loads(text) if text else None


def encode(value: Value) -> bytes:
    """Encode a value as MessagePack; numbers that are no exact binary fraction go as text, as Terraform's."""
    packed: bytes = msgpack.packb(_portable(value))
    return packed


def _portable(value: Value) -> Value:
    if isinstance(value, float):
        return int(value) if value.is_integer() else repr(value)
    if isinstance(value, Mapping):
        return {name: _portable(member) for name, member in value.items()}
    return [_portable(member) for member in value] if isinstance(value, list) else value


def is_unknown(value: Value) -> bool:
    """Whether the value itself is unknown."""
    return isinstance(value, msgpack.ExtType)


def has_unknown(value: Value) -> bool:
    """Whether the value, or anything inside it, is unknown."""
    if isinstance(value, Mapping):
        return any(has_unknown(member) for member in value.values())
    if isinstance(value, list):
        return any(has_unknown(member) for member in value)
    return is_unknown(value)


def is_empty(value: Value) -> bool:
    """Whether a value is what the provider's framework takes for "not set": null or the type's zero value."""
    return value is None or (not is_unknown(value) and value in ("", 0, False, [], {}))


def is_void(value: Value) -> bool:
    """Whether a value carries nothing: empty, or a container of empty values only."""
    if isinstance(value, Mapping):
        return all(is_void(member) for member in value.values())
    if isinstance(value, list):
        return all(is_void(member) for member in value)
    return is_empty(value)


def dig(value: Value, path: Iterable[str | int]) -> Value:
    """The member at a path; None where something on the way is absent, UNKNOWN where it is unknown."""
    for step in path:
        if is_unknown(value):
            return UNKNOWN
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and step < len(value) else None
        else:
            value = value.get(step) if isinstance(value, Mapping) else None
    return value


def dotted(path: str) -> Path:
    """``gce_setup.0.metadata`` as a path."""
    return tuple(int(step) if step.isdigit() else step for step in path.split("."))


def same_members(left: Value, right: Value) -> bool:
    """Whether two sets hold the same elements, in any order."""
    if not isinstance(left, list) or not isinstance(right, list) or len(left) != len(right):
        return False
    return sorted(map(repr, left)) == sorted(map(repr, right))
