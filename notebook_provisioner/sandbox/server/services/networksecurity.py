"""Network Security: what Secure Web Proxy allows: gateway security policies, their rules, URL lists."""

import re
from typing import TYPE_CHECKING, Final

from notebook_provisioner.sandbox.server.errors import ApiError, invalid
from notebook_provisioner.sandbox.server.service import Resource, Service
from notebook_provisioner.sandbox.server.store import Document, Key

if TYPE_CHECKING:
    from notebook_provisioner.sandbox.server.call import Call

SERVICE = Service(
    api="networksecurity",
    version="v1",
    proto_package="google.cloud.networksecurity.v1",
    not_emulated=(
        "deciding about traffic: matchers are stored, and only the URL lists that they name are looked for",
        "TLS inspection, address groups, firewall endpoints, security profiles",
    ),
)

_POLICIES: Final = "projects.locations.gatewaySecurityPolicies"
_ID: Final = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")  # from the descriptions of the names
_URL_LIST: Final = re.compile(r"projects/[^/'\"]+/locations/[^/'\"]+/urlLists/[a-z0-9-]+")


def _check_name(document: Document) -> None:
    identifier = str(document["name"]).rpartition("/")[2]
    if not _ID.fullmatch(identifier):
        raise invalid(f"Invalid name '{identifier}': it must match {_ID.pattern}.")


def _on_create(_: "Call", document: Document) -> None:
    _check_name(document)


def _refuse_used_policy(call: "Call", policy: Document) -> None:
    for entry in call.store.scan("networkservices", "gateways", f"projects/{call.project}/"):
        if entry.document.get("gatewaySecurityPolicy") == policy["name"]:
            raise ApiError("FAILED_PRECONDITION", f"{policy['name']} is used by {entry.key.name}.")
    for entry in call.store.page("networksecurity", f"{policy['name']}/rules"):
        raise ApiError("FAILED_PRECONDITION", f"{policy['name']} still holds {entry.key.name}.")


def _check_rule(call: "Call", rule: Document) -> None:
    _check_name(rule)
    policy = str(rule["name"]).rpartition("/rules/")[0]
    call.load(Key.of("networksecurity", policy))
    if not rule.get("sessionMatcher"):
        raise invalid("A rule needs a sessionMatcher.")
    if rule.get("basicProfile") not in {"ALLOW", "DENY"}:
        raise invalid("A rule needs a basicProfile: ALLOW or DENY.")
    for url_list in _URL_LIST.findall(f"{rule['sessionMatcher']} {rule.get('applicationMatcher', '')}"):
        if call.store.get(Key.of("networksecurity", url_list)) is None:
            raise invalid(f"URL list {url_list} does not exist.")
    for entry in call.store.page("networksecurity", f"{policy}/rules"):
        other = entry.document
        if other["name"] != rule["name"] and other.get("priority") == rule.get("priority"):
            raise invalid(f"{other['name']} has the priority {rule.get('priority')} already.")


def _check_list(_: "Call", url_list: Document) -> None:
    _check_name(url_list)
    if not url_list.get("values"):
        raise invalid("A URL list needs values.")


def _refuse_used_list(call: "Call", url_list: Document) -> None:
    for entry in call.store.scan("networksecurity", "rules", f"projects/{call.project}/"):
        matchers = f"{entry.document['sessionMatcher']} {entry.document.get('applicationMatcher', '')}"
        if url_list["name"] in _URL_LIST.findall(matchers):
            raise ApiError("FAILED_PRECONDITION", f"{url_list['name']} is used by {entry.key.name}.")


SERVICE.add(
    Resource(collection=_POLICIES, on_create=_on_create, on_delete=_refuse_used_policy),
    Resource(
        collection=f"{_POLICIES}.rules",
        on_create=_check_rule,
        on_update=lambda call, _, rule: _check_rule(call, rule),
    ),
    Resource(
        collection="projects.locations.urlLists",
        on_create=_check_list,
        on_update=lambda call, _, url_list: _check_list(call, url_list),
        on_delete=_refuse_used_list,
    ),
)
