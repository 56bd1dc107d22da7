"""Read facts about fields from the Go source of hashicorp/google; see extract_provider_schema.py.

The source is gofmt-ed, so indentation tells structure: a field stands as ``"name": {`` and ends with ``},``
at the same depth. No Go is compiled or run.
"""

import functools
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

FIELD = re.compile(r'^\t+"(\w+)": \{$')
PROPERTY = re.compile(r"^\t+(\w+):\s*(.*)$")
RAW_STRING = re.compile(r"`[^`]*`")
SCHEMA_MAP = "map[string]*schema.Schema{"
TABLE = re.compile(r"^(\t\tSchema:\s+|\treturn |var \w+ = )" + re.escape(SCHEMA_MAP) + "$")
EMPTY_OR_DEFAULT = r'tpgresource\.EmptyOrDefaultStringSuppress\("(\w+)"\)'
FLAGS = {"ForceNew": "force_new", "Computed": "computed", "Sensitive": "sensitive"}
STRING_LISTS = {
    "ConflictsWith": "conflicts_with",
    "ExactlyOneOf": "exactly_one_of",
    "AtLeastOneOf": "at_least_one_of",
    "RequiredWith": "required_with",
}


def depth(line: str) -> int:
    """Leading tabs of a line; blank lines count as infinitely deep, for they close nothing."""
    return len(line) - len(line.lstrip("\t")) if line.strip() else 10_000


@functools.cache
def go_lines(file: Path) -> list[str]:
    """A Go file's lines, without paragraphs in raw strings: they start at column 0 and hide the structure."""
    text = file.read_text(encoding="utf-8")
    return RAW_STRING.sub(lambda raw: '""' if "\n" in raw[0] else raw[0], text).splitlines()


def literal(text: str) -> Any:  # noqa: ANN401 - any JSON value
    """A Go literal as JSON value, or None where it is an expression."""
    try:
        return json.loads(text.rstrip(","))
    except ValueError:
        return None


def strings(text: str) -> list[str]:
    """All Go string literals in a text."""
    return [json.loads(match) for match in re.findall(r'"(?:[^"\\]|\\.)*"', text)]


