"""Guardrails for who may do what."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from notebook_provisioner.catalog.grants import ACCOUNT, GRANTS, PROJECT
from notebook_provisioner.core.findings import Finding
from notebook_provisioner.core.guardrails import grants
from notebook_provisioner.core.guardrails.facts import (
    Planned,
    PlanRule,
    Rule,
    Surroundings,
    after,
    finding,
    listed,
    shown,
    stays,
)
from notebook_provisioner.core.guardrails.notebooks import own_account
from notebook_provisioner.core.terraform_plan import UNKNOWN, Change, TerraformPlan

_EVERYBODY: Final = frozenset({"allUsers", "allAuthenticatedUsers"})
_IMPERSONATION_ROLES: Final = frozenset(
    {
        "roles/iam.serviceAccountTokenCreator",
        "roles/iam.serviceAccountUser",
        "roles/iam.workloadIdentityUser",
    }
)
_CUSTOM_ROLES: Final = ("google_project_iam_custom_role", "google_organization_iam_custom_role")
_PREDEFINED: Final = {
    kind: {row.role for row in GRANTS if row.kind == kind and row.role.startswith("roles/")}
    for kind in {row.kind for row in GRANTS}
}
_IAM_TYPE: Final = re.compile(r"(google_.*)_iam_(member|binding|policy)")
_AUTHORITATIVE: Final = re.compile(r"google_.*_iam_policy|google_(project|folder|organization)_iam_binding")
_PROJECT_TYPE: Final = re.compile(r"google_(project|folder|organization)_iam_.*")
_ACL_TYPE: Final = re.compile(r"google_storage_.*_(acl|access_control)")


def _everybody(change: Change, _: Surroundings) -> Iterator[Finding]:
    if not stays(change) or not _IAM_TYPE.fullmatch(change.type):
        return
    member, members = change.planned("member"), change.planned("members")
    named = [*listed(members), *([] if member is None else [member])]
    open_to = sorted(_EVERYBODY.intersection(one for one in named if isinstance(one, str)))
    if UNKNOWN in (member, members) or None in named:
        open_to.append("somebody whom nobody can see")
    for everybody in open_to:
        yield finding("public-member", change, f"the binding would include {everybody}", "name who needs it")


def _acl(change: Change, _: Surroundings) -> Iterator[Finding]:
    """Access control lists of buckets and objects, which know everybody by the same names."""
    if not stays(change) or not _ACL_TYPE.fullmatch(change.type):
        return
    yield finding(
        "object-acls",
        change,
        "an access control list would grant what no policy review sees",
        "grant it on the bucket: google_storage_bucket_iam_member",
    )
    entries = [*listed(change.planned("role_entity")), change.planned("entity")]
    words = {word for entry in entries if isinstance(entry, str) for word in entry.split(":")}
    public = str(change.planned("predefined_acl") or "").startswith(("public", "authenticatedRead"))
    if public or words & _EVERYBODY:
        yield finding("public-member", change, "the list would include everybody", "name who needs it")


def _grant(change: Change, _: Surroundings) -> Iterator[Finding]:
    if not stays(change) or not _IAM_TYPE.fullmatch(change.type):
        return
    role = change.planned("role")
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


def _entrance(change: Change, surroundings: Surroundings) -> Iterator[Finding]:
    """Who may act as a notebook's account opens the notebook: its proxy asks for nothing else."""
    if not stays(change) or change.planned("role") not in _IMPERSONATION_ROLES:
        return
    account = change.planned("service_account_id")
    named = [*listed(change.planned("members")), change.planned("member")]
    owners = {
        _folded(f"user:{notebook.owner}")
        for notebook in surroundings.notebooks.values()
        if isinstance(account, str)
        and account.rpartition("/")[2] == own_account(surroundings.fleet.project, notebook.name)
    }
    whose = "an unknown account" if account is UNKNOWN else "this account"
    for member in sorted({one for one in named if isinstance(one, str)} - _EVERYBODY):
        if _folded(member) in owners:
            continue
        said = f"{member}, who is no owner of it, could open the notebook that runs as {whose}"
        yield finding("single-owner", change, said, "name its one owner in the fleet file")


def _folded(member: str) -> str:
    """A person or account whatever its case: hashicorp/google keeps it in lower case."""
    return member.lower()


