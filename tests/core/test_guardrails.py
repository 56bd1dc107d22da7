"""Each guardrail refuses what it is for, unknown values included, and lets the modules' own work pass."""

from datetime import date
from pathlib import Path

import pytest
from plan_documents import ADDRESS, change, document, metadata, notebook

from notebook_provisioner.core import fleet, guardrails
from notebook_provisioner.core.errors import GuardrailRefused
from notebook_provisioner.core.terraform_plan import read

NOTEBOOK = "google_workbench_instance"
QUICKSTART = Path(__file__).parents[2] / "examples" / "quickstart" / "fleet.yaml"


@pytest.fixture(scope="module")
def our_fleet():
    text = QUICKSTART.read_text(encoding="utf-8").replace("ana-research", "ana")
    exempt = text.replace(
        "    idle_timeout_seconds: 3600\n",
        "    exemptions:\n"
        "      - {control: notebook-disable-terminal, reason: accepted by the board, expires: 2027-01-01}\n",
    )
    return {
        "strict": fleet.parse(text, file="fleet.yaml", today=date(2026, 11, 1)),
        "exempt": fleet.parse(exempt, file="fleet.yaml", today=date(2026, 11, 1)),
    }


@pytest.fixture
def codes(our_fleet):
    def find(*entries, which="strict"):
        found = guardrails.check(read(document(*entries)), our_fleet[which])
        assert all(finding.remedy for finding in found)
        return [finding.code for finding in found]

    return find


def create(kind=NOTEBOOK, **after):
    return change(kind, ["create"], after=after if kind != NOTEBOOK else notebook(**after))


def test_the_modules_own_notebook_passes(codes):
    assert codes(create()) == []


@pytest.mark.parametrize(
    ("setup", "code"),
    [
        ({"disable_public_ip": False}, "public-ip"),
        ({"disable_public_ip": None}, "public-ip"),
        ({"network_interfaces": [{"access_configs": [{"external_ip": "203.0.113.9"}]}]}, "public-ip"),
        ({"service_accounts": []}, "default-service-account"),
        (
            {"service_accounts": [{"email": "12340012-compute@developer.gserviceaccount.com"}]},
            "default-service-account",
        ),
        ({"service_accounts": [{"email": "p@appspot.gserviceaccount.com"}]}, "default-service-account"),
        ({"metadata": metadata(notebook_disable_root="false")}, "control-off"),
        ({"metadata": metadata(notebook_disable_downloads=None)}, "control-off"),
        ({"metadata": metadata(idle_timeout_seconds=None)}, "control-off"),
        ({"shielded_instance_config": [{"enable_secure_boot": False}]}, "control-off"),
    ],
)
def test_a_notebook_that_is_not_hardened(codes, setup, code):
    assert codes(create(**setup)) == [code]


def test_an_unknown_address_setting_is_as_bad_as_a_public_one(codes):
    entry = change(
        NOTEBOOK, ["create"], after=notebook(), unknown={"gce_setup": [{"disable_public_ip": True}]}
    )
    assert codes(entry) == ["public-ip"]


def test_an_interface_that_the_api_fills_in_is_not_a_public_one(codes):
    unknown = {"gce_setup": [{"network_interfaces": [{"access_configs": True}]}]}
    assert codes(change(NOTEBOOK, ["create"], after=notebook(), unknown=unknown)) == []


def test_an_account_made_by_the_same_plan_is_its_own(codes):
    entry = change(
        NOTEBOOK,
        ["create"],
        after=notebook(),
        unknown={"gce_setup": [{"service_accounts": [{"email": True}]}]},
    )
    assert codes(entry) == []


def test_an_exemption_in_the_fleet_file_is_granted_and_no_other(codes):
    off = metadata(notebook_disable_terminal="false", notebook_disable_root="false")
    assert codes(create(metadata=off)) == ["control-off", "control-off"]
    assert codes(create(metadata=off), which="exempt") == ["control-off"]


