"""A plan may leave any value open until it is applied: the guardrails judge it nevertheless."""

import copy
from datetime import date
from pathlib import Path

import pytest
from plan_documents import LOOKED_UP, change, document
from plan_mistakes import MISTAKES, RIGHT

from notebook_provisioner.catalog import grants
from notebook_provisioner.catalog.presets import PRESETS
from notebook_provisioner.core import fleet, guardrails
from notebook_provisioner.core.terraform_plan import read

QUICKSTART = Path(__file__).parents[2] / "examples" / "quickstart" / "fleet.yaml"
TEXT = (
    QUICKSTART.read_text(encoding="utf-8")
    .replace("ana-research", "ana")
    .replace("mode: dry-run", "mode: enforced")
)
RULES = """access_policy: "1"
  access_levels: [{name: office, members: ["user:ana@example.com"]}]
  ingress:
    - {preset: workbench-users, access_levels: [office]}
    - {preset: maintenance, projects: ["7"]}
  egress: [{preset: use-key, projects: ["1"]}]"""
FILES = {
    "strict": TEXT,
    "names": TEXT.replace("mode: none", "mode: nat-allowlist\n    fqdns: [docs.example.com]"),
    "rules": TEXT.replace('organization: "123456789012"', RULES),
    "proxy": TEXT.replace(
        "mode: none", "mode: secure-web-proxy\n    proxy_cidr: 10.21.0.0/26\n    hosts: [docs.example.com]"
    ),
}
OWN = "serviceAccount:nb-ana@nbp-quickstart.iam.gserviceaccount.com"
PERIMETER = "google_access_context_manager_service_perimeter"
LEVEL = "google_access_context_manager_access_level"
OFFICE = "accessPolicies/1/accessLevels/nbp_quickstart_office"
POLICY = "google_compute_network_firewall_policy"
RULE = "google_network_security_gateway_security_policy_rule"
PLACE = {"project": "nbp-quickstart", "location": "europe-west1"}
HERE = "projects/nbp-quickstart/locations/europe-west1"
NETWORK = RIGHT["google_compute_network"]
FIRST = {**NETWORK, "network_firewall_policy_enforcement_order": "BEFORE_CLASSIC_FIREWALL"}


def of_policy(action, protocol, priority, **match):
    layers = [{"ip_protocol": protocol, **({"ports": ["443"]} if protocol == "tcp" else {})}]
    return {
        "firewall_policy": "egress",
        "direction": "EGRESS",
        "action": action,
        "priority": priority,
        "match": [{**match, "layer4_configs": layers}],
    }


def perimeter(preset, **whence):
    """A perimeter with the rule that the module makes of *preset*."""
    row = PRESETS[preset]
    way = "ingress" if whence else "egress"
    operations = [
        {"service_name": service, "method_selectors": [{"method": method} for method in sorted(methods)]}
        for service, methods in sorted(row.operations)
    ]
    rule = {
        f"{way}_from": [{"identity_type": "ANY_IDENTITY", **whence}],
        f"{way}_to": [{"resources": ["projects/1"], "operations": operations}],
    }
    return {**RIGHT[PERIMETER], "status": [{**RIGHT[PERIMETER]["status"][0], f"{way}_policies": [rule]}]}


# What is right: the fleet file that asks for it, and the resources.
GOOD = {
    "all together": ("strict", [*RIGHT.items()]),
    "a way in": (
        "rules",
        [
            (PERIMETER, perimeter("workbench-users", sources=[{"access_level": OFFICE}])),
            (LEVEL, {"name": OFFICE, "basic": [{"conditions": [{"members": ["user:ana@example.com"]}]}]}),
        ],
    ),
    "a way in for a project": (
        "rules",
        [(PERIMETER, perimeter("maintenance", sources=[{"resource": "projects/7"}]))],
    ),
    "a way out": ("rules", [(PERIMETER, perimeter("use-key"))]),
    "access levels": (
        "strict",
        [
            (LEVEL, {"basic": [{"conditions": [{"members": ["user:ana@example.com"]}]}]}),
            (LEVEL, {"basic": [{"conditions": [{"regions": ["NL"]}]}]}),
        ],
    ),
    "Google's names": (
        "strict",
        [
            ("google_dns_policy", {"enable_logging": True}),
            ("google_dns_managed_zone", {"dns_name": "googleapis.com.", "forwarding_config": []}),
            ("google_dns_record_set", {"name": "googleapis.com.", "type": "A", "rrdatas": ["199.36.153.4"]}),
        ],
    ),
    "egress by name": (
        "names",
        [
            ("google_compute_network", FIRST),
            ("google_compute_firewall", RIGHT["google_compute_firewall"]),
            (f"{POLICY}_association", {"firewall_policy": "egress", "attachment_target": "networks/n"}),
            (f"{POLICY}_rule", of_policy("allow", "tcp", 1000, dest_fqdns=["docs.example.com"])),
            (f"{POLICY}_rule", of_policy("goto_next", "all", 65000, dest_ip_ranges=["0.0.0.0/0"])),
        ],
    ),
    "a proxy": (
        "proxy",
        [
            (
                "google_network_security_url_lists",
                {**PLACE, "name": "allowed", "values": ["docs.example.com"]},
            ),
            ("google_network_security_gateway_security_policy", {**PLACE, "name": "proxy"}),
            (
                RULE,
                {
                    "enabled": True,
                    "basic_profile": "ALLOW",
                    "session_matcher": f"inUrlList(host(), '{HERE}/urlLists/allowed')",
                },
            ),
            (
                "google_network_services_gateway",
                {"gateway_security_policy": f"{HERE}/gatewaySecurityPolicies/proxy"},
            ),
        ],
    ),
}
PLANS = {
    **GOOD,
    **{mistake: ("strict", [*seeded.items()]) for mistake, (seeded, _) in MISTAKES.items()},
}
# Values that may be open, * for an element's number, and why nobody is harmed whatever they become.
NOTEBOOK = "google_workbench_instance"
HARMLESS = {
    **dict.fromkeys(
        [(NOTEBOOK, path) for path in ("labels", "labels.team")],
        "costs are told apart by them, and people are not",
    ),
    (NOTEBOOK, "gce_setup.*.machine_type"): "it opens nothing",
    (NOTEBOOK, "gce_setup.*.accelerator_configs"): "it opens nothing",
    (NOTEBOOK, "gce_setup.*.network_interfaces.*.access_configs"): "none, with disable_public_ip",
    (NOTEBOOK, "gce_setup.*.boot_disk.*.disk_encryption"): "the key beside it says it",
    (NOTEBOOK, "gce_setup.*.data_disks.*.disk_encryption"): "the key beside it says it",
    (NOTEBOOK, "deletion_policy"): "the fleet file does not protect it",
    (NOTEBOOK, "enable_deletion_protection"): "the fleet file does not protect it",
    ("google_kms_crypto_key", "purpose"): "rotation is asked for, whatever it is for",
    ("google_compute_route", "next_hop_gateway"): "what may be reached is its range",
    (PERIMETER, "use_explicit_dry_run_spec"): "the status is enforced all the same",
    ("google_compute_network", "network_firewall_policy_enforcement_order"): "either order denies the rest",
    ("google_dns_record_set", "name"): "whatever it is, it leads to the virtual IP",
    ("google_dns_record_set", "type"): "whatever it is, it leads to the virtual IP",
    (f"{POLICY}_association", "attachment_target"): "it is taken for this network's",
    (f"{POLICY}_association", "firewall_policy"): "it is taken for this network's",
    (f"{POLICY}_rule", "firewall_policy"): "it is taken for this network's",
    (f"{POLICY}_rule", "action"): "of what the fleet file names; the other's is not harmless",
    (f"{POLICY}_rule", "priority"): "of what the fleet file names; the other's is not harmless",
    (RULE, "basic_profile"): "it is taken to allow",
    (RULE, "enabled"): "it is taken to be on",
}


