"""A Terraform plan as typed facts.

Reads ``terraform show -json`` (format 1.x: https://developer.hashicorp.com/terraform/internals/json-format).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final


class Action(StrEnum):
    """What a plan does to one resource."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    ADOPT = "adopt"  # take into the state what exists, and change nothing
    FORGET = "forget"  # drop from the state, and leave it standing
    KEEP = "no-op"  # leave it as it is


class Unknown:
    """A value that Terraform learns only while it applies."""


UNKNOWN: Final = Unknown()

DEPOSED: Final = "deposed"  # the reason of a deletion that Terraform's JSON gives no reason for, but a key

_ACTIONS: Final = {
    ("create",): Action.CREATE,
    ("update",): Action.UPDATE,
    ("delete",): Action.DELETE,
    ("delete", "create"): Action.REPLACE,
    ("create", "delete"): Action.REPLACE,
    ("forget",): Action.FORGET,
    ("no-op",): Action.KEEP,
}
_DEFAULTS: Final = frozenset({"default_labels", "project", "region"})  # of a provider's arguments
_EMPTY: Final[tuple[object, ...]] = (None, "", [], {})  # the provider's SDK does not tell these apart


@dataclass(frozen=True, slots=True)
class Change:
    """What the plan does to one resource.

    Attributes:
        address: As in ``module.notebook["ana"].google_workbench_instance.this``.
        type: As in ``google_workbench_instance``.
        action: What is done.
        before: Its attributes as they are; empty for a new one.
        after: Its attributes as they shall be, without unknown ones; empty for one that goes.
        unknown: The shape of ``after`` with True where a value is unknown.
        replace_paths: Attributes that cannot be changed in place, dotted.
        reason: Terraform's word for why, as in ``delete_because_no_resource_config``; or None. ``DEPOSED`` is
            an old object that outlived its replacement.
        drifted: Whether somebody else changed, since Terraform last looked, what the plan changes back. What
            another release of the provider reads for the first time is no such change.
    """

    address: str
    type: str
    action: Action
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    unknown: Mapping[str, Any] = field(default_factory=dict)
    replace_paths: tuple[str, ...] = ()
    reason: str | None = None
    drifted: bool = False

    @property
    def name(self) -> str:
        """The resource's ``name``, or its address where it has none."""
        name = self.after.get("name") or self.before.get("name")
        return name if isinstance(name, str) else self.address

    def planned(self, *path: str | int) -> Any:  # noqa: ANN401  # any JSON value
        """Look up a planned value: the value, None where there is none, or ``UNKNOWN``."""
        return _look_up(self.after, self.unknown, path)

    def each(self, *path: str) -> Iterator[Any]:
        """Look up a planned value in every block on the way, but in those that are unknown.

        ``UNKNOWN`` where a part of it is.
        """
        yield from _each(self.after, self.unknown, path)

    def each_before(self, *path: str) -> Iterator[Any]:
        """As ``each``, of the values that there are."""
        yield from _each(self.before, {}, path)

    def changed_paths(self) -> tuple[str, ...]:
        """Attributes that differ before and after, dotted; the index of a single block is left out."""
        return tuple(sorted(set(_differences(self.before, self.after, self.unknown, ()))))


@dataclass(frozen=True, slots=True)
class TerraformPlan:
    """Everything that a plan would do.

    Attributes:
        changes: Resources that change, in Terraform's order.
        outputs: Names of the outputs that change.
        unchanged: Resources that stay as they are, as changes that keep them.
        project_numbers: Numbers of the projects that Terraform looked up, by project id.
        programs: What of the configuration has Terraform run programs: its address there, and what it is.
        providers: What configures a provider otherwise than with the fleet's project, region and labels: its
            address, and what it is.
    """

    changes: tuple[Change, ...]
    outputs: tuple[str, ...] = ()
    unchanged: tuple[Change, ...] = ()
    project_numbers: Mapping[str, str] = field(default_factory=dict)
    programs: tuple[tuple[str, str], ...] = ()
    providers: tuple[tuple[str, str], ...] = ()


def read(document: Mapping[str, Any]) -> TerraformPlan:
    """Read a plan's JSON. Data sources are left out, but for the numbers of projects."""
    drift = {entry["address"]: entry["change"] for entry in document.get("resource_drift", ())}
    planned = tuple(
        change
        for entry in document.get("resource_changes", ())
        if entry.get("mode") == "managed"
        for change in _change(entry, drift.get(entry["address"], {}))
    )
    outputs = tuple(
        name
        for name, change in sorted(document.get("output_changes", {}).items())
        if tuple(change["actions"]) != ("no-op",)
    )
    changes = tuple(change for change in planned if change.action is not Action.KEEP)
    unchanged = tuple(change for change in planned if change.action is Action.KEEP)
    prior = document.get("prior_state", {}).get("values", {}).get("root_module", {})
    written = document.get("configuration", {}).get("root_module", {})
    programs = (*_programs(written, ""), *_actions(document))
    providers = tuple(_providers(document.get("configuration", {}).get("provider_config", {})))
    return TerraformPlan(changes, outputs, unchanged, dict(_project_numbers(prior)), programs, providers)


