"""Every resource type that the stand-in knows."""

import functools
from collections.abc import Mapping

from notebook_provisioner.sandbox.provider.resources.definition import Definition


@functools.cache
def definitions() -> Mapping[str, Definition]:
    """Type name to definition; loaded when first asked for, for Terraform starts the provider many times."""
    from notebook_provisioner.sandbox.provider.resources import compute, storage, workbench

    return {**compute.DEFINITIONS, **storage.DEFINITIONS, **workbench.DEFINITIONS}
