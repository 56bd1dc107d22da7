"""Each guardrail refuses what it is for, unknown values included, and lets the modules' own work pass."""

import hashlib
from datetime import date
from pathlib import Path

import pytest
from plan_documents import ADDRESS, KEY, LOOKED_UP, NETWORK, SUBNET, change, document, metadata, notebook
from plan_mistakes import MISTAKES

from notebook_provisioner.catalog import metadata_keys
from notebook_provisioner.core import fleet, guardrails
from notebook_provisioner.core.errors import GuardrailRefused
from notebook_provisioner.core.findings import Severity
from notebook_provisioner.core.guardrails.notebooks import own_account
from notebook_provisioner.core.terraform_plan import read

INTERFACE = {"network": NETWORK, "subnet": SUBNET}
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
    protected = text.replace("deletion_protection: false", "deletion_protection: true")
    assert protected != text
    names = text.replace("mode: none", "mode: nat-allowlist\n    fqdns: [docs.example.com]")
    addresses = text.replace(
        "mode: none", "mode: nat-allowlist\n    addresses: [203.0.113.0/24]\n    ports: [443, 8443]"
    )
    around = addresses.replace("[203.0.113.0/24]", "[199.36.153.0/29]").replace("[443, 8443]", "[8443]")
    iap = text.replace("  vip: restricted", "  iap_ssh: true\n  vip: restricted")
    proxy = text.replace(
        "mode: none",
        "mode: secure-web-proxy\n    proxy_cidr: 10.21.0.0/26\n"
        "    hosts: [docs.example.com, example.org, '*.example.net']",
    )
    return {
        **{
            mode: fleet.parse(one, file="fleet.yaml", today=date(2026, 11, 1))
            for mode, one in (
                ("names", names),
                ("addresses", addresses),
                ("around", around),
                ("proxy", proxy),
                ("iap", iap),
            )
        },
        "protected": fleet.parse(protected, file="fleet.yaml", today=date(2026, 11, 1)),
        "strict": fleet.parse(text, file="fleet.yaml", today=date(2026, 11, 1)),
        "exempt": fleet.parse(exempt, file="fleet.yaml", today=date(2026, 11, 1)),
    }


@pytest.fixture
def codes(our_fleet):
    def find(*entries, which="strict"):
        found = guardrails.check(read(document(*entries, **LOOKED_UP)), our_fleet[which])
        assert all(finding.remedy for finding in found)
        return [finding.code for finding in found if not finding.code.startswith("unlisted-")]

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
        (
            {"network_interfaces": [{**INTERFACE, "access_configs": [{"external_ip": "203.0.113.9"}]}]},
            "public-ip",
        ),
        ({"service_accounts": []}, "default-service-account"),
        (
            {"service_accounts": [{"email": "12340012-compute@developer.gserviceaccount.com"}]},
            "default-service-account",
        ),
        ({"service_accounts": [{"email": "p@appspot.gserviceaccount.com"}]}, "default-service-account"),
        ({"metadata": metadata(notebook_disable_root="false")}, "notebook-disable-root"),
        ({"metadata": metadata(notebook_disable_downloads=None)}, "notebook-disable-downloads"),
        ({"metadata": metadata(idle_timeout_seconds=None)}, "idle-timeout-seconds"),
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


@pytest.mark.parametrize(
    "email",
    ["admin@other-project.iam.gserviceaccount.com", "nb-ben@nbp-quickstart.iam.gserviceaccount.com"],
)
def test_an_account_that_is_not_the_notebooks_own(codes, email):
    assert codes(create(service_accounts=[{"email": email}])) == ["shared-service-account"]


def test_an_account_that_nobody_can_see_is_somebody_elses(codes):
    unknown = {"gce_setup": [{"service_accounts": [{"email": True}]}]}
    entry = change(NOTEBOOK, ["create"], after=notebook(), unknown=unknown)
    assert codes(entry) == ["shared-service-account"]


@pytest.mark.parametrize(
    ("name", "account"),
    [
        ("ana", "nb-ana"),
        ("a" * 27, "nb-" + "a" * 27),
        ("a" * 28, "nb-" + "a" * 18 + "-" + "9c547cb8"),
        ("an", "nb-an-" + "ea325d76"),
    ],
)
def test_the_name_of_a_notebooks_own_account(name, account):
    assert own_account("p", name) == f"{account}@p.iam.gserviceaccount.com"


PROFILE = "  standard:\n    machine_type: e2-standard-4\n"
GOOGLES = "cloud-notebooks-managed"
CURRENT = {"project": GOOGLES, "family": "workbench-instances-2603"}


@pytest.mark.parametrize(
    ("profile", "block", "right", "wrong"),
    [
        (
            "",
            "vm_image",
            CURRENT,
            [
                {"family": "workbench-instances"},
                {"family": None, "name": "workbench-instances-v20240101"},
                {"name": "workbench-instances-v20240101"},
                {"project": "mallory"},
                {"project": None},
            ],
        ),
        (
            "    image: {project: our-images, name: hardened-7}\n",
            "vm_image",
            {"project": "our-images", "family": "", "name": "hardened-7"},
            [{"name": "hardened-6"}, {"project": GOOGLES}, {"name": None, "family": "hardened"}],
        ),
        (
            "    container: {repository: europe-docker.pkg.dev/p/r/i, tag: v7}\n",
            "container_image",
            {"repository": "europe-docker.pkg.dev/p/r/i", "tag": "v7"},
            [{"tag": "v6"}, {"tag": None}, {"repository": "europe-docker.pkg.dev/p/r/j"}],
        ),
    ],
)
def test_a_notebook_boots_what_its_profile_names(profile, block, right, wrong):
    text = QUICKSTART.read_text(encoding="utf-8").replace("ana-research", "ana")
    ours = fleet.parse(text.replace(PROFILE, PROFILE + profile), file="fleet.yaml", today=date(2026, 11, 1))

    def found(planned, unknown=None):
        entry = change(NOTEBOOK, ["create"], after=notebook(**{block: planned}), unknown=unknown)
        return [one.code for one in guardrails.check(read(document(entry)), ours)]

    assert found([right]) == []
    for one in wrong:
        assert found([{**right, **one}]) == ["image-source"], one
    assert found([], {"gce_setup": [{block: True}]}) == ["image-source"]


