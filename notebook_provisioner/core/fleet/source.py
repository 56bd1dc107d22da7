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
from notebook_provisioner.core.fleet.text import shown

Scalar = str | int | float | bool | None
Value = Scalar | list["Value"] | dict[str, "Value"]
Path = tuple[str | int, ...]

_ESCAPED_BYTE: Final = 0xDC00  # added by the error handler surrogateescape to a byte that is not UTF-8

MAX_DEPTH: Final = 32  # the format itself needs 5
MAX_DIGITS: Final = 15  # every reader holds such a number exactly

_NULL: Final = re.compile(r"|~|null|Null|NULL")
_BOOL: Final = re.compile(r"true|True|TRUE|false|False|FALSE")
_INT: Final = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_FLOAT: Final = re.compile(r"[-+]?(0|[1-9][0-9]*)\.[0-9]+")
# YAML 1.1's timestamps, impossible ones too. Terraform rewrites most: 2026-1-1 to 2026-01-01T00:00:00Z.
_TIMESTAMP: Final = re.compile(
    r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}"
    r"(([Tt]|[ \t]+)[0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}([.,][0-9]*)?"
    r"([ \t]*([Zz]|[-+][0-9]{1,2}(:?[0-9]{2})?))?)?"
)
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
        faulty: The paths that ``findings`` are about: their values are not to be trusted.
        timestamps: Unquoted dates and times by their path: to some readers they are no text.
    """

    file: str
    value: dict[str, Value]
    keys: dict[Path, Mark]
    values: dict[Path, Mark]
    findings: tuple[Finding, ...]
    faulty: frozenset[Path]
    timestamps: dict[Path, str]

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
    """Read *text*, decoded with ``errors="surrogateescape"`` where its bytes may not be UTF-8.

    Never raises: what is wrong stands in the result's findings.
    """
    return _Reader(file).read(text)


class _Reader:
    """One pass over the parser's events; a stack in place of recursion, so depth cannot hurt."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.findings: list[Finding] = []
        self.faulty: set[Path] = set()
        self.timestamps: dict[Path, str] = {}
        self.keys: dict[Path, Mark] = {}
        self.values: dict[Path, Mark] = {}

    def read(self, text: str) -> Source:
        root: Value = {}
        try:
            root = self._document(text)
        except yaml.MarkedYAMLError as error:
            said = ", ".join(part for part in (error.context, error.problem) if part)
            mark = error.problem_mark or error.context_mark
            self._error("yaml-syntax", (), f"not YAML: {said}", _syntax_remedy(said), _at(mark))
        except yaml.reader.ReaderError as error:  # a character that no YAML may hold
            before = text[: error.position]
            at = Mark(before.count("\n") + 1, len(before) - before.rfind("\n"))
            byte = ord(text[error.position]) - _ESCAPED_BYTE
            reason = f"the byte 0x{byte:02X} is not UTF-8" if 0x80 <= byte <= 0xFF else error.reason  # noqa: PLR2004  # what is not ASCII
            self._error("yaml-syntax", (), f"not YAML: {reason}", "save as UTF-8 text", at)
        if not isinstance(root, dict):
            what = "a list" if isinstance(root, list) else "one value"
            self._error("not-a-mapping", (), f"the file holds {what}", "write `key: value` lines", Mark(1, 1))
            root = {}
        return Source(
            self.file,
            root,
            self.keys,
            self.values,
            tuple(self.findings),
            frozenset(self.faulty),
            self.timestamps,
        )

    def _document(self, text: str) -> Value:
        """Build the first document's value."""
        loader = yaml.SafeLoader(text)
        roots: list[Value] = []
        stack = [_Open(roots, ())]  # the document is the one item of a list at the empty path
        for event in _events(loader):
            if isinstance(event, yaml.DocumentStartEvent) and roots:
                self._error("second-document", (), "a second document starts here", "keep one", _mark(event))
                break
            if isinstance(event, yaml.CollectionEndEvent):
                stack.pop()
            elif isinstance(event, yaml.NodeEvent) and not self._node(event, stack):
                return {}  # half a file would be complained about for what was not read
        if roots in ([], [None]):
            self._error("empty", (), "the file says nothing", "write a starter with: nbp init", Mark(1, 1))
            return {}
        return roots[0]

    def _node(self, event: yaml.NodeEvent, stack: list["_Open"]) -> bool:
        """Take one key or value; False where reading cannot go on."""
        holder = stack[-1]
        if holder.expects_key:
            return self._key(event, holder)
        path = holder.next_path() if len(stack) > 1 else ()
        value = self._value(event, path)
        holder.add(value)
        if isinstance(event, yaml.CollectionStartEvent):
            stack.append(_Open(value, path))
            if len(stack) > MAX_DEPTH:
                self._error("too-deep", path[:1], f"nested over {MAX_DEPTH} levels deep", None, _mark(event))
                return False
        return True

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
        if event.style is None and not _is_text(key):
            said = f"readers disagree about the key {shown(key)}"
            self._error("key-not-text", path, said, f'write "{shown(key)}"', at)
        if key in holder.seen:
            first = self.keys[path].line
            self._error("duplicate-key", path, f"{shown(key)} stands in line {first} already", "keep one", at)
        self.keys.setdefault(path, at)
        holder.key = key
        return True

    def _value(self, event: yaml.NodeEvent, path: Path) -> Value:
        at = _mark(event)
        self.values.setdefault(path, self._start(event, path))
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
            if _TIMESTAMP.fullmatch(event.value):
                self.timestamps.setdefault(path, event.value)
        if remedy:
            said = f"YAML readers disagree about {shown(event.value)}"
            self._error("ambiguous-value", path, said, remedy, at)
        if isinstance(value, str) and any("\ud800" <= letter <= "\udfff" for letter in value):
            self._error(
                "yaml-syntax", path, "holds half of a surrogate pair", "write the character itself", at
            )
            return None
        return value

    def _start(self, event: yaml.NodeEvent, path: Path) -> Mark:
        """Where a value starts; a mapping or list under a key starts at the key."""
        at_key = isinstance(event, yaml.CollectionStartEvent) and path in self.keys
        return self.keys[path] if at_key else _mark(event)

    def _refuse_anchor_and_tag(self, event: yaml.NodeEvent, path: Path) -> None:
        tag = getattr(event, "tag", None)
        if event.anchor and not isinstance(event, yaml.AliasEvent):
            self._error("anchor", path, "anchors are not read", "use profiles or defaults", _mark(event))
        if tag and tag != "!":
            self._error("tag", path, f"the tag {tag} is not read", "write the plain value", _mark(event))

    def _error(self, code: str, path: Path, message: str, remedy: str | None, at: Mark) -> None:
        place = Location(self.file, at.line, at.column)
        self.faulty.add(path)
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
    value: Scalar = text
    remedy = None
    if _NULL.fullmatch(text):
        value = None
    elif _BOOL.fullmatch(text):
        value = text.lower() == "true"
    elif _OTHER_BOOL.fullmatch(text):
        yes = text.lower() in {"y", "yes", "on"}
        remedy = f'write {str(yes).lower()}, or "{text}" for text'
    elif len(text.lstrip("+-")) > MAX_DIGITS and _OTHER_NUMBER.fullmatch(text):
        remedy = f'write "{shown(text)}" for text; no number here has over {MAX_DIGITS} digits'
    elif _INT.fullmatch(text):
        value = int(text)
    elif _FLOAT.fullmatch(text):
        value = float(text)
    elif _OTHER_NUMBER.fullmatch(text):
        remedy = f'write a plain decimal number, or "{shown(text)}" for text'
    return value, remedy


def _is_text(text: str) -> bool:
    """Whether every reader takes an unquoted scalar for text, and for the same."""
    value, remedy = _plain(text)
    return isinstance(value, str) and not remedy and not _TIMESTAMP.fullmatch(text)


def _events(loader: yaml.SafeLoader) -> Iterator[yaml.Event]:
    while True:
        try:
            if not loader.check_event():
                return
            event: yaml.Event = loader.get_event()  # type: ignore[no-untyped-call]  # the stubs' gap
        except (ValueError, OverflowError):  # PyYAML converts escapes and version numbers unchecked
            said = "an escape or a number is out of range"
            raise yaml.MarkedYAMLError(problem=said, problem_mark=loader.get_mark()) from None
        yield event


def _mark(event: yaml.Event) -> Mark:
    return _at(event.start_mark)


def _at(mark: yaml.error.Mark | yaml._yaml.Mark | None) -> Mark:
    return Mark(mark.line + 1, mark.column + 1) if mark else Mark(1, 1)


def _syntax_remedy(said: str) -> str:
    if "'\\t'" in said:
        return "indent with spaces; YAML allows no tabs there"
    return "check indentation, colons and quotes around this line"
