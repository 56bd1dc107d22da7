"""The smaller services through google-api-python-client, whose requests nobody here wrote."""

import pytest
from google.auth.credentials import AnonymousCredentials
from googleapiclient import discovery, http
from googleapiclient.errors import HttpError

from notebook_provisioner.sandbox.server.clock import moment_of

pytestmark = pytest.mark.network

PROJECT = "services-test"
PARENT = f"projects/{PROJECT}"
PLACE = f"{PARENT}/locations/europe-west4"
DAY = 86_400
RING = f"{PLACE}/keyRings/ring"
ENCRYPTER = "roles/cloudkms.cryptoKeyEncrypterDecrypter"


@pytest.fixture
def api(sandbox):
    made = []

    def build(name: str, version: str, path: str = ""):
        client = discovery.build(
            name,
            version,
            credentials=AnonymousCredentials(),
            client_options={"api_endpoint": f"{sandbox.url}{path}"},
            static_discovery=True,
        )
        made.append(client)
        return client

    yield build
    for client in made:
        client.close()


def _refused(request: http.HttpRequest, status: int, message: str | None = None) -> None:
    with pytest.raises(HttpError, match=message) as caught:
        request.execute()
    assert caught.value.resp.status == status, caught.value


# Cloud DNS


@pytest.fixture
def zone(api):
    dns = api("dns", "v1")
    body = {
        "name": "private",
        "dnsName": "googleapis.com.",
        "description": "to the restricted VIP",
        "visibility": "private",
        "privateVisibilityConfig": {"networks": [{"networkUrl": f"{PARENT}/global/networks/vpc"}]},
    }
    dns.managedZones().create(project=PROJECT, body=body).execute()
    return dns


def _record(name: str, kind: str, *data: str) -> dict:
    return {"name": name, "type": kind, "ttl": 300, "rrdatas": list(data)}


def _change(dns, additions=(), deletions=()) -> http.HttpRequest:
    body = {"additions": list(additions), "deletions": list(deletions)}
    return dns.changes().create(project=PROJECT, managedZone="private", body=body)


def test_zone_has_its_own_records_and_is_deleted_only_without_others(zone):
    records = zone.resourceRecordSets().list(project=PROJECT, managedZone="private").execute()["rrsets"]
    assert [record["type"] for record in records] == ["NS", "SOA"]
    address = _record("restricted.googleapis.com.", "A", "199.36.153.4")
    assert _change(zone, [address]).execute()["status"] == "done"
    _refused(zone.managedZones().delete(project=PROJECT, managedZone="private"), 400, "contains one or more")
    _change(zone, deletions=[address]).execute()
    zone.managedZones().delete(project=PROJECT, managedZone="private").execute()
    assert "managedZones" not in zone.managedZones().list(project=PROJECT).execute()


@pytest.mark.parametrize(
    ("additions", "deletions", "status", "message"),
    [
        ([_record("elsewhere.example.", "A", "1.2.3.4")], [], 400, "is not in zone"),
        ([_record("a.googleapis.com.", "A")], [], 400, "has data or a routing policy"),
        ([_record("old.googleapis.com.", "A", "9.9.9.9")], [], 409, "already exists"),
        ([_record("old.googleapis.com.", "CNAME", "a.")], [], 400, "stands alone"),
        ([], [_record("old.googleapis.com.", "A", "8.8.8.8")], 412, "Precondition not met"),
        ([], [_record("new.googleapis.com.", "A", "8.8.8.8")], 404, "does not exist"),
        ([], [_record("googleapis.com.", "NS", "ns-gcp-private.googledomains.com.")], 400, "exactly one"),
    ],
)
def test_changes_are_refused_as_a_whole(zone, additions, deletions, status, message):
    _change(zone, [_record("old.googleapis.com.", "A", "1.1.1.1")]).execute()
    good = _record("good.googleapis.com.", "A", "1.2.3.4")
    _refused(_change(zone, [good, *additions], deletions), status, message)
    named = {"project": PROJECT, "managedZone": "private", "name": "good.googleapis.com.", "type": "A"}
    assert zone.resourceRecordSets().list(**named).execute()["rrsets"] == []