def _roles(plan: TerraformPlan, surroundings: Surroundings) -> Iterator[Finding]:
    """Grants that the modules do not make: who holds one of them may take the controls off.

    The modules write the names of their custom roles out. An unknown role is refused even where the plan
    makes a custom role and the expression refers to nothing else: a plan's JSON holds an expression's
    references and not its functions, and ``replace(ROLE.name, "/.*/", "roles/owner")`` refers to ROLE alone.
    """
    project = surroundings.fleet.project
    made = grants.of_fleet(surroundings, plan.project_numbers.get(project))
    custom = {
        f"projects/{project}/roles/{one.planned('role_id')}"
        for one in after(plan)
        if one.type == "google_project_iam_custom_role" and not _unneeded(one, surroundings)
    }
    for change in plan.changes:
        matched = _IAM_TYPE.fullmatch(change.type)
        role = change.planned("role")
        if matched is None or not stays(change) or role is None:
            continue
        kind = matched[1]
        if role in _IMPERSONATION_ROLES and _PROJECT_TYPE.fullmatch(change.type):  # said already
            continue
        if role is UNKNOWN:
            yield finding(
                "broad-role",
                change,
                "an unknown role would be granted: only an apply would show which, and it may be any",
                "write its name out, as in projects/PROJECT/roles/ROLE_ID: a custom role's attribute name "
                "is known after an apply alone",
            )
        elif role not in _PREDEFINED.get(kind, ()) and not (kind == PROJECT and role in custom):
            yield finding(
                "broad-role",
                change,
                f"{role} is none that the modules grant there, "
                "and may contain the right to take the controls off",
                "grant a role that holds only what is called, or grant it outside the fleet",
            )
        elif kind != ACCOUNT:  # who may act as one is asked for where its notebook's owner is
            # Somebody unknown and everybody are named as public-member.
            for member in (*listed(change.planned("members")), change.planned("member")):
                if isinstance(member, str) and member not in _EVERYBODY:
                    yield from _held(change, kind, member, made.get((kind, role), ()))


def _held(change: Change, kind: str, member: str, made: Sequence[grants.Granted]) -> Iterator[Finding]:
    """Hold a grant to those of its role that the modules make: to whom, on what, under which condition."""
    said = f"{member} would hold {change.planned('role')}"
    theirs = [one for one in made if _folded(one.member) == _folded(member)]
    if not theirs:
        holders = sorted({one.member for one in made})
        told = ", ".join(holders[:3]) + (" and others like it" if len(holders) > 3 else "")  # noqa: PLR2004
        yield finding(
            "broad-role",
            change,
            f"{said}, and the modules grant it to {told or 'nobody in this fleet'}",
            "take the grant out, or make it outside the fleet, where somebody reviews it",
        )
        return
    where = grants.place(change, kind)
    there = [one for one in theirs if one.on == where]
    if not there:
        named = sorted({one.on for one in theirs})
        yield finding(
            "broad-role",
            change,
            f"{said} on {where if isinstance(where, str) else 'a resource that nobody can see'}, "
            f"and the modules grant it on {' and '.join(named)} alone",
            f"grant it on {' or '.join(named)}, by that name: a plan must show what a grant is on",
        )
        return
    expression = change.planned("condition", 0, "expression")
    if not any(one.only in {"", expression} for one in there):
        how = (
            "without a condition"
            if expression is None
            else f"under {'an unknown' if expression is UNKNOWN else 'another'} condition"
        )
        yield finding(
            "broad-role",
            change,
            f"{said} on {where} {how}, where the modules narrow it",
            f"give it the condition {' or '.join(sorted(one.only for one in there))}",
        )


def _custom_role(change: Change, surroundings: Surroundings) -> Iterator[Finding]:
    if stays(change) and (others := _unneeded(change, surroundings)):
        yield finding(
            "broad-role",
            change,
            f"the role would hold {', '.join(others)}, which nothing of the fleet calls",
            "leave the permissions as the modules have them",
        )


def _unneeded(role: Planned, surroundings: Surroundings) -> list[str]:
    """What a custom role would hold besides what the fleet calls in its name."""
    permissions = role.planned("permissions")
    if permissions is UNKNOWN:
        return ["permissions that nobody can see"]
    here = role.planned("project") == surroundings.fleet.project
    called = grants.custom_roles(surroundings.fleet) if here else {}
    return sorted(
        {shown(one) for one in listed(permissions)} - called.get(role.planned("role_id"), frozenset())
    )


def _key(change: Change, _: Surroundings) -> Iterator[Finding]:
    if stays(change):
        yield finding(
            "service-account-key",
            change,
            "a key file would be in the state, and wherever it was copied to",
            "use the attached service account, impersonation or workload identity federation",
        )


RULES: Final[Mapping[str, tuple[Rule, ...]]] = {
    **dict.fromkeys(
        ("google_service_account_iam_binding", "google_service_account_iam_member"), (_entrance,)
    ),
    "google_service_account_key": (_key,),
    **dict.fromkeys(_CUSTOM_ROLES, (_custom_role,)),
}
COMMON: Final[tuple[Rule, ...]] = (_everybody, _acl, _grant)
WHOLE_PLAN: Final[tuple[PlanRule, ...]] = (_roles,)
