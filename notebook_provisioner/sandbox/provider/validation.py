"""Checks of a configuration that Terraform leaves to the provider; in substance those of hashicorp/google."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from notebook_provisioner.sandbox.provider.checks import failed
from notebook_provisioner.sandbox.provider.schema import Attribute, Block, NestedBlock
from notebook_provisioner.sandbox.provider.values import (
    Object,
    Path,
    Value,
    dig,
    dotted,
    has_unknown,
    is_unknown,
)


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with a configuration.

    Attributes:
        path: The offending value; empty for the resource as a whole.
    """

    path: Path
    summary: str
    detail: str = ""


def validate(block: Block, config: Object) -> list[Problem]:
    """All problems of a resource's configuration, in the schema's order."""
    return list(_block(block, config, config, ()))


def _block(block: Block, value: Object, root: Object, at: Path) -> Iterator[Problem]:
    for name, member in block.members():
        given = value.get(name)
        here = (*at, name)
        if isinstance(member, Attribute):
            yield from _attribute(member, given, here)
        yield from _relations(member, name, given, root, here)
        if isinstance(member, NestedBlock) and isinstance(given, list):
            for index, element in enumerate(given):
                if isinstance(element, dict):
                    yield from _block(member.block, element, root, (*here, index))


def _attribute(attribute: Attribute, given: Value, here: Path) -> Iterator[Problem]:
    name = here[-1]
    if given is None or is_unknown(given):
        return
    if attribute.output_only:
        yield Problem(
            here,
            f'Value for unconfigurable attribute: "{name}"',
            f'Can\'t configure a value for "{name}": its value will be decided automatically based on the '
            "result of applying this configuration.",
        )
        return
    if attribute.check and (message := failed(attribute.check, given)):
        yield Problem(here, f'"{name}": {message}')
    if isinstance(given, str):
        yield from _text(attribute, given, here)
    elif isinstance(given, list):
        yield from _elements(attribute, given, here)
    elif attribute.between and not attribute.between[0] <= given <= attribute.between[1]:
        low, high = attribute.between
        yield Problem(here, f'expected "{name}" to be in the range ({low} - {high}), got {given}')


def _elements(attribute: Attribute, given: list[Value], here: Path) -> Iterator[Problem]:
    if len(given) < attribute.min_items:
        detail = (
            f"Attribute {here[-1]} requires {attribute.min_items} item minimum, but config has {len(given)}."
        )
        yield Problem(here, "Not enough list items", detail)
    if attribute.max_items and len(given) > attribute.max_items:
        detail = f"No more than {attribute.max_items} {here[-1]} may be given, got {len(given)}."
        yield Problem(here, "Too many list items", detail)
    for index, element in enumerate(given):
        at = here if attribute.is_set else (*here, index)
        if not isinstance(element, str):
            continue
        if attribute.element_enum and element not in attribute.element_enum:
            yield _not_one_of(at, attribute.element_enum, element)
        if attribute.element_check and (message := failed(attribute.element_check, element)):
            yield Problem(at, f'"{here[-1]}": {message}')


def _text(attribute: Attribute, given: str, here: Path) -> Iterator[Problem]:
    if attribute.length and not attribute.length[0] <= len(given) <= attribute.length[1]:
        low, high = attribute.length
        yield Problem(here, f'"{here[-1]}" ("{given}") must be between {low} and {high} characters long')
    if attribute.enum and given and given not in attribute.enum:
        yield _not_one_of(here, attribute.enum, given)
    folded = {choice.lower() for choice in attribute.enum_ignore_case}
    if folded and given.lower() not in folded:
        yield _not_one_of(here, attribute.enum_ignore_case, given)
    if attribute.pattern and not re.search(_python_pattern(attribute.pattern), given):
        yield Problem(here, f'"{here[-1]}" ("{given}") doesn\'t match regexp "{attribute.pattern}"')


def _not_one_of(here: Path, choices: tuple[str, ...], given: str) -> Problem:
    name = next(step for step in reversed(here) if isinstance(step, str))
    return Problem(here, f"expected {name} to be one of {json.dumps(choices)}, got {given}")


def _python_pattern(pattern: str) -> str:
    r"""Go's RE2 writes ``\z`` for the end of text."""
    return pattern.replace(r"\z", r"\Z")


def _relations(
    member: Attribute | NestedBlock, name: str, given: Value, root: Object, here: Path
) -> Iterator[Problem]:
    """Fields that exclude or need one another; unknown values are given the benefit of the doubt."""

    def is_set(path: str) -> bool:
        return _is_set(dig(root, dotted(path)))

    if _is_set(given):
        for other in () if is_unknown(given) else member.conflicts_with:
            if is_set(other) and not is_unknown(dig(root, dotted(other))) and dotted(other) != here:
                yield Problem(
                    here, "Conflicting configuration arguments", f'"{name}": conflicts with {other}'
                )
        if missing := [path for path in member.required_with if not is_set(path)]:
            needed = (
                f"all of `{','.join(member.required_with)}` must be specified; missing: {','.join(missing)}"
            )
            yield Problem(here, "Missing required argument", f'"{name}": {needed}')
    yield from _group(member.exactly_one_of, root, here, exactly=True)
    yield from _group(member.at_least_one_of, root, here, exactly=False)


def _group(listed: tuple[str, ...], root: Object, here: Path, *, exactly: bool) -> Iterator[Problem]:
    """One (or at least one) of several fields must be given; reported once, at the first of them."""
    group = sorted({*listed, ".".join(map(str, here))})
    values = [dig(root, dotted(path)) for path in group]
    if not listed or here != dotted(group[0]) or any(map(has_unknown, values)):
        return
    given = [path for path, value in zip(group, values, strict=True) if _is_set(value)]
    names = ",".join(group)
    if not given:
        word = "one" if exactly else "at least one"
        summary = "Invalid combination of arguments" if exactly else "Missing required argument"
        yield Problem(here, summary, f"{word} of `{names}` must be specified")
    elif exactly and len(given) > 1:
        detail = f"only one of `{names}` can be specified, but `{','.join(given)}` were specified"
        yield Problem(here, "Invalid combination of arguments", detail)


def _is_set(value: Value) -> bool:
    return value is not None and value not in ([], {})