def test_zone_change_answers_with_an_operation(zone):
    changed = (
        zone.managedZones()
        .patch(project=PROJECT, managedZone="private", body={"description": "new"})
        .execute()
    )
    assert (changed["status"], changed["zoneContext"]["newValue"]["description"]) == ("done", "new")


def test_attached_policies_are_not_deleted(zone):
    networks = [{"networkUrl": f"{PARENT}/global/networks/vpc"}]
    zone.policies().create(
        project=PROJECT, body={"name": "log", "description": "", "networks": networks}
    ).execute()
    _refused(zone.policies().delete(project=PROJECT, policy="log"), 400, "still attached")
    zone.policies().patch(project=PROJECT, policy="log", body={"networks": []}).execute()
    zone.policies().delete(project=PROJECT, policy="log").execute()


# IAM and Resource Manager


@pytest.fixture
def accounts(api):
    return api("iam", "v1", "/iam/").projects().serviceAccounts()


def _account(accounts, account_id: str = "notebook-runner") -> dict:
    return accounts.create(
        name=PARENT, body={"accountId": account_id, "serviceAccount": {"displayName": "x"}}
    ).execute()


def test_service_account_goes_by_email_and_unique_id(accounts):
    made = _account(accounts)
    assert made["email"] == f"notebook-runner@{PROJECT}.iam.gserviceaccount.com"
    assert len(made["uniqueId"]) == 21
    for name in (
        made["name"],
        f"{PARENT}/serviceAccounts/{made['uniqueId']}",
        f"projects/-/serviceAccounts/{made['email']}",
    ):
        assert accounts.get(name=name).execute() == made
    accounts.disable(name=made["name"]).execute()
    assert accounts.get(name=made["name"]).execute()["disabled"]
    _refused(accounts.create(name=PARENT, body={"accountId": "notebook-runner"}), 409)
    _refused(accounts.create(name=PARENT, body={"accountId": "x"}), 400, "6-30")


def test_deleted_service_account_is_gone_and_comes_back(accounts):
    made = _account(accounts)
    accounts.delete(name=made["name"]).execute()
    _refused(accounts.get(name=made["name"]), 404)
    accounts.undelete(name=f"{PARENT}/serviceAccounts/{made['uniqueId']}", body={}).execute()
    assert accounts.get(name=made["name"]).execute()["uniqueId"] == made["uniqueId"]


def test_custom_role_lives_on_after_deletion(api):
    roles = api("iam", "v1", "/iam/").projects().roles()
    role = {"title": "Prune", "includedPermissions": ["compute.snapshots.list"], "stage": "GA"}
    made = roles.create(parent=PARENT, body={"roleId": "pruner", "role": role}).execute()
    roles.patch(name=made["name"], updateMask="title", body={"title": "Prune more"}).execute()
    roles.delete(name=made["name"]).execute()
    assert roles.get(name=made["name"]).execute()["deleted"]
    assert "roles" not in roles.list(parent=PARENT).execute()
    _refused(roles.create(parent=PARENT, body={"roleId": "pruner", "role": role}), 400, "was deleted")
    roles.undelete(name=made["name"], body={}).execute()
    assert roles.get(name=made["name"]).execute()["title"] == "Prune more"


def test_any_project_exists_under_a_stable_number(api):
    v1, v3 = (
        api("cloudresourcemanager", version, "/cloudresourcemanager/").projects() for version in ("v1", "v3")
    )
    number = v1.get(projectId=PROJECT).execute()["projectNumber"]
    assert v3.get(name=PARENT).execute()["name"] == f"projects/{number}"
    assert v3.get(name=f"projects/{number}").execute()["projectId"] == PROJECT
    _refused(v1.get(projectId="Not_A_Project"), 403)


