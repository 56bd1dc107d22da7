"""Guardrails for VPC Service Controls."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from notebook_provisioner.core.findings import Finding
from notebook_provisioner.core.guardrails.facts import Rule, Surroundings, finding, listed, network, stays
from notebook_provisioner.core.terraform_plan import Change

# What Google and the experience of others ask for together; docs/auditors/controls.md has the source.
_LEAST_SERVICES: Final = frozenset(
    f"{name}.googleapis.com" for name in ("notebooks", "aiplatform", "artifactregistry", "compute", "storage")
)
_READING: Final = frozenset({"google.storage.objects.get", "google.storage.objects.list"})
_CONDITIONS: Final = (
    "device_policy",
    "ip_subnetworks",
    "members",
    "regions",
    "required_access_levels",
    "vpc_network_sources",
)


def _services(change: Change, surroundings: Surroundings) -> Iterator[Finding]:
    if not stays(change):
        return
    enforced = bool(listed(change.planned("status")))
    if surroundings.fleet.perimeter.mode == "enforced" and not enforced:
        yield finding(
            "perimeter-enforced",
            change,
            "the perimeter would refuse nothing, though the fleet file says enforced",
            "give it a status, or say dry-run in the fleet file",
        )
    place = "status" if enforced else "spec"
    missing = sorted(_LEAST_SERVICES - set(listed(change.planned(place, 0, "restricted_services"))))
    if missing:
        yield finding(
            "perimeter-services",
            change,
            f"the perimeter would not restrict {', '.join(missing)}",
            "keep them among restricted_services",
        )
    if change.planned(place, 0, "vpc_accessible_services", 0, "enable_restriction") is not True:
        yield finding(
            "perimeter-services",
            change,
            "networks in the perimeter would reach services that it does not restrict",
            "set vpc_accessible_services { enable_restriction = true }",
        )


def _rules(change: Change, _: Surroundings) -> Iterator[Finding]:
    """What the enforced and the planned configuration let in and out."""
    if not stays(change):
        return
    for place in ("status", "spec"):
        for index, rule in enumerate(listed(change.planned(place, 0, "ingress_policies"))):
            yield from _rule(change, f"rule {index + 1} for ingress of the {place}", rule, "ingress")
        for index, rule in enumerate(listed(change.planned(place, 0, "egress_policies"))):
            yield from _rule(change, f"rule {index + 1} for egress of the {place}", rule, "egress")


def _rule(change: Change, name: str, rule: Mapping[str, Any], way: str) -> Iterator[Finding]:
    whence, where = _first(rule.get(f"{way}_from")), _first(rule.get(f"{way}_to"))
    operations = where.get("operations") or []
    holes = ["every service"] if any(one.get("service_name") == "*" for one in operations) else []
    if way == "ingress" and any(one.get("access_level") == "*" for one in whence.get("sources") or []):
        holes.append("every source")
    if way == "egress" and "*" in (where.get("resources") or []) and not all(map(_reads_objects, operations)):
        holes.append("more than reading, anywhere")
    if holes:
        remedy = "use a preset of perimeter.ingress or perimeter.egress in the fleet file"
        yield finding("perimeter-rules", change, f"{name} is for {' and '.join(holes)}", remedy)
    if whence.get("identity_type") not in {"ANY_IDENTITY", None, ""}:
        said = f"{name} is for {whence['identity_type']}, which Workbench cannot use"
        yield finding("perimeter-identity", change, said, 'set identity_type = "ANY_IDENTITY"')


def _reads_objects(operation: Mapping[str, Any]) -> bool:
    methods = {one.get("method") for one in operation.get("method_selectors") or []}
    return operation.get("service_name") == "storage.googleapis.com" and bool(methods) and methods <= _READING


def _first(blocks: object) -> Mapping[str, Any]:
    found: Mapping[str, Any] = blocks[0] if isinstance(blocks, list) and blocks else {}
    return found


def _access_level(change: Change, _: Surroundings) -> Iterator[Finding]:
    if not stays(change):
        return
    for condition in listed(change.planned("basic", 0, "conditions")):
        ranges: list[Any] = condition.get("ip_subnetworks") or []
        whole = [text for text in ranges if network(text).prefixlen == 0]
        if whole or not any(condition.get(key) for key in _CONDITIONS):
            asked = f"for {', '.join(whole)}" if whole else "for nothing"
            yield finding(
                "open-access-level",
                change,
                f"the access level asks {asked}, so it lets everybody in",
                "name ip_ranges, members, regions or a device_policy",
            )


RULES: Final[Mapping[str, tuple[Rule, ...]]] = {
    "google_access_context_manager_access_level": (_access_level,),
    "google_access_context_manager_service_perimeter": (_services, _rules),
}
