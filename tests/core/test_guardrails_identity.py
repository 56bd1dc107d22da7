"""Guardrails for grants: what the modules grant passes, and nothing else."""

from datetime import date
from pathlib import Path

import pytest
from plan_documents import change, document

from notebook_provisioner.catalog import grants
from notebook_provisioner.core import fleet, guardrails
from notebook_provisioner.core.terraform_plan import read

QUICKSTART = Path(__file__).parents[2] / "examples" / "quickstart" / "fleet.yaml"
MEMBER = "google_project_iam_member"
CUSTOM = "google_project_iam_custom_role"
OWN = "serviceAccount:nb-ana@nbp-quickstart.iam.gserviceaccount.com"
BROAD = ["broad-role"]


@pytest.fixture(scope="module")
def codes():
    ours = fleet.parse(QUICKSTART.read_text(encoding="utf-8"), file="fleet.yaml", today=date(2026, 11, 1))

    def find(*entries):
        found = guardrails.check(read(document(*entries)), ours)
        assert all(finding.remedy for finding in found)
        return [finding.code for finding in found]

    return find


def made(kind, *, unknown=None, **after):
    return change(kind, ["create"], after=after, unknown=unknown)


def test_what_the_modules_grant_passes(codes):
    for kind, roles in grants.ROLES.items():
        for role in roles:
            on = {}
            member = OWN
            if kind == "google_service_account":
                email = "nb-ana-research@nbp-quickstart.iam.gserviceaccount.com"
                on = {"service_account_id": f"projects/nbp-quickstart/serviceAccounts/{email}"}
                member = "user:ana@example.com"
            assert codes(made(f"{kind}_iam_member", role=role, member=member, **on)) == []


@pytest.mark.parametrize(
    "role",
    [
        "roles/compute.osAdminLogin",
        "roles/editor",
        "roles/iam.roleAdmin",
        "roles/iam.securityAdmin",
        "roles/iam.serviceAccountAdmin",
        "roles/iam.serviceAccountKeyAdmin",
        "roles/notebooks.admin",
        "roles/notebooks.editor",
        "roles/resourcemanager.projectIamAdmin",
        "roles/storage.objectViewer",  # of every bucket, that is
        "projects/nbp-quickstart/roles/somebody_elses",
        "organizations/1/roles/anything",
    ],
)
def test_what_the_modules_do_not_grant_on_the_project(codes, role):
    assert codes(made(MEMBER, role=role, member=OWN)) == BROAD
    assert "broad-role" in codes(made("google_project_iam_binding", role=role, members=[OWN]))


@pytest.mark.parametrize("role", ["iam.serviceAccountTokenCreator", "iam.workloadIdentityUser"])
def test_impersonation(codes, role):
    assert codes(made(MEMBER, role=f"roles/{role}", member=OWN)) == ["project-impersonation"]
    email = "nb-ana-research@nbp-quickstart.iam.gserviceaccount.com"
    owner = {
        "member": "user:ana@example.com",
        "service_account_id": f"projects/nbp-quickstart/serviceAccounts/{email}",
    }
    assert codes(made("google_service_account_iam_member", role=f"roles/{role}", **owner)) == BROAD


@pytest.mark.parametrize(
    ("account", "member", "expected"),
    [
        ("ana-research", "user:ana@example.com", []),
        ("ana-research", "user:ben@example.com", ["single-owner"]),
        ("somebody-elses", "user:ana@example.com", ["single-owner"]),
        (None, "user:ana@example.com", ["single-owner"]),  # the modules write the account's name out
        (None, "group:all@example.com", ["single-owner"]),
    ],
)
def test_who_may_act_as_a_notebooks_account(codes, account, member, expected):
    role, unknown = "roles/iam.serviceAccountUser", {"service_account_id": True}
    known = {}
    if account:
        email = f"nb-{account}@nbp-quickstart.iam.gserviceaccount.com"
        known, unknown = {"service_account_id": f"projects/nbp-quickstart/serviceAccounts/{email}"}, None
    for kind, who in (("member", {"member": member}), ("binding", {"members": [member]})):
        entry = made(f"google_service_account_iam_{kind}", role=role, **who, **known, unknown=unknown)
        assert codes(entry) == expected


@pytest.mark.parametrize(
    ("member", "expected"),
    [
        (OWN, []),
        ("serviceAccount:service-1@gs-project-accounts.iam.gserviceaccount.com", []),
        ("serviceAccount:cmek-p1@gcp-sa-logging.iam.gserviceaccount.com", []),
        ("user:ana@example.com", BROAD),
        ("group:all@example.com", BROAD),
        ("serviceAccount:nb-ana@elsewhere.iam.gserviceaccount.com", BROAD),
    ],
)
def test_roles_of_the_modules_are_for_accounts_of_the_fleet(codes, member, expected):
    key = "google_kms_crypto_key_iam_member"
    assert codes(made(key, role="roles/cloudkms.cryptoKeyEncrypterDecrypter", member=member)) == expected