def test_two_notebooks_do_not_share_an_account(codes):
    other = change(NOTEBOOK, ["create"], after={**notebook(), "name": "ben"}, address="other")
    assert codes(create(), other) == ["shared-service-account"]


@pytest.mark.parametrize("actions", [["delete"], ["delete", "create"]])
@pytest.mark.parametrize("mark", [{"enable_deletion_protection": True}, {"deletion_policy": "PREVENT"}])
def test_a_protected_notebook_is_not_deleted(codes, actions, mark):
    after = None if actions == ["delete"] else notebook()
    assert codes(change(NOTEBOOK, actions, before={**notebook(), **mark}, after=after)) == [
        "deletion-protected"
    ]


GOOD_BUCKET = {"public_access_prevention": "enforced", "uniform_bucket_level_access": True}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, []),
        ({"public_access_prevention": "inherited"}, ["public-bucket"]),
        ({"public_access_prevention": None}, ["public-bucket"]),
        ({"uniform_bucket_level_access": False}, ["object-acls"]),
    ],
)
def test_buckets(codes, changed, expected):
    assert codes(create("google_storage_bucket", **{**GOOD_BUCKET, **changed})) == expected


ALLOW = {"direction": "INGRESS", "allow": [{"protocol": "tcp", "ports": ["22"]}]}


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({**ALLOW, "source_ranges": ["35.235.240.0/20"]}, []),
        ({**ALLOW, "source_ranges": ["10.20.0.0/24", "fd00::/8"]}, []),
        ({**ALLOW, "source_ranges": ["0.0.0.0/0"]}, ["open-ingress"]),
        ({**ALLOW, "source_ranges": ["::/0"]}, ["open-ingress"]),
        ({**ALLOW, "source_ranges": ["8.8.8.8"]}, ["open-ingress"]),
        ({**ALLOW}, ["open-ingress"]),
        ({**ALLOW, "source_tags": ["notebooks"]}, []),
        ({**ALLOW, "source_ranges": ["0.0.0.0/0"], "disabled": True}, []),
        ({"direction": "INGRESS", "deny": [{"protocol": "all"}], "source_ranges": ["0.0.0.0/0"]}, []),
        ({**ALLOW, "direction": "EGRESS", "destination_ranges": ["199.36.153.4/30"]}, []),
        ({**ALLOW, "direction": "EGRESS", "destination_ranges": ["0.0.0.0/0"]}, ["open-egress"]),
        ({**ALLOW, "direction": "EGRESS"}, ["open-egress"]),
    ],
)
def test_firewall_rules(codes, rule, expected):
    assert codes(create("google_compute_firewall", **rule)) == expected


def test_ranges_that_nobody_can_see_are_open(codes):
    entry = change("google_compute_firewall", ["create"], after=ALLOW, unknown={"source_ranges": True})
    assert codes(entry) == ["open-ingress"]


def test_a_key_is_left_behind_and_not_destroyed(codes):
    assert codes(change("google_kms_crypto_key", ["delete"], before={"deletion_policy": "DELETE"})) == [
        "key-deletion"
    ]
    assert codes(change("google_kms_crypto_key", ["delete"], before={"deletion_policy": "ABANDON"})) == []


@pytest.mark.parametrize(
    "binding", [{"member": "allUsers"}, {"members": ["user:a@b.c", "allAuthenticatedUsers"]}]
)
def test_everybody_is_nobody_in_particular(codes, binding):
    assert codes(create("google_storage_bucket_iam_member", **binding)) == ["public-member"]


def test_what_goes_is_not_judged_for_how_it_was(codes):
    bad = notebook(disable_public_ip=False, service_accounts=[])
    assert codes(change(NOTEBOOK, ["delete"], before=bad)) == []


def test_the_refusal_names_the_resource(our_fleet):
    findings = guardrails.check(read(document(create(disable_public_ip=False))), our_fleet["strict"])
    with pytest.raises(GuardrailRefused) as refused:
        guardrails.require(findings)
    assert ADDRESS in refused.value.message
    assert refused.value.exit_code == 4
    guardrails.require(())
