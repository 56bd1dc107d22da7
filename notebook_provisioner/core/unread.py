"""What hashicorp/google never reads from an API, and so leaves empty in what it imports.

Terraform would replace such a resource while it imports it: a notebook with its disks. So it is told to look
away, and the state is completed afterwards from the plan that would have created the resource; what the cloud
has there is not known.
"""

import copy
from collections.abc import Iterable, Mapping
from typing import Any, Final

from notebook_provisioner.core.impact import NOTEBOOK
from notebook_provisioner.core.terraform_plan import Change

ATTRIBUTES: Final[Mapping[str, tuple[tuple[str | int, ...], ...]]] = {
    NOTEBOOK: (
        ("instance_owners",),
        ("gce_setup", 0, "vm_image"),
        ("gce_setup", 0, "boot_disk", 0, "disk_type"),
        ("gce_setup", 0, "data_disks", 0, "disk_type"),
    )
}
"""Paths by type, from services/workbench/resource_workbench_instance.go (7.46)."""

OVERRIDES: Final[Mapping[str, Mapping[str, Any]]] = {
    "modules/notebook/adopt_override.tf.json": {
        "resource": {
            NOTEBOOK: {
                "this": {
                    "lifecycle": {
                        "ignore_changes": [
                            ".".join(str(step) for step in path).replace(".0", "[0]")
                            for path in ATTRIBUTES[NOTEBOOK]
                        ]
                    }
                }
            }
        }
    }
}
"""How Terraform is told to look away: path below ``terraform`` to an override file in its JSON syntax."""


def creations(addresses: Iterable[str], changes: Iterable[Change]) -> tuple[Change, ...]:
    """Those of *changes* that are about *addresses* and that an import alone would leave incomplete."""
    wanted = set(addresses)
    return tuple(change for change in changes if change.address in wanted and change.type in ATTRIBUTES)


def complete(state: Mapping[str, Any], planned: Iterable[Change]) -> dict[str, Any]:
    """Fill in what an import has left empty.

    Args:
        state: A state as ``terraform state pull`` writes it (version 4).
        planned: What would have created the imported resources.

    Returns:
        The state with the next serial number; what was read stays as it was read.
    """
    by_address = {change.address: change for change in planned}
    completed = copy.deepcopy(dict(state))
    for resource in completed["resources"]:
        for instance in resource["instances"]:
            change = by_address.get(_address(resource, instance))
            if change is not None:
                for path in ATTRIBUTES[change.type]:
                    _fill(instance["attributes"], change.after, path)
    completed["serial"] += 1
    return completed


def believed(document: Mapping[str, Any], creations: Iterable[Change]) -> dict[str, Any]:
    """Show what is imported as it is once its apply is done and the state completed.

    Args:
        document: A plan as ``terraform show -json`` writes it, with imports.
        creations: What would have created the imported resources.

    Returns:
        The plan with what no import reads, before and after; what was read stays as it was read.
    """
    by_address = {change.address: change for change in creations}
    shown = copy.deepcopy(dict(document))
    for entry in shown.get("resource_changes", ()):
        created = by_address.get(entry["address"])
        if created is not None and "importing" in entry["change"]:
            for path in ATTRIBUTES[created.type]:
                for side in ("before", "after"):
                    _fill(entry["change"][side], created.after, path)
    return shown


def _address(resource: Mapping[str, Any], instance: Mapping[str, Any]) -> str:
    key = instance.get("index_key")
    index = "" if key is None else f'["{key}"]' if isinstance(key, str) else f"[{key}]"
    parts = (resource.get("module"), resource["type"], resource["name"])
    return ".".join(part for part in parts if part) + index


def _fill(target: Any, source: Any, path: tuple[str | int, ...]) -> None:  # noqa: ANN401  # JSON values
    *way, last = path
    try:
        for step in way:
            target, source = target[step], source[step]
        if not target.get(last):
            target[last] = source[last]
    except (KeyError, IndexError, TypeError):
        return  # the plan does not say, or there is no such block
