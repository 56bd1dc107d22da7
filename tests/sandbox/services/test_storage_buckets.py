"""Buckets through google-cloud-storage, over real HTTP."""

import pytest
from google.api_core import exceptions
from google.cloud import storage

pytestmark = pytest.mark.network

DAY = 86_400


@pytest.fixture
def client(sandbox):
    return sandbox.storage()


def test_new_bucket_has_googles_defaults(client):
    bucket = client.create_bucket("first-bucket", location="europe-west4")
    bucket.reload()
    assert (bucket.location, bucket.location_type, bucket.storage_class) == (
        "EUROPE-WEST4",
        "region",
        "STANDARD",
    )
    assert bucket.metageneration == 1
    assert bucket.iam_configuration.public_access_prevention == "inherited"
    assert not bucket.iam_configuration.uniform_bucket_level_access_enabled
    assert bucket.soft_delete_policy.retention_duration_seconds == 7 * DAY
    assert bucket.project_number > 0


@pytest.mark.parametrize(
    "name",
    [
        "ab",
        "Upper-Case",
        "with space",
        "goog-bucket",
        "my-google-bucket",
        "10.0.0.1",
        "x" * 64,
        "a" * 64 + ".b",
    ],
)
def test_invalid_names_are_refused(client, name):
    with pytest.raises(exceptions.BadRequest, match="Invalid bucket name"):
        client.create_bucket(name)


def test_unknown_location_is_refused(client):
    with pytest.raises(exceptions.BadRequest, match="location constraint"):
        client.create_bucket("nowhere-bucket", location="atlantis")


def test_names_are_unique_across_projects(client, sandbox):
    client.create_bucket("shared-name")
    with pytest.raises(exceptions.Conflict, match="you already own it"):
        client.create_bucket("shared-name")
    with pytest.raises(exceptions.Conflict, match="not available"):
        sandbox.storage("another-project").create_bucket("shared-name")


def test_list_shows_own_buckets_by_name_in_pages(client, sandbox):
    for name in ("charlie-bucket", "alpha-bucket", "bravo-bucket"):
        client.create_bucket(name)
    sandbox.storage("another-project").create_bucket("other-bucket")
    pages = client.list_buckets(page_size=2).pages
    assert [[bucket.name for bucket in page] for page in pages] == [
        ["alpha-bucket", "bravo-bucket"],
        ["charlie-bucket"],
    ]
    assert [bucket.name for bucket in client.list_buckets(prefix="b")] == ["bravo-bucket"]


def test_patch_merges_and_null_removes(client):
    bucket = client.create_bucket("patched-bucket")
    bucket.labels = {"team": "fraud", "stage": "test"}
    bucket.versioning_enabled = True
    bucket.iam_configuration.uniform_bucket_level_access_enabled = True
    bucket.patch()
    assert bucket.metageneration == 2
    bucket.labels = {"team": "claims"}
    bucket.patch()
    bucket.reload()
    assert bucket.labels == {"team": "claims"}
    assert bucket.versioning_enabled
    assert bucket.iam_configuration.uniform_bucket_level_access_enabled
    assert bucket.iam_configuration.uniform_bucket_level_access_locked_time is not None


def test_update_unsets_what_it_leaves_out(client, sandbox):
    client.create_bucket("updated-bucket")
    sandbox.call("PATCH", "/storage/v1/b/updated-bucket", {"labels": {"a": "b"}, "storageClass": "NEARLINE"})
    changed = sandbox.call("PUT", "/storage/v1/b/updated-bucket", {"versioning": {"enabled": True}})
    assert "labels" not in changed
    assert changed["storageClass"] == "STANDARD"


@pytest.mark.parametrize(
    ("patch", "message"),
    [
        ({"storageClass": "GLACIER"}, "storageClass 'GLACIER'"),
        ({"softDeletePolicy": {"retentionDurationSeconds": 60}}, "7-90 days"),
        ({"labels": {"Upper": "x"}}, "label 'Upper'"),
        ({"iamConfiguration": {"publicAccessPrevention": "maybe"}}, "publicAccessPrevention 'maybe'"),
        ({"lifecycle": {"rule": [{"action": {"type": "Shred"}, "condition": {"age": 1}}]}}, "'Shred'"),
        (
            {"lifecycle": {"rule": [{"action": {"type": "Delete"}, "condition": {}}]}},
            "at least one condition",
        ),
        ({"versionning": {"enabled": True}}, "versionning"),
        ({"encryption": {"defaultKmsKeyName": "my-key"}}, "Malformed Cloud KMS"),
    ],
)
def test_invalid_settings_are_refused(client, sandbox, patch, message):
    client.create_bucket("strict-bucket")
    error = sandbox.call("PATCH", "/storage/v1/b/strict-bucket", patch, status=400)["error"]
    assert message in error["message"]
    assert client.get_bucket("strict-bucket").metageneration == 1


def test_metageneration_preconditions(client):
    bucket = client.create_bucket("guarded-bucket")
    bucket.labels = {"a": "b"}
    with pytest.raises(exceptions.PreconditionFailed):
        bucket.patch(if_metageneration_match=7)
    bucket.patch(if_metageneration_match=1)
    with pytest.raises(exceptions.PreconditionFailed):
        client.get_bucket("guarded-bucket", if_metageneration_match=1)


