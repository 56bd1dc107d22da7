"""Guardrails for VPC Service Controls: no way past a perimeter that the fleet file says is enforced."""

from datetime import date
from pathlib import Path

import pytest
from plan_documents import LOOKED_UP, change, document, notebook

from notebook_provisioner.core import fleet, guardrails
from notebook_provisioner.core.terraform_plan import read

PERIMETER = "google_access_context_manager_service_perimeter"
LEVEL = "google_access_context_manager_access_level"
QUICKSTART = Path(__file__).parents[2] / "examples" / "quickstart" / "fleet.yaml"
SERVICES = ("aiplatform", "artifactregistry", "compute", "notebooks", "storage")
CONFIGURATION = {
    "resources": ["projects/1"],
    "restricted_services": [f"{name}.googleapis.com" for name in SERVICES],
    "vpc_accessible_services": [{"enable_restriction": True, "allowed_services": ["RESTRICTED-SERVICES"]}],
}
STANDING_NOTEBOOK = change("google_workbench_instance", ["no-op"], after=notebook())
READING = [
    {"service_name": "storage.googleapis.com", "method_selectors": [{"method": "google.storage.objects.get"}]}
]


@pytest.fixture(scope="module", params=["dry-run", "enforced"])
def mode(request):
    return request.param


@pytest.fixture(scope="module")
def our_fleet(mode):
    text = QUICKSTART.read_text(encoding="utf-8").replace("mode: dry-run", f"mode: {mode}")
    text = text.replace(
        'organization: "123456789012"', 'access_policy: "1"\n  existing_access_levels: [office]'
    )
    return fleet.parse(text, file="fleet.yaml", today=date(2026, 11, 1))


@pytest.fixture
def codes(our_fleet):
    def find(*entries, looked_up=LOOKED_UP):
        found = guardrails.check(read(document(*entries, **looked_up)), our_fleet)
        assert all(finding.remedy for finding in found)
        return [finding.code for finding in found if not finding.code.startswith("unlisted-")]

    return find


@pytest.fixture
def perimeter(mode):
    """Make a perimeter that is right but for what is given."""

    def make(actions=("create",), **changed):
        configuration = {**CONFIGURATION, **changed}
        enforced = {"status": [configuration], "spec": [], "use_explicit_dry_run_spec": False}
        dry_run = {"status": [], "spec": [configuration], "use_explicit_dry_run_spec": True}
        return change(PERIMETER, list(actions), after=enforced if mode == "enforced" else dry_run)

    return make


def made(kind, *, unknown=None, address=None, **after):
    return change(kind, ["create"], after=after, unknown=unknown, address=address)


def test_the_modules_own_perimeter_passes(codes, perimeter):
    assert codes(perimeter(), STANDING_NOTEBOOK) == []
    assert codes(perimeter(["no-op"]), STANDING_NOTEBOOK) == []


def test_notebooks_without_the_perimeter_that_the_file_promises(codes, mode):
    promised = ["perimeter-enforced"] if mode == "enforced" else []
    assert codes(STANDING_NOTEBOOK) == promised
    before = {"status": [CONFIGURATION]}
    for actions in (["delete"], ["forget"]):
        assert codes(change(PERIMETER, actions, before=before), STANDING_NOTEBOOK) == promised


def test_a_perimeter_goes_with_the_notebooks(codes):
    gone = change(PERIMETER, ["delete"], before={"status": [CONFIGURATION]})
    assert codes(gone, change("google_workbench_instance", ["delete"], before=notebook())) == []


@pytest.mark.parametrize("resources", [[], None, ["projects/2"]])
def test_a_perimeter_around_nothing(codes, perimeter, resources):
    found = codes(perimeter(resources=resources))
    assert found[0] == "perimeter-enforced"
    assert codes(perimeter(["no-op"], resources=[])) == ["perimeter-enforced"]


def test_a_project_whose_number_nobody_looked_up_is_not_inside(codes, perimeter):
    assert "perimeter-enforced" in codes(perimeter(), looked_up={})


