"""Requests held to the discovery document: query parameters and bodies.

The words are those of Google's API front end where they are known (``Invalid JSON payload received. Unknown
name "x" at 'instance.gce_setup': Cannot find field.``). As there, ``null`` means unset, snake_case names are
taken for their camelCase ones, 64-bit integers travel as strings, and output-only fields are dropped;
`Cleaner.ignored` tells which.
"""

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from notebook_provisioner.sandbox.server.errors import bad_request, invalid
from notebook_provisioner.sandbox.server.store import Document, Json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from notebook_provisioner.sandbox.server.discovery import Api, Method, Schema

EnumNumbers = dict[str, dict[int, str]]
"""Numbers of enum values by ``Schema.field``, where they differ from the value's place in the document."""

_OUTPUT_ONLY = re.compile(
    r"^\s*(?:(?:Optional|Required)\.\s*)?(?:\[Output Only\]|\[Output-only\]|Output only\.)", re.IGNORECASE
)
_INTEGER = re.compile(r"^-?\d+$")
_INTEGERS = ("int64", "uint64", "int32", "uint32")


def _integer(value: Json) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        return int(value) if _INTEGER.match(value) else None
    return int(value) if isinstance(value, int | float) and int(value) == value else None


def _long(value: Json) -> str | None:
    number = _integer(value)
    return None if number is None else str(number)


# What a JSON value of a discovery type or format becomes; None where it is none of that type.
_SCALARS: "dict[str, Callable[[Json], Json]]" = {
    "string": lambda value: value if isinstance(value, str) else None,
    "boolean": lambda value: value if isinstance(value, bool) else None,
    "integer": _integer,
    "int32": _integer,
    "uint32": _integer,
    "int64": _long,
    "uint64": _long,
    "number": lambda value: value if isinstance(value, int | float) and not isinstance(value, bool) else None,
}


def _proto_type(schema: "Schema") -> str:
    names = {"boolean": "BOOL", "integer": "INT32", "number": "DOUBLE"}
    layout = schema.get("format", "")
    return layout.upper() if layout in _INTEGERS else names.get(str(schema.get("type")), "STRING")


def is_output_only(schema: "Schema") -> bool:
    """Whether the document calls a field output-only; an identifier is not (clients route by it)."""
    description = schema.get("description", "")
    if "Identifier." in description[:60]:
        return False
    return bool(schema.get("readOnly")) or bool(_OUTPUT_ONLY.match(description))


