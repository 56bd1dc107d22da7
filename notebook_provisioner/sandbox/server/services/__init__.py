"""One module or package a service; each with a `SERVICE`, or several in `SERVICES`, is found by itself."""

import importlib
import pkgutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from notebook_provisioner.sandbox.server.service import Service


def all_services() -> "list[Service]":
    """Every service of this package, in the order of the module names.

    Raises:
        ValueError: Two modules serve the same version of an API.
    """
    found: dict[tuple[str, str], Service] = {}
    for entry in sorted(pkgutil.iter_modules(__path__), key=lambda item: item.name):
        module = importlib.import_module(f"{__name__}.{entry.name}")
        declared = getattr(module, "SERVICES", None) or [module.SERVICE] if hasattr(module, "SERVICE") else ()
        for service in declared:
            known = found.setdefault((service.api, service.version), service)
            if known is not service:
                raise ValueError(
                    f"{service.api} {service.version} is served twice; {module.__name__} is the second"
                )
    return list(found.values())
