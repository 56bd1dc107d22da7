"""Guardrails for what stands around notebooks: other VMs, names, ways out, audit logs."""

from datetime import date
from pathlib import Path

import pytest
from plan_documents import KEY, change, document, notebook

from notebook_provisioner.catalog import alerts
from notebook_provisioner.catalog.endpoints import VIRTUAL_IPS
from notebook_provisioner.core import fleet, guardrails
from notebook_provisioner.core.terraform_plan import read

QUICKSTART = Path(__file__).parents[2] / "examples" / "quickstart" / "fleet.yaml"
TEXT = QUICKSTART.read_text(encoding="utf-8")
NAT = "    mode: nat-allowlist\n    addresses: [203.0.113.0/24] #"


def codes(*entries, text=TEXT):
    ours = fleet.parse(text, file="fleet.yaml", today=date(2026, 11, 1))
    found = guardrails.check(read(document(*entries)), ours)
    assert all(finding.remedy for finding in found)
    return [finding.code for finding in found if not finding.code.startswith("unlisted-")]


def made(kind, *, unknown=None, **after):
    return change(kind, ["create"], after=after, unknown=unknown)


MACHINES = [
    "google_compute_instance",
    "google_compute_instance_from_template",
    "google_compute_instance_template",
    "google_compute_region_instance_template",
]


@pytest.mark.parametrize("kind", MACHINES)
def test_machines_beside_the_notebooks(kind):
    assert codes(made(kind, network_interface=[{"subnetwork": "s", "access_config": []}])) == []
    assert codes(made(kind, network_interface=[{"access_config": [{}]}])) == ["public-ip"]
    assert codes(made(kind, network_interface=[{}, {"ipv6_access_config": [{}]}])) == ["public-ip"]
    assert codes(made(kind, unknown={"network_interface": True})) == ["public-ip"]
    hidden = made(kind, network_interface=[{}], unknown={"network_interface": [{"access_config": True}]})
    assert codes(hidden) == ["public-ip"]
    assert codes(made(kind, can_ip_forward=True)) == ["ip-forwarding"]


VIP = ["google-vip"]
RESTRICTED, PRIVATE = list(VIRTUAL_IPS["restricted"]), list(VIRTUAL_IPS["private"])


@pytest.mark.parametrize(
    ("name", "kind", "answers", "expected"),
    [
        ("googleapis.com.", "A", RESTRICTED, []),
        ("*.googleapis.com.", "CNAME", ["googleapis.com."], []),
        ("*.googleapis.com.", "CNAME", ["restricted.googleapis.com."], []),
        ("proxy.example.com.", "A", ["10.20.0.253"], ["open-egress"]),
        ("googleapis.com.", "TXT", ["v=spf1"], []),
        ("googleapis.com.", "A", PRIVATE, VIP),
        ("googleapis.com.", "A", [*RESTRICTED, PRIVATE[0]], VIP),
        ("bigquery.googleapis.com.", "A", ["142.250.1.95"], VIP),
        ("europe-docker.pkg.dev.", "AAAA", ["2600:2d00:2:2000::"], VIP),
        ("*.googleapis.com.", "CNAME", ["private.googleapis.com."], VIP),
        ("gcr.io.", "CNAME", ["elsewhere.example.com."], VIP),
        ("apis.example.com.", "A", [PRIVATE[0]], ["open-egress"]),
    ],
)
def test_what_googles_names_lead_to(name, kind, answers, expected):
    record = {"type": kind, "rrdatas": answers}
    assert codes(made("google_dns_record_set", name=name, **record)) == expected
    policy = made(
        "google_dns_response_policy_rule",
        dns_name=name,
        local_data=[{"local_datas": [{"name": name, **record}]}],
    )
    assert codes(policy) == expected


def test_names_are_googles_or_the_proxys():
    zone, record = "google_dns_managed_zone", "google_dns_record_set"
    egress = "mode: secure-web-proxy\n    proxy_cidr: 10.21.0.0/26\n    hosts: [docs.example.com]\n"
    named = "{name: projects/p/locations/europe-west1/certificates/c, hostname: proxy.example.com}"
    text = TEXT.replace("mode: none", f"{egress}    certificate: {named}", 1)
    answer = {"name": "proxy.example.com.", "type": "A", "rrdatas": ["10.20.0.253"]}
    assert codes(made(zone, dns_name="proxy.example.com."), made(record, **answer), text=text) == []
    assert codes(made(record, **{**answer, "rrdatas": ["203.0.113.9"]}), text=text) == ["open-egress"]
    for other in ("docs.example.com.", ".", None):
        assert codes(made(zone, dns_name=other), text=text) == ["open-egress"]
    assert codes(made(zone, dns_name="proxy.example.com.")) == ["open-egress"]