def snake_case(name: str) -> str:
    """``gceSetup`` as the proto writes it: ``gce_setup``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def camel_case(name: str) -> str:
    """``gce_setup`` as JSON writes it: ``gceSetup``."""
    head, *rest = name.split("_")
    return head + "".join(part[:1].upper() + part[1:] for part in rest)


@dataclass
class Cleaner:
    """Validates and normalises one body; collects all that is wrong with it.

    Attributes:
        api: The API whose schemas apply.
        numbers: Enum numbers of this API that do not follow from the document.
        undocumented: Fields (``Schema.field``) that Google takes although no document has them; dropped.
        keep_output_only: Keep output-only fields: for documents that the API itself wrote.
        keep_nulls: Keep ``null``, which removes a field in the merge patches of the legacy APIs.
        ignored: Output-only fields that were dropped, by proto path.
        violations: Pairs of proto path and Google's sentence.
    """

    api: "Api"
    numbers: "Mapping[str, dict[int, str]]" = field(default_factory=dict)
    undocumented: "frozenset[str]" = frozenset()
    keep_output_only: bool = False
    keep_nulls: bool = False
    ignored: list[str] = field(default_factory=list)
    violations: list[tuple[str, str]] = field(default_factory=list)

    def clean(self, schema: str, value: Json) -> Document:
        """Return *value* as the message *schema*.

        Raises:
            ApiError: 400 with every violation.
        """
        root = "" if schema.endswith("Request") else snake_case(schema)
        cleaned = self._message(schema, value, root)
        if self.violations:
            raise bad_request(self.violations)
        return cleaned

    def _fail(self, path: str, text: str) -> None:
        self.violations.append((path, text))

    def _message(self, name: str, value: Json, path: str) -> Document:
        schema = self.api.schemas[name]
        if not isinstance(value, dict):
            self._fail(path, f"Invalid value at '{path}' (type.googleapis.com/{name}), {_shown(value)}")
            return {}
        return self._fields(schema, value, path, name)

    def _fields(self, schema: "Schema", value: Document, path: str, owner: str) -> Document:
        properties: dict[str, Schema] = schema.get("properties", {})
        rest: Schema | None = schema.get("additionalProperties")
        cleaned: Document = {}
        for key, item in value.items():
            name = key if key in properties else camel_case(key) if camel_case(key) in properties else key
            child = f"{path}.{snake_case(name)}" if path else snake_case(name)
            if name in properties:
                if item is None and not self.keep_nulls:
                    continue
                if is_output_only(properties[name]) and not self.keep_output_only:
                    self.ignored.append(child)
                    continue
                cleaned[name] = self._value(properties[name], item, child, f"{owner}.{name}")
            elif rest is not None:
                cleaned[key] = self._value(rest, item, f"{path}[{key}]", f"{owner}.{key}")
            elif f"{owner}.{key}" not in self.undocumented and not key.startswith("@"):
                place = f" at '{path}'" if path else ""
                self._fail(
                    path, f'Invalid JSON payload received. Unknown name "{key}"{place}: Cannot find field.'
                )
        return cleaned

    def _value(self, schema: "Schema", value: Json, path: str, owner: str) -> Json:
        if value is None and self.keep_nulls:
            return None
        if "$ref" in schema:
            return self._message(schema["$ref"], value, path)
        kind = schema.get("type")
        reader = {"array": self._list, "object": self._map}.get(str(kind)) or (
            self._enum if "enum" in schema else None
        )
        if reader is not None:
            return reader(schema, value, path, owner)
        wanted = schema.get("format") if schema.get("format") in _INTEGERS else kind
        accepts = _SCALARS.get(str(wanted))
        if accepts is None:  # "any", and what no document of the sandbox's uses
            return value
        accepted = accepts(value)
        if accepted is None:
            self._fail(path, f"Invalid value at '{path}' (TYPE_{_proto_type(schema)}), {_shown(value)}")
        return accepted

    def _list(self, schema: "Schema", value: Json, path: str, owner: str) -> Json:
        if not isinstance(value, list):
            name = path.rpartition(".")[2]
            text = f'Unknown name "{name}": Proto field is repeating, cannot start list.'
            self._fail(path, f"Invalid JSON payload received. {text}")
            return []
        items = enumerate(value)
        return [self._value(schema["items"], item, f"{path}[{index}]", owner) for index, item in items]

    def _map(self, schema: "Schema", value: Json, path: str, owner: str) -> Json:
        if not isinstance(value, dict):
            self._fail(path, f"Invalid value at '{path}' (Map), {_shown(value)}")
            return {}
        return (
            self._fields(schema, value, path, owner)
            if "properties" in schema or _typed_map(schema)
            else value
        )

    def _enum(self, schema: "Schema", value: Json, path: str, owner: str) -> Json:
        if isinstance(value, int) and not isinstance(value, bool):
            by_number = self.numbers.get(owner) or dict(enumerate(schema["enum"]))
            if value in by_number:
                return by_number[value]
        elif value in schema["enum"]:
            return value
        self._fail(path, f"Invalid value at '{path}' (type.googleapis.com/{owner}), {_shown(value)}")
        return None


def clean_query(api: "Api", method: "Method", pairs: list[tuple[str, str]]) -> Document:
    """Query parameters as the method declares them, converted; repeated ones as lists.

    Raises:
        ApiError: 400 for an unknown, a missing or an ill-typed parameter.
    """
    cleaned: Document = {}
    violations: list[tuple[str, str]] = []
    for key, text in pairs:
        if (
            key.removeprefix("$") in api.standard_parameters
            or key in api.standard_parameters
            or key == "$alt"
        ):
            continue
        name = key if key in method.parameters else camel_case(key)
        schema = method.parameters.get(name) or _request_field(api, method, name)
        if schema is None or schema.get("location", "query") != "query":
            violations.append(
                (
                    "",
                    (
                        f'Invalid JSON payload received. Unknown name "{key}": Cannot bind query parameter. '
                        f"Field '{key}' could not be found in request message."
                    ),
                )
            )
            continue
        value = _query_value(schema, text, name, violations)
        if schema.get("repeated"):
            cleaned.setdefault(name, []).append(value)
        else:
            cleaned[name] = value
    if violations:
        raise bad_request(violations)
    for name, schema in method.parameters.items():
        if schema.get("required") and schema.get("location") == "query" and name not in cleaned:
            raise invalid(f"Required parameter: {name}", reason="required")
    return cleaned


def _request_field(api: "Api", method: "Method", name: str) -> "Schema | None":
    """A plain field of a ``…Request`` message: it may come as a query parameter, too (Pub/Sub)."""
    field = api.properties(method.request).get(name, {}) if (method.request or "").endswith("Request") else {}
    return field if field.get("type") in {"string", "boolean", "integer", "number"} else None


def _query_value(schema: "Schema", text: str, name: str, violations: list[tuple[str, str]]) -> Json:
    kind, path = schema.get("type"), snake_case(name)
    if kind == "boolean" and text.lower() in {"true", "false"}:
        return text.lower() == "true"
    if kind == "integer" and _INTEGER.match(text):
        return int(text)
    if kind == "string" and "enum" in schema:
        if text in schema["enum"]:
            return text
        if text.isdecimal() and int(text) < len(schema["enum"]):
            return schema["enum"][int(text)]
    elif kind in {"string", "number"}:
        return text
    expected = schema.get("format") or ("enum" if "enum" in schema else str(kind))
    violations.append((path, f"Invalid value at '{path}' (TYPE_{expected.upper()}), \"{text}\""))
    return None


def _typed_map(schema: "Schema") -> bool:
    return schema.get("additionalProperties", {}).get("type", "any") != "any" or "$ref" in schema.get(
        "additionalProperties", {}
    )


def _shown(value: Json) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)
