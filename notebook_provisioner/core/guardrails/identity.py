"""Guardrails for who may do what."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from notebook_provisioner.core.findings import Finding
from notebook_provisioner.core.guardrails.facts import Rule, Surroundings, comes, finding, listed, stays
from notebook_provisioner.core.terraform_plan import Change

_EVERYBODY: Final = frozenset({"allUsers", "allAuthenticatedUsers"})
_BROAD_ROLES: Final = frozenset(
    {
        "roles/compute.admin",
        "roles/compute.instanceAdmin",
        "roles/compute.instanceAdmin.v1",
        "roles/editor",
        "roles/notebooks.legacyAdmin",
        "roles/owner",
    }
)
_IMPERSONATION_ROLES: Final = frozenset(
    {"roles/iam.serviceAccountUser", "roles/iam.serviceAccountTokenCreator"}
)
_IAM_TYPE: Final = re.compile(r"google_.*_iam_(member|binding|policy)")
_AUTHORITATIVE: Final = re.compile(r"google_.*_iam_policy|google_(project|folder|organization)_iam_binding")
_PROJECT_TYPE: Final = re.compile(r"google_(project|folder|organization)_iam_.*")


def _everybody(change: Change, _: Surroundings) -> Iterator[Finding]:
    if not stays(change):
        return
    member, members = change.planned("member"), change.planned("members")
    named = {member} if isinstance(member, str) else set(listed(members))
    for everybody in sorted(named & _EVERYBODY):
        yield finding("public-member", change, f"the binding would include {everybody}", "name who needs it")


def _grant(change: Change, _: Surroundings) -> Iterator[Finding]:
    if not stays(change) or not _IAM_TYPE.fullmatch(change.type):
        return
    role = change.planned("role")
    if role in _BROAD_ROLES:
        yield finding(
            "broad-role",
            change,
            f"{role} contains the right to take the controls off",
            "grant a role that holds only what is called",
        )
    if role in _IMPERSONATION_ROLES and _PROJECT_TYPE.fullmatch(change.type):
        yield finding(
            "project-impersonation",
            change,
            f"{role} would hold for every service account there",
            "grant it on the one service account: google_service_account_iam_member",
        )
    if _AUTHORITATIVE.fullmatch(change.type):
        yield finding(
            "authoritative-iam",
            change,
            "it would remove what others granted",
            "add single members: the resource type that ends in _iam_member",
        )


def _key(change: Change, _: Surroundings) -> Iterator[Finding]:
    if comes(change):
        yield finding(
            "service-account-key",
            change,
            "a key file would be made, and stand in the state",
            "use the attached service account, impersonation or workload identity federation",
        )


RULES: Final[Mapping[str, tuple[Rule, ...]]] = {"google_service_account_key": (_key,)}
COMMON: Final[tuple[Rule, ...]] = (_everybody, _grant)