def test_names_that_nobody_can_see():
    record = {"name": "googleapis.com.", "type": "A"}
    assert codes(made("google_dns_record_set", **record, unknown={"rrdatas": True})) == VIP
    assert codes(made("google_dns_record_set", type="A", rrdatas=["1.2.3.4"], unknown={"name": True})) == VIP


def test_the_private_virtual_ip_where_the_fleet_file_says_so():
    ours = fleet.parse(TEXT, file="fleet.yaml", today=date(2026, 11, 1))
    private = ours.model_copy(update={"network": ours.network.model_copy(update={"vip": "private"})})
    for answers, expected in ((PRIVATE, []), (RESTRICTED, VIP)):
        record = made("google_dns_record_set", name="googleapis.com.", type="A", rrdatas=answers)
        found = guardrails.check(read(document(record)), private)
        assert [finding.code for finding in found] == expected


@pytest.mark.parametrize("block", ["forwarding_config", "peering_config"])
def test_a_zone_that_somebody_else_answers(block):
    zone = "google_dns_managed_zone"
    assert codes(made(zone, dns_name="googleapis.com.", **{block: []})) == []
    assert codes(made(zone, dns_name="googleapis.com.", **{block: [{}]})) == VIP
    assert codes(made(zone, dns_name="googleapis.com.", unknown={block: True})) == VIP
    assert codes(change(zone, ["delete"], before={block: [{}]})) == []


def test_a_networks_policy_for_names():
    policy = "google_dns_policy"
    assert codes(made(policy, enable_logging=True)) == []
    assert codes(made(policy, enable_logging=False)) == ["flow-logs"]
    assert codes(made(policy, unknown={"enable_logging": True})) == ["flow-logs"]
    other = [{"target_name_servers": [{"ipv4_address": "8.8.8.8"}]}]
    assert codes(made(policy, enable_logging=True, alternative_name_server_config=other)) == VIP
    hidden = {"alternative_name_server_config": True}
    assert codes(made(policy, enable_logging=True, unknown=hidden)) == VIP
    assert codes(change(policy, ["delete"], before={"enable_logging": False})) == []


def test_a_subnet_without_ipv6():
    right = {"private_ip_google_access": True, "log_config": [{"flow_sampling": 1}]}
    subnet = "google_compute_subnetwork"
    assert codes(made(subnet, **right, stack_type="IPV4_ONLY")) == []
    for stack in ("IPV4_IPV6", "IPV6_ONLY", None):
        assert codes(made(subnet, **right, stack_type=stack)) == ["open-egress"]
    assert codes(made(subnet, **right, unknown={"stack_type": True})) == ["open-egress"]


def test_nat_is_for_the_allow_list():
    nat = "google_compute_router_nat"
    some, every = "LIST_OF_SUBNETWORKS", "ALL_SUBNETWORKS_ALL_IP_RANGES"
    assert codes(made(nat, source_subnetwork_ip_ranges_to_nat=some)) == ["open-egress"]
    allowed = TEXT.replace("    mode: none #", NAT)
    assert allowed != TEXT
    assert codes(made(nat, source_subnetwork_ip_ranges_to_nat=some), text=allowed) == []
    assert codes(made(nat, source_subnetwork_ip_ranges_to_nat=every), text=allowed) == ["open-egress"]


@pytest.mark.parametrize("kind", ["google_compute_network_peering", "google_compute_vpn_tunnel"])
def test_another_network(kind):
    assert codes(made(kind, name="debug")) == ["open-egress"]
    assert codes(change(kind, ["delete"], before={"name": "debug"})) == []