def test_a_notebook_that_is_not_in_the_fleet_file_has_no_exemption(codes):
    account = [{"email": own_account("nbp-quickstart", "zed")}]
    off = metadata(notebook_disable_root="false", idle_timeout_seconds=None)
    weak = {**notebook(metadata=off, service_accounts=account), "name": "zed"}
    weak["gce_setup"][0]["shielded_instance_config"][0]["enable_secure_boot"] = False
    entry = change(NOTEBOOK, ["create"], after=weak)
    assert codes(entry) == ["notebook-disable-root", "idle-timeout-seconds", "secure-boot"]


def test_an_exemption_in_the_fleet_file_is_granted_and_no_other(codes):
    off = metadata(notebook_disable_terminal="false", notebook_disable_root="false")
    assert codes(create(metadata=off)) == ["notebook-disable-root", "notebook-disable-terminal"]
    assert codes(create(metadata=off), which="exempt") == ["notebook-disable-root"]


def test_two_notebooks_do_not_share_an_account(codes):
    other = change(NOTEBOOK, ["create"], after={**notebook(), "name": "ben"}, address="other")
    assert codes(create(), other) == ["shared-service-account"]
    elsewhere = change(NOTEBOOK, ["create"], after={**notebook(), "location": "b"}, address="elsewhere")
    assert codes(create(), elsewhere) == ["shared-service-account"]


@pytest.mark.parametrize("actions", [["delete"], ["delete", "create"]])
@pytest.mark.parametrize("mark", [{"enable_deletion_protection": True}, {"deletion_policy": "PREVENT"}])
def test_a_protected_notebook_is_not_deleted(codes, actions, mark):
    after = None if actions == ["delete"] else notebook()
    assert codes(change(NOTEBOOK, actions, before={**notebook(), **mark}, after=after)) == [
        "deletion-protected"
    ]


def test_a_protected_notebook_whose_creation_failed_has_a_way_out(our_fleet):
    before = {**notebook(), "enable_deletion_protection": True}
    entry = change(NOTEBOOK, ["delete", "create"], before=before, after=notebook())
    plan = read(document({**entry, "action_reason": "replace_because_tainted"}))
    (finding,) = guardrails.check(plan, our_fleet["strict"])
    assert finding.code == "deletion-protected"
    assert f"untaint '{entry['address']}'" in finding.remedy
    assert ".nbp/nbp-quickstart/quickstart-sandbox/terraform/fleet" in finding.remedy


@pytest.mark.parametrize("actions", [["create"], ["update"], ["no-op"]])
def test_protection_that_the_fleet_file_has_is_not_taken_off(codes, actions):
    right = {**notebook(), "enable_deletion_protection": True, "deletion_policy": "PREVENT"}
    for weaker in (
        {},
        {"enable_deletion_protection": False},
        {"deletion_policy": "DELETE"},
        {"enable_deletion_protection": None},
    ):
        entry = change(NOTEBOOK, actions, before=right, after={**right, **weaker})
        assert codes(entry, which="protected") == ["deletion-protected"] * bool(weaker)
        assert codes(entry) == []  # the file does not ask for it


@pytest.mark.parametrize("actions", [["delete"], ["delete", "create"]])
def test_protection_that_only_the_fleet_file_has_yet_counts_too(codes, actions):
    after = None if actions == ["delete"] else notebook()
    entry = change(NOTEBOOK, actions, before=notebook(), after=after)
    assert codes(entry, which="protected") == ["deletion-protected"]
    stranger = change(NOTEBOOK, ["delete"], before={**notebook(), "name": "not-in-the-file"})
    assert codes(stranger, which="protected") == []


DAY = 24 * 60 * 60
GOOD_BUCKET = {
    "public_access_prevention": "enforced",
    "uniform_bucket_level_access": True,
    "versioning": [{"enabled": True}],
    "encryption": [{"default_kms_key_name": KEY}],
    "location": "EUROPE-WEST1",
    "soft_delete_policy": [{"retention_duration_seconds": 30 * DAY}],
}


VERSIONS = ["bucket-versioning"]


def deletes(**condition):
    return {"action": [{"type": "Delete"}], "condition": [condition]}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, []),
        ({"public_access_prevention": "inherited"}, ["public-bucket"]),
        ({"public_access_prevention": None}, ["public-bucket"]),
        ({"uniform_bucket_level_access": False}, ["object-acls"]),
        ({"versioning": []}, ["bucket-versioning"]),
        ({"encryption": []}, ["customer-key"]),
        ({"location": "US"}, ["bucket-region"]),
        ({"location": None}, ["bucket-region"]),
        ({"soft_delete_policy": [{"retention_duration_seconds": 0}]}, ["bucket-versioning"]),
        ({"soft_delete_policy": []}, ["bucket-versioning"]),
        ({"soft_delete_policy": [{"retention_duration_seconds": 7 * DAY}]}, []),
        ({"lifecycle_rule": [deletes(with_state="ARCHIVED", days_since_noncurrent_time=7)]}, []),
        ({"lifecycle_rule": [{"action": [{"type": "AbortIncompleteMultipartUpload"}]}]}, []),
        ({"lifecycle_rule": [deletes(with_state="ARCHIVED", days_since_noncurrent_time=6)]}, VERSIONS),
        ({"lifecycle_rule": [deletes(with_state="ANY", days_since_noncurrent_time=30)]}, VERSIONS),
        ({"lifecycle_rule": [deletes(age=1)]}, VERSIONS),
        ({"lifecycle_rule": [deletes(age=1, with_state="ARCHIVED")]}, VERSIONS),
    ],
)
def test_buckets(codes, changed, expected):
    assert codes(create("google_storage_bucket", **{**GOOD_BUCKET, **changed})) == expected


