"""Text to values, each with its place: the subset of YAML that every reader understands alike.

Terraform reads the same file with ``yamldecode``, editors read it as YAML 1.2, and PyYAML on its own reads
YAML 1.1. What these read differently (``yes``, ``0123``, duplicate keys, …) is refused with a word on how to
write it, so that a fleet never means two things. Anchors, aliases and tags are refused as well: every value
then stands in exactly one line, and no file can unfold into gigabytes.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

import yaml

from notebook_provisioner.core.findings import Finding, Location, Severity

type_names: Final = {dict: "a mapping", list: "a list", str: "text", int: "a number", float: "a number"}

Scalar = str | int | float | bool | None
Value = Scalar | list["Value"] | dict[str, "Value"]
Path = tuple[str | int, ...]

MAX_DEPTH: Final = 32  # the format itself needs 5
MAX_DIGITS: Final = 15  # every reader holds such a number exactly

_NULL: Final = re.compile(r"|~|null|Null|NULL")
_BOOL: Final = re.compile(r"true|True|TRUE|false|False|FALSE")
_INT: Final = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_FLOAT: Final = re.compile(r"[-+]?(0|[1-9][0-9]*)\.[0-9]+")
_OTHER_BOOL: Final = re.compile(r"(?i:y|n|yes|no|on|off)")
_OTHER_NUMBER: Final = re.compile(
    r"[-+]?0[0-9]+(\.[0-9]*)?|0x[0-9a-fA-F]+|0o[0-7]+|[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?"
    r"|(?i:[-+]?\.(inf|nan))"
)


class Mark(NamedTuple):
    """A place in the text; both count from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Source:
    """A fleet file's values and where each stands.

    Attributes:
        file: The file's name, for messages.
        value: What the file says; an empty mapping where it could not be read.
        keys: Where a mapping's key stands, by the path of its value.
        values: Where a value starts, by its path.
        findings: What is wrong with the text itself.
    """

    file: str
    value: dict[str, Value]
    keys: dict[Path, Mark]
    values: dict[Path, Mark]
    findings: tuple[Finding, ...]

    def location(self, path: Path, *, key: bool = False) -> Location:
        """Where *path* stands; where it is absent, the nearest thing around it."""
        order = (self.keys, self.values) if key else (self.values, self.keys)
        for end in range(len(path), -1, -1):
            for marks in order:
                if mark := marks.get(path[:end]):
                    return Location(self.file, mark.line, mark.column)
            order = (self.keys, self.values)
        return Location(self.file, 1, 1)


def spelled(path: Path) -> str:
    """A path as users write it: ``notebooks[0].owner``; the whole file is ``fleet``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text or "fleet"


def read(text: str, *, file: str) -> Source:
    """Read *text*. Never raises: what is wrong stands in the result's findings."""
    return _Reader(file).read(text)


