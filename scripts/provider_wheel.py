"""Read Terraform schemas back out of the wheel ``cdktn-provider-google``; see extract_provider_schema.py.

The wheel carries generated JavaScript. In it a comment states each field's mode
(``// name - computed: false, optional: false, required: true``), the getter below it tells the type, and a
table for HCL output tells lists from sets.
"""

import io
import re
import tarfile
import zipfile
from pathlib import Path
from typing import Any

MODULE = re.compile(r"[^/]+/lib/([^/]+)/.*\.js")
FIELD = re.compile(
    r"^    // (\S+) - computed: (true|false), optional: (true|false), required: (true|false)\n"
    r"(.*?)(?=^    // \S+ - computed:|\Z)",
    re.MULTILINE | re.DOTALL,
)
CLASS = re.compile(r"^class (\w+) extends \w+\.(\w+) \{", re.MULTILINE)
NESTED = re.compile(r"^    _\w+ = new (?:\w+\.)?(\w+)\(this, \"\w+\"(?:, (true|false))?\);", re.MULTILINE)
MAP_MEMBER = re.compile(
    r"^    _\w+ = new \w+\.(String|Number|Boolean|Any)Map(List)?\(this, \"\w+\"", re.MULTILINE
)
GETTER = re.compile(
    r"return (?:(?:\w+\.)*Fn\.(?P<outer>to\w+)\("
    r"|\w+\.Token\.as(?P<token>\w+)\((?:\w+\.Fn\.(?P<inner>to\w+)\()?)?"
    r"this\.(?P<call>get\w+Attribute|interpolationForAttribute)\('"
)
SUPER = re.compile(r"super\(terraformResource, terraformAttribute, (\w+)(?:, (\w+))?\)")
HCL_ROW = re.compile(
    r"^ +(\w+): \{\n +value: .*\n +isBlock: (\w+),\n +type: \"(\w+)\",\n +storageClassType: \"(\w+)\"",
    re.MULTILINE,
)
SET_STORAGE = re.compile(r'type: "set",\n +storageClassType: "(\w+)"')

PRIMITIVES = {"String": "string", "Number": "number", "Boolean": "bool", "Any": "dynamic"}
GETTER_TYPES: dict[str, Any] = {
    "getStringAttribute": "string",
    "getNumberAttribute": "number",
    "getBooleanAttribute": "bool",
    "getListAttribute": ["list", "string"],
    "getNumberListAttribute": ["list", "number"],
    "getStringMapAttribute": ["map", "string"],
    "getBooleanMapAttribute": ["map", "bool"],
    "getNumberMapAttribute": ["map", "number"],
    "getAnyMapAttribute": ["map", "dynamic"],
}
TOKEN_TYPES: dict[str, Any] = {
    "NumberList": ["list", "number"],
    "BooleanMap": ["map", "bool"],
    "NumberMap": ["map", "number"],
}


class WheelError(Exception):
    """The wheel lacks a schema, or is laid out in a way that this reader does not know."""


class ProviderWheel:
    """A ``cdktn_provider_google-*.whl`` file.

    Attributes:
        provider_version: The release of hashicorp/google that the wheel was generated from.
    """

    def __init__(self, wheel: Path) -> None:
        self._sources: dict[str, str] = {}
        with zipfile.ZipFile(wheel) as archive:
            inner = next((name for name in archive.namelist() if name.endswith(".jsii.tgz")), None)
            if inner is None:
                raise WheelError("no .jsii.tgz inside; is this cdktn-provider-google?")
            with tarfile.open(fileobj=io.BytesIO(archive.read(inner)), mode="r:gz") as package:
                for member in package:
                    module = MODULE.fullmatch(member.name)
                    file = package.extractfile(member) if module else None
                    if module and file:
                        text = file.read().decode().split("//# sourceMappingURL")[0]
                        self._sources[module[1]] = self._sources.get(module[1], "") + text
        version = re.search(r"providerVersion: '([^']+)'", self._sources.get("compute-network", ""))
        if version is None:
            raise WheelError("no providerVersion in lib/compute-network")
        self.provider_version = version[1]

    def resource(self, type_name: str) -> dict[str, Any]:
        """The block of a resource type such as ``google_compute_network``."""
        return self._module(type_name.removeprefix("google_").replace("_", "-")).top_block()

    def data_source(self, type_name: str) -> dict[str, Any]:
        """The block of a data source."""
        return self._module("data-" + type_name.replace("_", "-")).top_block()

    def provider(self) -> dict[str, Any]:
        """The provider's own configuration block."""
        return self._module("provider").provider_block()

    def _module(self, folder: str) -> "_Module":
        if folder not in self._sources:
            raise WheelError(f"no lib/{folder}")
        return _Module(self._sources[folder])