def test_a_sync_bucket_keeps_as_the_fleet_file_says():
    bucket = "{noncurrent_days: 60, soft_delete_days: 14, retention_days: 2}"
    kept = f"    sync:\n      enabled: true\n      bucket: {bucket}\n"
    text = QUICKSTART.read_text(encoding="utf-8").replace(
        "    idle_timeout_seconds: 3600\n", f"    idle_timeout_seconds: 3600\n{kept}"
    )
    ours = fleet.parse(text, file="fleet.yaml", today=date(2026, 11, 1))
    right = {
        **GOOD_BUCKET,
        "name": "nbp-quickstart-quickstart-ana-research-sync",
        "soft_delete_policy": [{"retention_duration_seconds": 14 * DAY}],
        "retention_policy": [{"retention_period": str(2 * DAY)}],
        "lifecycle_rule": [deletes(with_state="ARCHIVED", days_since_noncurrent_time=60)],
    }
    weaker = (
        {"soft_delete_policy": [{"retention_duration_seconds": 7 * DAY}]},
        {"retention_policy": []},
        {"retention_policy": [{"retention_period": str(DAY)}]},
        {"lifecycle_rule": [deletes(with_state="ARCHIVED", days_since_noncurrent_time=30)]},
    )
    for changed, expected in (({}, []), *((one, VERSIONS) for one in weaker)):
        plan = read(document(create("google_storage_bucket", **{**right, **changed})))
        assert [one.code for one in guardrails.check(plan, ours)] == expected


@pytest.mark.parametrize(("key", "expected"), [(KEY, []), (None, ["customer-key"]), ("k", ["customer-key"])])
def test_jobs(codes, key, expected):
    account = "nbp-quickstart-prune@nbp-quickstart.iam.gserviceaccount.com"
    planned = {"template": [{"template": [{"encryption_key": key, "service_account": account}]}]}
    assert codes(create("google_cloud_run_v2_job", name="nbp-quickstart-prune", **planned)) == expected


def test_what_is_of_medium_severity_is_said_and_does_not_stop(our_fleet):
    bucket = create("google_storage_bucket", **{**GOOD_BUCKET, "versioning": []})
    findings = guardrails.check(read(document(bucket)), our_fleet["strict"])
    assert [finding.severity for finding in findings] == [Severity.WARNING]
    assert guardrails.refused(findings) == ()
    guardrails.require(findings)


ALLOW = {"direction": "INGRESS", "allow": [{"protocol": "tcp", "ports": ["22"]}]}
HTTPS = {"direction": "EGRESS", "allow": [{"protocol": "tcp", "ports": ["443"]}]}


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({**ALLOW, "source_ranges": ["35.235.240.0/20"]}, ["open-ingress"]),
        ({**ALLOW, "source_ranges": ["10.20.0.0/24"]}, ["open-ingress"]),
        ({**ALLOW, "source_ranges": ["0.0.0.0/0"]}, ["open-ingress"]),
        ({**ALLOW, "source_ranges": ["::/0"]}, ["open-ingress"]),
        ({**ALLOW, "source_ranges": ["8.8.8.8"]}, ["open-ingress"]),
        ({**ALLOW}, ["open-ingress"]),
        ({**ALLOW, "source_tags": ["notebooks"]}, ["open-ingress"]),
        ({**ALLOW, "source_ranges": ["0.0.0.0/0"], "disabled": True}, []),
        ({"direction": "INGRESS", "deny": [{"protocol": "all"}], "source_ranges": ["0.0.0.0/0"]}, []),
        ({**HTTPS, "destination_ranges": ["199.36.153.4/30"]}, []),
        ({**ALLOW, "direction": "EGRESS", "destination_ranges": ["10.20.0.253/32"]}, []),
        ({**ALLOW, "direction": "EGRESS", "destination_ranges": ["100.64.16.253/32"]}, []),
        ({**ALLOW, "direction": "EGRESS", "destination_ranges": ["199.36.153.4/30"]}, ["open-egress"]),
        ({**ALLOW, "direction": "EGRESS", "destination_ranges": ["0.0.0.0/0"]}, ["open-egress"]),
        ({**ALLOW, "direction": "EGRESS"}, ["open-egress"]),
        (
            {**ALLOW, "direction": "EGRESS", "destination_ranges": ["0.0.0.0/1", "128.0.0.0/1"]},
            ["open-egress"],
        ),
        ({**ALLOW, "direction": "EGRESS", "destination_ranges": ["8.0.0.0/8", "9.0.0.0/8"]}, ["open-egress"]),
        ({**ALLOW, "direction": "EGRESS", "destination_ranges": ["8.0.0.0/8"]}, ["open-egress"]),
    ],
)
def test_firewall_rules(codes, rule, expected):
    assert codes(create("google_compute_firewall", **rule)) == expected


IAP = "35.235.240.0/20"


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"source_ranges": [IAP]}, []),
        ({"source_ranges": ["35.235.241.0/24"]}, []),
        ({"source_ranges": [IAP], "direction": None}, []),
        ({"source_ranges": [IAP, "10.0.0.0/8"]}, ["open-ingress"]),
        ({"source_ranges": ["35.235.0.0/16"]}, ["open-ingress"]),
        ({"source_ranges": [IAP, None]}, ["open-ingress"]),
        ({"source_ranges": [IAP], "source_tags": ["notebooks"]}, ["open-ingress"]),
        ({"source_ranges": [IAP], "source_service_accounts": ["a@b.c"]}, ["open-ingress"]),
        ({"source_ranges": [IAP], "allow": [{"protocol": "all"}]}, ["open-ingress"]),
        ({"source_ranges": [IAP], "allow": [{"protocol": "tcp", "ports": ["22", "8080"]}]}, ["open-ingress"]),
    ],
)
def test_ssh_from_identity_aware_proxy(codes, rule, expected):
    assert codes(create("google_compute_firewall", **{**ALLOW, **rule}), which="iap") == expected


@pytest.mark.parametrize(
    ("allowed", "expected"),
    [
        ([{"protocol": "tcp", "ports": ["443"]}], []),
        ([{"protocol": "tcp", "ports": ["443", "8443"]}], []),
        ([{"protocol": "6", "ports": ["443-443"]}], []),
        ([{"protocol": "tcp", "ports": ["443", "22"]}], ["open-egress"]),
        ([{"protocol": "tcp", "ports": ["443-8443"]}], ["open-egress"]),
        ([{"protocol": "tcp", "ports": ["1-65535"]}], ["open-egress"]),
        ([{"protocol": "tcp", "ports": [None]}], ["open-egress"]),
        ([{"protocol": "tcp", "ports": []}], ["open-egress"]),
        ([{"protocol": "tcp", "ports": ["443"]}, {"protocol": "udp", "ports": ["443"]}], ["open-egress"]),
        ([{"protocol": "all"}], ["open-egress"]),
    ],
)
def test_ports_of_the_allow_list(codes, allowed, expected):
    rule = {"direction": "EGRESS", "allow": allowed, "destination_ranges": ["203.0.113.0/24"]}
    assert codes(create("google_compute_firewall", **rule), which="addresses") == expected
    layers = [{"ip_protocol": one["protocol"], "ports": one.get("ports")} for one in allowed]
    named = policy_rule("allow", dest_ip_ranges=["203.0.113.0/24"])
    named["match"][0]["layer4_configs"] = layers
    assert codes(create(POLICY, **named), which="addresses") == expected
    assert codes(create("google_compute_firewall", **rule)) == ["open-egress"]


