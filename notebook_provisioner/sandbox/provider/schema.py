"""The provider's schemas: what each resource and data source looks like, and how each field behaves.

Read from the JSON files under ``schema/``, which ``scripts/extract_provider_schema.py`` derives.
"""

import functools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from notebook_provisioner.sandbox.provider.protocol import AnyMessage, message
from notebook_provisioner.sandbox.provider.values import Object, Value, is_unknown

DIRECTORY: Final = Path(__file__).parent / "schema"

_NESTING: Final = {"single": 1, "list": 2, "set": 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """One attribute.

    Attributes:
        type: Terraform's JSON type constraint, such as ``"string"`` or ``["map", "string"]``.
        normalize: Name of the function that turns a configured value into its stored form.
        suppress: Name of the rule (see suppression.py) under which a difference is none.
        check: Name of the check (see checks.py) that a value must pass.
        default: What an unset attribute is planned as; None means no default.
    """

    type: Value
    required: bool = False
    optional: bool = False
    computed: bool = False
    sensitive: bool = False
    force_new: bool = False
    default: Value = None
    normalize: str | None = None
    suppress: str | None = None
    enum: tuple[str, ...] = ()
    enum_ignore_case: tuple[str, ...] = ()
    element_enum: tuple[str, ...] = ()
    element_pattern: str | None = None
    element_check: str | None = None
    check: str | None = None
    length: tuple[int, int] | None = None
    min_items: int = 0
    max_items: int = 0
    pattern: str | None = None
    between: tuple[float, float] | None = None
    conflicts_with: tuple[str, ...] = ()
    exactly_one_of: tuple[str, ...] = ()
    at_least_one_of: tuple[str, ...] = ()
    required_with: tuple[str, ...] = ()

    @property
    def output_only(self) -> bool:
        """Whether only the provider fills it."""
        return self.computed and not self.optional

    @property
    def is_set(self) -> bool:
        """Whether its elements have no order."""
        return isinstance(self.type, list) and self.type[0] == "set"

    @property
    def is_map(self) -> bool:
        """Whether it maps strings to values."""
        return isinstance(self.type, list) and self.type[0] == "map"


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Attributes and nested blocks, by name."""

    attributes: Mapping[str, Attribute]
    blocks: Mapping[str, "NestedBlock"] = field(default_factory=dict)

    def members(self) -> "Iterator[tuple[str, Attribute | NestedBlock]]":
        """All attributes, then all nested blocks."""
        yield from self.attributes.items()
        yield from self.blocks.items()

    def empty(self) -> Object:
        """A value of this block with nothing set."""
        blank: Object = dict.fromkeys(self.attributes)
        return blank | {
            name: None if nested.nesting == "single" else [] for name, nested in self.blocks.items()
        }

    def with_numbers(self, value: Value) -> Value:
        """The value with numbers as numbers: those that are no exact binary fraction travel as text."""
        if not isinstance(value, dict):
            return value
        read = dict(value)
        for name, attribute in self.attributes.items():
            if attribute.type == "number" and isinstance(read.get(name), str):
                read[name] = float(read[name])
            elif attribute.type in (["list", "number"], ["set", "number"]) and isinstance(
                read.get(name), list
            ):
                read[name] = [float(item) if isinstance(item, str) else item for item in read[name]]
        for name, nested in self.blocks.items():
            if isinstance(read.get(name), list):
                read[name] = [nested.block.with_numbers(element) for element in read[name]]
        return read

    def conform(self, value: Mapping[str, Value]) -> Object:
        """The value with exactly this block's members: missing ones empty, foreign ones dropped."""
        filled = self.empty()
        for name in filled.keys() & value.keys():
            given, nested = value[name], self.blocks.get(name)
            if given is None:
                continue
            if nested is None or is_unknown(given):
                filled[name] = given
            elif isinstance(given, list):
                filled[name] = [nested.block.conform(element) for element in given]
            else:
                filled[name] = nested.block.conform(given)
        return filled


@dataclass(frozen=True, slots=True, kw_only=True)
class NestedBlock:
    """A block inside a block.

    Attributes:
        nesting: "single" (only ``timeouts``), "list" or "set".
        max_items: 0 means any number.
        computed: An absent block is filled by the provider instead of being removed.
    """

    nesting: str
    block: Block
    min_items: int = 0
    max_items: int = 0
    computed: bool = False
    force_new: bool = False
    sensitive: bool = False
    suppress: str | None = None
    check: str | None = None
    conflicts_with: tuple[str, ...] = ()
    exactly_one_of: tuple[str, ...] = ()
    at_least_one_of: tuple[str, ...] = ()
    required_with: tuple[str, ...] = ()


def _tuples(facts: Mapping[str, Value]) -> dict[str, Value]:
    return {
        name: tuple(value) if isinstance(value, list) and name != "type" else value
        for name, value in facts.items()
    }


def _attribute(facts: dict[str, Any]) -> Attribute:
    modes: dict[str, Value] = dict.fromkeys(facts.pop("mode").split(), True)
    return Attribute(**modes, **_tuples(facts))


def _block(facts: Mapping[str, Any]) -> Block:
    return Block(
        attributes={name: _attribute(facts["attributes"][name]) for name in facts["attributes"]},
        blocks={name: _nested(nested) for name, nested in facts.get("blocks", {}).items()},
    )


def _nested(facts: Mapping[str, Any]) -> NestedBlock:
    own = {name: value for name, value in facts.items() if name not in {"attributes", "blocks"}}
    return NestedBlock(block=_block(facts), **_tuples(own))


def _load(path: Path) -> Block:
    return _block(json.loads(path.read_text(encoding="utf-8")))


@functools.cache
def provider_block() -> Block:
    """The provider's own configuration."""
    return _load(DIRECTORY / "provider.json")


@functools.cache
def resource_block(type_name: str) -> Block:
    """A resource type's schema.

    Raises:
        KeyError: The stand-in has no such resource type.
    """
    if type_name not in resource_types():
        raise KeyError(type_name)
    return _load(DIRECTORY / "resources" / f"{type_name}.json")


@functools.cache
def data_source_block(type_name: str) -> Block:
    """A data source's schema.

    Raises:
        KeyError: The stand-in has no such data source.
    """
    if type_name not in data_source_types():
        raise KeyError(type_name)
    return _load(DIRECTORY / "data_sources" / f"{type_name}.json")


@functools.cache
def resource_types() -> tuple[str, ...]:
    """Names of all resource types, sorted."""
    return tuple(sorted(file.stem for file in (DIRECTORY / "resources").glob("*.json")))


@functools.cache
def data_source_types() -> tuple[str, ...]:
    """Names of all data sources, sorted."""
    return tuple(sorted(file.stem for file in (DIRECTORY / "data_sources").glob("*.json")))


def schema_message(block: Block) -> AnyMessage:
    """The block as Terraform's Schema message."""
    return message("Schema", version=0, block=_block_message(block))


def _block_message(block: Block) -> AnyMessage:
    attributes = [
        message(
            "Attribute",
            name=name,
            type=json.dumps(attribute.type).encode(),
            required=attribute.required,
            optional=attribute.optional,
            computed=attribute.computed,
            sensitive=attribute.sensitive,
        )
        for name, attribute in sorted(block.attributes.items())
    ]
    nested = [
        message(
            "NestedBlock",
            type_name=name,
            block=_block_message(child.block),
            nesting=_NESTING[child.nesting],
            min_items=child.min_items,
            max_items=child.max_items,
        )
        for name, child in sorted(block.blocks.items())
    ]
    return message("Block", attributes=attributes, block_types=nested)
