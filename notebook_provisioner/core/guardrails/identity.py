"""Guardrails for who may do what."""

import re
from collections.abc import Container, Iterator, Mapping
from typing import Final

from notebook_provisioner.catalog import grants
from notebook_provisioner.core.findings import Finding
from notebook_provisioner.core.fleet.maintenance import job_account
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
# Google's own service accounts of a project, by the domains that the modules meet.
_AGENT: Final = re.compile(
    r"serviceAccount:[a-z0-9-]+@(gcp-sa-[a-z0-9-]+|compute-system|gs-project-accounts|serverless-robot-prod)"
    r"\.iam\.gserviceaccount\.com"
)
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
        f"user:{notebook.owner}"
        for notebook in surroundings.notebooks.values()
        if isinstance(account, str)
        and account.rpartition("/")[2] == own_account(surroundings.fleet.project, notebook.name)
    }
    whose = "an unknown account" if account is UNKNOWN else "this account"
    for member in sorted({one for one in named if isinstance(one, str)} - owners - _EVERYBODY):
        said = f"{member}, who is no owner of it, could open the notebook that runs as {whose}"
        yield finding("single-owner", change, said, "name its one owner in the fleet file")


def _roles(plan: TerraformPlan, surroundings: Surroundings) -> Iterator[Finding]:
    """Roles that the modules do not grant: who holds one of them may take the controls off.

    The modules write the names of their custom roles out. An unknown role is refused even where the plan
    makes a custom role and the expression refers to nothing else: a plan's JSON holds an expression's
    references and not its functions, and ``replace(ROLE.name, "/.*/", "roles/owner")`` refers to ROLE alone.
    """
    project = surroundings.fleet.project
    others = _serving(surroundings)
    ours = {
        f"projects/{project}/roles/{one.planned('role_id')}"
        for one in after(plan)
        if one.type == "google_project_iam_custom_role"
        and one.planned("project") == project
        and not _unneeded(one)
    }
    for change in plan.changes:
        matched = _IAM_TYPE.fullmatch(change.type)
        role = change.planned("role")
        if matched is None or not stays(change) or role is None:
            continue
        member = change.planned("member")
        # Somebody unknown and everybody are named as public-member, a binding's several as authoritative, and
        # who may act as an account where its notebook's owner is asked for.
        elsewhere = (
            not isinstance(member, str) or member in _EVERYBODY or matched[1] == "google_service_account"
        )
        known = role in grants.ROLES.get(matched[1], ()) or (matched[1] == "google_project" and role in ours)
        impersonates = role in _IMPERSONATION_ROLES and _PROJECT_TYPE.fullmatch(change.type)  # said already
        if impersonates or (known and (elsewhere or _is_ours(member, project, others))):
            continue
        if role is UNKNOWN:
            yield finding(
                "broad-role",
                change,
                "an unknown role would be granted: only an apply would show which, and it may be any",
                "write its name out, as in projects/PROJECT/roles/ROLE_ID: a custom role's attribute name "
                "is known after an apply alone",
            )
        elif known:
            said = f"{member} would hold {role}, and is no account of the fleet's, nor an agent of Google's"
            yield finding("broad-role", change, said, "grant it to the accounts that the modules make")
        else:
            yield finding(
                "broad-role",
                change,
                f"{role} is none that the modules grant there, "
                "and may contain the right to take the controls off",
                "grant a role that holds only what is called, or grant it outside the fleet",
            )


def _is_ours(member: str, project: str, others: Container[str]) -> bool:
    own = f"@{project}.iam.gserviceaccount.com"
    is_own = member.startswith("serviceAccount:") and member.endswith(own)
    return is_own or member in others or _AGENT.fullmatch(member) is not None


def _serving(surroundings: Surroundings) -> frozenset[str]:
    """The accounts of another fleet's jobs that the fleet file lets serve this one."""
    maintenance = surroundings.fleet.maintenance
    by = maintenance.served_by if maintenance is not None else None
    if by is None:
        return frozenset()
    return frozenset(f"serviceAccount:{job_account(by.project, by.fleet, job)}" for job in by.jobs)


def _custom_role(change: Change, _: Surroundings) -> Iterator[Finding]:
    if stays(change) and (others := _unneeded(change)):
        yield finding(
            "broad-role",
            change,
            f"the role would hold {', '.join(others)}, which nothing of the fleet calls",
            "leave the permissions as the modules have them",
        )


def _unneeded(role: Planned) -> list[str]:
    """What a custom role would hold besides what the fleet calls."""
    permissions = role.planned("permissions")
    if permissions is UNKNOWN:
        return ["permissions that nobody can see"]
    return sorted({shown(one) for one in listed(permissions)} - grants.PERMISSIONS)


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
