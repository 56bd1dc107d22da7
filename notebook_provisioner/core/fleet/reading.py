"""From text to a fleet, or to everything that is wrong with it."""

import dataclasses
import json
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Final

from pydantic import ValidationError

from notebook_provisioner.core.counting import counted
from notebook_provisioner.core.errors import InvalidInput
from notebook_provisioner.core.findings import Finding, Severity
from notebook_provisioner.core.fleet import checks, explaining, source
from notebook_provisioner.core.fleet.checks.exemptions import EXPIRED
from notebook_provisioner.core.fleet.model import Fleet
from notebook_provisioner.core.fleet.shape import NULLABLE, schema_at
from notebook_provisioner.core.fleet.source import Path, Source, Value

# Where a mapping's `mode` says which kind it is: pydantic names the kind in its paths, users do not.
_KINDS: Final = frozenset({("network",), ("network", "egress"), ("perimeter",), ("encryption",)})

# What stands in for a section that is broken, so that the others are checked all the same.
_STAND_INS: Final[Mapping[str, Value]] = {
    "version": 1,
    "name": "fleet",
    "target": "sandbox",
    "project": "project",
    "region": "region-place1",
    "zones": ["region-place1-a"],
    "network": {"mode": "existing", "host_project": "project", "name": "network", "subnet": "subnet"},
    "perimeter": {"mode": "disabled"},
    "encryption": {"mode": "google-managed"},
    "profiles": {"profile": {"machine_type": "e2-standard-4"}},
    "notebooks": [],
}


def parse(text: str, *, file: str, today: date, target: str | None = None) -> Fleet:
    """Read and check a fleet file.

    Args:
        text: What the file says.
        file: Its name, for messages.
        today: The day to hold expiry dates against, in UTC.
        target: Overrides the file's ``target``.

    Raises:
        InvalidInput: The file has errors; its findings are all of them, and the warnings.
    """
    fleet, findings = check(text, file=file, today=today, target=target)
    return required(fleet, findings, file=file)


def describes(text: str, fleet: Fleet) -> bool:
    """Whether *text* is a fleet file of *fleet*, whatever its comments and its target."""
    origin = source.read(text, file="")
    found, _ = _validated({**_without_empty(origin.value or {}), "target": fleet.target})
    return found == fleet


def required(fleet: Fleet | None, findings: tuple[Finding, ...], *, file: str) -> Fleet:
    """What ``check`` answered, as the fleet. Raises as ``parse``."""
    errors = sum(finding.severity is Severity.ERROR for finding in findings)
    if fleet is None or errors:
        raise InvalidInput(
            f"{file} has {counted(errors, 'error')}",
            hint="mend what is named above, then run: nbp check"
            + ("" if fleet else ", which then checks how the parts go together"),
            findings=findings,
        )
    return fleet


