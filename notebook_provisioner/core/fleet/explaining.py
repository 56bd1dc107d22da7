"""Pydantic's errors in the words of someone who writes fleet files."""

import difflib
import json
from typing import Final, NamedTuple

from pydantic_core import ErrorDetails

from notebook_provisioner.core.findings import Finding, Severity
from notebook_provisioner.core.fleet.shape import schema_at
from notebook_provisioner.core.fleet.source import Path, Source, spelled

Error = ErrorDetails

_TYPES: Final = {
    "string_type": ("is no text", "write text"),
    "int_type": ("is no whole number", "write digits without quotes"),
    "int_from_float": ("is no whole number", "write a whole number"),
    "bool_type": ("is neither true nor false", "write true or false without quotes"),
    "tuple_type": ("is no list", "write a list: [a, b], or one `- item` a line"),
    "dict_type": ("is no mapping", "write `key: value` lines"),
    "model_type": ("is no mapping", "write `key: value` lines"),
    "model_attributes_type": ("is no mapping", "write `key: value` lines"),
    "date_type": ("is no date", "write year-month-day, as in 2027-06-30"),
}


class _Words(NamedTuple):
    code: str
    message: str
    remedy: str | None


def finding(error: Error, path: Path, origin: Source) -> Finding:
    """One validation error at *path*, as a finding."""
    about_key = error["type"] == "extra_forbidden" or error["loc"][-1] == "[key]"
    words = _words(error, path, origin)
    place = origin.location(path, key=about_key)
    return Finding(words.code, Severity.ERROR, spelled(path), words.message, words.remedy, place)


def empty_value(path: Path, origin: Source) -> Finding:
    """A key or list item with nothing behind it."""
    remedy = "write a value, or take the line out"
    place = origin.location(path, key=True)
    return Finding("empty-value", Severity.ERROR, spelled(path), "nothing is written here", remedy, place)


def _words(error: Error, path: Path, origin: Source) -> _Words:
    kind = error["type"]
    context = error.get("ctx", {})
    given = error["input"]
    if kind in _TYPES:
        said, remedy = _TYPES[kind]
        if kind == "string_type" and isinstance(given, (bool, int, float)):
            remedy = f'write it in quotes: "{json.dumps(given)}"'
        return _Words("wrong-type", f"{_shown(given)} {said}", remedy)
    match kind:
        case "extra_forbidden":
            return _Words("unknown-key", f"there is no key {path[-1]!r} here", _near_key(path, origin))
        case "missing":
            return _Words("missing-key", f"{path[-1]} is missing", _wanted(path, origin))
        case "union_tag_not_found":
            return _Words("missing-key", "mode is missing", _modes(path, origin))
        case "union_tag_invalid":
            return _Words("unknown-value", f"there is no mode {context['tag']!r}", _modes(path, origin))
        case "literal_error":
            return _Words(
                "unknown-value", f"{_shown(given)} is not known here", f"write {context['expected']}"
            )
        case "greater_than_equal":
            return _Words("out-of-range", f"{given} is too small", f"write {context['ge']} or more")
        case "less_than_equal":
            return _Words("out-of-range", f"{given} is too large", f"write {context['le']} or less")
        case "too_short":
            return _Words("too-few", "the list is empty", f"name at least {context['min_length']}")
        case "string_too_long":
            limit = context["max_length"]
            return _Words("too-long", f"{len(given)} characters are too many", f"write {limit} or fewer")
        case _:
            return _Words(kind, str(context.get("said", error["msg"])), context.get("remedy"))


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
    examples = schema.get("examples") or schema.get("enum") or [schema["const"]] if "const" in schema else []
    shown = " or ".join(str(example) for example in examples[:1])
    what = schema.get("description", "").partition("\n")[0]
    return f"write {path[-1]}: {shown}" if shown else f"add {path[-1]}: {what}"


def _modes(path: Path, origin: Source) -> str:
    return f"write mode: {' | '.join(schema_at(path, origin.value)['enum'])}"
