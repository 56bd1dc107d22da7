"""List filters: AIP-160 as far as Google's clients write it, and Compute's older ``eq``/``ne`` expressions.

Understood: comparisons ``field = value`` with ``=``, ``!=``, ``<``, ``<=``, ``>``, ``>=`` and ``:`` (has),
``*`` as a wildcard in a value, ``AND``, ``OR``, ``NOT``, ``-`` and parentheses; OR binds tighter than AND, as
AIP-160 says. The older form compares with a regular expression that must match the whole field; the two
cannot be mixed. Cloud Logging's language adds ``=~`` and ``!~``, which search for a regular expression; parts
of a field may be quoted. Anything else is refused. Sources: https://google.aip.dev/160, the ``filter``
parameter in Compute's discovery document, https://cloud.google.com/logging/docs/view/logging-query-language.
"""

import re
from collections.abc import Callable
from datetime import datetime

from notebook_provisioner.sandbox.server.errors import invalid
from notebook_provisioner.sandbox.server.store import Document, Json

Predicate = Callable[[Document], bool]

_TOKEN = re.compile(
    r"""\s*(?:(?P<open>\()|(?P<close>\))|(?P<operator><=|>=|!=|=~|!~|[=<>:])"""
    r"""|(?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?P<word>[^\s()=<>!:"']+))"""
)
_OLD_TERM = re.compile(
    r"""\s*(?P<field>[\w.\-]+)\s+(?P<operator>eq|ne)\s+(?P<value>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^()]+?)\s*"""
)
_NAMES = re.compile(r"[\w-]+(?:\|[\w-]+)*")
_OLD_GROUP = re.compile(r"\(((?:[^()'\"]|'[^']*'|\"[^\"]*\"|\([^()]*\))*)\)\s*")


def compile_filter(text: str, *, searches: bool = False) -> Predicate:
    """The filter *text* as a predicate over documents; the empty filter takes everything.

    Args:
        text: The filter.
        searches: Whether ``=~`` and ``!~`` are understood.

    Raises:
        ApiError: 400 for an expression that the sandbox does not understand.
    """
    if not text.strip():
        return lambda _: True
    if re.search(r"[\w.]\s+(?:eq|ne)\s+\S", re.sub(r'"[^"]*"', '""', text)):
        return _old_style(text)
    parser = _Parser(text, searches=searches)
    predicate = parser.sequence()
    parser.expect_end()
    return predicate


def _unsupported(text: str) -> Exception:
    return invalid(f"Invalid value for field 'filter': '{text}'. Invalid list filter expression.")


def _old_style(text: str) -> Predicate:
    terms = [text] if not text.strip().startswith("(") else _OLD_GROUP.findall(text)
    if text.strip().startswith("(") and _OLD_GROUP.sub("", text.strip()):
        raise _unsupported(text)
    predicates = []
    for term in terms:
        found = _OLD_TERM.fullmatch(term)
        if found is None:
            raise _unsupported(text)
        try:
            pattern = _full_match(_unquoted(found["value"]))
        except re.error as error:
            raise _unsupported(text) from error
        predicates.append(_matcher(found["field"], pattern, wanted=found["operator"] == "eq"))
    return lambda document: all(predicate(document) for predicate in predicates)


def _full_match(expression: str) -> Callable[[str], object]:
    """What tells whether a whole text matches; hundreds of plain names are looked up, not tried in turn."""
    pattern = re.compile(expression)
    if _NAMES.fullmatch(expression):
        return frozenset(expression.split("|")).__contains__
    return pattern.fullmatch


def _matcher(path: str, matching: Callable[[str], object], *, wanted: bool) -> Predicate:
    parts = path.split(".")

    def matches(document: Document) -> bool:
        return any(matching(_text(value)) for value in _values(document, parts)) is wanted

    return matches