def test_only_an_empty_bucket_is_deleted(client):
    bucket = client.create_bucket("full-bucket")
    bucket.blob("note.txt").upload_from_string("x")
    with pytest.raises(exceptions.Conflict, match="not empty"):
        bucket.delete()
    bucket.delete(force=True)
    with pytest.raises(exceptions.NotFound):
        client.get_bucket("full-bucket")


def test_deleted_bucket_is_listed_restored_and_expires(client, sandbox):
    client.create_bucket("restored-bucket").delete()
    (deleted,) = client.list_buckets(soft_deleted=True)
    assert deleted.hard_delete_time > deleted.soft_delete_time
    client.restore_bucket("restored-bucket", deleted.generation)
    assert client.get_bucket("restored-bucket").generation == deleted.generation
    client.get_bucket("restored-bucket").delete()
    sandbox.control("settings", {"advance": 8 * DAY})
    assert list(client.list_buckets(soft_deleted=True)) == []


def test_name_of_a_deleted_bucket_can_be_used_again(client):
    client.create_bucket("reused-bucket").delete()
    client.create_bucket("reused-bucket")
    (deleted,) = client.list_buckets(soft_deleted=True)
    with pytest.raises(exceptions.Conflict, match="in use again"):
        client.restore_bucket("reused-bucket", deleted.generation)


def test_policy_is_read_changed_and_guarded_by_its_etag(client):
    bucket = client.create_bucket("policy-bucket")
    policy = bucket.get_iam_policy(requested_policy_version=3)
    assert policy["roles/storage.legacyBucketReader"] == {"projectViewer:services-test"}
    policy["roles/storage.objectViewer"].add("user:dana@acme.example")
    bucket.set_iam_policy(policy)
    assert bucket.get_iam_policy()["roles/storage.objectViewer"] == {"user:dana@acme.example"}
    with pytest.raises(exceptions.PreconditionFailed):
        bucket.set_iam_policy(policy)  # read before the change above
    assert bucket.test_iam_permissions(["storage.objects.get"]) == ["storage.objects.get"]


def test_public_access_prevention_keeps_everyone_out(client):
    bucket = client.create_bucket("private-bucket")
    bucket.iam_configuration.public_access_prevention = "enforced"
    bucket.patch()
    policy = bucket.get_iam_policy()
    policy["roles/storage.objectViewer"].add("allUsers")
    with pytest.raises(exceptions.PreconditionFailed, match="public access prevention"):
        bucket.set_iam_policy(policy)


def test_acls_are_refused_and_say_so(client, sandbox):
    client.create_bucket("acl-bucket")
    acl = {"acl": [{"entity": "allUsers", "role": "READER"}]}
    error = sandbox.call("PATCH", "/storage/v1/b/acl-bucket", acl, status=501)["error"]
    assert error["message"].startswith("not emulated by the sandbox: access control lists")


def test_retention_policy_protects_and_locks(client):
    bucket = client.create_bucket("kept-bucket")
    bucket.retention_period = 3600
    bucket.patch()
    blob = bucket.blob("ledger.csv")
    blob.upload_from_string("1")
    with pytest.raises(exceptions.Forbidden, match="retention policy"):
        blob.delete()
    bucket.lock_retention_policy()
    bucket.retention_period = None
    with pytest.raises(exceptions.Forbidden, match="locked retention policy"):
        bucket.patch()


def test_storage_layout_and_service_agent(client, sandbox):
    client.create_bucket("laid-out-bucket", location="EU")
    layout = sandbox.call("GET", "/storage/v1/b/laid-out-bucket/storageLayout")
    assert (layout["location"], layout["locationType"]) == ("EU", "multi-region")
    number = client.get_bucket("laid-out-bucket").project_number
    agent = f"service-{number}@gs-project-accounts.iam.gserviceaccount.com"
    assert client.get_service_account_email() == agent


def _rule_days(client: storage.Client, name: str, rule: dict) -> storage.Bucket:
    bucket = client.bucket(name)
    bucket.versioning_enabled = True
    bucket.soft_delete_policy.retention_duration_seconds = 0
    bucket.lifecycle_rules = [rule]
    return client.create_bucket(bucket)


def test_lifecycle_deletes_old_versions_as_days_pass(client, sandbox):
    rule = {"action": {"type": "Delete"}, "condition": {"numNewerVersions": 2, "isLive": False}}
    bucket = _rule_days(client, "aging-bucket", rule)
    for content in ("1", "2", "3", "4"):
        bucket.blob("notebook.ipynb").upload_from_string(content)
    assert len(list(client.list_blobs(bucket, versions=True))) == 4
    sandbox.control("settings", {"advance": 2 * DAY})
    contents = [blob.download_as_text() for blob in client.list_blobs(bucket, versions=True)]
    assert contents == ["3", "4"]  # two and three versions are newer than "2" and "1"


def test_lifecycle_sets_storage_class(client, sandbox):
    rule = {"action": {"type": "SetStorageClass", "storageClass": "COLDLINE"}, "condition": {"age": 30}}
    bucket = _rule_days(client, "cooling-bucket", rule)
    bucket.blob("a").upload_from_string("x")
    sandbox.control("settings", {"advance": 2 * DAY})
    assert bucket.get_blob("a").storage_class == "STANDARD"
    sandbox.control("settings", {"advance": 30 * DAY})
    assert bucket.get_blob("a").storage_class == "COLDLINE"
