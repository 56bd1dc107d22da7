"""Guardrails for grants: what the modules grant passes, and nothing else."""

from datetime import date
from pathlib import Path
from string import Formatter

import pytest
from plan_documents import KEY, LOOKED_UP, change, document

from notebook_provisioner.catalog import grants
from notebook_provisioner.core import fleet, guardrails
from notebook_provisioner.core.fleet.sync import Sync
from notebook_provisioner.core.guardrails.facts import Surroundings
from notebook_provisioner.core.guardrails.grants import of_fleet
from notebook_provisioner.core.terraform_plan import read

QUICKSTART = Path(__file__).parents[2] / "examples" / "quickstart" / "fleet.yaml"
MEMBER = "google_project_iam_member"
CUSTOM = "google_project_iam_custom_role"
OWN = "serviceAccount:nb-ana-research@nbp-quickstart.iam.gserviceaccount.com"
BROAD = ["broad-role"]


@pytest.fixture(scope="module")
def codes():
    ours = fleet.parse(QUICKSTART.read_text(encoding="utf-8"), file="fleet.yaml", today=date(2026, 11, 1))

    def find(*entries):
        found = guardrails.check(read(document(*entries, **LOOKED_UP)), ours)
        assert all(finding.remedy for finding in found)
        return [finding.code for finding in found if not finding.code.startswith("unlisted-")]

    return find


def made(kind, *, unknown=None, **after):
    return change(kind, ["create"], after=after, unknown=unknown)


def whole_fleet():
    """A fleet for which the modules make every grant that they know."""
    text = QUICKSTART.read_text(encoding="utf-8")
    job, image = "schedule: 30 3 * * *", f"europe-west1-docker.pkg.dev/p/nbp/nbp@sha256:{64 * '0'}"
    by = "{project: acme-platform, fleet: platform, jobs: [upgrade]}"
    text += f"maintenance:\n  image: {image}\n  prune: {{{job}}}\n  served_by: {by}\n"
    ours = fleet.parse(text, file="fleet.yaml", today=date(2026, 11, 1))
    shared = fleet.ExistingNetwork(mode="existing", name="vpc", subnet="subnet", host_project="acme-host")
    created = ours.notebooks[0].model_copy(update={"owner": "Ana@example.com", "sync": Sync(enabled=True)})
    return ours.model_copy(update={"network": shared, "notebooks": (created, *ours.notebooks[1:])})


def each_grant():
    """Every grant of that fleet, as (type of resource, arguments)."""
    ours = whole_fleet()
    surroundings = Surroundings(ours, {one.name: one for one in ours.resolved_notebooks}, frozenset())
    for (kind, role), rows in of_fleet(surroundings, "1").items():
        *_, argument = (name for _, name, _, _ in Formatter().parse(grants.PLACES[kind]) if name)
        for row in rows:
            condition = [{"expression": row.only}] if row.only else []
            yield (
                kind,
                {"role": role, "member": row.member, argument: row.on, "condition": condition},
                argument,
            )


def findings(kind, after, unknown=None):
    roles = [
        change(CUSTOM, ["no-op"], address=name, after={"project": "nbp-quickstart", "role_id": name})
        for name in ("nbp_quickstart_vm", "nbp_quickstart_prune", "nbp_quickstart_upgrade")
    ]
    plan = read(document(*roles, made(f"{kind}_iam_member", unknown=unknown, **after), **LOOKED_UP))
    return guardrails.check(plan, whole_fleet())


def said(kind, after, unknown=None):
    (found,) = findings(kind, after, unknown)
    assert found.code == ("single-owner" if kind == grants.ACCOUNT else "broad-role")
    return found.message


def test_every_row_is_granted_somewhere():
    rows = {(kind, bool(after["condition"])) for kind, after, _ in each_grant()}
    assert rows == {(row.kind, bool(row.only)) for row in grants.GRANTS}


def test_what_the_modules_grant_passes():
    for kind, after, argument in each_grant():
        assert findings(kind, after) == ()
        what, _, who = after["member"].partition(":")  # in lower case, as Google's provider keeps it
        assert findings(kind, {**after, "member": f"{what}:{who.lower()}"}) == ()
        if kind == grants.BUCKET:  # as Google's provider writes it into the state
            assert findings(kind, {**after, argument: f"b/{after[argument]}"}) == ()


