"""What a module of this package says about a resource type."""

from dataclasses import dataclass

from notebook_provisioner.sandbox.provider.handler import Handler
from notebook_provisioner.sandbox.provider.mapping import Row


@dataclass(frozen=True, slots=True)
class Definition:
    """A resource type: its REST facts, and the handler that knows its odd steps, if it has any."""

    row: Row
    handler: type[Handler] = Handler