@pytest.mark.parametrize(
    ("role", "member", "message"),
    [
        ("roles/viewer", f"serviceAccount:nobody@{PROJECT}.iam.gserviceaccount.com", "does not exist"),
        ("roles/viewer", "dana@acme.example", "Invalid member"),
        ("viewer", "user:dana@acme.example", "malformed"),
    ],
)
def test_impossible_bindings_are_refused(api, role, member, message):
    projects = api("cloudresourcemanager", "v1", "/cloudresourcemanager/").projects()
    body = {"policy": {"bindings": [{"role": role, "members": [member]}]}}
    _refused(projects.setIamPolicy(resource=PROJECT, body=body), 400, message)


def test_project_policy_is_guarded_by_its_etag(api, accounts):
    projects = api("cloudresourcemanager", "v1", "/cloudresourcemanager/").projects()
    policy = projects.getIamPolicy(resource=PROJECT, body={}).execute()
    member = f"serviceAccount:{_account(accounts)['email']}"
    policy["bindings"] = [{"role": "roles/logging.logWriter", "members": [member]}]
    projects.setIamPolicy(resource=PROJECT, body={"policy": policy}).execute()
    _refused(projects.setIamPolicy(resource=PROJECT, body={"policy": policy}), 409, "concurrent")


# Access Context Manager


@pytest.fixture
def policies(api):
    return api("accesscontextmanager", "v1", "/accesscontextmanager/").accessPolicies()


@pytest.fixture
def policy(policies) -> str:
    body = {"parent": "organizations/1234", "title": "main"}
    return policies.create(body=body).execute()["response"]["name"]


def _level(policies, policy: str) -> str:
    name = f"{policy}/accessLevels/corporate"
    body = {
        "name": name,
        "title": "corporate",
        "basic": {"conditions": [{"ipSubnetworks": ["203.0.113.0/24"]}]},
    }
    assert policies.accessLevels().create(parent=policy, body=body).execute()["done"]
    return name


def _perimeter(policy: str, name: str = "notebooks", **fields) -> dict:
    return {"name": f"{policy}/servicePerimeters/{name}", "title": name, **fields}


def _entering(**whence) -> dict:
    rule = {"ingressFrom": whence, "ingressTo": {"resources": ["*"]}}
    return {"status": {"restrictedServices": ["storage.googleapis.com"], "ingressPolicies": [rule]}}


def _leaving(**where) -> dict:
    rule = {"egressFrom": {"identityType": "ANY_IDENTITY"}, "egressTo": where}
    return {"status": {"restrictedServices": ["storage.googleapis.com"], "egressPolicies": [rule]}}


def test_a_level_that_a_rule_names_stays(policies, policy):
    level = _level(policies, policy)
    fields = _entering(identityType="ANY_IDENTITY", sources=[{"accessLevel": level}])
    policies.servicePerimeters().create(parent=policy, body=_perimeter(policy, **fields)).execute()
    _refused(policies.accessLevels().delete(name=level), 400, "is used by")


def test_dry_run_and_status_are_kept_apart(policies, policy):
    perimeters = policies.servicePerimeters()
    spec = {"resources": ["projects/123"], "accessLevels": [_level(policies, policy)]}
    body = _perimeter(policy, spec=spec, useExplicitDryRunSpec=True)
    name = perimeters.create(parent=policy, body=body).execute()["response"]["name"]
    status = {"restrictedServices": ["storage.googleapis.com"]}
    perimeters.patch(name=name, updateMask="status", body={"status": status}).execute()
    stored = perimeters.get(name=name).execute()
    assert (stored["spec"], stored["status"]) == (spec, status)
    _refused(policies.accessLevels().delete(name=spec["accessLevels"][0]), 400, "is used by")
    _refused(policies.delete(name=policy), 400, "still holds")
    perimeters.delete(name=name).execute()
    policies.accessLevels().delete(name=spec["accessLevels"][0]).execute()
    policies.delete(name=policy).execute()