class _Parser:
    """Recursive descent over the tokens of one expression."""

    def __init__(self, text: str, *, searches: bool) -> None:
        self._text = text
        self._searches = searches
        self._tokens: list[tuple[str, str]] = []
        position = 0
        while position < len(text.rstrip()):
            found = _TOKEN.match(text, position)
            if found is None:
                raise _unsupported(text)
            self._tokens.append((str(found.lastgroup), found[str(found.lastgroup)]))
            position = found.end()

    def expect_end(self) -> None:
        if self._tokens:
            raise _unsupported(self._text)

    def sequence(self) -> Predicate:
        """Factors joined by AND, written or implied."""
        parts = [self._factor()]
        while self._tokens and self._tokens[0][0] != "close":
            self._take_word("AND")
            parts.append(self._factor())
        return lambda document: all(part(document) for part in parts)

    def _factor(self) -> Predicate:
        parts = [self._term()]
        while self._take_word("OR"):
            parts.append(self._term())
        return lambda document: any(part(document) for part in parts)

    def _term(self) -> Predicate:
        negated = self._take_word("NOT")
        if self._peek("word") and self._tokens[0][1].startswith("-") and len(self._tokens[0][1]) > 1:
            self._tokens[0] = ("word", self._tokens[0][1][1:])
            negated = not negated
        inner = self._group() if self._peek("open") else self._comparison()
        return (lambda document: not inner(document)) if negated else inner

    def _group(self) -> Predicate:
        self._tokens.pop(0)
        inner = self.sequence()
        if not self._peek("close"):
            raise _unsupported(self._text)
        self._tokens.pop(0)
        return inner

    def _comparison(self) -> Predicate:
        self._join_quoted()
        kinds = [kind for kind, _ in self._tokens[:2]]
        if kinds not in (["word", "operator"], ["string", "operator"]) or not self._tokens[2:]:
            raise _unsupported(self._text)
        (_, path), (_, operator) = self._tokens.pop(0), self._tokens.pop(0)
        kind, raw = self._tokens.pop(0)
        if operator in {"=~", "!~"}:
            return self._search(_unquoted(path), raw, wanted=operator == "=~")
        if kind == "word":
            while self._peek_operator(":") and self._tokens[1:]:  # 2024-01-01T00:00:00Z, unquoted
                raw += self._tokens.pop(0)[1] + self._tokens.pop(0)[1]
            return _comparison(path, operator, raw)
        if kind == "open" and operator == ":":
            return self._has_any(path)
        if kind != "string":
            raise _unsupported(self._text)
        return _comparison(_unquoted(path), operator, _unquoted(raw))

    def _join_quoted(self) -> None:
        """Make one word of a field whose parts are quoted, as in ``labels."team"``."""
        while [kind for kind, _ in self._tokens[:2]] == ["word", "string"]:
            (_, start), (_, part) = self._tokens[:2]
            if not start.endswith("."):
                return
            rest = [text for kind, text in self._tokens[2:3] if kind == "word" and text.startswith(".")]
            self._tokens[: 2 + len(rest)] = [("word", "".join([start, _unquoted(part), *rest]))]

    def _search(self, path: str, raw: str, *, wanted: bool) -> Predicate:
        try:
            pattern = re.compile(re.sub(r'\\(["\\])', r"\1", raw[1:-1]))
        except re.error as error:
            raise _unsupported(self._text) from error
        if not self._searches or raw[0] != '"':
            raise _unsupported(self._text)
        return _matcher(path, pattern.search, wanted=wanted)

    def _has_any(self, path: str) -> Predicate:
        """``field:(a b OR c)`` as gcloud writes it: any of the values."""
        parts = []
        while self._tokens and not self._peek("close"):
            if not self._take_word("OR"):
                kind, raw = self._tokens.pop(0)
                if kind not in {"word", "string"}:
                    raise _unsupported(self._text)
                parts.append(_comparison(path, ":", _unquoted(raw)))
        if not self._tokens or not parts:
            raise _unsupported(self._text)
        self._tokens.pop(0)
        return lambda document: any(part(document) for part in parts)

    def _peek(self, kind: str) -> bool:
        return bool(self._tokens) and self._tokens[0][0] == kind

    def _peek_operator(self, operator: str) -> bool:
        return bool(self._tokens) and self._tokens[0] == ("operator", operator)

    def _take_word(self, word: str) -> bool:
        if self._tokens and self._tokens[0] == ("word", word):
            self._tokens.pop(0)
            return True
        return False


def _comparison(path: str, operator: str, wanted: str) -> Predicate:
    steps = path.split(".")

    def compare(document: Document) -> bool:
        values = _values(document, steps)
        if operator == "!=":
            return not any(_equal(value, wanted) for value in values)
        if operator == ":":
            return _has(values, wanted)
        return any(
            _equal(value, wanted) if operator == "=" else _ordered(value, operator, wanted)
            for value in values
        )

    return compare


def _has(values: list[Json], wanted: str) -> bool:
    if wanted == "*":
        return bool(values)
    found = [item for value in values for item in (value if isinstance(value, dict) else [value])]
    return any(_equal(item, wanted) or wanted.lower() in _text(item).lower() for item in found)


def _values(node: Json, steps: list[str]) -> list[Json]:
    if isinstance(node, list):
        return [value for item in node for value in _values(item, steps)]
    if not steps:
        return [node]
    if not isinstance(node, dict):
        return []
    for cut in range(len(steps), 0, -1):  # a map's key may hold dots
        key = ".".join(steps[:cut])
        for name in (key, _camel(key)):
            if name in node:
                return _values(node[name], steps[cut:])
    return []


def _camel(name: str) -> str:
    return re.sub(r"_([a-z0-9])", lambda found: found.group(1).upper(), name)


def _equal(value: Json, wanted: str) -> bool:
    text = _text(value)
    if "*" in wanted:
        pattern = ".*".join(re.escape(part) for part in wanted.split("*"))
        return re.fullmatch(pattern, text, re.IGNORECASE) is not None
    return text == wanted or (isinstance(value, bool | int | float) and text.lower() == wanted.lower())


def _ordered(value: Json, operator: str, wanted: str) -> bool:
    left, right = _comparable(value), _comparable(wanted)
    if isinstance(left, str) != isinstance(right, str):
        left, right = _text(value), wanted
    outcomes = {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}
    return bool(outcomes[operator])


def _comparable(value: Json) -> Json:
    """A number for numbers, numeric strings and timestamps; else the text."""
    text = _text(value)
    try:
        return float(text)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text))
    except ValueError:
        return text
    return moment.timestamp() if moment.tzinfo else text


def _text(value: Json) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _unquoted(text: str) -> str:
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        return re.sub(r"\\(.)", r"\1", text[1:-1])
    return text
