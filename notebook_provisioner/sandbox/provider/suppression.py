"""Differences that hashicorp/google takes for none, and stored forms of configured values.

The schema names a rule per field, by the name it has in the provider's source; here stands what it decides.
A rule gets the stored and the configured value, either of which may be None, and the two whole objects.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Final

from notebook_provisioner.catalog import metadata_keys
from notebook_provisioner.sandbox.provider.values import Object, Value, dig, is_unknown, is_void

Rule = Callable[[Value, Value], bool]

WORKBENCH_PROVIDED_TAGS: Final = ("deeplearning-vm", "notebook-instance")
WORKBENCH_DEFAULT_METADATA: Final = {"enable-jupyterlab4": "true", "new-proxy-agent-enabled": "true"}
WORKBENCH_SETTABLE_AT_CREATE: Final = (
    "install-monitoring-agent",
    "install-nvidia-driver",
    "serial-port-logging-enable",
    "report-notebook-metrics",
)
"""Metadata that Workbench adds itself and that can be chosen only when the instance is made."""

WORKBENCH_PROVIDED_METADATA: Final = frozenset(metadata_keys.PROTECTED) - {
    "euc-enabled",
    "install-monitoring-agent",
    "last_updated_diagnostic",
    "report-notebook-metrics",
}
"""Metadata that Workbench owns: whatever the configuration says about it, Terraform shows no difference."""


def short_link(link: str) -> str | None:
    """The part of a self link from ``projects/`` on, or None where there is none."""
    _, marker, rest = link.partition("projects/")
    return marker + rest if marker else None


def same_relative_link(stored: Value, configured: Value) -> bool:
    """Equal from ``projects/`` on."""
    old, new = short_link(stored or ""), short_link(configured or "")
    return old is not None and old == new


def same_link_or_name(stored: Value, configured: Value) -> bool:
    """The configuration gives the stored link, in any form, or only its last part."""
    if configured and "/" not in configured:
        return bool((stored or "").rsplit("/", 1)[-1] == configured)
    return same_relative_link(stored, configured)


def _same_name(stored: Value, configured: Value) -> bool:
    return bool((stored or "").rsplit("/", 1)[-1] == (configured or "").rsplit("/", 1)[-1])


def _same_seconds(stored: Value, configured: Value) -> bool:
    pattern = re.compile(r"(\d+(?:\.\d+)?)s")
    old, new = pattern.fullmatch(stored or ""), pattern.fullmatch(configured or "")
    return bool(old and new and float(old[1]) == float(new[1]))


def _same_dashboard(stored: Value, configured: Value) -> bool:
    """Equal as JSON, but for what the API has added."""

    def covers(old: Value, new: Value) -> bool:
        if isinstance(new, Mapping):
            return isinstance(old, Mapping) and all(covers(old.get(key), value) for key, value in new.items())
        if isinstance(new, list):
            return isinstance(old, list) and len(old) == len(new) and all(map(covers, old, new))
        return bool(old == new)

    try:
        return covers(json.loads(stored or ""), json.loads(configured or ""))
    except ValueError:
        return False


def _same_records(stored: Value, configured: Value) -> bool:
    """Equal in any order, without regard to case."""
    old, new = ([record.lower() for record in records or []] for records in (stored, configured))
    return bool(new) and sorted(old) == sorted(new)


def _as_tags(expression: Value) -> str:
    """Organization policies read conditions on labels as conditions on tags."""
    return str(expression or "").replace("Labels", "TagId").replace("label", "tag")


def _same_tags(stored: Value, configured: Value) -> bool:
    return sorted(stored or []) == sorted([*(configured or []), *WORKBENCH_PROVIDED_TAGS])


def _same_rules(stored: Value, configured: Value) -> bool:
    """Equal in any order; an unset member is no difference."""

    def canonical(rules: Value) -> list[str]:
        return sorted(json.dumps(_without_void(rule), sort_keys=True) for rule in rules or [])

    return canonical(stored) == canonical(configured)


def _without_void(value: Value) -> Value:
    if isinstance(value, Mapping):
        return {key: _without_void(member) for key, member in value.items() if not is_void(member)}
    return value


def _same_json(stored: Value, configured: Value) -> bool:
    try:
        return bool(json.loads(stored or "") == json.loads(configured or ""))
    except ValueError:
        return (stored or "") == (configured or "")


RULES: Final[Mapping[str, Rule]] = {
    "AccessContextManagerServicePerimeterIdentityTypeDiffSuppressFunc": (
        lambda old, new: not old and new == "IDENTITY_TYPE_UNSPECIFIED"
    ),
    "AddressIpCollectionDiffSuppress": same_relative_link,
    "CaseDiffSuppress": lambda old, new: (old or "").upper() == (new or "").upper(),
    "CompareCryptoKeyVersions": lambda old, new: (old or "").split("/cryptoKeyVersions")[0] == (new or ""),
    "CompareIpAddressOrSelfLinkOrResourceName": same_link_or_name,
    "CompareResourceNames": _same_name,
    "CompareSelfLinkOrResourceName": same_link_or_name,
    "CompareSelfLinkRelativePaths": same_relative_link,
    "HourlyFormatSuppressDiff": lambda old, new: old == f"0{new}",
    "LastSlashDiffSuppress": lambda old, new: (old or "").removesuffix("/") == (new or "").removesuffix("/"),
    "OptionalSurroundingSpacesSuppress": lambda old, new: (old or "").strip() == (new or "").strip(),
    "SecurityProfileGroupPrefixSlashes": lambda old, new: (old or "").lstrip("/") == (new or "").lstrip("/"),
    "SuppressRoutingModeDefault": lambda old, new: {old or "", new or ""} == {"", "EXPLICIT_ROUTING_MODE"},
    "WorkbenchInstanceAcceleratorDiffSuppress": lambda old, new: not old and is_void(new),
    "WorkbenchInstanceKmsDiffSuppress": lambda old, new: (old or "").startswith(new or ""),
    "WorkbenchInstanceTagsDiffSuppress": _same_tags,
    "authHeaderDiffSuppress": lambda _old, new: not new,
    "crossSeriesReducerDiffSuppress": lambda old, new: {old or "", new or ""} == {"", "REDUCE_NONE"},
    "diffSuppressSourceRanges": lambda old, new: old == ["0.0.0.0/0"] and not new,
    "durationDiffSuppress": _same_seconds,
    "enableAnalyticsBackwardsChangeDiffSuppress": lambda old, _new: bool(old),
    "hierachicalNamespaceDiffSuppress": lambda old, new: is_void(old) and not new,
    "jwksJsonDiffSuppress": _same_json,
    "kmsCryptoKeyRingsEquivalent": same_relative_link,
    "monitoringDashboardDiffSuppress": _same_dashboard,
    "resourceOrgPolicyPolicyDryRunSpecRulesDiffSuppress": _same_rules,
    "resourceOrgPolicyPolicySpecRulesDiffSuppress": _same_rules,
    "resourceOrgpolicyPolicyRulesConditionExpressionDiffSuppress": (
        lambda old, new: _as_tags(old) == _as_tags(new)
    ),
    "rrdatasDnsDiffSuppress": _same_records,
}

_WHOLE_LIST: Final = frozenset(
    {"WorkbenchInstanceTagsDiffSuppress", "diffSuppressSourceRanges", "rrdatasDnsDiffSuppress"}
)


def suppressed(rule: str | None, stored: Value, configured: Value) -> bool:
    """Whether a field's difference is none.

    Rules without an entry here never suppress: the plan then shows more than the real provider would.
    A list or set without a rule of its own is compared member by member.
    """
    name, _, default = (rule or "").partition(":")
    if name == "EmptyOrDefaultStringSuppress":
        return (stored or "", configured or "") in {("", default), (default, "")}
    decide = RULES.get(name)
    if decide is None or is_unknown(stored) or is_unknown(configured):
        return False
    if rule not in _WHOLE_LIST and isinstance(configured, list) and isinstance(stored, list):
        members = all(isinstance(member, str) for member in [*stored, *configured])
        if members:
            if len(stored) != len(configured):
                return False
            return all(old == new or decide(old, new) for old, new in zip(stored, configured, strict=True))
    return decide(stored, configured)


def merge_metadata(stored: Mapping[str, Value], configured: Mapping[str, Value]) -> Object:
    """What Workbench instance metadata is planned as: the configured keys, plus what Workbench owns."""
    merged = dict(configured)
    managed = stored.get("euc-enabled") == "true"  # the provider asks enable_managed_euc, which says the same
    for key in stored.keys() | configured.keys():
        old, new = stored.get(key), configured.get(key)
        owned = (
            key in WORKBENCH_PROVIDED_METADATA
            or (not new and key in WORKBENCH_SETTABLE_AT_CREATE)
            or (not new and WORKBENCH_DEFAULT_METADATA.get(key) == old)
            or (managed and key in metadata_keys.EUC_OWNED)
        )
        if owned:
            merged.pop(key, None)
            if old is not None:
                merged[key] = old
    return merged


def normalized(rule: str | None, value: Value) -> Value:
    """The stored form of a configured value."""
    return value.upper() if rule == "upper" and isinstance(value, str) else value


def changed(before: Object | None, after: Object | None, path: str) -> bool:
    """Whether the member at a dotted path differs."""
    steps = path.split(".")
    where = [int(step) if step.isdigit() else step for step in steps]
    return bool(dig(before, where) != dig(after, where))