@pytest.mark.parametrize(
    ("place", "port", "expected"),
    [
        ("199.36.153.4/30", "443", []),
        ("199.36.153.4/30", "8443", []),
        ("199.36.153.4/30", "22", ["open-egress"]),
        ("199.36.153.0/29", "8443", []),
        ("199.36.153.0/29", "443", ["open-egress"]),
    ],
)
def test_ports_of_an_allow_list_that_holds_the_virtual_ip(codes, place, port, expected):
    rule = {"direction": "EGRESS", "allow": [{"protocol": "tcp", "ports": [port]}]}
    entry = create("google_compute_firewall", **rule, destination_ranges=[place])
    assert codes(entry, which="around") == expected


def test_ports_that_nobody_can_see_are_all(codes):
    rule = {"direction": "EGRESS", "allow": [{"protocol": "tcp"}], "destination_ranges": ["203.0.113.0/24"]}
    for unknown in ({"allow": True}, {"allow": [{"ports": True}]}, {"allow": [{"protocol": True}]}):
        entry = change("google_compute_firewall", ["create"], after=rule, unknown=unknown)
        assert codes(entry, which="addresses") == ["open-egress"]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["docs.example.com"], []),
        (["evil.example"], ["open-egress"]),
        (["docs.example.com", "evil.example"], ["open-egress"]),
        (["docs.example.com", None], ["open-egress"]),
    ],
)
def test_domain_names_of_the_allow_list(codes, names, expected):
    rule = policy_rule("allow", protocol="tcp", dest_fqdns=names)
    assert codes(create(POLICY, **rule), which="names") == expected
    assert codes(create(POLICY, **rule)) == ["open-egress"]
    assert codes(create(POLICY, **{**rule, "action": "deny"})) == []
    other = policy_rule("allow", protocol="tcp", ports=["8080"], dest_fqdns=names)
    assert codes(create(POLICY, **other), which="names") == ["open-egress"]


def test_ranges_that_nobody_can_see_are_open(codes):
    entry = change("google_compute_firewall", ["create"], after=ALLOW, unknown={"source_ranges": True})
    assert codes(entry) == ["open-ingress"]


def test_one_range_of_many_that_nobody_can_see_is_everything(codes):
    some = ["10.20.0.0/24", None]
    assert codes(create("google_compute_firewall", **ALLOW, source_ranges=some)) == ["open-ingress"]
    leaving = {**ALLOW, "direction": "EGRESS", "destination_ranges": some}
    assert codes(create("google_compute_firewall", **leaving)) == ["open-egress"]
    denial = create("google_compute_firewall", **{**DENY, "destination_ranges": some})
    assert codes(create("google_compute_network", **NETWORK), denial) == ["default-deny"]


DENY = {
    "direction": "EGRESS",
    "deny": [{"protocol": "all"}],
    "destination_ranges": ["0.0.0.0/0"],
    "priority": 65000,
}
NETWORK = {"auto_create_subnetworks": False, "delete_default_routes_on_create": True}


@pytest.mark.parametrize(
    ("weaker", "expected"),
    [
        ({}, []),
        ({"disabled": True}, ["default-deny"]),
        ({"priority": 65535}, ["default-deny"]),  # Google's own rule stands there, and allows
        ({"deny": [{"protocol": "tcp"}]}, ["default-deny"]),
        ({"destination_ranges": ["10.0.0.0/8"]}, ["default-deny"]),
    ],
)
def test_a_network_denies_what_no_rule_allows(codes, weaker, expected):
    rule = {**DENY, **weaker}
    made = change("google_compute_firewall", ["create"], after=rule)
    assert codes(create("google_compute_network", **NETWORK), made) == expected
    assert codes(change("google_compute_firewall", ["update"], before=DENY, after=rule)) == expected


def test_the_denial_goes_with_its_network_and_not_before(codes):
    gone = change("google_compute_firewall", ["delete"], before=DENY)
    assert codes(gone) == ["default-deny"]
    assert codes(gone, change("google_compute_network", ["delete"], before=NETWORK)) == []


def test_a_key_is_left_behind_and_not_destroyed(codes):
    assert codes(change("google_kms_crypto_key", ["delete"], before={"deletion_policy": "DELETE"})) == [
        "key-deletion"
    ]
    assert codes(change("google_kms_crypto_key", ["delete"], before={"deletion_policy": "ABANDON"})) == []


@pytest.mark.parametrize(
    ("period", "expected"),
    [("7776000s", []), ("7776001s", ["key-rotation"]), (None, ["key-rotation"])],
)
def test_keys_rotate(codes, period, expected):
    assert (
        codes(create("google_kms_crypto_key", purpose="ENCRYPT_DECRYPT", rotation_period=period)) == expected
    )


def test_metadata_that_workbench_wrote_is_carried_along_and_not_written(codes):
    own = metadata(proxy_mode="mail")
    kept = change(NOTEBOOK, ["update"], before=notebook(metadata=own), after=notebook(metadata=own))
    assert codes(kept) == []
    changed = notebook(metadata={**own, "proxy-mode": "service_account"})
    assert codes(change(NOTEBOOK, ["update"], before=notebook(metadata=own), after=changed)) == [
        "protected-metadata"
    ]


@pytest.mark.parametrize("key", sorted(metadata_keys.CODE))
def test_metadata_that_runs_code(codes, key):
    setup = notebook(metadata={**metadata(), key: "--privileged -v /:/host"})
    assert codes(change(NOTEBOOK, ["create"], after=setup)) == ["code-in-metadata"]