class _Module:
    """The generated JavaScript of one resource."""

    def __init__(self, text: str) -> None:
        self._text = text
        marks = list(CLASS.finditer(text))
        ends = [mark.start() for mark in marks[1:]] + [len(text)]
        self._bodies = {mark[1]: text[mark.end() : end] for mark, end in zip(marks, ends, strict=True)}
        self._parents = {mark[1]: mark[2] for mark in marks}
        self._sets = set(SET_STORAGE.findall(text))

    def _top(self) -> str:
        kinds = {"TerraformResource", "TerraformDataSource", "TerraformProvider"}
        return next(name for name, parent in self._parents.items() if parent in kinds)

    def top_block(self) -> dict[str, Any]:
        return self._block(self._top())

    def _block(self, class_name: str) -> dict[str, Any]:
        attributes: dict[str, Any] = {}
        blocks: dict[str, Any] = {}
        for name, computed, optional, required, rest in FIELD.findall(self._bodies[class_name]):
            modes = {"required": required, "optional": optional, "computed": computed}
            mode = " ".join(word for word, flag in modes.items() if flag == "true")
            nested, member_map = NESTED.search(rest), MAP_MEMBER.search(rest)
            if member_map:
                kind: list[Any] = ["map", PRIMITIVES[member_map[1]]]
                attributes[name] = {"type": ["list", kind] if member_map[2] else kind, "mode": mode}
            elif nested is None:
                attributes[name] = {"type": self._getter_type(name, rest), "mode": mode}
            else:
                block = self._nested_block(nested[1], wraps_set=nested[2] == "true")
                if "computed" in mode:
                    attributes[name] = {"type": _collection_type(block), "mode": mode}
                else:
                    blocks[name] = block | ({"min_items": 1} if required == "true" else {})
        return {"attributes": attributes} | ({"blocks": blocks} if blocks else {})

    def _nested_block(self, class_name: str, *, wraps_set: bool) -> dict[str, Any]:
        if class_name.endswith("OutputReference"):
            ancestor = SUPER.search(self._bodies[class_name])
            if ancestor is None:
                raise WheelError(f"{class_name} has no constructor that this reader knows")
            if ancestor[2] is None and ancestor[1] == "false":
                return {"nesting": "single"} | self._block(class_name)
            is_set = (
                ancestor[1] == "true" or f"{class_name.removesuffix('OutputReference')}List" in self._sets
            )
            return {"nesting": "set" if is_set else "list", "max_items": 1} | self._block(class_name)
        nesting = "set" if wraps_set else "list"
        return {"nesting": nesting} | self._block(re.sub(r"(List|Map)$", "OutputReference", class_name))

    @staticmethod
    def _getter_type(name: str, body: str) -> Any:  # noqa: ANN401 - a type is a string or a list
        match = GETTER.search(body)
        if match is None:
            raise WheelError(f"no getter for {name}")
        if match["call"] == "interpolationForAttribute":
            kind = TOKEN_TYPES.get(match["token"], "dynamic")
        else:
            kind = GETTER_TYPES[match["call"]]
        if (match["outer"] or match["inner"]) in {"tolist", "toset"}:  # a set is read through Fn.tolist
            return ["set", kind[1] if isinstance(kind, list) else "dynamic"]
        return kind

    def provider_block(self) -> dict[str, Any]:
        """The provider's attributes have no typed getters: its HCL table tells their types."""
        return self._hcl_table(self._bodies[self._top()].split("synthesizeHclAttributes", 1)[1])

    def _hcl_table(self, text: str) -> dict[str, Any]:
        attributes: dict[str, Any] = {}
        blocks: dict[str, Any] = {}
        for name, is_block, kind, storage in HCL_ROW.findall(text):
            if is_block == "true":
                function = f"function {storage[0].lower()}{storage[1:].removesuffix('List')}ToHclTerraform("
                body = re.split(r"\n(?:class|function) ", self._text.split(function, 1)[1], maxsplit=1)[0]
                blocks[name] = {"nesting": kind, "max_items": 1} | self._hcl_table(body)
                continue
            member = re.match(r"(string|number|boolean)(List|Map|Set)?$", storage)
            if member is None:
                raise WheelError(f"provider attribute {name} has the unknown type {storage}")
            primitive = PRIMITIVES[member[1].capitalize()]
            collection = kind if kind != "simple" else (member[2] or "").lower()
            typed: Any = [collection, primitive] if member[2] else primitive
            attributes[name] = {"type": typed, "mode": "optional"}
        return {"attributes": attributes} | ({"blocks": blocks} if blocks else {})


def _collection_type(block: dict[str, Any]) -> Any:  # noqa: ANN401 - a type is a string or a list
    """A block that only the provider fills is an attribute of object type."""
    members = {name: attribute["type"] for name, attribute in block["attributes"].items()}
    members |= {name: _collection_type(nested) for name, nested in block.get("blocks", {}).items()}
    kind: list[Any] = ["object", members]
    return kind if block["nesting"] == "single" else [block["nesting"], kind]
