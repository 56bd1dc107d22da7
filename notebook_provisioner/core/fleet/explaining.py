"""Pydantic's errors in the words of someone who writes fleet files."""

import difflib
import json
from collections.abc import Mapping
from typing import Final, NamedTuple

from pydantic_core import ErrorDetails

from notebook_provisioner.core.findings import Finding, Severity
from notebook_provisioner.core.fleet.shape import schema_at
from notebook_provisioner.core.fleet.source import Path, Source, spelled
from notebook_provisioner.core.fleet.text import shown

Error = ErrorDetails

# pydantic's kind of error → our code, what is wrong, what would be right; filled in from the error's context.
_PLAIN: Final = {
    "string_type": ("wrong-type", "{given} is no text", "write text"),
    "int_type": ("wrong-type", "{given} is no whole number", "write digits without quotes"),
    "int_from_float": ("wrong-type", "{given} is no whole number", "write a whole number"),
    "bool_type": ("wrong-type", "{given} is neither true nor false", "write true or false without quotes"),
    "tuple_type": ("wrong-type", "{given} is no list", "write a list: [a, b], or one `- item` a line"),
    "dict_type": ("wrong-type", "{given} is no mapping", "write `key: value` lines"),
    "model_type": ("wrong-type", "{given} is no mapping", "write `key: value` lines"),
    "model_attributes_type": ("wrong-type", "{given} is no mapping", "write `key: value` lines"),
    "date_type": ("wrong-type", "{given} is no date", "write year-month-day, as in 2027-06-30"),
    "literal_error": ("unknown-value", "{given} is not known here", "write {expected}"),
    "greater_than_equal": ("out-of-range", "{given} is too small", "write {ge} or more"),
    "less_than_equal": ("out-of-range", "{given} is too large", "write {le} or less"),
    "too_short": ("too-few", "{given} is empty", "name at least {min_length}"),
    "string_too_long": ("too-long", "{length} characters are too many", "write {max_length} or fewer"),
}

# Where somebody may look for a key that stands elsewhere, for a reason.
_ELSEWHERE: Final[Mapping[Path, str]] = {
    ("defaults", "exemptions"): "an exemption is for one notebook at a time: write it at each that needs it",
}


class _Words(NamedTuple):
    code: str
    message: str
    remedy: str | None


def finding(error: Error, path: Path, origin: Source) -> Finding:
    """One validation error at *path*, as a finding."""
    if error["type"] == "union_tag_invalid":
        path = (*path, "mode")
    about_key = error["type"] == "extra_forbidden" or error["loc"][-1] == "[key]"
    words = _words(error, path, origin)
    place = origin.location(path, key=about_key)
    return Finding(words.code, Severity.ERROR, spelled(path), words.message, words.remedy, place)


def empty_value(path: Path, origin: Source) -> Finding:
    """A key or list item with nothing behind it."""
    remedy = "write a value, or take the line out"
    place = origin.location(path, key=True)
    return Finding("empty-value", Severity.ERROR, spelled(path), "nothing is written here", remedy, place)


def timestamp(path: Path, origin: Source) -> Finding:
    """An unquoted date or time where text is wanted."""
    given, place = shown(origin.timestamps[path]), origin.location(path)
    message = f"YAML readers disagree about {given}"
    return Finding("ambiguous-value", Severity.ERROR, spelled(path), message, f'write "{given}"', place)


def _words(error: Error, path: Path, origin: Source) -> _Words:
    kind, given = error["type"], error["input"]
    context = error.get("ctx", {})
    code, message, remedy = kind, str(context.get("said", error["msg"])), context.get("remedy")
    if kind == "string_type" and isinstance(given, (bool, int, float)):
        code, message = "wrong-type", f"{_shown(given)} is no text"
        remedy = f'write it in quotes: "{json.dumps(given)}"'
    elif kind in _PLAIN:
        code, message, remedy = _PLAIN[kind]
        facts = {"given": _shown(given), "length": len(given) if isinstance(given, str) else 0, **context}
        message, remedy = message.format(**facts), remedy.format(**facts)
    elif kind == "extra_forbidden":
        code, message, remedy = (
            "unknown-key",
            f"there is no key {shown(str(path[-1]))!r} here",
            _ELSEWHERE.get(path) or _near_key(path, origin),
        )
    elif kind == "missing":
        code, message, remedy = "missing-key", f"{path[-1]} is missing", _wanted(path, origin)
    elif kind == "union_tag_not_found":
        code, message, remedy = "missing-key", "mode is missing", _modes(path, origin)
    elif kind == "union_tag_invalid":
        code, message = "unknown-value", f"there is no mode {context['tag']!r}"
        remedy = _modes(path[:-1], origin)
    return _Words(code, message, remedy)


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}…"  # noqa: PLR2004  # fits a line of a terminal


def _near_key(path: Path, origin: Source) -> str:
    known = list(schema_at(path[:-1], origin.value).get("properties", ()))
    near = difflib.get_close_matches(str(path[-1]), known, n=1)
    return f"did you mean {near[0]}?" if near else f"known here: {', '.join(known)}"


def _wanted(path: Path, origin: Source) -> str:
    schema = schema_at(path, origin.value)
    what = " ".join(schema.get("description", "").split())
    if "modes" in schema:
        return f"add {path[-1]}: with mode: {' | '.join(schema['modes'])}"
    if "enum" in schema:
        return f"write {path[-1]}: {' | '.join(schema['enum'])}"
    example = schema["examples"][0] if "examples" in schema else schema.get("const")
    return f"write {path[-1]}: {example}" if example is not None else f"add {path[-1]}: {what}"


def _modes(path: Path, origin: Source) -> str:
    return f"write mode: {' | '.join(schema_at(path, origin.value)['modes'])}"