def _programs(module: Mapping[str, Any], path: str) -> Iterator[tuple[str, str]]:
    """Provisioners, and data sources of providers other than Google's: `external` runs any program."""
    for resource in module.get("resources", ()):
        address = f"{path}{resource['address']}"
        for provisioner in resource.get("provisioners", ()):
            yield address, f"a provisioner, {provisioner['type']},"
        if resource["mode"] == "data" and not resource["type"].startswith("google_"):
            yield address, f"a data source that is not Google's, {resource['type']},"
    for name, call in module.get("module_calls", {}).items():
        yield from _programs(call.get("module", {}), f"{path}module.{name}.")


def _actions(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Actions of providers, which Terraform has from 1.14 on: they change what no resource shows."""
    for key in ("action_invocations", "deferred_action_invocations"):
        for one in document.get(key) or ():
            yield one.get("address", "action"), "an action of a provider"


def _providers(configured: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Configurations besides the one of Google's provider, and what that one has besides its defaults."""
    for key, row in configured.items():
        address = f"provider.{key}"
        if not row.get("full_name", "hashicorp/google").endswith("hashicorp/google"):
            yield address, f"the provider {row['full_name']}"
        elif "alias" in row or "module_address" in row:
            yield address, "a second configuration of Google's provider"
        for argument in sorted(row.get("expressions", {}).keys() - _DEFAULTS):
            yield address, f"the provider's argument {argument}"


def _project_numbers(module: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for resource in module.get("resources", ()):
        if (resource["mode"], resource["type"]) == ("data", "google_project"):
            yield resource["values"]["project_id"], resource["values"]["number"]
    for child in module.get("child_modules", ()):
        yield from _project_numbers(child)


def _change(entry: Mapping[str, Any], drift: Mapping[str, Any]) -> Iterator[Change]:
    change = entry["change"]
    action = _ACTIONS.get(tuple(change["actions"]))
    if action is Action.KEEP and "importing" in change:
        action = Action.ADOPT
    if action is None:
        return
    made = Change(
        address=entry["address"],
        type=entry["type"],
        action=action,
        before=change.get("before") or {},
        after=change.get("after") or {},
        unknown=change.get("after_unknown") or {},
        replace_paths=tuple(_dotted(path) for path in change.get("replace_paths", ())),
        reason=DEPOSED if "deposed" in entry else entry.get("action_reason"),
    )
    changed_by_others = set(_differences(drift.get("before"), drift.get("after"), {}, ()))
    yield (
        replace(made, drifted=not changed_by_others.isdisjoint(made.changed_paths()))
        if changed_by_others
        else made
    )


def _look_up(value: Any, unknown: Any, path: tuple[str | int, ...]) -> Any:  # noqa: ANN401  # any JSON value
    for key in path:
        unknown = _child(unknown, key)
        if unknown is True:
            return UNKNOWN
        value = _child(value, key)
    return value


def _each(value: Any, unknown: Any, path: tuple[str, ...]) -> Iterator[Any]:  # noqa: ANN401  # any JSON value
    if not path:
        yield UNKNOWN if _is_unknown(unknown) else value
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from _each(one, _child(unknown, index), path)
    elif unknown is not True:
        yield from _each(_child(value, path[0]), _child(unknown, path[0]), path[1:])


def _is_unknown(mark: Any) -> bool:  # noqa: ANN401  # any JSON value
    """Whether a value is unknown, or any part of it."""
    inner = mark.values() if isinstance(mark, Mapping) else mark if isinstance(mark, list) else ()
    return mark is True or any(map(_is_unknown, inner))


def _child(value: Any, key: str | int) -> Any:  # noqa: ANN401  # any JSON value
    if isinstance(value, Mapping):
        return value.get(str(key))
    if isinstance(value, list) and isinstance(key, int) and key < len(value):
        return value[key]
    return None


def _dotted(path: object) -> str:
    parts = path if isinstance(path, list) else [path]
    return ".".join(str(part) for part in parts if not isinstance(part, int))


def _differences(before: Any, after: Any, unknown: Any, path: tuple[str, ...]) -> Iterator[str]:  # noqa: ANN401
    if unknown is True:
        yield ".".join(path)
    elif isinstance(before, Mapping) or isinstance(after, Mapping):
        old, new = before or {}, after or {}
        unknown_keys = unknown if isinstance(unknown, Mapping) else {}
        for key in {*old, *new, *unknown_keys}:
            yield from _differences(old.get(key), new.get(key), unknown_keys.get(key), (*path, key))
    elif _is_single_block(before) and _is_single_block(after):
        yield from _differences(before[0], after[0], _child(unknown, 0), path)
    elif before != after and not (before in _EMPTY and after in _EMPTY):
        yield ".".join(path)


def _is_single_block(value: object) -> bool:
    return isinstance(value, list) and len(value) == 1 and isinstance(value[0], Mapping)
