"""Access Context Manager: policies, access levels, service perimeters with their dry-run specification."""

import re
from typing import TYPE_CHECKING, Any, Final

from notebook_provisioner.sandbox.server import pagination
from notebook_provisioner.sandbox.server.context import numeric_id
from notebook_provisioner.sandbox.server.errors import ApiError, invalid
from notebook_provisioner.sandbox.server.service import Resource, Service
from notebook_provisioner.sandbox.server.store import Document, Key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from notebook_provisioner.sandbox.server.call import Call

SERVICE = Service(
    api="accesscontextmanager",
    version="v1",
    proto_package="google.identity.accesscontextmanager.v1",
    not_emulated=(
        "enforcement: no perimeter stops a call to the sandbox, no violation of a dry run is logged",
        "replaceAll, commit, user access bindings, expressions of custom access levels",
    ),
)

_RESOURCE: Final = re.compile(
    r"projects/\d+|folders/\d+|//compute\.googleapis\.com/projects/[^/]+/global/networks/[^/]+"
)
_CHILD_ID: Final = re.compile(r"[a-zA-Z]\w*")


def _complete_policy(call: "Call", policy: Document) -> None:
    if not policy.get("parent") or not policy.get("title"):
        raise invalid("An access policy needs a parent (organizations/NUMBER) and a title.")
    for entry in call.store.page("accesscontextmanager", "accessPolicies"):
        other = entry.document
        scopes = policy.get("scopes", [])
        if other["parent"] == policy["parent"] and other.get("scopes", []) == scopes:
            raise ApiError("ALREADY_EXISTS", f"Policy already exists with parent {policy['parent']}")


def _refuse_filled(call: "Call", policy: Document) -> None:
    children = (
        *_children(call, str(policy["name"]), "accessLevels"),
        *_children(call, str(policy["name"]), "servicePerimeters"),
    )
    if children:
        raise ApiError("FAILED_PRECONDITION", f"{policy['name']} still holds {children[0]['name']}.")


def _check_level(call: "Call", level: Document) -> None:
    _check_child(call, level)
    if bool(level.get("basic")) == bool(level.get("custom")):
        raise invalid(f"Access level {level['name']} must be either basic or custom.")


def _refuse_used(call: "Call", level: Document) -> None:
    policy = str(level["name"]).rpartition("/accessLevels/")[0]
    for perimeter in _children(call, policy, "servicePerimeters"):
        if any(level["name"] in _levels(part) for part in _configurations(perimeter)):
            message = f"Access level {level['name']} is used by {perimeter['name']}."
            raise ApiError("FAILED_PRECONDITION", message)


def _complete_perimeter(call: "Call", perimeter: Document) -> None:
    perimeter.setdefault("perimeterType", "PERIMETER_TYPE_REGULAR")
    _check_child(call, perimeter)
    _check_perimeter(call, perimeter)


def _check_perimeter(call: "Call", perimeter: Document) -> None:
    if perimeter.get("spec") and not perimeter.get("useExplicitDryRunSpec"):
        raise invalid("`use_explicit_dry_run_spec` must be true where `spec` is set.")
    policy = str(perimeter["name"]).rpartition("/servicePerimeters/")[0]
    for part in _configurations(perimeter):
        for resource in part.get("resources", []):
            if not _RESOURCE.fullmatch(resource):
                raise invalid(
                    f"Invalid resource '{resource}': projects/NUMBER, folders/NUMBER or a VPC network."
                )
        for level in _levels(part):
            if call.store.get(Key.of("accesscontextmanager", level)) is None:
                raise invalid(f"Access level {level} does not exist.")
        for rule, way in _rules(part):
            _check_rule(rule.get(f"{way}From", {}), rule.get(f"{way}To", {}), way)
    if perimeter["perimeterType"] == "PERIMETER_TYPE_REGULAR":
        _check_members(call, policy, perimeter)