class ProviderSource:
    """A checkout of hashicorp/terraform-provider-google."""

    def __init__(self, checkout: Path) -> None:
        self._services = checkout / "google" / "services"
        self._constructors = dict(self._registered())

    def resource_facts(self, type_name: str) -> dict[str, Any]:
        """Facts by field name; a nested resource's facts stand under ``fields``.

        IAM resources are assembled at run time from shared parts and have no table of their own: for them
        the result is empty, and the stand-in states their (uniform) behaviour itself.
        """
        if type_name not in self._constructors:
            return {}
        package, function = self._constructors[type_name]
        return self._function_fields(package, function)

    def _registered(self) -> Iterator[tuple[str, tuple[Path, str]]]:
        registration = re.compile(
            r'Name:\s+"(google_\w+)",\n\s+ProductName:.*\n\s+Type:\s+registry.SchemaTypeResource,\n'
            r"\s+Schema:\s+(\w+)\(\)"
        )
        for file in sorted(self._services.glob("*/*.go")):
            for name, function in registration.findall(file.read_text(encoding="utf-8")):
                yield name, (file.parent, function)

    def _function_fields(self, package: Path, function: str) -> dict[str, Any]:
        """Fields of the first schema table in a function, or of one that a variable of that name holds."""
        heads = (f"func {function}(", f"var {function} = {SCHEMA_MAP}")
        for file in sorted(package.glob("*.go")):
            lines = go_lines(file)
            for start, line in enumerate(lines):
                if not line.startswith(heads):
                    continue
                for index in range(start, len(lines)):
                    if lines[index] == "}":
                        break
                    if TABLE.match(lines[index]):
                        return self._fields(lines, index, package)
                    shared = re.match(r"^\t+Schema:\s+(\w+)(\(\))?,$", lines[index])
                    if shared:
                        return self._function_fields(package, shared[1])
        return {}

    def _fields(self, lines: Sequence[str], start: int, package: Path) -> dict[str, Any]:
        """Parse the table that opens at ``lines[start]``."""
        level, found, index = depth(lines[start]), {}, start + 1
        while index < len(lines) and depth(lines[index]) > level:
            match = FIELD.match(lines[index])
            if match and depth(lines[index]) == level + 1:
                end = next(n for n in range(index + 1, len(lines)) if depth(lines[n]) <= level + 1)
                facts = self._field(lines[index + 1 : end], level + 2, package)
                if facts:
                    found[match[1]] = facts
                index = end
            index += 1
        return found

    def _field(self, body: Sequence[str], level: int, package: Path) -> dict[str, Any]:
        facts: dict[str, Any] = {}
        starts = [n for n, line in enumerate(body) if depth(line) == level and PROPERTY.match(line)]
        for position, start in enumerate(starts):
            end = starts[position + 1] if position + 1 < len(starts) else len(body)
            match = PROPERTY.match(body[start])
            assert match  # noqa: S101 - by construction of starts
            key, text = match[1], "\n".join([match[2], *body[start + 1 : end]])
            if key in FLAGS and "true" in text:
                facts[FLAGS[key]] = True
            elif key == "Default" and literal(text) is not None:
                facts["default"] = literal(text)
            elif key in STRING_LISTS:
                facts[STRING_LISTS[key]] = strings(text)
            elif key == "DiffSuppressFunc" and (default := re.match(EMPTY_OR_DEFAULT, text)):
                facts["suppress"] = f"EmptyOrDefaultStringSuppress:{default[1]}"
            elif key in {"DiffSuppressFunc", "StateFunc"} and re.match(r"[\w.]+,?$", text):
                facts["suppress" if key[0] == "D" else "normalize"] = text.rstrip(",").rsplit(".", 1)[-1]
            elif key in {"ValidateFunc", "ValidateDiagFunc"}:
                facts |= self._constraint(text)
            elif key in {"MinItems", "MaxItems"} and literal(text) is not None:
                facts["min_items" if key[1] == "i" else "max_items"] = literal(text)
            elif key == "Elem":
                facts |= self._element(body, start, end, package)
        return facts

    def _element(self, body: Sequence[str], start: int, end: int, package: Path) -> dict[str, Any]:
        called = re.search(r"Elem:\s+(\w+)\(\),$", body[start])
        if called:
            return {"fields": self._function_fields(package, called[1])}
        for index in range(start, end):
            if body[index].endswith(SCHEMA_MAP):
                return {"fields": self._fields(body, index, package)}
        text = "\n".join(body[start:end])
        inner = re.search(r"ValidateFunc:\s+(.*)", text)
        constraint = self._constraint(inner[1]) if inner else {}
        suppress = re.search(r"DiffSuppressFunc:\s+([\w.]+),", text)
        return {f"element_{key}": value for key, value in constraint.items()} | (
            {"suppress": suppress[1].rsplit(".", 1)[-1]} if suppress else {}
        )

    @staticmethod
    def _constraint(text: str) -> dict[str, Any]:
        if re.match(r"(verify\.ValidateEnum|validation\.StringInSlice)\(\[\]string\{", text):
            ignore_case = text.rstrip(",").endswith(", true)")
            return {
                "enum_ignore_case" if ignore_case else "enum": [value for value in strings(text) if value]
            }
        pattern = re.match(r"verify\.ValidateRegexp\(`([^`]*)`\)", text)
        if pattern:
            return {"pattern": pattern[1]}
        between = re.match(r"validation\.(?:IntBetween|FloatBetween)\(([-\d.]+), ([-\d.]+)\)", text)
        if between:
            return {"between": [literal(between[1]), literal(between[2])]}
        lengths = re.match(r"verify\.ValidateRFC1035Name\((\d+), (\d+)\)", text)
        if lengths:
            return {"check": "ValidateRFC1035Name", "length": [int(lengths[1]), int(lengths[2])]}
        named = re.match(r"(?:verify\.OrEmpty\()?(?:verify\.|validation\.)?(\w+)\)?,?$", text)
        return {"check": named[1]} if named else {}
