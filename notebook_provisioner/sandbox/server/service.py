"""What a service is to the engine: resources for generic CRUD, and methods with behaviour of their own.

README.md beside this file shows how to write one.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from notebook_provisioner.sandbox.server.errors import ApiError, ErrorStyle
from notebook_provisioner.sandbox.server.store import Document

if TYPE_CHECKING:
    from notebook_provisioner.sandbox.server.call import Call
    from notebook_provisioner.sandbox.server.context import Context


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that is not a JSON document with status 200.

    Attributes:
        body: Whole, or in pieces for what may be large.
        status: HTTP status code.
        headers: Response headers.
        repeated: Those that come on several lines.
    """

    body: bytes | Iterator[bytes] = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    repeated: tuple[tuple[str, str], ...] = ()


class Pause(Exception):
    """Raised by a handler to be called again later: how ``wait`` waits without holding a transaction.

    Attributes:
        until: Sandbox time at which to call again, at the latest.
    """

    def __init__(self, until: float) -> None:
        super().__init__(until)
        self.until = until


Handler = Callable[["Call"], "Document | Reply"]
HandlerType = TypeVar("HandlerType", bound=Handler)
Effect = Callable[["Context", Document], "Document | ApiError | None"]
"""What happens later. An `ApiError` that it raises undoes it and fails its operation; one that it
returns only fails the operation."""
GENERIC_VERBS = frozenset(
    {
        "get",
        "list",
        "aggregatedList",
        "insert",
        "create",
        "patch",
        "update",
        "delete",
        "getIamPolicy",
        "setIamPolicy",
        "testIamPermissions",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """A collection that generic CRUD serves, with what its API does beyond storing.

    Hooks raise `ApiError` to refuse; everything they did is then rolled back.

    Attributes:
        collection: Its place in the discovery document: ``networks``, ``projects.locations.instances``.
        verbs: The generic verbs that are emulated; those that the API does not have are skipped.
        identifier: Finds a new resource's id in a request; by default the ``…Id`` query parameter or the
            body's name.
        on_create: Called with the document that is about to be stored; fills in and refuses.
        on_update: Called with the stored and the new document of a patch or update.
        on_delete: Called with the document that is about to be removed.
        view: Turns a stored document into what a reader sees (computed states).
    """

    collection: str
    verbs: frozenset[str] = GENERIC_VERBS
    identifier: "Callable[[Call, Document], str] | None" = None
    on_create: "Callable[[Call, Document], None] | None" = None
    on_update: "Callable[[Call, Document, Document], None] | None" = None
    on_delete: "Callable[[Call, Document], None] | None" = None
    view: "Callable[[Context, Document], Document] | None" = None


@dataclass(kw_only=True)
class Service:
    """One version of an API, emulated.

    Attributes:
        api: Name of the discovery document: ``compute``.
        version: Its version: ``v1``.
        proto_package: Package of its messages, for ``@type`` in operations: ``google.cloud.notebooks.v2``.
        schema_prefix: What the document puts before message names (``GoogleCloudRunV2``); taken off for
            ``@type``.
        error_style: Which of Google's two error bodies it answers with.
        self_link_root: URL that a resource's name follows in ``selfLink``; None where there is none.
        enum_numbers: Numbers of enum values by ``Schema.field`` where they differ from the place in the
            document.
        undocumented: Fields (``Schema.field``) that its API takes although the document has them not: clients
            of Google's own send them. They are dropped.
        undocumented_parameters: Query parameters of which the same is true; ignored.
        before: Called before every handler: refuses what no method of the API may address (an unknown zone).
        on_create: As `Resource.on_create`, for every resource, before the resource's own.
        operation_metadata: Metadata of an operation on a target (name) with a verb; the common fields by
            default.
        seed: Called once on a new state folder: fills in what Google has from the start.
        not_emulated: Sentences for the README: what this service leaves out, beyond methods without a
            handler.
    """

    api: str
    version: str
    proto_package: str = ""
    schema_prefix: str = ""
    error_style: ErrorStyle = ErrorStyle.STATUS
    self_link_root: str | None = None
    enum_numbers: Mapping[str, dict[int, str]] = field(default_factory=dict)
    undocumented: frozenset[str] = frozenset()
    undocumented_parameters: frozenset[str] = frozenset()
    before: "Callable[[Call], None] | None" = None
    on_create: "Callable[[Call, Document], None] | None" = None
    operation_metadata: "Callable[[Call, str, str], Document] | None" = None
    seed: "Callable[[Context], None] | None" = None
    not_emulated: tuple[str, ...] = ()
    resources: dict[str, Resource] = field(default_factory=dict)
    handlers: dict[str, Handler] = field(default_factory=dict)
    effects: dict[str, Effect] = field(default_factory=dict)

    def add(self, *resources: Resource) -> None:
        """Serve *resources* generically."""
        self.resources.update((resource.collection, resource) for resource in resources)

    def method(self, *identifiers: str) -> Callable[[HandlerType], HandlerType]:
        """Serve methods (``instances.setLabels``: ids without the API) with the decorated handler."""

        def register(handler: HandlerType) -> HandlerType:
            self.handlers.update((f"{self.api}.{identifier}", handler) for identifier in identifiers)
            return handler

        return register

    def effect(self, name: str) -> Callable[[Effect], Effect]:
        """Register the decorated function as *name*, to be run later by an operation or `Context.later`."""

        def register(effect: Effect) -> Effect:
            self.effects[f"{self.api}.{self.version}.{name}"] = effect
            return effect

        return register

    def message_type(self, schema: str) -> str:
        """``@type`` of the message that the document calls *schema*."""
        return f"type.googleapis.com/{self.proto_package}.{schema.removeprefix(self.schema_prefix)}"


def drop_keys(document: Document, *keys: str) -> Document:
    """*document* without *keys*."""
    return {key: value for key, value in document.items() if key not in keys}
