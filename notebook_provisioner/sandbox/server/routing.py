"""From an HTTP method and a path to the method of an API, its parameters and the resource's name."""

import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Iterable

    from notebook_provisioner.sandbox.server.discovery import Method

_PARAMETER = re.compile(r"\{(\+?)([\w.]+)\}")
Media = Literal["upload", "download"]


@dataclass(frozen=True, slots=True)
class Match:
    """A request's place in an API.

    Attributes:
        method: The API's method.
        parameters: Path parameters, percent-decoded.
        name: The path up to its last parameter, without API and version: the addressed resource
            (``projects/p/zones/z/instances/i`` also for ``…/i/setLabels``), or the parent of a collection.
        collection: The whole path without API, version and ``:verb``: for list and create, the collection.
        media: Set on a media upload or download path.
    """

    method: "Method"
    parameters: dict[str, str]
    name: str
    collection: str
    media: Media | None


@dataclass(frozen=True)
class Route:
    """One path template. Its regular expression is compiled when it is first a candidate."""

    method: "Method"
    template: str
    prefix: str
    media: Media | None = None

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """The template as a regular expression over the percent-encoded path."""
        parts, position = [], 0
        for found in _PARAMETER.finditer(self.template):
            parts.append(re.escape(self.template[position : found.start()]))
            parts.append(f"(?P<{_group(found.group(2))}>{self._expression(found)})")
            position = found.end()
        parts.append(re.escape(self.template[position:]))
        return re.compile("".join(parts))

    def _expression(self, found: re.Match[str]) -> str:
        if not found.group(1):
            return "[^/]+"
        declared: str = self.method.parameters.get(found.group(2), {}).get("pattern", "^.+$")
        return declared.removeprefix("^").removesuffix("$")

    @property
    def is_custom_verb(self) -> bool:
        """Whether the template ends in ``:verb``; such routes are tried before plain ones."""
        return ":" in self.template.rpartition("}")[2]

    def match(self, path: str) -> Match | None:
        """Match the percent-encoded *path* (no leading slash)."""
        found = self.pattern.fullmatch(path)
        if found is None:
            return None
        names = [item.group(2) for item in _PARAMETER.finditer(self.template)]
        end = found.end(_group(names[-1])) if names else len(path)
        tail = path[end:].partition(":")[0] if names else path.partition(":")[0][end:]
        start = len(self.prefix)
        return Match(
            method=self.method,
            parameters={name: unquote(found.group(_group(name))) for name in names},
            name=unquote(path[start:end]) if names else "",
            collection=unquote(path[start:end] + tail) if names else unquote(path[start:].partition(":")[0]),
            media=self.media,
        )


class Router:
    """All routes, bucketed by HTTP method, first path segment and number of segments."""

    def __init__(self, methods: "Iterable[Method]") -> None:
        self._buckets: dict[tuple[str, str, int | None], list[Route]] = defaultdict(list)
        for method in methods:
            for route in _routes(method):
                first = route.template.partition("/")[0]
                for http_method in _http_methods(route):
                    self._buckets[http_method, first, _segments(route)].append(route)
        for bucket in self._buckets.values():
            bucket.sort(
                key=lambda route: (not route.is_custom_verb, -len(_PARAMETER.sub("", route.template)))
            )

    @cached_property
    def roots(self) -> frozenset[str]:
        """First segments of all paths."""
        return frozenset(first for _, first, _ in self._buckets)

    def match(self, http_method: str, path: str) -> Match | None:
        """The method that serves *path* (percent-encoded, no leading slash), or None."""
        first = path.partition("/")[0]
        for segments in (path.count("/") + 1, None):
            for route in self._buckets.get((http_method, first, segments), ()):
                if found := route.match(path):
                    return found
        return None


def _routes(method: "Method") -> "Iterable[Route]":
    yield Route(method, method.path, method.prefix)
    for upload in method.upload_paths:
        yield Route(method, upload, upload.partition("{")[0].rpartition("b/")[0], "upload")
    if method.media_download:
        yield Route(method, f"download/{method.path}", f"download/{method.prefix}", "download")


def _http_methods(route: Route) -> tuple[str, ...]:
    """The method's own; a resumable upload goes on with PUT and ends early with DELETE, at one path."""
    return ("POST", "PUT", "DELETE") if route.media == "upload" else (route.method.http_method,)


def _segments(route: Route) -> int | None:
    """Number of path segments that the route always has; None where a parameter may hold slashes at will."""
    expanded = route.template
    for found in _PARAMETER.finditer(route.template):
        if found.group(1):
            declared: str = route.method.parameters.get(found.group(2), {}).get("pattern", "^.+$")
            literal = declared.removeprefix("^").removesuffix("$").replace("[^/]+", "x")
            if not re.fullmatch(r"[\w/.-]+", literal) or ".+" in literal:
                return None
            expanded = expanded.replace(found.group(0), literal)
    return expanded.count("/") + 1


def _group(parameter: str) -> str:
    return parameter.replace(".", "__")
