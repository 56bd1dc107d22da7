"""Every resource type that the stand-in knows."""

import functools
from collections.abc import Mapping

from notebook_provisioner.sandbox.provider.resources import (
    access_context,
    billing,
    compute,
    delivery,
    dns,
    federation,
    iam_policy,
    identity,
    kms,
    network_egress,
    observability,
    storage,
    workbench,
)
from notebook_provisioner.sandbox.provider.resources.definition import Definition

_MODULES = (
    access_context,
    billing,
    compute,
    delivery,
    dns,
    federation,
    iam_policy,
    identity,
    kms,
    network_egress,
    observability,
    storage,
    workbench,
)


@functools.cache
def definitions() -> Mapping[str, Definition]:
    """Type name to definition."""
    return {name: definition for module in _MODULES for name, definition in module.DEFINITIONS.items()}
