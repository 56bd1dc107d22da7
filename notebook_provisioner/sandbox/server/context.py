"""What all requests share: the store, the clock, the services, and effects that come due."""

import base64
import contextlib
import hashlib
import logging
import secrets
from typing import TYPE_CHECKING

import orjson

from notebook_provisioner.sandbox.server.errors import ApiError
from notebook_provisioner.sandbox.server.store import Document, Key, Store

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from notebook_provisioner.sandbox.server.clock import Clock
    from notebook_provisioner.sandbox.server.discovery import Api
    from notebook_provisioner.sandbox.server.guests.lab import Lab
    from notebook_provisioner.sandbox.server.service import Effect, Resource, Service
    from notebook_provisioner.sandbox.server.settings import Settings

_LOG = logging.getLogger(__name__)


class Context:
    """One sandbox.

    Attributes:
        folder: Where it keeps its state; services may keep files below it (object contents).
        store: Everything it knows.
        clock: Its time.
        settings: Its settings; replaced whole when they change.
        lab: Where notebooks boot for real; None where boots are simulated.
        services: The services by API and version.
        apis: The discovery documents by API and version.
    """

    def __init__(
        self,
        folder: "Path",
        store: Store,
        clock: "Clock",
        settings: "Settings",
        pairs: "Sequence[tuple[Service, Api]]",
    ) -> None:
        self.folder = folder
        self.store = store
        self.clock = clock
        self.settings = settings
        self.lab: Lab | None = None
        self.services = {(service.api, service.version): service for service, _ in pairs}
        self.apis = {(api.name, api.version): api for _, api in pairs}
        self._effects: dict[str, Effect] = {}
        for service, _ in pairs:
            self._effects.update(service.effects)

    def register(self, name: str, effect: "Effect") -> None:
        """Make *effect* known to `later` under *name*: the engine's own; services use `Service.effect`."""
        self._effects[name] = effect

    def later(self, seconds: float, name: str, arguments: Document) -> None:
        """Run the effect *name* (``api.version.name``) *seconds* from now, also after a restart."""
        if name not in self._effects:
            raise KeyError(f"no effect is called {name}")
        self.store.schedule(self.clock.now() + seconds, name, arguments)

    def run_effect(self, name: str, arguments: Document) -> "Document | ApiError | None":
        """Run the effect *name* now and return what it returns.

        Raises:
            ApiError: The effect's own refusal; INTERNAL where it breaks, which is a bug and is logged.
        """
        try:
            with self.store.transaction():
                return self._effects[name](self, arguments)
        except ApiError:
            raise
        except Exception as error:
            _LOG.exception("effect %s broke", name)
            raise ApiError("INTERNAL", f"the sandbox's effect {name} broke: {error!r}") from error

    def settle(self) -> None:
        """Run every effect that is due, in order. Called before each request, within its transaction.

        Each is run at the sandbox time at which it was due, and so is what it leads to.

        One that fails is undone and dropped: it must not stand in the way of every request that follows.
        """
        while (due := self.store.take_due(self.clock.now())) is not None:
            moment, name, arguments = due
            with contextlib.suppress(ApiError), self.clock.at(moment):
                self.run_effect(name, arguments)

    def resource_of(self, key: Key) -> "Resource | None":
        """The declared resource whose collection ends as *key*'s does, or None."""
        for service in self.services.values():
            if service.api == key.api:
                for resource in service.resources.values():
                    if resource.collection.rpartition(".")[2] == key.kind:
                        return resource
        return None

    def visible(self, key: Key) -> Document | None:
        """The document under *key* as a reader sees it, or None."""
        document = self.store.get(key)
        resource = self.resource_of(key)
        if document is not None and resource is not None and resource.view is not None:
            return resource.view(self, document)
        return document

    def project_number(self, project: str) -> str:
        """The number of *project* (12 digits): what Resource Manager says, else derived from the id."""
        if project.isdecimal():
            return project
        known = self.store.get(Key("cloudresourcemanager", "projects", project))
        if known is not None:
            number = str(known.get("projectNumber") or str(known.get("name", "")).rpartition("/")[2])
            if number.isdecimal():
                return number
        digest = int.from_bytes(hashlib.sha256(project.encode()).digest()[:8], "big")
        return str(10**11 + digest % (9 * 10**11))


def numeric_id() -> str:
    """A new 19-digit id, as Compute numbers its resources."""
    return str(10**18 + secrets.randbelow(8 * 10**18))


def fingerprint(value: object) -> str:
    """Eight bytes over *value*, base64 with padding, as Compute's fingerprints look (``OOp0AY3QO9M=``)."""
    digest = hashlib.sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS)).digest()[:8]
    return base64.urlsafe_b64encode(digest).decode()