def test_another_project_inside(codes, perimeter):
    assert codes(perimeter(resources=["projects/1", "projects/2"])) == ["perimeter-rules"]
    for kind in (f"{PERIMETER}_resource", f"{PERIMETER}_dry_run_resource"):
        assert codes(perimeter(), made(kind, resource="projects/2")) == ["perimeter-rules"]
        assert codes(perimeter(), made(kind, resource="projects/1")) == []
        left = change(kind, ["delete"], before={"resource": "projects/1"})
        assert codes(perimeter(), left) == ["perimeter-enforced"]


def test_a_second_perimeter(codes, perimeter):
    second = {**perimeter(), "address": "google_access_context_manager_service_perimeter.bridge"}
    assert codes(perimeter(), second) == ["perimeter-enforced"]


def test_a_configuration_that_google_does_not_read(codes, mode):
    after = {"status": [], "spec": [CONFIGURATION], "use_explicit_dry_run_spec": False}
    assert codes(made(PERIMETER, **after)) == ["perimeter-enforced"]
    explicit = made(PERIMETER, **{**after, "use_explicit_dry_run_spec": True})
    assert codes(explicit) == (["perimeter-enforced"] if mode == "enforced" else [])


@pytest.mark.parametrize(
    "accessible",
    [
        [],
        [{"enable_restriction": False, "allowed_services": ["RESTRICTED-SERVICES"]}],
        [{"enable_restriction": True, "allowed_services": ["ALL"]}],
        [{"enable_restriction": True, "allowed_services": ["RESTRICTED-SERVICES", "drive.googleapis.com"]}],
        [{"enable_restriction": True, "allowed_services": [None]}],
        [{"enable_restriction": True, "allowed_service_patterns": [{"service": "x", "pattern": ".*"}]}],
    ],
)
def test_services_that_networks_inside_reach(codes, perimeter, accessible):
    assert codes(perimeter(vpc_accessible_services=accessible)) == ["perimeter-services"]


def test_services_that_nobody_can_see(codes, perimeter, mode):
    entry = perimeter()
    place = "status" if mode == "enforced" else "spec"
    entry["change"]["after_unknown"] = {place: [{"vpc_accessible_services": [{"allowed_services": True}]}]}
    assert codes(entry) == ["perimeter-services"]


def rule(way="ingress", *, whence=None, where=None):
    office = {"access_level": "accessPolicies/1/accessLevels/office"}
    operations = [{"service_name": "storage.googleapis.com", "method_selectors": [{"method": "*"}]}]
    sources = {"sources": [office]} if way == "ingress" else {}
    return {
        f"{way}_from": [{"identity_type": "ANY_IDENTITY", **sources, **(whence or {})}],
        f"{way}_to": [{"resources": ["projects/1"], "operations": operations, **(where or {})}],
    }


HOLE, IDENTITY = ["perimeter-rules"], ["perimeter-identity"]


@pytest.mark.parametrize(
    ("way", "parts", "expected"),
    [
        ("ingress", {}, []),
        ("ingress", {"whence": {"sources": [{"resource": "projects/7"}]}}, []),
        ("ingress", {"whence": {"sources": [{"access_level": "*"}]}}, HOLE),
        ("ingress", {"whence": {"sources": []}}, HOLE),
        ("ingress", {"whence": {"sources": [{}]}}, HOLE),
        ("ingress", {"where": {"operations": [{"service_name": "*"}]}}, HOLE),
        ("ingress", {"where": {"operations": []}}, HOLE),
        ("ingress", {"where": {"roles": ["roles/editor"]}}, HOLE),
        ("ingress", {"whence": {"identity_type": "ANY_USER_ACCOUNT"}}, IDENTITY),
        ("egress", {}, []),
        ("egress", {"where": {"resources": ["*"]}}, HOLE),
        ("egress", {"where": {"resources": ["*"], "operations": READING}}, []),
        ("egress", {"where": {"resources": [], "external_resources": ["s3://bucket"]}}, HOLE),
    ],
)
def test_rules_in_the_perimeter_and_beside_it(codes, perimeter, way, parts, expected):
    written = rule(way, **parts)
    assert codes(perimeter(**{f"{way}_policies": [written]})) == (
        expected or HOLE
    )  # none that the file asks for
    assert codes(perimeter(), made(f"{PERIMETER}_{way}_policy", **written)) == expected
    assert codes(perimeter(), made(f"{PERIMETER}_dry_run_{way}_policy", **written)) == expected


