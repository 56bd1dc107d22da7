"""A plan may leave any value open until it is applied: the guardrails judge it nevertheless."""

import copy
from datetime import date
from pathlib import Path

import pytest
from plan_documents import LOOKED_UP, change, document
from plan_mistakes import MISTAKES, RIGHT

from notebook_provisioner.catalog import grants
from notebook_provisioner.core import fleet, guardrails
from notebook_provisioner.core.terraform_plan import read

QUICKSTART = Path(__file__).parents[2] / "examples" / "quickstart" / "fleet.yaml"
OWN = "serviceAccount:nb-ana@nbp-quickstart.iam.gserviceaccount.com"
POLICY_RULE = {
    "direction": "EGRESS",
    "action": "deny",
    "priority": 10,
    "match": [{"dest_ip_ranges": ["0.0.0.0/0"], "layer4_configs": [{"ip_protocol": "all", "ip_ports": []}]}],
}
PLANS = {
    **{mistake: seeded for mistake, (seeded, _) in MISTAKES.items()},
    "all that is right": RIGHT,
    "a rule of a firewall policy": {
        **{kind: RIGHT[kind] for kind in ("google_compute_network", "google_compute_firewall")},
        "google_compute_network_firewall_policy_rule": POLICY_RULE,
    },
}


@pytest.fixture(scope="module")
def our_fleet():
    return fleet.parse(QUICKSTART.read_text(encoding="utf-8"), file="fleet.yaml", today=date(2026, 11, 1))


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


@pytest.mark.parametrize("plan", PLANS)
def test_whatever_is_unknown_is_judged(our_fleet, plan):
    resources = PLANS[plan]
    for kind, after in resources.items():
        others = [change(other, ["create"], after=resources[other]) for other in resources if other != kind]
        for path in values(after):
            open_one, mark = left_open(after, path)
            entry = change(kind, ["create"], after=open_one, unknown=mark)
            found = guardrails.check(read(document(entry, *others, **LOOKED_UP)), our_fleet)
            assert all(finding.message and finding.remedy for finding in found), path


@pytest.mark.parametrize("kind", [*grants.ROLES, "google_folder", "google_artifact_registry_repository"])
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