BUCKET = "google_logging_project_bucket_config"
SINK = "google_logging_project_sink"
CONFIG = "google_project_iam_audit_config"
LOGS = [{"log_type": kind, "exempted_members": []} for kind in ("ADMIN_READ", "DATA_READ", "DATA_WRITE")]
FILTER = " OR ".join(f'log_id("cloudaudit.googleapis.com/{name}")' for name in ("activity", "data_access"))
KEPT = "logging.googleapis.com/projects/nbp-quickstart/locations/europe-west1/buckets/audit"
AUDITED = TEXT + "observability:\n  retention_days: 400\n"
RIGHT = {
    "bucket": (
        BUCKET,
        {
            "project": "nbp-quickstart",
            "location": "europe-west1",
            "bucket_id": "audit",
            "locked": True,
            "retention_days": 400,
            "cmek_settings": [{"kms_key_name": KEY}],
        },
    ),
    "sink": (SINK, {"destination": KEPT, "filter": FILTER, "disabled": None, "exclusions": []}),
    "notebooks": (CONFIG, {"service": "notebooks.googleapis.com", "audit_log_config": LOGS}),
    "storage": (CONFIG, {"service": "storage.googleapis.com", "audit_log_config": LOGS}),
}
EXEMPT = [{"log_type": "DATA_READ", "exempted_members": ["user:ana@example.com"]}]
STANDING = change("google_workbench_instance", ["no-op"], after=notebook())
ALERT = "google_monitoring_alert_policy"


def alert(row, actions=("no-op",), **changed):
    chosen = row.filter.replace("UPGRADER", "nobody").replace("PROJECT", "nbp-quickstart")
    after = {"enabled": True, "conditions": [{"condition_matched_log": [{"filter": chosen}]}], **changed}
    address = f'{ALERT}.this["{row.name}"]'
    return change(ALERT, list(actions), before=after, after=after, address=address)


WATCHED = [alert(row) for row in alerts.ALERTS if row.job is None]


def audited(part=None, actions=("no-op",), **changed):
    entries = [STANDING, *WATCHED]
    for name, (kind, values) in RIGHT.items():
        after = {**values, **(changed if name == part else {})}
        done = list(actions) if name == part else ["no-op"]
        gone = done == ["delete"]
        entry = change(kind, done, before=values, after=None if gone else after)
        entries.append({**entry, "address": f"{kind}.{name}"})
    return codes(*entries, text=AUDITED)


def test_whom_all_services_exempt_no_service_logs():
    others = [change(kind, ["no-op"], after=after, address=name) for name, (kind, after) in RIGHT.items()]
    everywhere = made(CONFIG, service="allServices", audit_log_config=EXEMPT)
    assert codes(STANDING, *WATCHED, *others, everywhere, text=AUDITED) == ["audit-logs"]


def test_audit_logs_as_the_modules_make_them():
    assert audited() == []
    assert audited("bucket", ["update"], retention_days=500) == []


@pytest.mark.parametrize(
    ("part", "changed"),
    [
        ("bucket", {"locked": False}),
        ("bucket", {"retention_days": 30}),
        ("sink", {"destination": "logging.googleapis.com/projects/elsewhere/locations/global/buckets/mine"}),
        ("sink", {"destination": None}),
        ("sink", {"filter": f"NOT ({FILTER})"}),
        ("sink", {"filter": f"({FILTER}) AND severity=EMERGENCY"}),
        ("sink", {"disabled": True}),
        ("sink", {"exclusions": [{"name": "reads", "filter": "x"}]}),
        ("sink", {"filter": 'log_id("cloudaudit.googleapis.com/activity")'}),
        ("notebooks", {"audit_log_config": LOGS[:2]}),
        ("storage", {"audit_log_config": [{**LOGS[0], "exempted_members": ["user:a@b.c"]}, *LOGS[1:]]}),
    ],
)
def test_audit_logs_that_are_weakened(part, changed):
    assert audited(part, ["update"], **changed) == ["audit-logs"]


@pytest.mark.parametrize("part", RIGHT)
def test_audit_logs_that_are_taken_away(part):
    assert audited(part, ["delete"]) == ["audit-logs"]


@pytest.mark.parametrize("text", [AUDITED, TEXT])
def test_a_locked_log_bucket_is_in_nobodys_plan_to_delete(text):
    gone = [change(kind, ["delete"], before=before) for kind, before in RIGHT.values()]
    assert codes(*gone, text=text) == ["audit-logs"]
    unlocked = change(BUCKET, ["delete"], before={**RIGHT["bucket"][1], "locked": False})
    assert codes(unlocked, text=text) == []
    assert codes(change(BUCKET, ["forget"], before=RIGHT["bucket"][1]), text=text) == []


def test_audit_logs_that_are_not_there_at_all():
    assert codes(STANDING, *WATCHED, text=AUDITED) == ["audit-logs"] * 4
    assert codes(STANDING, text=AUDITED) == ["audit-logs"] * (4 + len(WATCHED))
    assert codes(STANDING) == []  # a fleet file that asks for none