def test_a_rule_that_nobody_can_see_is_a_hole(codes, perimeter):
    unknown = {"egress_to": [{"resources": True}]}
    assert codes(perimeter(), made(f"{PERIMETER}_egress_policy", **rule("egress"), unknown=unknown)) == HOLE
    service = {"ingress_to": [{"operations": [{"service_name": True}]}]}
    assert codes(perimeter(), made(f"{PERIMETER}_ingress_policy", **rule(), unknown=service)) == HOLE


def test_levels_that_lead_in_are_made_here_or_named_in_the_file(codes, perimeter):
    office, other = (f"accessPolicies/1/accessLevels/{name}" for name in ("office", "other"))
    assert codes(perimeter(access_levels=[office])) == []
    assert codes(perimeter(access_levels=[office, other])) == HOLE
    beside = made(f"{PERIMETER}_ingress_policy", **rule(whence={"sources": [{"access_level": other}]}))
    assert codes(perimeter(), beside) == HOLE

    level = {"name": other, "basic": [{"conditions": [OFFICE]}]}
    for action in ("create", "no-op"):
        assert codes(perimeter(), beside, change(LEVEL, [action], after=level)) == []
    assert codes(perimeter(access_levels=[other]), change(LEVEL, ["create"], after=level)) == HOLE


def test_a_level_has_no_name_yet_while_its_policy_is_made(our_fleet, perimeter):
    file = our_fleet.perimeter
    makes = file.model_copy(update={"organization": "123456789012", "access_policy": None})

    def codes(*entries, file=makes):
        plan = read(document(*entries, perimeter(), **LOOKED_UP))
        found = guardrails.check(plan, our_fleet.model_copy(update={"perimeter": file}))
        return [finding.code for finding in found if not finding.code.startswith("unlisted-")]

    unknown = {"ingress_from": [{"sources": [{"access_level": True}]}]}
    beside = made(f"{PERIMETER}_ingress_policy", **rule(whence={"sources": [{}]}), unknown=unknown)
    policy = made("google_access_context_manager_access_policy", title="nbp quickstart")
    assert codes(policy, beside) == []
    assert codes(beside) == HOLE
    assert codes(policy, beside, file=file) == HOLE  # a given policy has a number, so its levels have names
    unseen = {"ingress_from": [{"sources": [{"resource": True}]}]}
    other = made(f"{PERIMETER}_ingress_policy", **rule(whence={"sources": [{}]}), unknown=unseen)
    assert codes(policy, other) == HOLE


OFFICE = {"ip_subnetworks": ["203.0.113.0/24"]}
OPEN = ["open-access-level"]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (OFFICE, []),
        ({"members": ["user:ana@example.com"]}, []),
        ({"device_policy": [{"require_screen_lock": True}]}, []),
        ({"device_policy": [{"allowed_encryption_statuses": ["ENCRYPTED"]}]}, []),
        ({**OFFICE, "device_policy": [{"require_screen_lock": False}]}, []),
        ({}, OPEN),
        ({"ip_subnetworks": ["0.0.0.0/0"]}, OPEN),
        ({"ip_subnetworks": ["0.0.0.0/1", "128.0.0.0/1"]}, OPEN),
        ({"ip_subnetworks": [f"{first}.0.0.0/8" for first in range(1, 200, 2)]}, OPEN),
        ({"ip_subnetworks": ["2000::/3"]}, OPEN),
        ({"ip_subnetworks": ["203.0.113.0/24", None]}, OPEN),
        ({**OFFICE, "negate": True}, OPEN),
        ({"device_policy": [{}]}, OPEN),
        ({"device_policy": [{"require_screen_lock": False, "allowed_encryption_statuses": []}]}, OPEN),
        ({"device_policy": [{"allowed_device_management_levels": ["NONE", "BASIC"]}]}, OPEN),
        ({"device_policy": [{"allowed_encryption_statuses": ["UNENCRYPTED"]}]}, OPEN),
    ],
)
def test_what_an_access_level_asks_for(codes, perimeter, condition, expected):
    assert codes(perimeter(), made(LEVEL, basic=[{"conditions": [condition]}])) == expected
    assert codes(perimeter(), made(f"{LEVEL}_condition", **condition)) == expected