def test_a_grant_on_what_the_modules_grant_nothing_on(codes):
    kind = "google_artifact_registry_repository_iam_member"
    assert codes(made(kind, role="roles/artifactregistry.reader", member=OWN)) == BROAD


ROLE = {"project": "nbp-quickstart", "role_id": "nbp_quickstart_vm", "permissions": ["compute.instances.get"]}


def test_a_custom_role_of_the_fleet(codes):
    name = "projects/nbp-quickstart/roles/nbp_quickstart_vm"
    standing = change(CUSTOM, ["no-op"], after=ROLE)
    assert codes(standing, made(MEMBER, role=name, member=OWN)) == []
    assert codes(made(CUSTOM, **ROLE), made(MEMBER, role=name, member=OWN)) == []
    assert codes(standing, made(MEMBER, role=name, member="user:ana@example.com")) == BROAD
    widened = change(CUSTOM, ["no-op"], after={**ROLE, "permissions": ["iam.serviceAccounts.actAs"]})
    assert codes(widened, made(MEMBER, role=name, member=OWN)) == BROAD * 2  # the role as it stands, too


def test_a_role_that_nobody_can_see(codes):
    unknown = {"role": True}
    assert codes(made(MEMBER, member=OWN, unknown=unknown)) == BROAD
    # The plan of replace(ROLE.name, "/.*/", "roles/owner") says no more.
    assert codes(made(CUSTOM, **ROLE), made(MEMBER, member=OWN, unknown=unknown)) == BROAD
    grant = made("google_storage_bucket_iam_member", member=OWN, unknown=unknown)
    assert codes(made(CUSTOM, **ROLE), grant) == BROAD


@pytest.mark.parametrize(
    "permission",
    [
        "compute.instances.setMetadata",
        "iam.serviceAccounts.actAs",
        "notebooks.instances.setIamPolicy",
        "resourcemanager.projects.setIamPolicy",
        None,
    ],
)
def test_permissions_that_nothing_of_the_fleet_calls(codes, permission):
    role = {**ROLE, "permissions": ["compute.instances.get", permission]}
    assert codes(made(CUSTOM, **role)) == BROAD
    assert codes(made("google_organization_iam_custom_role", **role)) == BROAD


def test_permissions_that_nobody_can_see(codes):
    assert codes(made(CUSTOM, **{**ROLE, "permissions": None}, unknown={"permissions": True})) == BROAD


def test_members_that_nobody_can_see(codes):
    role = "roles/storage.objectViewer"
    bucket = "google_storage_bucket_iam_member"
    assert codes(made(bucket, role=role, unknown={"member": True})) == ["public-member"]
    binding = "google_storage_bucket_iam_binding"
    assert codes(made(binding, role=role, unknown={"members": True})) == ["public-member"]
    assert codes(made(binding, role=role, members=[OWN, None])) == ["public-member"]


@pytest.mark.parametrize(
    ("kind", "after", "public"),
    [
        ("bucket_access_control", {"entity": "allUsers", "role": "READER"}, True),
        ("bucket_access_control", {"entity": "user-ana@example.com", "role": "READER"}, False),
        ("default_object_access_control", {"entity": "allAuthenticatedUsers"}, True),
        ("bucket_acl", {"role_entity": ["OWNER:user-a@b.c", "READER:allUsers"]}, True),
        ("object_acl", {"predefined_acl": "publicRead"}, True),
        ("object_acl", {"predefined_acl": "projectPrivate"}, False),
    ],
)
def test_access_control_lists(codes, kind, after, public):
    found = codes(made(f"google_storage_{kind}", **after))
    assert found == ["object-acls", *(["public-member"] if public else [])]


def test_a_job_of_another_project_is_let_in_where_the_file_says_so():
    by = "maintenance:\n  served_by: {project: acme-platform, fleet: platform, jobs: [prune]}\n"
    text = QUICKSTART.read_text(encoding="utf-8")
    served = fleet.parse(text + by, file="fleet.yaml", today=date(2026, 11, 1))
    alone = fleet.parse(text, file="fleet.yaml", today=date(2026, 11, 1))
    named = {
        "project": "nbp-quickstart",
        "role_id": "nbp_quickstart_prune",
        "permissions": ["compute.snapshots.get"],
    }
    role = made(CUSTOM, unknown={"name": True}, **named)

    def codes(ours, account):
        name = "projects/nbp-quickstart/roles/nbp_quickstart_prune"
        grant = made(MEMBER, role=name, member=f"serviceAccount:{account}.iam.gserviceaccount.com")
        return [finding.code for finding in guardrails.check(read(document(role, grant)), ours)]

    assert codes(served, "nbp-platform-prune@acme-platform") == []
    assert codes(served, "nbp-platform-upgrade@acme-platform") == BROAD
    assert codes(served, "nbp-other-prune@acme-platform") == BROAD
    assert codes(alone, "nbp-platform-prune@acme-platform") == BROAD
    assert codes(alone, "nbp-quickstart-prune@nbp-quickstart") == []