@pytest.mark.parametrize(
    ("fields", "status", "message"),
    [
        ({"spec": {"resources": ["projects/1"]}}, 400, "use_explicit_dry_run_spec"),
        ({"status": {"resources": ["projects/my-project"]}}, 400, "projects/NUMBER"),
        ({"status": {"accessLevels": ["accessPolicies/1/accessLevels/none"]}}, 400, "does not exist"),
        ({"status": {"resources": ["projects/7"]}}, 400, "already in the regular service perimeter"),
        (_entering(sources=[{"accessLevel": "accessPolicies/1/accessLevels/none"}]), 400, "does not exist"),
        (_entering(identityType="ANY_IDENTITY", identities=["user:a@b.c"]), 400, "not both"),
        (_leaving(resources=["projects/my-project"]), 400, "Invalid resource"),
        (_leaving(operations=[{"serviceName": "storage.googleapis.com"}]), 400, "needs methodSelectors"),
    ],
)
def test_wrong_perimeters_are_refused(policies, policy, fields, status, message):
    perimeters = policies.servicePerimeters()
    perimeters.create(
        parent=policy, body=_perimeter(policy, "first", status={"resources": ["projects/7"]})
    ).execute()
    _refused(perimeters.create(parent=policy, body=_perimeter(policy, **fields)), status, message)


def test_an_organization_has_one_policy_without_scopes(policies, policy):
    _refused(policies.create(body={"parent": "organizations/1234", "title": "second"}), 409)
    assert [
        entry["name"] for entry in policies.list(parent="organizations/1234").execute()["accessPolicies"]
    ] == [policy]


@pytest.mark.usefixtures("policy")
def test_a_scope_is_in_one_policy(policies):
    scoped = {"parent": "organizations/1234", "title": "scoped", "scopes": ["projects/7"]}
    policies.create(body=scoped).execute()
    _refused(policies.create(body={**scoped, "title": "second"}), 409)
    policies.create(body={**scoped, "scopes": ["projects/8"]}).execute()


# Cloud KMS, and Cloud Storage with it


@pytest.fixture
def rings(api):
    rings = api("cloudkms", "v1", "/cloudkms/").projects().locations().keyRings()
    rings.create(parent=PLACE, keyRingId="ring", body={}).execute()
    return rings


def _key(rings, **fields) -> dict:
    body = {"purpose": "ENCRYPT_DECRYPT", **fields}
    return rings.cryptoKeys().create(parent=RING, cryptoKeyId="fleet", body=body).execute()


def test_key_rotates_and_its_versions_end_as_time_goes_on(rings, sandbox):
    key = _key(rings, rotationPeriod=f"{90 * DAY}s", nextRotationTime="2099-01-01T00:00:00Z")
    assert key["primary"]["name"].endswith("/cryptoKeyVersions/1")
    versions = rings.cryptoKeys().cryptoKeyVersions()
    assert versions.destroy(name=key["primary"]["name"], body={}).execute()["state"] == "DESTROY_SCHEDULED"
    assert versions.restore(name=key["primary"]["name"], body={}).execute()["state"] == "DISABLED"
    versions.destroy(name=key["primary"]["name"], body={}).execute()
    sandbox.control("settings", {"advance": 31 * DAY})
    assert versions.get(name=key["primary"]["name"]).execute()["state"] == "DESTROYED"
    for moment, version in (("2099-01-02", 2), ("2099-03-31", 2), ("2099-04-02", 3), ("2100-01-01", 6)):
        sandbox.control("settings", {"now": moment_of(moment)})
        primary = rings.cryptoKeys().get(name=key["name"]).execute()["primary"]["name"]
        assert primary.endswith(f"/cryptoKeyVersions/{version}")


