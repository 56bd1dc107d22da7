"""One request on its way through the sandbox, as handlers and hooks see it."""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from notebook_provisioner.sandbox.server import operations
from notebook_provisioner.sandbox.server.errors import not_found
from notebook_provisioner.sandbox.server.store import Document, Key, Store

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from notebook_provisioner.sandbox.server.clock import Clock
    from notebook_provisioner.sandbox.server.context import Context
    from notebook_provisioner.sandbox.server.discovery import Api, Method
    from notebook_provisioner.sandbox.server.routing import Match
    from notebook_provisioner.sandbox.server.service import Service


@dataclass(slots=True)
class Call:
    """One request, validated.

    Attributes:
        context: The sandbox.
        service: The service that serves it.
        api: Its discovery document.
        match: The method, the path's parameters and the name of what it addresses.
        query: Query parameters that the method declares, converted; standard ones are left out.
        body: The JSON body, cleaned by its schema; ``{}`` where there is none.
        http_method: The request's: a resumable upload goes on under other ones than its method's.
        upload: File with the body of a media upload, unvalidated; None for other requests, and gone after
            this one.
        headers: Request headers, lower-case names.
        raw_query: All query parameters as they were sent, standard ones too.
        origin: Scheme, host and port under which the client reached the sandbox.
        strict: Whether output-only fields are refused.
        never_ends: Whether the operation that it starts goes on for ever.
        ignored: Output-only fields of the body that were dropped.
    """

    context: "Context"
    service: "Service"
    api: "Api"
    match: "Match"
    query: dict[str, Any]
    body: Document
    http_method: str
    upload: "Path | None"
    headers: "Mapping[str, str]"
    raw_query: "Mapping[str, str]"
    origin: str
    strict: bool = False
    never_ends: bool = False
    ignored: list[str] = field(default_factory=list)

    @property
    def method(self) -> "Method":
        """The API's method."""
        return self.match.method

    @property
    def parameters(self) -> dict[str, str]:
        """Path parameters by name, decoded."""
        return self.match.parameters

    @property
    def store(self) -> Store:
        """The sandbox's store, within this request's transaction."""
        return self.context.store

    @property
    def clock(self) -> "Clock":
        """The sandbox's clock."""
        return self.context.clock

    @property
    def key(self) -> Key:
        """Key of the resource that the path addresses."""
        return Key.of(self.api.name, self.match.name)

    def key_of(self, name: str) -> Key:
        """Key of the resource *name* of the same API."""
        return Key.of(self.api.name, name)

    def about(self, key: Key) -> "Call":
        """The same call as if its path had addressed *key*: for resources that go by several names."""
        return replace(self, match=replace(self.match, name=key.name))

    @property
    def collection(self) -> str:
        """The collection that a list or create addresses: ``projects/p/zones/z/instances``."""
        return self.match.collection

    @property
    def project(self) -> str:
        """The project in the path; empty where there is none."""
        parts = self.match.name.split("/")
        return parts[1] if len(parts) > 1 and parts[0] == "projects" else ""

    def load(self, key: Key | None = None) -> Document:
        """The stored document under *key*, by default what the path addresses.

        Raises:
            ApiError: 404 where there is none.
        """
        wanted = key or self.key
        document = self.store.get(wanted)
        if document is None:
            raise not_found(wanted.name)
        return document

    def operation(
        self,
        target: Key | None = None,
        *,
        verb: str | None = None,
        then: str | None = None,
        arguments: Document | None = None,
        response: str | None = None,
    ) -> Document:
        """Start a long-running operation and return it, done if operations take no time.

        Args:
            target: What it works on; by default what the path addresses.
            verb: Its name in the operation; by default the method's.
            then: Name of a `Service.effect` that runs when it ends, with *arguments*. What it returns is the
                operation's response; an `ApiError` out of it fails the operation.
            arguments: JSON for the effect.
            response: Schema of the response; by default that of the resource's ``get``, ``Empty`` for a
                delete.
        """
        return operations.start(
            self, target or self.key, verb=verb, then=then, arguments=arguments or {}, response=response
        )