def test_an_access_level_that_cannot_be_judged(codes, perimeter):
    assert codes(perimeter(), made(LEVEL, basic=[], custom=[{"expr": [{"expression": "true"}]}])) == OPEN
    assert codes(perimeter(), made(LEVEL, basic=[])) == OPEN
    entry = made(LEVEL, basic=[{"conditions": [{}]}], unknown={"basic": [{"conditions": True}]})
    assert codes(perimeter(), entry) == OPEN


@pytest.mark.parametrize("key", ["members", "regions", "required_access_levels", "vpc_network_sources"])
def test_whom_an_access_level_asks_for_is_known(codes, perimeter, key):
    unknown = {"basic": [{"conditions": [{key: True}]}]}
    assert codes(perimeter(), made(LEVEL, basic=[{"conditions": [{}]}], unknown=unknown)) == OPEN
    some = {"basic": [{"conditions": [{key: [False, True]}]}]}
    partly = made(LEVEL, basic=[{"conditions": [{key: ["user:ana@example.com", None]}]}], unknown=some)
    assert codes(perimeter(), partly) == OPEN
    besides = made(LEVEL, basic=[{"conditions": [OFFICE]}], unknown=unknown)
    assert codes(perimeter(), besides) == []  # all of it must hold


def test_what_replaces_everybodys(codes, perimeter):
    assert codes(perimeter(), made(f"{LEVEL}s", access_levels=[])) == OPEN
    assert codes(perimeter(), made(f"{PERIMETER}s", service_perimeters=[])) == ["perimeter-enforced"]


FILE = """access_policy: "1"
  access_levels:
    - name: office
      ip_ranges: [203.0.113.0/24]
      members: ["user:ana@example.com"]
      device_policy: {require_corp_owned: true, management_levels: [COMPLETE]}
    - {name: lobby, regions: [NL]}
  ingress:
    - {preset: workbench-users, access_levels: [office]}
    - {preset: maintenance, projects: ["7"]}
  egress:
    - {preset: use-key, projects: ["8"]}
    - {preset: image-configs}"""
LEVELS = "accessPolicies/1/accessLevels/nbp_quickstart_"
USERS = [{"service_name": "notebooks.googleapis.com", "method_selectors": [{"method": "*"}]}]
KEYS = [{"service_name": "cloudkms.googleapis.com", "method_selectors": [{"method": "*"}]}]


@pytest.fixture(scope="module")
def ruled(mode):
    text = QUICKSTART.read_text(encoding="utf-8").replace("mode: dry-run", f"mode: {mode}")
    text = text.replace('organization: "123456789012"', FILE)
    return fleet.parse(text, file="fleet.yaml", today=date(2026, 11, 1))


@pytest.fixture
def judged(ruled):
    def find(*entries):
        return [one.code for one in guardrails.check(read(document(*entries, **LOOKED_UP)), ruled)]

    return find


def test_levels_are_unknown_as_a_whole_while_their_policy_is_made(ruled, perimeter, mode):
    makes = {"organization": "123456789012", "access_policy": None}
    asked = ruled.perimeter.model_copy(update=makes)
    none = asked.model_copy(update={"access_levels": (), "ingress": ()})
    entry = perimeter()
    place = "status" if mode == "enforced" else "spec"
    entry["change"]["after_unknown"] = {place: [{"access_levels": True}]}
    policy = made("google_access_context_manager_access_policy", title="nbp quickstart")

    def codes(*entries, file=asked):
        plan = read(document(*entries, **LOOKED_UP))
        found = guardrails.check(plan, ruled.model_copy(update={"perimeter": file}))
        return [one.code for one in found if not one.code.startswith("unlisted-")]

    assert codes(policy, entry) == []
    assert codes(entry) == HOLE
    assert codes(policy, entry, file=none) == HOLE