def test_wrong_keys_are_refused(rings):
    keys = rings.cryptoKeys()
    _refused(keys.create(parent=RING, cryptoKeyId="a", body={}), 400, "purpose")
    body = {"purpose": "ENCRYPT_DECRYPT", "rotationPeriod": "60s", "nextRotationTime": "2099-01-01T00:00:00Z"}
    _refused(keys.create(parent=RING, cryptoKeyId="a", body=body), 400, "rotationPeriod")
    _refused(keys.create(parent=f"{PLACE}/keyRings/none", cryptoKeyId="a", body=body), 404)
    _refused(rings.create(parent=PLACE, keyRingId="ring", body={}), 409)


@pytest.mark.parametrize("level", ["key", "ring"])
def test_bucket_takes_a_key_that_its_agent_may_use(rings, sandbox, level):
    from google.api_core.exceptions import Forbidden

    key = _key(rings)
    client = sandbox.storage()
    bucket = client.bucket("encrypted-bucket")
    bucket.default_kms_key_name = key["name"]
    with pytest.raises(Forbidden, match="Permission denied on Cloud KMS key"):
        client.create_bucket(bucket)
    member = f"serviceAccount:{client.get_service_account_email()}"
    body = {"policy": {"bindings": [{"role": ENCRYPTER, "members": [member]}]}}
    holder, resource = (rings.cryptoKeys(), key["name"]) if level == "key" else (rings, RING)
    holder.setIamPolicy(resource=resource, body=body).execute()
    client.create_bucket(bucket)
    bucket.blob("x").upload_from_string("x")
    assert bucket.get_blob("x").kms_key_name == f"{key['name']}/cryptoKeyVersions/1"


# The others


def test_services_are_off_until_enabled(api):
    services = api("serviceusage", "v1", "/serviceusage/").services()
    name = f"{PARENT}/services/notebooks.googleapis.com"
    assert services.get(name=name).execute()["state"] == "DISABLED"
    enabled = services.enable(name=name, body={}).execute()
    assert enabled["response"]["service"]["state"] == "ENABLED"
    services.batchEnable(parent=PARENT, body={"serviceIds": ["dns.googleapis.com"]}).execute()
    services.disable(name=name, body={}).execute()
    listed = services.list(parent=PARENT, filter="state:ENABLED").execute()["services"]
    assert [service["config"]["name"] for service in listed] == ["dns.googleapis.com"]
    _refused(services.enable(name=f"{PARENT}/services/dns", body={}), 400, "a domain")


def test_entries_are_written_filtered_and_ordered(api):
    entries = api("logging", "v2", "/logging/").entries()
    written = [
        {"severity": severity, "textPayload": severity, "timestamp": f"2026-01-0{day}T00:00:00Z"}
        for day, severity in enumerate(("ERROR", "INFO", "WARNING"), start=1)
    ]
    body = {"entries": written, "logName": f"{PARENT}/logs/nbp", "resource": {"type": "global"}}
    entries.write(body=body).execute()
    query = {"resourceNames": [PARENT], "filter": "severity>=WARNING", "orderBy": "timestamp desc"}
    assert [entry["textPayload"] for entry in entries.list(body=query).execute()["entries"]] == [
        "WARNING",
        "ERROR",
    ]
    _refused(entries.list(body={}), 400, "resourceNames")


def test_sink_writes_as_the_projects_agent(api):
    sinks = api("logging", "v2", "/logging/").projects().sinks()
    body = {"name": "audit", "destination": f"pubsub.googleapis.com/{PARENT}/topics/t"}
    made = sinks.create(parent=PARENT, uniqueWriterIdentity=True, body=body).execute()
    assert made["name"] == "audit"
    assert made["writerIdentity"].endswith("@gcp-sa-logging.iam.gserviceaccount.com")
    changed = sinks.patch(
        sinkName=f"{PARENT}/sinks/audit", updateMask="filter", body={"filter": "x=y"}
    ).execute()
    assert (changed["filter"], changed["writerIdentity"]) == ("x=y", made["writerIdentity"])