@pytest.mark.parametrize(
    "key", ["google-c2d-startup-enable", "windows-startup-script-ps1", "sysprep-specialize-script-cmd", "x"]
)
def test_metadata_that_nobody_knows(codes, key):
    setup = notebook(metadata={**metadata(), key: "0"})
    assert codes(change(NOTEBOOK, ["create"], after=setup)) == ["code-in-metadata"]
    assert codes(change(NOTEBOOK, ["update"], before=setup, after=setup)) == []  # Workbench may have new ones


def described(old, new):
    """The quickstart's fleet, with ana's notebook called ana and a part of the file replaced."""
    text = QUICKSTART.read_text(encoding="utf-8").replace("ana-research", "ana")
    assert old in text
    return fleet.parse(text.replace(old, new), file="fleet.yaml", today=date(2026, 11, 1))


def test_metadata_that_google_documents_for_users(codes):
    more = dict.fromkeys(metadata_keys.ALLOWED, "true")
    entry = create(metadata={**metadata(), **more})
    assert set(codes(entry)) == {"code-in-metadata"}  # the fleet file says nothing of them
    keys = ", ".join(f'{key}: "true"' for key in more)
    ours = described("idle_timeout_seconds: 3600", f"idle_timeout_seconds: 3600\n    metadata: {{{keys}}}")
    assert guardrails.check(read(document(entry, **LOOKED_UP)), ours) == ()


@pytest.mark.parametrize("key", ["report_event_health", "serial_port_logging_enable"])
def test_metadata_that_the_modules_fix(codes, key):
    assert codes(create(metadata=metadata(**{key: "true"}))) == []
    assert codes(create(metadata=metadata(**{key: "false"}))) == ["code-in-metadata"]


@pytest.mark.parametrize(
    ("seconds", "expected"), [("3600", []), ("600", []), ("86400", ["idle-timeout-seconds"])]
)
def test_an_idle_notebook_is_stopped_as_soon_as_the_fleet_file_says(codes, seconds, expected):
    assert codes(create(metadata=metadata(idle_timeout_seconds=seconds))) == expected


def test_confidential_computing_where_the_profile_says_so():
    machine = "machine_type: e2-standard-4"
    ours = described(machine, "machine_type: n2d-standard-4\n    confidential_compute: SEV")

    def found(planned):
        block = [{"confidential_instance_type": planned}] if planned else []
        entry = create(confidential_instance_config=block)
        return [one.code for one in guardrails.check(read(document(entry, **LOOKED_UP)), ours)]

    assert found("SEV") == []
    assert found(None) == ["confidential-compute"]


def test_metadata_that_nobody_can_see_is_the_bad_one(codes):
    keys = {"startup-script": True, "serial-port-enable": True, "jupyter-user": True}
    unknown = {"gce_setup": [{"metadata": keys}]}
    entry = change(NOTEBOOK, ["create"], after=notebook(), unknown=unknown)
    assert codes(entry) == ["serial-console", "code-in-metadata", "code-in-metadata"]
    whole = change(NOTEBOOK, ["create"], after=notebook(), unknown={"gce_setup": [{"metadata": True}]})
    assert {"notebook-disable-root", "code-in-metadata", "serial-console"} < set(codes(whole))


def test_a_version_of_the_key_is_the_key(codes):
    versioned = [{"kms_key": f"{KEY}/cryptoKeyVersions/1"}]
    assert codes(create(boot_disk=versioned, data_disks=versioned)) == []
    other = [{"kms_key": f"{KEY}-of-somebody-else/cryptoKeyVersions/1"}]
    assert codes(create(data_disks=other)) == ["customer-key"]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (f"gs://nbp-quickstart-quickstart-scripts/post-startup/ana/{'0' * 64}.sh", []),
        (f"gs://nbp-quickstart-anybody/post-startup/ana/{'0' * 64}.sh", ["post-startup-source"]),
        (f"gs://elsewhere/post-startup/ana/{'0' * 64}.sh", ["post-startup-source"]),
        ("gs://nbp-quickstart-quickstart-scripts/post-startup/ana/latest.sh", ["post-startup-source"]),
        ("https://example.com/script.sh", ["post-startup-source"]),
    ],
)
def test_scripts_come_from_the_fleets_bucket_named_by_their_content(codes, script, expected):
    assert codes(create(metadata=metadata(post_startup_script=script))) == expected


def test_proxy_subnets_hold_no_notebooks(codes):
    assert codes(create("google_compute_subnetwork", purpose="REGIONAL_MANAGED_PROXY")) == []
    assert codes(create("google_compute_subnetwork", purpose="PRIVATE")) == [
        "private-google-access",
        "open-egress",
        "flow-logs",
    ]


@pytest.mark.parametrize(
    "binding", [{"member": "allUsers"}, {"members": ["user:a@b.c", "allAuthenticatedUsers"]}]
)
def test_everybody_is_nobody_in_particular(codes, binding):
    assert codes(create("google_storage_bucket_iam_member", **binding)) == ["public-member"]


def test_what_goes_is_not_judged_for_how_it_was(codes):
    bad = notebook(disable_public_ip=False, service_accounts=[])
    assert codes(change(NOTEBOOK, ["delete"], before=bad)) == []


def test_what_stands_in_violation_is_said_and_stops_nothing(our_fleet):
    standing = {
        **change(NOTEBOOK, ["no-op"], after=notebook(disable_public_ip=False)),
        "address": "standing",
    }
    bucket = change("google_storage_bucket", ["no-op"], after={**GOOD_BUCKET, "versioning": []})
    fine = create("google_storage_bucket", **GOOD_BUCKET)
    for entries in ([standing, bucket], [standing, bucket, fine]):
        found = guardrails.check(read(document(*entries)), our_fleet["strict"])
        assert [(one.code, one.severity) for one in found] == [
            ("public-ip", Severity.WARNING),
            ("bucket-versioning", Severity.WARNING),
        ]
        assert all("stands so already" in one.message for one in found)
        assert [one.code for one in guardrails.standing(found)] == ["public-ip"]
        guardrails.require(found)