def users(level="office", operations=USERS, resource="projects/1"):
    sources = {"sources": [{"access_level": f"{LEVELS}{level}"}]}
    return rule(whence=sources, where={"operations": operations, "resources": [resource]})


def key(project="8", operations=KEYS):
    return rule("egress", where={"resources": [f"projects/{project}"], "operations": operations})


def test_rules_are_those_that_the_fleet_file_asks_for(judged, perimeter):
    assert judged(perimeter(ingress_policies=[users()], egress_policies=[key()])) == []
    assert judged(perimeter(access_levels=[f"{LEVELS}lobby"])) == []
    anywhere = rule("egress", where={"resources": ["*"], "operations": READING})
    assert judged(perimeter(egress_policies=[anywhere])) == []
    others = [
        users("lobby"),
        users(operations=[*USERS, *KEYS]),
        users(resource="projects/2"),
        users(operations=[{**USERS[0], "method_selectors": [{"permission": "*"}]}]),
        rule(whence={"sources": [{"resource": "projects/7"}]}, where={"operations": USERS}),
    ]
    for other in others:
        assert judged(perimeter(ingress_policies=[users(), other])) == HOLE
    for other in (key("9"), key(operations=USERS), key(operations=[*KEYS, *USERS])):
        assert judged(perimeter(egress_policies=[key(), other])) == HOLE


@pytest.mark.parametrize("level", [f"{LEVELS}office", "accessPolicies/1/accessLevels/theirs", None])
def test_a_level_that_leads_to_what_a_rule_says_leads_to_no_more(judged, perimeter, level):
    assert judged(perimeter(access_levels=[f"{LEVELS}lobby", level])) == HOLE


LOBBY = {"name": f"{LEVELS}lobby", "basic": [{"conditions": [{"regions": ["NL"]}]}]}
DEVICE = {
    "require_screen_lock": True,
    "require_corp_owned": True,
    "allowed_encryption_statuses": ["ENCRYPTED"],
    "allowed_device_management_levels": ["COMPLETE"],
}
ASKED = {"ip_subnetworks": ["203.0.113.0/24"], "members": ["user:ana@example.com"], "device_policy": [DEVICE]}


@pytest.mark.parametrize(
    "changed",
    [
        {"ip_subnetworks": ["203.0.113.0/24", "198.51.100.0/24"]},
        {"ip_subnetworks": []},
        {"members": ["user:ana@example.com", "user:mallory@example.com"]},
        {"members": []},
        {"device_policy": []},
        *({"device_policy": [{**DEVICE, part: None}]} for part in DEVICE),
        {"device_policy": [{**DEVICE, "allowed_device_management_levels": ["COMPLETE", "BASIC"]}]},
    ],
)
def test_a_level_asks_for_what_the_fleet_file_says(judged, changed):
    level = {"name": f"{LEVELS}office", "title": "x", "basic": [{"conditions": [ASKED]}]}
    assert judged(made(LEVEL, **LOBBY)) == judged(made(LEVEL, **level)) == []
    weaker = {**level, "basic": [{"conditions": [{**ASKED, **changed}]}]}
    assert judged(made(LEVEL, **weaker)) == OPEN
    besides = {**level, "basic": [{"conditions": [ASKED, {"members": ["user:mallory@example.com"]}]}]}
    assert judged(made(LEVEL, **besides)) == OPEN


def test_a_level_whose_name_nobody_knows_yet_is_told_by_its_title(judged):
    named = {**LOBBY, "name": None, "title": "nbp_quickstart_lobby"}
    assert judged(made(LEVEL, **named, unknown={"name": True})) == []
    assert judged(made(LEVEL, **{**named, "title": "x"}, unknown={"name": True})) == OPEN