def test_alert_policies_and_their_channels(api):
    projects = api("monitoring", "v3", "/monitoring/").projects()
    channel = projects.notificationChannels().create(name=PARENT, body={"type": "email"}).execute()
    policy = {"displayName": "lock", "combiner": "OR", "conditions": [{"displayName": "x"}]}
    body = {**policy, "notificationChannels": [channel["name"]]}
    made = projects.alertPolicies().create(name=PARENT, body=body).execute()
    assert made["conditions"][0]["name"].startswith(made["name"])
    _refused(projects.notificationChannels().delete(name=channel["name"]), 400, "is used by")
    unknown = {**policy, "notificationChannels": [f"{PARENT}/notificationChannels/1"]}
    _refused(projects.alertPolicies().create(name=PARENT, body=unknown), 404)


def test_a_locked_log_bucket_keeps_what_it_promised(api):
    buckets = api("logging", "v2", "/logging/").projects().locations().buckets()
    name = f"{PLACE}/buckets/audit"
    made = buckets.create(parent=PLACE, bucketId="audit", body={"locked": True}).execute()
    assert (made["name"], made["retentionDays"], made["lifecycleState"]) == (name, 30, "ACTIVE")
    longer = buckets.patch(name=name, updateMask="retentionDays", body={"retentionDays": 400}).execute()
    assert longer["retentionDays"] == 400
    _refused(buckets.patch(name=name, updateMask="retentionDays", body={"retentionDays": 7}), 400, "reduced")
    _refused(buckets.patch(name=name, updateMask="locked", body={"locked": False}), 400, "unlocked")
    _refused(buckets.delete(name=name), 400, "locked")
    _refused(buckets.createAsync(parent=PLACE, bucketId="audit", body={}), 409)
    operation = buckets.createAsync(parent=PLACE, bucketId="other", body={}).execute()
    assert operation["response"]["name"] == f"{PLACE}/buckets/other"
    assert buckets.get(name=f"{PLACE}/buckets/other").execute()["retentionDays"] == 30


def test_a_dashboard_is_not_changed_unseen(api):
    dashboards = api("monitoring", "v1", "/monitoring/").projects().dashboards()
    made = dashboards.create(parent=PARENT, body={"displayName": "one", "gridLayout": {}}).execute()
    changed = {"displayName": "two", "gridLayout": {}, "etag": made["etag"]}
    again = dashboards.patch(name=made["name"], body=changed).execute()
    assert again["displayName"] == "two"
    _refused(dashboards.patch(name=made["name"], body=changed), 409, "etag")


def test_job_run_says_that_nothing_ran(api):
    jobs = api("run", "v2", "/run/").projects().locations().jobs()
    body = {"template": {"template": {"containers": [{"image": "img"}]}}}
    name = jobs.create(parent=PLACE, jobId="prune", body=body).execute()["response"]["name"]
    execution = jobs.run(name=name, body={}).execute()["response"]
    assert execution["conditions"][0]["message"] == "Not executed: the sandbox runs no containers."
    assert jobs.get(name=name).execute()["executionCount"] == 1
    _refused(jobs.create(parent=PLACE, jobId="empty", body={}), 400, "containers")


def test_a_job_wants_its_key_granted_to_cloud_run(api):
    jobs = api("run", "v2", "/run/").projects().locations().jobs()
    rings = api("cloudkms", "v1", "/cloudkms/").projects().locations().keyRings()
    ring = rings.create(parent=PLACE, keyRingId="ring", body={}).execute()["name"]
    keys = rings.cryptoKeys()
    key = keys.create(parent=ring, cryptoKeyId="key", body={"purpose": "ENCRYPT_DECRYPT"}).execute()["name"]
    template = {"encryptionKey": key, "containers": [{"image": "img"}]}
    job = jobs.create(parent=PLACE, jobId="prune", body={"template": {"template": template}})
    _refused(job, 403, "serverless-robot-prod")
    projects = api("cloudresourcemanager", "v3", "/cloudresourcemanager/").projects()
    number = projects.get(name=PARENT).execute()["name"].rpartition("/")[2]
    member = f"serviceAccount:service-{number}@serverless-robot-prod.iam.gserviceaccount.com"
    binding = {"role": "roles/cloudkms.cryptoKeyEncrypterDecrypter", "members": [member]}
    keys.setIamPolicy(resource=key, body={"policy": {"bindings": [binding]}}).execute()
    made = job.execute()["response"]
    assert made["template"]["template"]["encryptionKey"] == key
    template["encryptionKey"] = "key"
    _refused(jobs.patch(name=made["name"], body={"template": {"template": template}}), 400, "Malformed")