def test_whatever_is_judged_when_it_comes_is_judged_when_it_stands(our_fleet):
    """Terraform applied it past nbp, or a value was unknown until then."""
    # Of a network that stands, its routes are looked at; what Workbench wrote is Workbench's own.
    when_it_comes = {"a network with Google's routes", "the proxy's mode by hand"}
    for mistake, (resources, code) in MISTAKES.items():
        entries = [
            change(kind, ["no-op"], before=after, after=after, address=f"{kind}.this")
            for kind, after in resources.items()
        ]
        found = guardrails.check(read(document(*entries, **LOOKED_UP)), our_fleet["strict"])
        assert (code in [one.code for one in found]) is (mistake not in when_it_comes), mistake
        assert not guardrails.refused(found), mistake
        changed = guardrails.check(
            read(document(*entries, create("google_monitoring_dashboard"), **LOOKED_UP)), our_fleet["strict"]
        )
        assert {one.code for one in found} <= {one.code for one in changed}, mistake


def test_of_two_that_may_not_be_together_the_new_one_is_refused(our_fleet):
    first = change(NOTEBOOK, ["no-op"], after=notebook(), address="z.old")
    second = change(NOTEBOOK, ["create"], after={**notebook(), "location": "b"}, address="a.new")
    found = guardrails.check(read(document(second, first)), our_fleet["strict"])
    assert [(one.subject, one.code) for one in guardrails.refused(found)] == [
        ("a.new", "shared-service-account")
    ]


def test_what_all_rely_on_is_refused_as_soon_as_anything_changes(our_fleet):
    lone = change("google_compute_network", ["no-op"], after=NETWORK)
    (finding,) = guardrails.check(read(document(lone)), our_fleet["strict"])
    assert (finding.code, finding.severity) == ("default-deny", Severity.WARNING)
    found = guardrails.check(
        read(document(lone, create("google_storage_bucket", **GOOD_BUCKET))), our_fleet["strict"]
    )
    assert [one.code for one in guardrails.refused(found)] == ["default-deny"]


def test_the_refusal_names_the_resource(our_fleet):
    findings = guardrails.check(read(document(create(disable_public_ip=False))), our_fleet["strict"])
    with pytest.raises(GuardrailRefused) as refused:
        guardrails.require(findings)
    assert ADDRESS in refused.value.message
    assert refused.value.exit_code == 4
    guardrails.require(())


# Egress, as all rules together decide it.

POLICY = "google_compute_network_firewall_policy_rule"
BEFORE = {**NETWORK, "network_firewall_policy_enforcement_order": "BEFORE_CLASSIC_FIREWALL"}
ASSOCIATION = {"firewall_policy": "egress", "attachment_target": "projects/p/global/networks/n"}


def policy_rule(action, priority=1000, protocol="all", ports=("443",), **match):
    layers = [{"ip_protocol": protocol, "ports": list(ports) if protocol == "tcp" else []}]
    return {
        "firewall_policy": "egress",
        "direction": "EGRESS",
        "action": action,
        "priority": priority,
        "match": [{"layer4_configs": layers, **match}],
    }


NAMES = policy_rule("allow", protocol="tcp", dest_fqdns=["docs.example.com"])
HANDED_ON = policy_rule("goto_next", priority=65000, dest_ip_ranges=["0.0.0.0/0"])


def with_policy(*rules, of=BEFORE):
    return [
        create("google_compute_network", **of),
        create("google_compute_firewall", **DENY),
        create("google_compute_network_firewall_policy_association", **ASSOCIATION),
        *(
            change(POLICY, ["create"], after=rule, address=f"{POLICY}.{index}")
            for index, rule in enumerate(rules)
        ),
    ]


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([NAMES, HANDED_ON], []),
        ([NAMES, policy_rule("deny", priority=65000, dest_ip_ranges=["0.0.0.0/0"])], []),
        ([NAMES], ["default-deny"]),  # what a policy does at its end, two of Google's pages tell differently
        ([policy_rule("allow", dest_ip_ranges=["0.0.0.0/0"]), HANDED_ON], ["open-egress"]),
        ([policy_rule("allow"), HANDED_ON], ["open-egress"]),
        ([policy_rule("allow", dest_region_codes=["US"]), HANDED_ON], ["open-egress"]),
        ([policy_rule("allow", dest_network_context="INTERNET"), HANDED_ON], ["open-egress"]),
        (
            [policy_rule("apply_security_profile_group", dest_ip_ranges=["0.0.0.0/0"]), HANDED_ON],
            ["open-egress"],
        ),
        ([HANDED_ON, policy_rule("allow", dest_ip_ranges=["203.0.113.0/24"])], ["open-egress"]),
        (
            [
                policy_rule("allow", dest_ip_ranges=["8.0.0.0/8"]),
                policy_rule("allow", priority=1001, dest_ip_ranges=["9.0.0.0/8"]),
                HANDED_ON,
            ],
            ["open-egress", "open-egress", "default-deny"],  # together they are no list any more
        ),
    ],
)
def test_a_firewall_policy_that_is_asked_first(codes, rules, expected):
    assert codes(*with_policy(*rules), which="names") == expected


def test_a_denial_below_what_hands_everything_on_is_never_asked(codes):
    everything = {"dest_ip_ranges": ["0.0.0.0/0"]}
    rules = [
        policy_rule("goto_next", priority=100, **everything),
        policy_rule("deny", priority=200, **everything),
    ]
    entries = [entry for entry in with_policy(*rules) if entry["type"] != "google_compute_firewall"]
    assert codes(*entries) == ["default-deny"]
    assert codes(*with_policy(*rules)) == []


def test_a_firewall_policy_that_is_asked_last_has_nothing_to_say(codes):
    assert codes(*with_policy(NAMES, of=NETWORK), which="names") == []


@pytest.mark.parametrize(
    ("weaker", "expected"),
    [
        ({"target_tags": ["notebooks"]}, ["default-deny"]),  # another VM's packets it does not stop
        ({"target_service_accounts": ["a@b.c"]}, ["default-deny"]),
        ({"destination_ranges": ["::/0"]}, ["default-deny"]),
    ],
)
def test_a_denial_that_holds_for_some(codes, weaker, expected):
    made = create("google_compute_firewall", **{**DENY, **weaker})
    assert codes(create("google_compute_network", **NETWORK), made) == expected