@pytest.mark.parametrize(
    "changed",
    [
        {"enabled": False},
        {"conditions": []},
        {"conditions": [{"condition_matched_log": [{"filter": "severity=EMERGENCY"}]}]},
        None,
    ],
)
def test_each_alert_is_there_and_on(changed):
    others = [change(kind, ["no-op"], after=after, address=name) for name, (kind, after) in RIGHT.items()]
    first = next(row for row in alerts.ALERTS if row.job is None)
    weaker = [alert(first, ["update"], **changed)] if changed is not None else []
    found = codes(STANDING, *others, *weaker, *WATCHED[1:], text=AUDITED)
    assert set(found) == {"audit-logs"}
    assert codes(STANDING, *others, *WATCHED, text=AUDITED) == []


def test_alerts_of_jobs_come_with_the_jobs():
    image = f"europe-docker.pkg.dev/p/r/nbp@sha256:{64 * '0'}"
    text = f"{AUDITED}maintenance:\n  image: {image}\n  upgrade: {{schedule: 0 * * * *}}\n"
    others = [change(kind, ["no-op"], after=after, address=name) for name, (kind, after) in RIGHT.items()]
    ours = fleet.parse(text, file="fleet.yaml", today=date(2026, 11, 1))
    found = guardrails.check(read(document(STANDING, *others, *WATCHED)), ours)
    named = {
        row.name for row in alerts.ALERTS if any(f"alert of {row.name}," in one.message for one in found)
    }
    assert named == {"idle-shutdown-off", "upgrade-run-failed"}  # the first knows who upgrades


CHANNEL = "google_monitoring_notification_channel"
TOLD = f"{AUDITED}  notify: [security@example.com]\n"


def channel(address="security@example.com", name="projects/p/notificationChannels/1", action="no-op"):
    after = {"name": name, "labels": {"email_address": address}}
    unknown = None if name else {"name": True}
    return change(CHANNEL, [action], after=after, unknown=unknown, address=f"{CHANNEL}.{address}")


def test_whom_the_fleet_file_names_is_told_of_each_alert():
    others = [change(kind, ["no-op"], after=after, address=name) for name, (kind, after) in RIGHT.items()]
    rows = [row for row in alerts.ALERTS if row.job is None]

    def said(*channels, told=("projects/p/notificationChannels/1",), unknown=None):
        watched = [alert(row, notification_channels=list(told)) for row in rows]
        watched[0]["change"]["after_unknown"] = unknown or {}
        return codes(STANDING, *others, *watched, *channels, text=TOLD)

    weak = ["audit-logs"]
    assert said(channel()) == []
    assert said(channel(), channel("mallory@example.com")) == weak
    assert said(told=()) == weak * (1 + len(rows))  # the address, and each alert
    assert said(channel(), told=()) == weak * len(rows)
    assert said(channel(), told=("projects/p/notificationChannels/2",)) == weak * len(rows)
    hidden = {"notification_channels": True}
    assert said(channel(), unknown=hidden) == weak
    made = channel(name=None, action="create")
    assert said(made, told=(None,)) == said(made, told=(None,), unknown=hidden) == []


def test_the_silence_of_a_job_is_noticed():
    image = f"europe-docker.pkg.dev/p/r/nbp@sha256:{64 * '0'}"
    job = "schedule: 0 * * * *, silent_after_hours: 26"
    text = f"{AUDITED}maintenance:\n  image: {image}\n  prune: {{{job}}}\n"
    ours = fleet.parse(text, file="fleet.yaml", today=date(2026, 11, 1))
    chosen = (
        'metric.type="run.googleapis.com/job/completed_execution_count" '
        'AND metric.labels.result="succeeded" AND resource.type="cloud_run_job" '
        'AND resource.labels.job_name="nbp-quickstart-prune"'
    )
    right = {"filter": chosen, "duration": "3600s", "aggregations": [{"alignment_period": "90000s"}]}

    def noticed(**changed):
        conditions = [{"condition_absent": [{}]}, {"condition_threshold": [{**right, **changed}]}]
        entry = change(ALERT, ["no-op"], after={"conditions": conditions, "enabled": True})
        found = guardrails.check(read(document(STANDING, entry)), ours)
        return not any("the silence of prune" in one.message for one in found)

    assert noticed()
    assert not noticed(filter=chosen.replace('metric.labels.result="succeeded" AND ', ""))
    assert not noticed(duration="999999s")
    assert not noticed(aggregations=[{"alignment_period": "60s"}])


def test_a_log_bucket_without_the_fleets_key():
    unlocked = made(BUCKET, locked=True, retention_days=400, cmek_settings=[])
    assert codes(unlocked, text=AUDITED) == ["customer-key"]
