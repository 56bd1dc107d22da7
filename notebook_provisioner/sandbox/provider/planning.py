"""What Terraform plans for a resource: the rules of the provider's framework, as pure functions.

hashicorp/google is built on a framework that predates Terraform's own rules for plans. Its plans say: a
configured value stands, unless a rule takes the difference for none; an unset attribute gets its default, or
what it was, or, while the resource is new, is known after apply. The functions here take the prior state and
the configuration, and give the planned state and the places whose change replaces the resource.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from notebook_provisioner.sandbox.provider.schema import Attribute, Block, NestedBlock
from notebook_provisioner.sandbox.provider.suppression import (
    WORKBENCH_SETTABLE_AT_CREATE,
    merge_metadata,
    normalized,
    suppressed,
)
from notebook_provisioner.sandbox.provider.values import (
    UNKNOWN,
    Object,
    Path,
    Value,
    dig,
    has_unknown,
    is_empty,
    is_unknown,
    is_void,
    same_members,
)

_ATTRIBUTION: Final = "goog-terraform-provisioned"
_METADATA_RULE: Final = "WorkbenchInstanceMetadataDiffSuppress"


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """What the provider's configuration fills in while planning.

    Attributes:
        fields: Attribute name to value, for those that the configuration leaves unset.
        labels: ``default_labels`` of the provider block.
        attribution: Whether resources get the label ``goog-terraform-provisioned`` when they are made.
    """

    fields: Mapping[str, str]
    labels: Mapping[str, str]
    attribution: bool = True


@dataclass(frozen=True, slots=True)
class Planned:
    """A planned state, and the paths whose change cannot be made in place."""

    state: Object
    replace: tuple[Path, ...]


def plan(block: Block, prior: Object | None, config: Object, defaults: Defaults) -> Planned:
    """Plan the creation (no prior state) or the update of a resource."""
    state = _block(block, prior or {}, config, creating=prior is None)
    for name, value in defaults.fields.items():
        if (
            name in block.attributes
            and is_empty(config.get(name))
            and (prior is None or is_empty(prior.get(name)))
        ):
            state[name] = value
    if "effective_labels" in block.attributes:
        state |= _labels(prior, config, defaults)
    if "effective_annotations" in block.attributes:
        state |= _annotations(prior, config)
    replace = tuple(_replacements(block, prior, state, ())) if prior is not None else ()
    return Planned(state, replace)


def _block(block: Block, prior: Object, config: Object, *, creating: bool) -> Object:
    state = {
        name: _attribute(attribute, prior.get(name), config.get(name), creating=creating)
        for name, attribute in block.attributes.items()
    }
    for name, nested in block.blocks.items():
        state[name] = _nested(nested, prior.get(name), config.get(name), creating=creating)
    return state


def _attribute(attribute: Attribute, prior: Value, config: Value, *, creating: bool) -> Value:
    if config is None and attribute.default is None:
        return _unset(attribute, prior, creating=creating)
    given = normalized(attribute.normalize, attribute.default if config is None else config)
    if has_unknown(given):
        return given if attribute.is_map else UNKNOWN
    if creating:
        untold = isinstance(given, str) and suppressed(attribute.suppress, None, given)
        return given if not untold else UNKNOWN if attribute.computed else None
    if attribute.is_map and isinstance(prior, Mapping):
        return _map(attribute, prior, given)
    same = attribute.is_set and same_members(prior, given)
    zero = prior is not None and is_empty(prior) and is_empty(given)
    return prior if same or zero or suppressed(attribute.suppress, prior, given) else given


def _unset(attribute: Attribute, prior: Value, *, creating: bool) -> Value:
    """What an attribute without value and default becomes."""
    if attribute.computed:
        return UNKNOWN if creating else prior
    if creating:
        return None
    if is_empty(prior) or suppressed(attribute.suppress, prior, None):
        return prior
    return _map(attribute, prior, {}) if attribute.is_map else None


def _map(attribute: Attribute, prior: Mapping[str, Value], config: Mapping[str, Value]) -> Object:
    """Maps are compared key by key; only one has keys whose differences are none."""
    return merge_metadata(prior, config) if attribute.suppress == _METADATA_RULE else dict(config)


def _nested(nested: NestedBlock, prior: Value, config: Value, *, creating: bool) -> Value:
    if nested.nesting == "single" or is_unknown(config):  # timeouts; a dynamic block over unknown elements
        return config
    before: list[Object] = prior if isinstance(prior, list) else []
    if not config:
        if nested.computed:
            return UNKNOWN if creating else before
        keep = is_void(before) or suppressed(nested.suppress, before, config)
        return before if keep else []
    if nested.suppress and not creating and suppressed(nested.suppress, before, config):
        return before
    if nested.nesting == "set":
        return _set(nested, before, config, creating=creating)
    return [
        _block(nested.block, before[index] if index < len(before) else {}, element, creating=creating)
        for index, element in enumerate(config)
    ]


def _set(nested: NestedBlock, prior: list[Object], config: list[Object], *, creating: bool) -> list[Object]:
    """Pair each configured element with a prior one that it does not contradict; keep the prior order."""
    planned: list[tuple[int, Object]] = []
    free = dict(enumerate(prior))
    for element in config:
        match = next((n for n, old in free.items() if _covers(nested.block, old, element)), None)
        old = free.pop(match) if match is not None else {}
        position = len(prior) if match is None else match
        planned.append((position, _block(nested.block, old, element, creating=creating)))
    return [element for _, element in sorted(planned, key=lambda pair: pair[0])]


def _covers(block: Block, prior: Object, config: Object) -> bool:
    """Whether planning the element would leave the prior one as it is."""
    if has_unknown(config):
        return False
    planned = _block(block, prior, config, creating=False)
    return all(
        planned[name] == prior.get(name)
        or (is_void(planned[name]) and is_void(prior.get(name)))
        or (isinstance(member, Attribute) and member.is_set and same_members(planned[name], prior.get(name)))
        for name, member in block.members()
    )


def _labels(prior: Object | None, config: Object, defaults: Defaults) -> Object:
    """``terraform_labels`` are ours, with the provider's defaults; ``effective_labels`` also others'."""
    own = config.get("labels")
    if has_unknown(own):
        return {"terraform_labels": UNKNOWN, "effective_labels": UNKNOWN}
    before = prior or {}
    present: Mapping[str, str] = before.get("effective_labels") or {}
    attributed = defaults.attribution and prior is None
    ours = {
        **defaults.labels,
        **({_ATTRIBUTION: "true"} if attributed or _ATTRIBUTION in present else {}),
        **(own or {}),
    }
    previously_ours: Mapping[str, str] = before.get("terraform_labels") or {}
    foreign = {key: value for key, value in present.items() if key not in previously_ours}
    return {
        "terraform_labels": _kept(before.get("terraform_labels"), ours, new=prior is None),
        "effective_labels": _kept(before.get("effective_labels"), {**foreign, **ours}, new=prior is None),
    }


def _annotations(prior: Object | None, config: Object) -> Object:
    own = config.get("annotations")
    if has_unknown(own) or (own is None and prior is None):
        return {"effective_annotations": UNKNOWN}
    before = prior or {}
    previously_ours: Mapping[str, str] = before.get("annotations") or {}
    present: Mapping[str, str] = before.get("effective_annotations") or {}
    foreign = {key: value for key, value in present.items() if key not in previously_ours}
    effective = _kept(before.get("effective_annotations"), {**foreign, **(own or {})}, new=False)
    return {"effective_annotations": effective}


def _kept(before: Value, after: Object, *, new: bool) -> Value:
    """An empty map that was null before is no change."""
    return before if not new and is_empty(before) and is_empty(after) else after


def _replacements(block: Block, prior: Object, planned: Object, at: Path) -> Iterator[Path]:
    """Places that differ and cannot be changed in place."""
    for name, member in block.members():
        before, after = prior.get(name), planned.get(name)
        here = (*at, name)
        if before == after or (is_void(before) and is_void(after)):
            continue
        if isinstance(member, Attribute):
            if _fixed(member, before, after):
                yield here
            continue
        old = before if isinstance(before, list) else []
        new = after if isinstance(after, list) else []
        if (member.force_new and len(old) != len(new)) or member.nesting == "set":
            if member.force_new or _has_force_new(member.block):
                yield here
            continue
        for index in range(max(len(old), len(new))):
            was = old[index] if index < len(old) else {}
            will = new[index] if index < len(new) else {}
            inside = list(_replacements(member.block, was, will, (*here, index)))
            yield from inside if was and will else ([here] if inside else [])


def _fixed(attribute: Attribute, before: Value, after: Value) -> bool:
    """Whether an attribute's difference replaces the resource."""
    if attribute.suppress == _METADATA_RULE:
        return _fixed_metadata_changed(before, after)
    return attribute.force_new and not (attribute.is_set and same_members(before, after))


def _has_force_new(block: Block) -> bool:
    return any(attribute.force_new for attribute in block.attributes.values()) or any(
        nested.force_new or _has_force_new(nested.block) for nested in block.blocks.values()
    )


def _fixed_metadata_changed(before: Value, after: Value) -> bool:
    """Some Workbench metadata is chosen when the instance is made; taking it away later changes nothing."""
    if has_unknown(after):
        return False
    return any(
        key in (after or {}) and dig(before, [key]) != dig(after, [key])
        for key in WORKBENCH_SETTABLE_AT_CREATE
    )