def test_scheduler_knows_when_but_calls_nobody(api, sandbox):
    sandbox.control("settings", {"now": 1_767_225_600})  # 2026-01-01T00:00:00Z, a Thursday
    jobs = api("cloudscheduler", "v1", "/cloudscheduler/").projects().locations().jobs()
    body = {
        "name": f"{PLACE}/jobs/weekly",
        "schedule": "0 9 * * 1",
        "timeZone": "Europe/Amsterdam",
        "httpTarget": {"uri": "https://run.googleapis.com/x"},
    }
    assert jobs.create(parent=PLACE, body=body).execute()["scheduleTime"].startswith("2026-01-05T08:00:00")
    assert jobs.run(name=body["name"], body={}).execute()["status"]["code"] == 12
    assert jobs.pause(name=body["name"], body={}).execute()["state"] == "PAUSED"
    _refused(
        jobs.create(parent=PLACE, body={**body, "name": f"{PLACE}/jobs/b", "schedule": "weekly"}),
        400,
        "unix-cron",
    )
    _refused(
        jobs.create(parent=PLACE, body={**body, "name": f"{PLACE}/jobs/c", "timeZone": "Mars"}),
        400,
        "tz database",
    )


def test_repositories_topics_and_policies(api):
    repositories = api("artifactregistry", "v1", "/artifactregistry/").projects().locations().repositories()
    made = repositories.create(parent=PLACE, repositoryId="images", body={"format": "DOCKER"}).execute()
    assert made["response"]["registryUri"] == f"europe-west4-docker.pkg.dev/{PROJECT}/images"
    topics = api("pubsub", "v1", "/pubsub/").projects().topics()
    topics.create(name=f"{PARENT}/topics/alerts", body={}).execute()
    topics.patch(
        name=f"{PARENT}/topics/alerts", body={"topic": {"labels": {"a": "b"}}, "updateMask": "labels"}
    ).execute()
    assert topics.list(project=PARENT).execute()["topics"][0]["labels"] == {"a": "b"}
    _refused(topics.create(name=f"{PARENT}/topics/goog-x", body={}), 400)
    constraint = f"{PARENT}/policies/compute.vmExternalIpAccess"
    org = api("orgpolicy", "v2", "/orgpolicy/").projects().policies()
    made = org.create(
        parent=PARENT, body={"name": constraint, "spec": {"rules": [{"denyAll": True}]}}
    ).execute()
    assert made["spec"]["etag"]
    _refused(org.create(parent=PARENT, body={"name": f"{PARENT}/policies/x", "spec": {}}), 400, "needs rules")


def test_policies_take_masks_as_documented_and_as_hashicorp_google_sends_them(api):
    org = api("orgpolicy", "v2", "/orgpolicy/").projects().policies()
    name = f"{PARENT}/policies/ainotebooks.restrictPublicIp"
    org.create(parent=PARENT, body={"name": name, "spec": {"rules": [{"enforce": False}]}}).execute()
    dry_run = {"name": name, "dryRunSpec": {"rules": [{"enforce": True}]}}
    changed = org.patch(name=name, updateMask="policy.dryRunSpec", body=dry_run).execute()
    assert changed["dryRunSpec"]["rules"] == [{"enforce": True}]
    assert changed["spec"]["rules"] == [{"enforce": False}]
    spec = {"name": name, "spec": {"rules": [{"enforce": True}]}}
    assert org.patch(name=name, updateMask="spec", body=spec).execute()["spec"]["rules"] == [
        {"enforce": True}
    ]
    _refused(org.patch(name=name, updateMask="policy.rules", body=spec), 400, "no field")


