"""Data sources: things that are looked up and not managed."""

from notebook_provisioner.sandbox.provider.rest import Client
from notebook_provisioner.sandbox.provider.schema import Block
from notebook_provisioner.sandbox.provider.values import Object


def read(type_name: str, block: Block, config: Object, client: Client) -> Object:
    """Look up a data source."""
    raise NotImplementedError