def for_operating(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """What ``check`` found, as it weighs for a command that works with what is there.

    An exemption that has expired is told and stops nothing: to stop would leave the one control off, and
    every notebook of the fleet without upgrades.
    """
    return tuple(
        dataclasses.replace(finding, severity=Severity.WARNING) if finding.code == EXPIRED else finding
        for finding in findings
    )


def check(
    text: str, *, file: str, today: date, target: str | None = None
) -> tuple[Fleet | None, tuple[Finding, ...]]:
    """Read and check a fleet file without raising; arguments as of ``parse``.

    Returns:
        The fleet, or None where the file's shape is wrong; every finding, in the file's order.
    """
    origin = source.read(text, file=file)
    findings = list(origin.findings)
    if origin.findings and not origin.value:
        return None, tuple(findings)
    empty = set(_empty_values(origin.value, ())) - origin.faulty
    findings += (explaining.empty_value(path, origin) for path in empty)
    tree = {**_without_empty(origin.value), **({"target": target} if target else {})}
    fleet, wrong = _validated(tree)
    findings += (explaining.timestamp(path, origin) for path in origin.timestamps if _is_text(path, tree))
    said = empty | origin.faulty
    findings += (
        explaining.finding(error, path, origin)
        for error, path in wrong
        if path not in said or error["loc"][-1] == "[key]"
    )
    if fleet is not None:
        findings += checks.run(checks.Context(fleet, origin, today))
    else:
        findings += _checked_around(tree, [path for _, path in wrong], origin, today)
    findings.sort(key=_place)
    return fleet, tuple(dict.fromkeys(findings))


def _place(finding: Finding) -> tuple[int, int]:
    place = finding.location
    return (place.line or 0, place.column or 0) if place else (0, 0)


def _empty_values(node: Value, path: Path) -> Iterator[Path]:
    """Paths of nulls where null means nothing."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from _empty_values(value, (*path, key))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from _empty_values(value, (*path, index))
    elif node is None and path[-1] not in NULLABLE:
        yield path


def _is_text(path: Path, tree: Value) -> bool:
    """Whether any text may stand at *path*: no date, and none of a few words."""
    schema = schema_at(path, tree)
    return schema.get("type") == "string" and schema.get("format") != "date" and "enum" not in schema


def _without_empty(node: dict[str, Value]) -> dict[str, Value]:
    """Leave out keys with nothing behind them, so that the rest is checked as if they were not there."""
    kept = {key: value for key, value in node.items() if value is not None or key in NULLABLE}
    return {key: _emptied(value) for key, value in kept.items()}


def _emptied(node: Value) -> Value:
    if isinstance(node, dict):
        return _without_empty(node)
    return [_emptied(item) for item in node] if isinstance(node, list) else node


def _validated(tree: Mapping[str, Value]) -> tuple[Fleet | None, list[tuple[explaining.Error, Path]]]:
    """Validate as JSON, whose strict rules are the fleet's: lists become tuples, and "1" is no number."""
    try:
        return Fleet.model_validate_json(json.dumps(tree)), []
    except ValidationError as error:
        wrong = [(detail, _path(detail["loc"])) for detail in error.errors(include_url=False)]
        # A list whose items are wrong is also called too short; that says nothing more.
        around = {path[:end] for _, path in wrong for end in range(len(path))}
        return None, [(e, path) for e, path in wrong if e["type"] != "too_short" or path not in around]


def _path(loc: tuple[int | str, ...]) -> Path:
    """Where an error is, in the file's own words: without kinds and without pydantic's key marker."""
    path: Path = ()
    kind_is_next = False
    for part in loc:
        if kind_is_next:
            kind_is_next = False
        elif part != "[key]":
            path = (*path, part)
            kind_is_next = path in _KINDS
    return path


def _checked_around(
    tree: Mapping[str, Value], broken: list[Path], origin: Source, today: date
) -> Iterator[Finding]:
    """Check what is left when the broken parts are taken out, so that no error hides another."""
    rest = dict(tree)
    replaced: set[str] = set()
    partial: set[str] = set()  # entries left out, the rest as written
    kept: tuple[int, ...] | None = None
    for section in {str(path[0]) for path in broken if path}:
        value = rest.pop(section, None)
        bad = {path[1] if len(path) > 1 else None for path in broken if path and path[0] == section}
        if section == "notebooks" and isinstance(value, list) and None not in bad:
            kept = tuple(index for index in range(len(value)) if index not in bad)
            rest[section] = [value[index] for index in kept]
            partial.add(section)
        elif section == "profiles" and isinstance(value, dict) and None not in bad and value.keys() - bad:
            rest[section] = {name: profile for name, profile in value.items() if name not in bad}
            partial.add(section)
        elif section in _STAND_INS:
            rest[section] = _STAND_INS[section]
            replaced.add(section)
        else:
            replaced.add(section)
    fleet, _ = _validated(rest)
    if fleet is not None:
        context = checks.Context(fleet, origin, today, frozenset(replaced), frozenset(partial), kept)
        yield from checks.run(context)