class _Reader:
    """One pass over the parser's events; a stack in place of recursion, so depth cannot hurt."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.findings: list[Finding] = []
        self.keys: dict[Path, Mark] = {}
        self.values: dict[Path, Mark] = {}

    def read(self, text: str) -> Source:
        root: Value = {}
        try:
            root = self._document(yaml.parse(text, Loader=yaml.SafeLoader))
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            at = Mark(mark.line + 1, mark.column + 1) if mark else Mark(1, 1)
            self._error("yaml-syntax", (), _syntax(error), _syntax_remedy(error), at)
        except yaml.YAMLError as error:  # the reader's: a character that no YAML may hold
            position = getattr(error, "position", 0)
            line = text.count("\n", 0, position) + 1
            column = position - text.rfind("\n", 0, position)
            reason = getattr(error, "reason", "unreadable")
            self._error("yaml-syntax", (), f"not YAML: {reason}", "save as UTF-8 text", Mark(line, column))
        if not isinstance(root, dict):
            what = type_names.get(type(root), "one value")
            self._error("not-a-mapping", (), f"the file holds {what}", "write `key: value` lines", Mark(1, 1))
            root = {}
        return Source(self.file, root, self.keys, self.values, tuple(self.findings))

    def _document(self, events: Iterator[yaml.Event]) -> Value:
        """Build the first document's value."""
        root: Value = None
        seen = False
        stack: list[_Open] = []
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent) and seen:
                self._error("second-document", (), "a second document starts here", "keep one", _mark(event))
                break
            if isinstance(event, (yaml.SequenceEndEvent, yaml.MappingEndEvent)):
                stack.pop()
                continue
            if not isinstance(event, yaml.NodeEvent):
                continue
            seen = True
            path, holder = (stack[-1].next_path(), stack[-1]) if stack else ((), None)
            if holder is not None and holder.expects_key:
                if not self._key(event, holder):
                    break
                continue
            value = self._value(event, path)
            if isinstance(event, (yaml.SequenceStartEvent, yaml.MappingStartEvent)):
                stack.append(_Open(value, path))
                if len(stack) > MAX_DEPTH:
                    self._error("too-deep", path, f"nested over {MAX_DEPTH} levels deep", None, _mark(event))
                    break
            if holder is None:
                root = value
            else:
                holder.add(value)
        if not seen or root is None:
            self._error("empty", (), "the file says nothing", "write a starter with: nbp init", Mark(1, 1))
            return {}
        return root

    def _key(self, event: yaml.NodeEvent, holder: "_Open") -> bool:
        """Take a mapping's key; False where reading cannot go on."""
        at = _mark(event)
        if not isinstance(event, yaml.ScalarEvent):
            self._error(
                "key-not-text", holder.path, "a key is a list, a mapping or an alias", "write text", at
            )
            return False
        key = event.value
        path = (*holder.path, key)
        self._refuse_anchor_and_tag(event, path)
        if event.style is None and (_plain(key)[1] or not isinstance(_plain(key)[0], str)):
            self._error("key-not-text", path, f"readers disagree about the key {key}", f'write "{key}"', at)
        if key == "<<":
            self._error("anchor", path, "merge keys are not read", "use profiles or defaults", at)
        if key in holder.seen:
            first = self.keys[path].line
            self._error("duplicate-key", path, f"{key} stands in line {first} already", "keep one", at)
        else:
            self.keys[path] = at
        holder.key = key
        return True

    def _value(self, event: yaml.NodeEvent, path: Path) -> Value:
        at = _mark(event)
        self.values.setdefault(path, at)
        if isinstance(event, yaml.AliasEvent):
            self._error("anchor", path, "aliases are not read", "use profiles or defaults", at)
            return None
        self._refuse_anchor_and_tag(event, path)
        if isinstance(event, yaml.MappingStartEvent):
            return {}
        if isinstance(event, yaml.SequenceStartEvent):
            return []
        assert isinstance(event, yaml.ScalarEvent)  # noqa: S101  # the four kinds of NodeEvent
        if event.style is not None:
            value: Scalar = event.value
            remedy = None
        else:
            value, remedy = _plain(event.value)
        if remedy:
            self._error("ambiguous-value", path, f"YAML readers disagree about {event.value}", remedy, at)
        if isinstance(value, str) and any("\ud800" <= letter <= "\udfff" for letter in value):
            self._error(
                "yaml-syntax", path, "holds half of a surrogate pair", "write the character itself", at
            )
            return None
        return value

    def _refuse_anchor_and_tag(self, event: yaml.NodeEvent, path: Path) -> None:
        tag = getattr(event, "tag", None)
        if event.anchor and not isinstance(event, yaml.AliasEvent):
            self._error("anchor", path, "anchors are not read", "use profiles or defaults", _mark(event))
        if tag and tag != "!":
            self._error("tag", path, f"the tag {tag} is not read", "write the plain value", _mark(event))

    def _error(self, code: str, path: Path, message: str, remedy: str | None, at: Mark) -> None:
        place = Location(self.file, at.line, at.column)
        self.findings.append(Finding(code, Severity.ERROR, spelled(path), message, remedy, place))


class _Open:
    """A mapping or list that the reader is inside of."""

    def __init__(self, value: Value, path: Path) -> None:
        self.value = value
        self.path = path
        self.key: str | None = None
        self.seen: set[str] = set()

    @property
    def expects_key(self) -> bool:
        return isinstance(self.value, dict) and self.key is None

    def next_path(self) -> Path:
        if isinstance(self.value, list):
            return (*self.path, len(self.value))
        return self.path if self.key is None else (*self.path, self.key)

    def add(self, value: Value) -> None:
        if isinstance(self.value, list):
            self.value.append(value)
        elif isinstance(self.value, dict) and self.key is not None:
            if self.key not in self.seen:  # of duplicate keys the first counts; the finding says so
                self.value[self.key] = value
                self.seen.add(self.key)
            self.key = None


def _plain(text: str) -> tuple[Scalar, str | None]:
    """An unquoted scalar's value, and how to write it where readers disagree about it."""
    if _NULL.fullmatch(text):
        return None, None
    if _BOOL.fullmatch(text):
        return text.lower() == "true", None
    if _OTHER_BOOL.fullmatch(text):
        yes = text.lower() in {"y", "yes", "on"}
        return text, f'write {str(yes).lower()}, or "{text}" for text'
    if _INT.fullmatch(text) or _FLOAT.fullmatch(text):
        if len(text) > MAX_DIGITS:
            return text, f'write "{text}" for text; no number here has over {MAX_DIGITS} digits'
        return (int(text) if _INT.fullmatch(text) else float(text)), None
    if _OTHER_NUMBER.fullmatch(text):
        return text, f'write a plain decimal number, or "{text}" for text'
    return text, None


def _mark(event: yaml.Event) -> Mark:
    return Mark(event.start_mark.line + 1, event.start_mark.column + 1)


def _syntax(error: yaml.MarkedYAMLError) -> str:
    said = ", ".join(part for part in (error.context, error.problem) if part)
    return f"not YAML: {said}"


def _syntax_remedy(error: yaml.MarkedYAMLError) -> str:
    if "'\\t'" in (error.problem or ""):
        return "indent with spaces; YAML allows no tabs there"
    return "check indentation, colons and quotes around this line"
