"""A bucket's lifecycle rules, applied once a day of sandbox time.

Source: https://cloud.google.com/storage/docs/lifecycle. Where several rules match, Delete wins, as at Google.
"""

import contextlib
from typing import TYPE_CHECKING, Any, Final

from notebook_provisioner.sandbox.server.clock import moment_of
from notebook_provisioner.sandbox.server.clock import rfc3339_milliseconds as timestamp
from notebook_provisioner.sandbox.server.errors import ApiError
from notebook_provisioner.sandbox.server.services.storage.api import SERVICE
from notebook_provisioner.sandbox.server.services.storage.buckets import DAY
from notebook_provisioner.sandbox.server.services.storage.catalog import State
from notebook_provisioner.sandbox.server.services.storage.shelf import Shelf

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from notebook_provisioner.sandbox.server.context import Context
    from notebook_provisioner.sandbox.server.services.storage.catalog import Bucket, Version
    from notebook_provisioner.sandbox.server.store import Document

_APPLY: Final = "storage.v1.applyLifecycle"


def watch(context: "Context", bucket: "Bucket") -> None:
    """Have a bucket's rules applied a day from now, if it has any and is not watched already."""
    mark = f"storage.lifecycle.{bucket.generation}"
    if bucket.resource.get("lifecycle", {}).get("rule") and not context.store.value(mark):
        context.store.set_value(mark, value=True)
        context.later(DAY, _APPLY, {"name": bucket.name, "generation": bucket.generation})


@SERVICE.effect("applyLifecycle")
def apply(context: "Context", arguments: "Document") -> None:
    """Apply a bucket's rules to all its versions, and come back in a day."""
    shelf = Shelf.of(context)
    context.store.set_value(f"storage.lifecycle.{arguments['generation']}", value=False)
    bucket = shelf.catalog.bucket(arguments["name"])
    if bucket is None or bucket.generation != arguments["generation"]:
        return
    rules = bucket.resource.get("lifecycle", {}).get("rule", [])
    for newer, version in _newer_counted(
        shelf.catalog.scan(bucket.generation, (State.LIVE, State.NONCURRENT))
    ):
        action = due_action(rules, version, newer, shelf.now)
        if action is None:
            continue
        if action["type"] == "Delete":
            with contextlib.suppress(ApiError):  # a hold or a retention protects it: another day
                shelf.delete(bucket, version, for_good=version.state is State.NONCURRENT)
        else:
            shelf.catalog.save(
                version.moved(
                    version.state,
                    storageClass=action["storageClass"],
                    timeStorageClassUpdated=timestamp(shelf.now),
                )
            )
    watch(context, bucket)


def due_action(
    rules: "Iterable[Mapping[str, Any]]", version: "Version", newer: int, now: float
) -> "Mapping[str, Any] | None":
    """The action that is due for a version, or None.

    Args:
        rules: A bucket's rules.
        version: A live or a noncurrent version.
        newer: Number of newer versions of the same object.
        now: Seconds since the epoch.
    """
    actions = [rule["action"] for rule in rules if _matches(rule["condition"], version, newer, now)]
    changes = [
        action
        for action in actions
        if action["type"] == "SetStorageClass" and action["storageClass"] != version.resource["storageClass"]
    ]
    deletions = [action for action in actions if action["type"] == "Delete"]
    return next(iter([*deletions, *changes]), None)


def _matches(condition: "Mapping[str, Any]", version: "Version", newer: int, now: float) -> bool:
    resource, live = version.resource, version.state is State.LIVE

    def days_since(field: str) -> float:
        return (now - moment_of(resource[field])) / DAY if field in resource else -1.0

    def before(field: str, date: str) -> bool:
        return field in resource and moment_of(resource[field]) < moment_of(date)

    holds: dict[str, Callable[[Any], bool]] = {
        "age": lambda days: days_since("timeCreated") >= days,
        "createdBefore": lambda date: before("timeCreated", date),
        "customTimeBefore": lambda date: before("customTime", date),
        "daysSinceCustomTime": lambda days: days_since("customTime") >= days,
        "daysSinceNoncurrentTime": lambda days: not live and days_since("timeDeleted") >= days,
        "isLive": lambda wanted: live is wanted,
        "matchesPrefix": lambda prefixes: version.name.startswith(tuple(prefixes)),
        "matchesStorageClass": lambda classes: resource["storageClass"] in classes,
        "matchesSuffix": lambda suffixes: version.name.endswith(tuple(suffixes)),
        "noncurrentTimeBefore": lambda date: not live and before("timeDeleted", date),
        "numNewerVersions": lambda count: newer >= count,
        "sizeAboveBytes": lambda size: int(resource["size"]) > int(size),
        "sizeBelowBytes": lambda size: int(resource["size"]) < int(size),
    }
    # An empty list is an unset field: clients send it for a filter that they do not use.
    return all(holds[name](value) for name, value in condition.items() if value != [])


def _newer_counted(versions: "Iterable[Version]") -> "Iterable[tuple[int, Version]]":
    """Pair each version with the number of newer ones; *versions* come by name, then oldest first."""
    group: list[Version] = []
    for version in versions:
        if group and group[0].name != version.name:
            yield from _counted_down(group)
            group = []
        group.append(version)
    yield from _counted_down(group)


def _counted_down(group: "list[Version]") -> "Iterable[tuple[int, Version]]":
    return [(len(group) - 1 - index, version) for index, version in enumerate(group)]