@pytest.fixture(scope="module")
def our_fleets():
    return {
        name: fleet.parse(text, file="fleet.yaml", today=date(2026, 11, 1)) for name, text in FILES.items()
    }


@pytest.fixture(scope="module")
def our_fleet(our_fleets):
    return our_fleets["strict"]


def values(value, path=()):
    """The path of every value in a document, blocks and lists included."""
    if path:
        yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield from values(one, (*path, key))


def left_open(after, path):
    """*after* with one value that Terraform does not know yet, and what marks it, as its JSON has them."""
    after = copy.deepcopy(after)
    place = after
    for key in path[:-1]:
        place = place[key]
    if isinstance(place, list):
        place[path[-1]] = None
    else:
        del place[path[-1]]
    mark = True
    for key in reversed(path):
        mark = [*([{}] * key), mark] if isinstance(key, int) else {key: mark}
    return after, mark


def judged(resources, ours, opened=None, path=()):
    """Findings of a plan that makes *resources*, the value at *path* of one of them unknown."""
    entries = []
    if not any(kind == PERIMETER for kind, _ in resources):
        entries.append(change(PERIMETER, ["no-op"], after=RIGHT[PERIMETER]))
    for number, (kind, after) in enumerate(resources):
        planned, mark = left_open(after, path) if number == opened else (after, {})
        address = f"{kind}.this[{number}]"
        entries.append(change(kind, ["create"], after=planned, unknown=mark, address=address))
    return guardrails.check(read(document(*entries, **LOOKED_UP)), ours)


@pytest.mark.parametrize("plan", GOOD)
def test_what_is_known_and_right_passes(our_fleets, plan):
    file, resources = PLANS[plan]
    assert judged(resources, our_fleets[file]) == ()


@pytest.mark.parametrize("plan", PLANS)
def test_whatever_is_unknown_is_refused_unless_it_is_harmless(our_fleets, plan):
    file, resources = PLANS[plan]
    passed = set()
    for number, (kind, after) in enumerate(resources):
        for path in values(after):
            found = judged(resources, our_fleets[file], number, path)
            assert all(finding.message and finding.remedy for finding in found), path
            if not found:
                passed.add((kind, ".".join("*" if isinstance(key, int) else key for key in path)))
    assert passed <= HARMLESS.keys()


@pytest.mark.parametrize("kind", [*grants.PLACES, "google_folder", "google_artifact_registry_repository"])
@pytest.mark.parametrize("way", [{"member": OWN}, {"members": [OWN]}])
def test_an_unknown_role_is_one_that_the_modules_do_not_grant(our_fleet, kind, way):
    ending = "member" if "member" in way else "binding"
    entry = change(f"{kind}_iam_{ending}", ["create"], after=way, unknown={"role": True})
    found = guardrails.check(read(document(entry)), our_fleet)
    assert "an unknown role" in next(one.message for one in found if one.code == "broad-role")
    assert guardrails.refused(found)


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("google_compute_firewall", ("deny", 0)),
        ("google_compute_firewall", ("deny", 0, "protocol")),
        ("google_compute_firewall", ("deny",)),
    ],
)
def test_a_denial_whose_protocols_nobody_can_see_denies_nothing(our_fleet, kind, path):
    after, mark = left_open(RIGHT[kind], path)
    entries = [
        change("google_compute_network", ["create"], after=RIGHT["google_compute_network"]),
        change(kind, ["create"], after=after, unknown=mark),
    ]
    found = guardrails.check(read(document(*entries, **LOOKED_UP)), our_fleet)
    assert "default-deny" in [finding.code for finding in found]