def _check_rule(whence: dict[str, Any], where: dict[str, Any], way: str) -> None:
    if whence.get("identities") and whence.get("identityType", "IDENTITY_TYPE_UNSPECIFIED") != (
        "IDENTITY_TYPE_UNSPECIFIED"
    ):
        raise invalid(f"A rule for {way} has identities, or an identityType; not both.")
    for resource in where.get("resources", []):
        if resource != "*" and not _RESOURCE.fullmatch(resource):
            raise invalid(f"Invalid resource '{resource}' in a rule for {way}.")
    for operation in where.get("operations", []):
        if operation.get("serviceName") != "*" and not operation.get("methodSelectors"):
            raise invalid(f"An operation of a rule for {way} needs methodSelectors.")


def _rules(part: dict[str, Any]) -> "Iterator[tuple[dict[str, Any], str]]":
    for way in ("ingress", "egress"):
        yield from ((rule, way) for rule in part.get(f"{way}Policies", []))


def _levels(part: dict[str, Any]) -> list[str]:
    """The access levels that a configuration names, also in its rules."""
    sources = [
        source for rule, way in _rules(part) for source in rule.get(f"{way}From", {}).get("sources", [])
    ]
    named = [source["accessLevel"] for source in sources if source.get("accessLevel", "*") != "*"]
    return [*part.get("accessLevels", []), *named]


def _check_members(call: "Call", policy: str, perimeter: Document) -> None:
    """Refuse a project that another regular perimeter holds already, enforced or in a dry run."""
    for other in _children(call, policy, "servicePerimeters"):
        if other["name"] == perimeter["name"] or other["perimeterType"] != "PERIMETER_TYPE_REGULAR":
            continue
        for field in ("status", "spec"):
            taken = set(other.get(field, {}).get("resources", [])) & set(
                perimeter.get(field, {}).get("resources", [])
            )
            if taken:
                message = f"{min(taken)} is already in the regular service perimeter {other['name']}."
                raise ApiError("FAILED_PRECONDITION", message)


def _check_child(call: "Call", child: Document) -> None:
    policy, _, rest = str(child["name"]).partition(
        "/accessLevels/" if "/accessLevels/" in str(child["name"]) else "/servicePerimeters/"
    )
    call.load(Key.of("accesscontextmanager", policy))
    if not _CHILD_ID.fullmatch(rest):
        raise invalid(
            f"Invalid name '{child['name']}': letters, digits and '_' after the last slash, a letter first."
        )
    if not child.get("title"):
        raise invalid(f"{child['name']} needs a title.")


def _children(call: "Call", policy: str, kind: str) -> list[Document]:
    return [entry.document for entry in call.store.page("accesscontextmanager", f"{policy}/{kind}")]


def _configurations(perimeter: Document) -> "Iterator[dict[str, Any]]":
    return (perimeter[field] for field in ("status", "spec") if perimeter.get(field))


SERVICE.add(
    Resource(
        collection="accessPolicies",
        verbs=frozenset(
            {"create", "get", "patch", "delete", "getIamPolicy", "setIamPolicy", "testIamPermissions"}
        ),
        identifier=lambda *_: numeric_id()[:12],
        on_create=_complete_policy,
        on_delete=_refuse_filled,
    ),
    Resource(
        collection="accessPolicies.accessLevels",
        on_create=_check_level,
        on_update=lambda call, _, level: _check_level(call, level),
        on_delete=_refuse_used,
    ),
    Resource(
        collection="accessPolicies.servicePerimeters",
        on_create=_complete_perimeter,
        on_update=lambda call, _, perimeter: _check_perimeter(call, perimeter),
    ),
)


@SERVICE.method("accessPolicies.list")
def list_policies(call: "Call") -> Document:
    """The policies of an organization."""
    parent = call.query.get("parent")
    if not parent:
        raise invalid("Access policies are listed by parent: organizations/NUMBER.")
    page = pagination.read(call, "accessPolicies")
    found = [entry.document for entry in page.entries if entry.document["parent"] == parent]
    return ({"accessPolicies": found} if found else {}) | (
        {"nextPageToken": page.next_token} if page.next_token else {}
    )