def test_metrics_may_have_slashes_in_their_names(api):
    metrics = api("logging", "v2", "/logging/").projects().metrics()
    body = {"name": "nginx/requests", "filter": "severity>=ERROR"}
    assert metrics.create(parent=PARENT, body=body).execute()["name"] == "nginx/requests"
    _refused(metrics.create(parent=PARENT, body=body), 409)
    path = f"{PARENT}/metrics/nginx%2Frequests"
    assert metrics.get(metricName=path).execute()["filter"] == "severity>=ERROR"
    metrics.update(metricName=path, body={**body, "filter": "severity>=ALERT"}).execute()
    assert [one["filter"] for one in metrics.list(parent=PARENT).execute()["metrics"]] == ["severity>=ALERT"]
    metrics.delete(metricName=path).execute()
    _refused(metrics.get(metricName=path), 404)
    _refused(metrics.create(parent=PARENT, body={**body, "name": "/requests"}), 400, "slash")


def test_budgets_are_kept(api):
    budgets = api("billingbudgets", "v1", "/billingbudgets/").billingAccounts().budgets()
    account = "billingAccounts/012345-6789AB-CDEF01"
    amount = {"specifiedAmount": {"currencyCode": "EUR", "units": "100"}}
    made = budgets.create(parent=account, body={"displayName": "b", "amount": amount}).execute()
    assert made["name"].startswith(f"{account}/budgets/")
    more = {"amount": {"specifiedAmount": {"units": "200"}}}
    changed = budgets.patch(name=made["name"], updateMask="amount.specifiedAmount.units", body=more).execute()
    assert changed["amount"]["specifiedAmount"] == {"currencyCode": "EUR", "units": "200"}
    both = {"amount": {**amount, "lastPeriodAmount": {}}}
    _refused(budgets.create(parent=account, body=both), 400, "either")
    channels = [f"{PARENT}/notificationChannels/{number}" for number in range(6)]
    loud = {"amount": amount, "notificationsRule": {"monitoringNotificationChannels": channels}}
    _refused(budgets.create(parent=account, body=loud), 400, "at most 5")
    budgets.delete(name=made["name"]).execute()
    _refused(budgets.get(name=made["name"]), 404)


def test_a_deleted_pool_of_identities_keeps_its_id(api):
    pools = api("iam", "v1", "/iam/").projects().locations().workloadIdentityPools()
    parent = f"{PARENT}/locations/global"
    pools.create(parent=parent, workloadIdentityPoolId="ci", body={"displayName": "CI"}).execute()
    pool = f"{parent}/workloadIdentityPools/ci"
    assert pools.get(name=pool).execute()["state"] == "ACTIVE"
    body = {
        "attributeMapping": {"google.subject": "assertion.sub"},
        "oidc": {"issuerUri": "https://x.example.com"},
    }
    made = {"parent": pool, "workloadIdentityPoolProviderId": "forge"}
    pools.providers().create(**made, body=body).execute()
    _refused(pools.providers().create(**{**made, "workloadIdentityPoolProviderId": "b"}, body={}), 400)
    pools.delete(name=pool).execute()
    assert pools.get(name=pool).execute()["state"] == "DELETED"
    _refused(pools.create(parent=parent, workloadIdentityPoolId="ci", body={}), 409)
    pools.undelete(name=pool, body={}).execute()
    assert pools.get(name=pool).execute()["state"] == "ACTIVE"


def test_log_buckets_are_encrypted_by_an_account_of_their_own(api):
    settings = api("logging", "v2", "/logging/").projects().getCmekSettings(name=PARENT).execute()
    assert settings["serviceAccountId"].endswith("@gcp-sa-logging.iam.gserviceaccount.com")
