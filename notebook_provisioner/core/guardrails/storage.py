"""Guardrails for buckets and jobs, and for the keys that encrypt them and the disks."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from notebook_provisioner.catalog.jobs import FLEET_FILE
from notebook_provisioner.core.counting import counted
from notebook_provisioner.core.findings import Finding
from notebook_provisioner.core.fleet import Fleet, ResolvedNotebook
from notebook_provisioner.core.fleet.buckets import bucket_name
from notebook_provisioner.core.fleet.maintenance import operations_bucket
from notebook_provisioner.core.fleet.surroundings import CreateKey, ExistingKey
from notebook_provisioner.core.fleet.sync import SyncBucket
from notebook_provisioner.core.guardrails.facts import Rule, Surroundings, finding, goes, listed, shown, stays
from notebook_provisioner.core.terraform_plan import UNKNOWN, Change

_DAY: Final = 24 * 60 * 60  # seconds
_LONGEST_ROTATION: Final = 90 * _DAY  # CIS Google Cloud 1.10
_LEAST_DAYS_OF_A_KEY: Final = 30  # that the module encryption sets
_LEAST_DAYS: Final = 7  # that the module private-bucket takes
_HARMLESS: Final = frozenset(
    {"AbortIncompleteMultipartUpload", "SetStorageClass"}
)  # actions that delete nothing


def fleet_key(fleet: Fleet) -> str | None:
    """The key that disks, buckets and jobs must use, by its full name; None where Google keeps the keys."""
    encryption = fleet.encryption
    if isinstance(encryption, ExistingKey):
        return str(encryption.kms_key)
    if isinstance(encryption, CreateKey):
        ring = f"projects/{fleet.project}/locations/{fleet.region}/keyRings/{encryption.key_ring}"
        return f"{ring}/cryptoKeys/{encryption.key}"
    return None


def is_key(planned: object, key: str) -> bool:
    """Whether *planned* is *key*, or a version of it, as Google names it on a disk that is there."""
    return isinstance(planned, str) and planned.partition("/cryptoKeyVersions/")[0] == key


def _bucket(change: Change, surroundings: Surroundings) -> Iterator[Finding]:
    if not stays(change):
        return
    if change.planned("public_access_prevention") != "enforced":
        yield finding(
            "public-bucket",
            change,
            "public access prevention would not be enforced, so one binding could open it to everybody",
            'set public_access_prevention = "enforced"',
        )
    if change.planned("uniform_bucket_level_access") is not True:
        yield finding(
            "object-acls",
            change,
            "object ACLs would stay in force beside IAM, where no policy review sees them",
            "set uniform_bucket_level_access = true",
        )
    if change.planned("versioning", 0, "enabled") is not True:
        yield finding(
            "bucket-versioning",
            change,
            "overwritten and deleted objects would be gone",
            "set versioning { enabled = true }",
        )
    notebook = _synced(change, surroundings)
    least = SyncBucket(noncurrent_days=_LEAST_DAYS, soft_delete_days=_LEAST_DAYS)  # that a module takes
    wanted = notebook.sync.bucket if notebook is not None else least
    yield from _kept(change, wanted)
    yield from _logged(change, wanted)
    if notebook is not None and notebook.deletion_protection and change.planned("force_destroy"):
        said = f"the files of {notebook.name}, which is protected, could be deleted with their bucket"
        yield finding("deletion-protected", change, said, "set force_destroy = false")
    location = change.planned("location")
    region = surroundings.fleet.region
    if not isinstance(location, str) or location.lower() != region:
        yield finding(
            "bucket-region",
            change,
            f"the bucket would be in {shown(location)}, and the fleet is in {region}",
            f"set location to {region}",
        )
    yield from under_the_key(change, surroundings, "the bucket", ("encryption", 0, "default_kms_key_name"))


def _logged(change: Change, wanted: SyncBucket) -> Iterator[Finding]:
    """Who reads what is told to the bucket that the fleet file names, and to no other."""
    planned = change.planned("logging", 0, "log_bucket")
    if planned not in {None, wanted.access_log_bucket}:
        said = f"access to the bucket would be told to {shown(planned)}, which the fleet file does not name"
        yield finding("unlisted-argument", change, said, "leave it to sync.bucket in the fleet file")


def _synced(change: Change, surroundings: Surroundings) -> ResolvedNotebook | None:
    """The notebook that a bucket keeps the files of; None for any but a sync bucket."""
    fleet = surroundings.fleet
    for name, notebook in surroundings.notebooks.items():
        if change.name == bucket_name(fleet.project, fleet.name, name, "sync"):
            return notebook
    return None


def _kept(change: Change, wanted: SyncBucket) -> Iterator[Finding]:
    """Nothing shortens the days for which the fleet file keeps what was overwritten or deleted."""
    short = []
    if not _lasts(
        change.planned("soft_delete_policy", 0, "retention_duration_seconds"), wanted.soft_delete_days
    ):
        short.append(f"what was deleted could not be restored for {counted(wanted.soft_delete_days, 'day')}")
    kept = change.planned("retention_policy", 0, "retention_period")
    if wanted.retention_days is not None and not _lasts(kept, wanted.retention_days):
        short.append(f"versions could be deleted within {counted(wanted.retention_days, 'day')}")
    rules = change.planned("lifecycle_rule")
    if rules is UNKNOWN or any(
        _shortens(change, index, wanted.noncurrent_days) for index in range(len(listed(rules)))
    ):
        short.append(
            "a rule would delete what is current, or replaced for less than "
            f"{counted(wanted.noncurrent_days, 'day')}"
        )
    for said in short:
        yield finding("bucket-versioning", change, said, "leave it to sync.bucket in the fleet file")


def _lasts(seconds: object, days: int) -> bool:
    """Whether a planned number of seconds, which the provider may hold as text, is *days* or more."""
    return str(seconds).isdecimal() and int(str(seconds)) >= days * _DAY


def _shortens(change: Change, index: int, days: int) -> bool:
    """Whether a lifecycle rule deletes more than versions that were replaced *days* ago."""
    rule = ("lifecycle_rule", index)
    if change.planned(*rule, "action", 0, "type") in _HARMLESS:
        return False
    replaced = change.planned(*rule, "condition", 0, "days_since_noncurrent_time")
    archived = change.planned(*rule, "condition", 0, "with_state") == "ARCHIVED"
    return not (archived and isinstance(replaced, int) and replaced >= days)


def _object(change: Change, surroundings: Surroundings) -> Iterator[Finding]:
    """Besides scripts and the fleet file, which are judged by what they say, a plan puts nothing anywhere."""
    fleet = surroundings.fleet
    bucket, name = change.planned("bucket"), change.planned("name")
    made = {
        bucket_name(fleet.project, fleet.name, "scripts"): str(name).endswith(".sh"),
        operations_bucket(fleet): name == FLEET_FILE,
    }
    if stays(change) and not made.get(bucket):
        said = f"no module puts {shown(name)} into the bucket {shown(bucket)}"
        remedy = "take it out: a plan writes scripts and the published fleet file, and no other object"
        yield finding("unlisted-resource", change, said, remedy)


def _job(change: Change, surroundings: Surroundings) -> Iterator[Finding]:
    if stays(change):
        place = ("template", 0, "template", 0, "encryption_key")
        yield from under_the_key(change, surroundings, "what the job runs", place)


def under_the_key(
    change: Change, surroundings: Surroundings, what: str, place: tuple[str | int, ...]
) -> Iterator[Finding]:
    """Hold *what*, encrypted with the key at *place*, to the fleet's key."""
    key = fleet_key(surroundings.fleet)
    planned = change.planned(*place)
    if key is not None and not is_key(planned, key):
        other = "an unknown key" if planned is UNKNOWN else planned or "Google's keys"
        message = f"{what} would be encrypted with {other}"
        yield finding("customer-key", change, message, f"set {place[-1]} to {key}")