@pytest.mark.parametrize(
    "member",
    [
        "user:ana@example.com.evil.example",
        "group:all@example.com",
        "serviceAccount:nb-zed@nbp-quickstart.iam.gserviceaccount.com",
        "serviceAccount:nb-ana-research@elsewhere.iam.gserviceaccount.com",
        "serviceAccount:service-666@gcp-sa-notebooks.iam.gserviceaccount.com",
        "serviceAccount:service-1@gcp-sa-bigquerydatatransfer.iam.gserviceaccount.com",
    ],
)
def test_the_same_for_somebody_else(member):
    for kind, after, _ in each_grant():
        assert member in said(kind, {**after, "member": member})


def test_the_same_on_something_else():
    for kind, after, argument in each_grant():
        elsewhere = "projects/elsewhere/serviceAccounts/x" if kind == grants.ACCOUNT else "elsewhere"
        message = said(kind, {**after, argument: elsewhere})
        unseen = said(kind, {**after, argument: None}, {argument: True})
        if kind != grants.ACCOUNT:
            assert f"and the modules grant it on {after[argument]}" in message
            assert "on a resource that nobody can see" in unseen


def test_the_same_without_its_condition():
    narrowed = [(kind, after) for kind, after, _ in each_grant() if after["condition"]]
    assert narrowed
    for kind, after in narrowed:
        assert "without a condition" in said(kind, {**after, "condition": []})
        assert "under another condition" in said(kind, {**after, "condition": [{"expression": "true"}]})
        hidden = said(kind, {**after, "condition": [{}]}, {"condition": [{"expression": True}]})
        assert "under an unknown condition" in hidden


def test_one_notebooks_grants_are_not_anothers():
    """No two notebooks hold the same on anything of their own."""
    ours = [after for kind, after, _ in each_grant() if "nb-ana-research@" in after["member"]]
    other = OWN.replace("ana-research", "ben-research")
    own = [after for after in ours if after["condition"] or after["role"] == "roles/storage.objectUser"]
    assert len(own) == 3
    for after in own:
        kind = grants.PROJECT if "project" in after else grants.BUCKET
        assert said(kind, {**after, "member": other})


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


def test_a_grant_on_what_the_modules_grant_nothing_on(codes):
    kind = "google_artifact_registry_repository_iam_member"
    assert codes(made(kind, role="roles/artifactregistry.reader", member=OWN)) == BROAD


ROLE = {"project": "nbp-quickstart", "role_id": "nbp_quickstart_vm", "permissions": ["compute.instances.get"]}


def test_a_custom_role_of_the_fleet(codes):
    vm = "projects/nbp-quickstart/zones/europe-west1-b/instances/ana-research"
    grant = {
        "project": "nbp-quickstart",
        "role": "projects/nbp-quickstart/roles/nbp_quickstart_vm",
        "condition": [{"expression": f'resource.name == "{vm}"'}],
    }
    standing = change(CUSTOM, ["no-op"], after=ROLE)
    assert codes(standing, made(MEMBER, **grant, member=OWN)) == []
    assert codes(made(CUSTOM, **ROLE), made(MEMBER, **grant, member=OWN)) == []
    assert codes(standing, made(MEMBER, **grant, member="user:ana@example.com")) == BROAD
    assert codes(made(MEMBER, **grant, member=OWN)) == BROAD  # whatever somebody else put into that role
    for held in ("iam.serviceAccounts.actAs", "notebooks.instances.update"):
        widened = change(CUSTOM, ["no-op"], after={**ROLE, "permissions": [held]})
        assert codes(widened, made(MEMBER, **grant, member=OWN)) == BROAD * 2  # the role as it stands, too


