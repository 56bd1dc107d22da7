"""Google's discovery documents, read from the PyPI package google-api-python-client.

A document gives every method of an API with its path, parameters, request and response; the sandbox takes its
routes, its validation and the shape of its answers from there and invents none.
"""

import functools
import importlib.util
import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import orjson

Schema = dict[str, Any]
"""One node of a discovery document's JSON schema."""

_VERSION_PREFIX = re.compile(r"^(?:[a-z/]*?/)?v\d+\w*/")


@dataclass(frozen=True, slots=True)
class Method:
    """One method of an API.

    Attributes:
        api: Name of the API (``notebooks``).
        version: Its version (``v2``).
        id: The discovery id, ``notebooks.projects.locations.instances.create``.
        http_method: ``GET``, ``POST``, …
        path: URL path below the sandbox's root, with ``{param}`` and ``{+param}`` in it.
        prefix: Leading literal part of *path* that is no part of a resource's name (``notebooks/v2/``).
        parameters: The document's parameters by name, path and query.
        request: Name of the request body's schema, or None.
        response: Name of the response body's schema, or None.
        upload_paths: Further paths that take media (``/upload/storage/v1/…``).
        media_download: Whether ``alt=media`` and ``/download/…`` answer with the content.
    """

    api: str
    version: str
    id: str
    http_method: str
    path: str
    prefix: str
    parameters: dict[str, Schema]
    request: str | None
    response: str | None
    upload_paths: tuple[str, ...] = ()
    media_download: bool = False

    @property
    def verb(self) -> str:
        """The id's last part: ``create``, ``setLabels``."""
        return self.id.rpartition(".")[2]

    @property
    def resource(self) -> str:
        """The id without API and verb: ``projects.locations.instances``."""
        return self.id.partition(".")[2].rpartition(".")[0]


@dataclass(frozen=True)
class Api:
    """One version of an API."""

    name: str
    version: str
    schemas: dict[str, Schema]
    standard_parameters: dict[str, Schema]
    methods: dict[str, Method] = field(repr=False)

    def properties(self, schema: str | None) -> dict[str, Schema]:
        """Properties of the schema named *schema*; empty where there is none."""
        properties: dict[str, Schema] = self.schemas.get(schema or "", {}).get("properties", {})
        return properties

    @cached_property
    def operation_parents(self) -> tuple[re.Pattern[str], ...]:
        """Patterns of the names under which this API keeps operations, the most specific first."""
        found = set()
        for method in self.methods.values():
            if method.verb == "get" and method.resource.rpartition(".")[2] == "operations":
                for parameter in method.parameters.values():
                    head, operations, _ = (
                        parameter.get("pattern", "").removeprefix("^").partition("operations/")
                    )
                    if operations:
                        found.add(head)
        return tuple(re.compile(head) for head in sorted(found, key=len, reverse=True))


def documents_folder() -> Path:
    """Folder of the discovery documents; finding it imports nothing of the package.

    Raises:
        RuntimeError: google-api-python-client is not installed.
    """
    spec = importlib.util.find_spec("googleapiclient")
    if spec is None or spec.origin is None:
        raise RuntimeError(
            "the sandbox needs google-api-python-client: pip install 'notebook-provisioner[sandbox]'"
        )
    return Path(spec.origin).parent / "discovery_cache" / "documents"


@functools.cache
def load(name: str, version: str) -> Api:
    """Read one API's document, once a process.

    Args:
        name: The API's name in its document: ``compute``.
        version: Its version: ``v1``.

    Raises:
        FileNotFoundError: The package ships no such document.
    """
    document = orjson.loads((documents_folder() / f"{name}.{version}.json").read_bytes())
    methods: dict[str, Method] = {}
    _collect(name, version, document["servicePath"], document, methods)
    return Api(name, version, document["schemas"], document["parameters"], methods)


def _collect(name: str, version: str, service_path: str, node: Schema, methods: dict[str, Method]) -> None:
    for entry in node.get("methods", {}).values():
        path = service_path + entry["path"]
        found = _VERSION_PREFIX.match(path)
        prefix = found.group(0) if found else ""
        if not path.startswith(f"{name}/"):
            path, prefix = f"{name}/{path}", f"{name}/{prefix}"
        protocols = entry.get("mediaUpload", {}).get("protocols", {})
        methods[entry["id"]] = Method(
            api=name,
            version=version,
            id=entry["id"],
            http_method=entry["httpMethod"],
            path=path,
            prefix=prefix,
            parameters=entry.get("parameters", {}),
            request=entry.get("request", {}).get("$ref"),
            response=entry.get("response", {}).get("$ref"),
            upload_paths=tuple(dict.fromkeys(item["path"].lstrip("/") for item in protocols.values())),
            media_download=entry.get("supportsMediaDownload", False),
        )
    for child in node.get("resources", {}).values():
        _collect(name, version, service_path, child, methods)