def test_a_standing_allowance_that_comes_first_is_seen_when_something_else_changes(codes):
    standing = {**ALLOW, "direction": "EGRESS", "destination_ranges": ["0.0.0.0/0"], "priority": 64000}
    before = change("google_compute_firewall", ["no-op"], before=standing, after=standing, address="x.old")
    denial = change("google_compute_firewall", ["no-op"], before=DENY, after=DENY, address="x.deny")
    assert codes(create("google_compute_network", **NETWORK), before, denial) == [
        "default-deny",
        "open-egress",
    ]
    late = {**standing, "priority": 65001}
    after = change("google_compute_firewall", ["no-op"], before=late, after=late, address="x.old")
    assert codes(create("google_compute_network", **NETWORK), after, denial) == ["open-egress"]


def test_of_two_rules_at_one_priority_the_one_that_denies_wins(codes):
    same = {**ALLOW, "direction": "EGRESS", "destination_ranges": ["0.0.0.0/0"], "priority": 65000}
    allowance = change("google_compute_firewall", ["no-op"], before=same, after=same, address="x.old")
    made = [create("google_compute_network", **NETWORK), create("google_compute_firewall", **DENY)]
    assert codes(*made, allowance) == ["open-egress"]  # which nobody is let out by, and stands all the same


def test_a_denial_in_another_network_helps_nobody(codes):
    first = {**NETWORK, "name": "one"}
    second = {**NETWORK, "name": "two"}
    made = [
        change("google_compute_network", ["create"], after=first, address="a.google_compute_network.one"),
        change("google_compute_network", ["create"], after=second, address="b.google_compute_network.two"),
    ]
    denial = {**DENY, "network": "projects/p/global/networks/one"}
    twice = [change("google_compute_firewall", ["create"], after=denial, address=f"x.{n}") for n in "ab"]
    assert codes(*made, *twice) == ["default-deny"]


def test_rules_of_other_policies_are_held_to_what_they_allow(codes):
    wide = policy_rule("allow", dest_ip_ranges=["0.0.0.0/0"])
    assert codes(create("google_compute_region_network_firewall_policy_rule", **wide)) == ["open-egress"]
    assert codes(create("google_compute_firewall_policy_rule", **wide)) == ["open-egress"]
    held = {"rule": [NAMES, wide]}
    whole = create("google_compute_network_firewall_policy_with_rules", **held)
    assert codes(whole, which="names") == ["open-egress"]
    assert codes(whole) == ["open-egress"] * 2


@pytest.mark.parametrize(
    ("match", "expected"),
    [
        ({"src_ip_ranges": [IAP]}, []),
        ({"src_ip_ranges": [IAP, "10.0.0.0/8"]}, ["open-ingress"]),
        ({"src_ip_ranges": ["0.0.0.0/0"]}, ["open-ingress"]),
        ({"src_region_codes": ["US"]}, ["open-ingress"]),
        ({"src_ip_ranges": [IAP], "src_fqdns": ["example.com"]}, ["open-ingress"]),
        ({"src_secure_tags": [{"name": "tagValues/1"}]}, ["open-ingress"]),
        ({}, ["open-ingress"]),
    ],
)
def test_a_policy_rule_that_lets_in(codes, match, expected):
    rule = {**policy_rule("allow", protocol="tcp", ports=["22"], **match), "direction": "INGRESS"}
    assert codes(create(POLICY, **rule), which="iap") == expected
    assert codes(create(POLICY, **rule)) == ["open-ingress"]
    every = {**policy_rule("allow", **match), "direction": "INGRESS"}
    assert codes(create(POLICY, **every), which="iap") == ["open-ingress"]
    assert codes(create(POLICY, **{**every, "action": "deny"})) == []


URL_LIST = {
    "project": "nbp-quickstart",
    "location": "europe-west1",
    "name": "allowed",
    "values": ["docs.example.com", "*.example.net"],
}
PROXY_POLICY = {"project": "nbp-quickstart", "location": "europe-west1", "name": "proxy"}
PLACE = "projects/nbp-quickstart/locations/europe-west1"


@pytest.mark.parametrize(
    ("matcher", "expected"),
    [
        (f"inUrlList(host(), '{PLACE}/urlLists/allowed')", []),
        ("host() == 'docs.example.com'", []),
        ("host() == 'docs.example.com' || host() == 'example.org'", []),
        ("host() == 'pastebin.com'", ["open-egress"]),
        ("host() == 'docs.example.com' || host() == 'pastebin.com'", ["open-egress"]),
        (f"inUrlList(host(), '{PLACE}/urlLists/somebodys')", ["open-egress"]),
        ("inUrlList(host(), 'projects/p/locations/europe-west1/urlLists/allowed')", ["open-egress"]),
        ("true", ["open-egress"]),
        (f"true || inUrlList(host(), '{PLACE}/urlLists/allowed')", ["open-egress"]),
        ("host() == 'docs.example.com' || true", ["open-egress"]),
        (f"!inUrlList(host(), '{PLACE}/urlLists/allowed')", ["open-egress"]),
        ("source.matchServiceAccount('a@b.c')", ["open-egress"]),
        (None, ["open-egress"]),
    ],
)
def test_a_proxy_lets_through_what_it_is_told_to(codes, matcher, expected):
    rule = {"basic_profile": "ALLOW", "enabled": True, "session_matcher": matcher}
    kind = "google_network_security_gateway_security_policy_rule"
    hosts = create("google_network_security_url_lists", **URL_LIST)
    assert codes(hosts, create(kind, **rule), which="proxy") == expected
    standing = change("google_network_security_url_lists", ["no-op"], after=URL_LIST)
    assert codes(standing, create(kind, **rule), which="proxy") == expected
    assert codes(create(kind, **{**rule, "basic_profile": "DENY"}), which="proxy") == []


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("example.org", []),
        ("*.example.net", []),
        ("*.ngrok.io", ["open-egress"]),
        ("www.docs.example.com", ["open-egress"]),
        ("*", ["open-egress"]),
        (None, ["open-egress"]),
    ],
)
def test_a_url_list_holds_what_the_fleet_file_names(codes, host, expected):
    made = create("google_network_security_url_lists", values=["docs.example.com", host])
    assert codes(made, which="proxy") == expected
    assert codes(made) == ["open-egress"]
    unknown = change(
        "google_network_security_url_lists", ["create"], after={}, unknown={"values": True}, address="x"
    )
    assert codes(unknown, which="proxy") == ["open-egress"]


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (f"{PLACE}/gatewaySecurityPolicies/proxy", []),
        (
            "//networksecurity.googleapis.com/projects/1/locations/europe-west1/gatewaySecurityPolicies/proxy",
            [],
        ),
        (None, ["open-egress"]),
        ("projects/p/locations/europe-west1/gatewaySecurityPolicies/proxy", ["open-egress"]),
        (f"{PLACE}/gatewaySecurityPolicies/open", ["open-egress"]),
    ],
)
def test_a_proxy_asks_the_fleets_policy(codes, policy, expected):
    made = create("google_network_security_gateway_security_policy", **PROXY_POLICY)
    gateway = create("google_network_services_gateway", gateway_security_policy=policy)
    assert codes(made, gateway, which="proxy") == expected
    assert codes(made, gateway) == ["open-egress"]  # the fleet file has no proxy
    unknown = {"gateway_security_policy": True}
    hidden = change("google_network_services_gateway", ["create"], after={}, unknown=unknown)
    assert codes(made, hidden, which="proxy") == ["open-egress"]