def test_a_custom_role_that_no_module_makes(codes):
    debug = {"role_id": "debug", "permissions": ["compute.snapshots.delete", "notebooks.instances.update"]}
    role = {"project": "nbp-quickstart", "role": "projects/nbp-quickstart/roles/debug"}
    grant = made(MEMBER, **role, member=OWN)
    assert codes(made(CUSTOM, **{**ROLE, **debug}), grant) == BROAD * 2
    assert codes(made(CUSTOM, **{**ROLE, "project": "elsewhere"})) == BROAD


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
    assert codes(made(binding, role=role, members=["allUsers", None])) == ["public-member"] * 2


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
        member = f"serviceAccount:{account}.iam.gserviceaccount.com"
        grant = made(MEMBER, project="nbp-quickstart", role=name, member=member)
        return [finding.code for finding in guardrails.check(read(document(role, grant)), ours)]

    assert codes(served, "nbp-platform-prune@acme-platform") == []
    assert codes(served, "nbp-platform-upgrade@acme-platform") == BROAD
    assert codes(served, "nbp-other-prune@acme-platform") == BROAD
    assert codes(alone, "nbp-platform-prune@acme-platform") == BROAD
    assert codes(alone, "nbp-quickstart-prune@nbp-quickstart") == BROAD  # it has no such job


def test_what_a_job_runs_as():
    def found(name, account, unknown=None):
        task = {"service_account": account, "encryption_key": KEY}
        job = {"name": name, "template": [{"template": [task]}]}
        entry = made("google_cloud_run_v2_job", unknown=unknown, **job)
        found = guardrails.check(read(document(entry, **LOOKED_UP)), whole_fleet())
        return [one.code for one in found if one.code != "job-work"]

    own = "nbp-quickstart-prune@nbp-quickstart.iam.gserviceaccount.com"
    assert found("nbp-quickstart-prune", own) == []
    shared = ["shared-service-account"]
    assert found("nbp-quickstart-upgrade", own) == shared
    assert found("debug", own) == shared
    assert found("nbp-quickstart-prune", own.replace("-prune", "-timer")) == shared
    assert found("nbp-quickstart-prune", OWN.removeprefix("serviceAccount:")) == shared
    hidden = {"template": [{"template": [{"service_account": True}]}]}
    assert found("nbp-quickstart-prune", None, hidden) == shared
    default = ["default-service-account"]
    assert found("nbp-quickstart-prune", None) == default
    assert found("nbp-quickstart-prune", "1-compute@developer.gserviceaccount.com") == default


POST, CLOCK = {"http_method": "POST"}, {"schedule": "30 3 * * *", "time_zone": "UTC"}
TIMER = "nbp-quickstart-timer@nbp-quickstart.iam.gserviceaccount.com"
RUN = "https://run.googleapis.com/v2/projects/nbp-quickstart/locations/europe-west1/jobs/nbp-quickstart-prune:run"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, None),
        ({"uri": "https://mallory.example"}, "starts no job of the fleet's"),
        (
            {"uri": RUN.replace("-prune", "-upgrade")},
            "starts no job of the fleet's",
        ),  # not its own
        ({"uri": RUN.replace("/nbp-quickstart/", "/elsewhere/")}, "starts no job of the fleet's"),
        ({"uri": None}, "call absent"),
        ({"body": "eyJvdmVycmlkZXMiOnt9fQ=="}, "a body"),
        ({"oauth_token": [{"service_account_email": OWN[15:]}]}, f"in the name of {OWN[15:]}"),
        ({"oidc_token": [{"service_account_email": "x@y.iam.gserviceaccount.com"}]}, "in the name of x@y"),
    ],
)
def test_what_a_timer_calls(changed, said):
    call = {"uri": RUN, "oauth_token": [{"service_account_email": TIMER}], "oidc_token": [], **changed}
    entry = made("google_cloud_scheduler_job", http_target=[{**POST, **call}], **CLOCK)
    found = guardrails.check(read(document(entry, **LOOKED_UP)), whole_fleet())
    assert [one.code for one in found] == ([] if said is None else ["timer-target"])
    assert all(said in one.message for one in found)


@pytest.mark.parametrize("part", ["uri", "body", "oauth_token"])
def test_what_a_timer_calls_where_nobody_can_see(part):
    call = {**POST, "uri": RUN, "oauth_token": [{"service_account_email": TIMER}], part: None}
    entry = made(
        "google_cloud_scheduler_job", **CLOCK, http_target=[call], unknown={"http_target": [{part: True}]}
    )
    found = guardrails.check(read(document(entry, **LOOKED_UP)), whole_fleet())
    assert [one.code for one in found] == ["timer-target"]