def _key(change: Change, surroundings: Surroundings) -> Iterator[Finding]:
    if goes(change) and change.before.get("deletion_policy") != "ABANDON":
        yield finding(
            "key-deletion",
            change,
            "the key would be destroyed, and with it every disk, snapshot and bucket that it encrypts",
            "leave encryption as it is; a destroy leaves the key behind once no notebook is protected",
        )
    if not stays(change):
        return
    yield from _guarded(change, surroundings)
    period = change.planned("rotation_period")
    if change.planned("purpose") not in {None, "", "ENCRYPT_DECRYPT", UNKNOWN}:
        return
    seconds = _seconds(period)
    if seconds is None or seconds > _LONGEST_ROTATION:
        yield finding(
            "key-rotation",
            change,
            "the key would not rotate within 90 days",
            'set rotation_period = "7776000s"',
        )


def _guarded(change: Change, surroundings: Surroundings) -> Iterator[Finding]:
    """A key stays where it was made, is not destroyed at once, and not at all beside a protected notebook."""
    encryption = surroundings.fleet.encryption
    planned = change.planned("destroy_scheduled_duration")
    if planned is not None and (_seconds(planned) or 0) < _LEAST_DAYS_OF_A_KEY * _DAY:
        said = f"a version of the key could be gone within {_LEAST_DAYS_OF_A_KEY} days of its destruction"
        yield finding(
            "key-deletion", change, said, f'set destroy_scheduled_duration = "{_LEAST_DAYS_OF_A_KEY * _DAY}s"'
        )
    protected = any(notebook.deletion_protection for notebook in surroundings.notebooks.values())
    if change.planned("deletion_policy") not in ({"PREVENT"} if protected else {None, "PREVENT", "ABANDON"}):
        said = f"the key's deletion_policy would be {shown(change.planned('deletion_policy'))}"
        yield finding("key-deletion", change, said, "leave it to the module encryption")
    level = change.planned("version_template", 0, "protection_level")
    if isinstance(encryption, CreateKey) and level not in {None, encryption.protection_level}:
        said = f"the key would be kept as {shown(level)}, and not as {encryption.protection_level}"
        yield finding("customer-key", change, said, "leave it to encryption in the fleet file")


def _seconds(text: object) -> int | None:
    """A duration as Google writes it, in whole seconds; None where it is none."""
    matched = re.fullmatch(r"(\d+)(\.\d+)?s", text) if isinstance(text, str) else None
    return int(matched[1]) if matched else None


RULES: Final[Mapping[str, tuple[Rule, ...]]] = {
    "google_cloud_run_v2_job": (_job,),
    "google_kms_crypto_key": (_key,),
    "google_storage_bucket": (_bucket,),
    "google_storage_bucket_object": (_object,),
}