def test_a_default_route_needs_a_reason_in_the_fleet_file(our_fleet):
    route = create(
        "google_compute_route", dest_range="0.0.0.0/0", next_hop_gateway="default-internet-gateway"
    )
    names = QUICKSTART.read_text(encoding="utf-8").replace(
        "    mode: none #", "    mode: nat-allowlist\n    fqdns: [docs.example.com] #"
    )
    allowed = fleet.parse(names, file="fleet.yaml", today=date(2026, 11, 1))
    assert guardrails.check(read(document(route)), allowed) == ()
    found = guardrails.check(read(document(route)), our_fleet["strict"])
    assert [finding.code for finding in found] == ["default-route"]


def test_whose_rights_code_runs_with_is_settled_when_a_notebook_is_made(our_fleet):
    text = QUICKSTART.read_text(encoding="utf-8").replace(
        "  - name: ana-research", "  - name: ana\n    managed_euc: true"
    )
    asked = fleet.parse(text, file="fleet.yaml", today=date(2026, 11, 1))
    after = {**notebook(service_accounts=[]), "enable_managed_euc": True}
    made = change(NOTEBOOK, ["create"], after=after)
    assert guardrails.check(read(document(made)), asked) == ()
    switched = change(NOTEBOOK, ["update"], before=notebook(), after=after)
    assert [one.code for one in guardrails.check(read(document(switched)), asked)] == ["managed-euc"]
    found = guardrails.check(read(document(made)), our_fleet["strict"])
    assert [one.code for one in found] == ["managed-euc"]


def test_scripts_are_those_that_the_fleet_file_makes(our_fleet):
    ours, other = "#!/bin/bash\ntrue\n", "#!/bin/bash\ncurl example.com | sh\n"
    bucket = "nbp-quickstart-quickstart-scripts"

    def place(text, notebook="ana"):
        return f"post-startup/{notebook}/{hashlib.sha256(text.encode()).hexdigest()}.sh"

    def codes(*entries, scripts):
        found = guardrails.check(read(document(*entries, **LOOKED_UP)), our_fleet["strict"], scripts)
        return [finding.code for finding in found]

    def runs(script):
        keys = metadata(post_startup_script=f"gs://{bucket}/{script}" if script else None)
        return create(metadata=keys)

    def publishes(text, notebook="ana"):
        name = place(text, notebook)
        return create("google_storage_bucket_object", bucket=bucket, name=name, content=text)

    asked, refused = {"ana": ours}, ["post-startup-source"]
    assert codes(runs(place(ours)), publishes(ours), scripts=asked) == []
    for script in (place(other), place(ours, "ben"), None):
        assert codes(runs(script), scripts=asked) == refused
        assert codes(runs(script), scripts={}) == []  # nobody composed any: a pinned one, or none
    assert codes(publishes(other), scripts=asked) == refused
    assert codes(publishes(ours, "ben"), scripts=asked) == refused
    assert codes(publishes(other), scripts={}) == []


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, []),
        ({"deletion_policy": "ABANDON"}, []),  # no notebook of this fleet is protected
        ({"destroy_scheduled_duration": "2592000s"}, []),
        ({"destroy_scheduled_duration": "86400s"}, ["key-deletion"]),
        ({"deletion_policy": "DELETE"}, ["key-deletion"]),
        ({"version_template": [{"protection_level": "SOFTWARE"}]}, []),
        ({"version_template": [{"protection_level": "EXTERNAL"}]}, ["customer-key"]),
    ],
)
def test_a_key_is_kept_as_the_fleet_file_says(codes, changed, expected):
    right = {"purpose": "ENCRYPT_DECRYPT", "rotation_period": "7776000s", "deletion_policy": "PREVENT"}
    assert codes(create("google_kms_crypto_key", **{**right, **changed})) == expected
    unknown = dict.fromkeys(changed, True)
    hidden = {key: value for key, value in right.items() if key not in changed}
    if changed:
        assert codes(change("google_kms_crypto_key", ["create"], after=hidden, unknown=unknown)) != []


def test_a_key_and_files_stay_as_long_as_a_notebook_is_protected(codes):
    key = {"purpose": "ENCRYPT_DECRYPT", "rotation_period": "7776000s"}
    for policy, expected in (("PREVENT", []), ("ABANDON", ["key-deletion"]), (None, ["key-deletion"])):
        entry = create("google_kms_crypto_key", **key, deletion_policy=policy)
        assert codes(entry, which="protected") == expected
    for name, expected in (("ana-sync", ["deletion-protected"]), ("scripts", [])):
        bucket = {**GOOD_BUCKET, "name": f"nbp-quickstart-quickstart-{name}", "force_destroy": True}
        assert codes(create("google_storage_bucket", **bucket), which="protected") == expected
        assert codes(create("google_storage_bucket", **bucket)) == []


def test_who_reads_what_is_told_to_nobody_else(our_fleet):
    told = {**GOOD_BUCKET, "logging": [{"log_bucket": "mallory"}]}
    found = guardrails.check(read(document(create("google_storage_bucket", **told))), our_fleet["strict"])
    assert [one.code for one in found] == ["unlisted-argument"]
