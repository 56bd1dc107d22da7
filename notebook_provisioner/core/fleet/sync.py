"""Copies of a notebook's home, and the bucket that they lie in."""

from typing import Annotated

from pydantic import Field

from notebook_provisioner.core.fleet import formats, names
from notebook_provisioner.core.fleet.base import Model


class SyncBucket(Model):
    """How the bucket keeps what was copied to it."""

    noncurrent_days: Annotated[int, Field(ge=7, le=3650)] = 30
    """Days for which a version that was overwritten or deleted is kept."""
    soft_delete_days: Annotated[int, Field(ge=7, le=90)] = 30
    """Days in which a deleted version can be restored, whoever deleted it."""
    retention_days: Annotated[int, Field(ge=1, le=3650)] | None = None
    """Days in which nobody can delete a version; none where it is not given. With `delete: true` a copy fails
    on what is younger, and until then the bucket outlives its notebook: a destroy of it fails."""
    access_log_bucket: formats.BucketName | None = None
    """A bucket that exists and receives usage logs; none where it is not given. Cloud Audit Logs record
    access either way."""


class Sync(Model):
    """Copies of the user's files to a bucket."""

    enabled: bool = False
    """Whether files are copied."""
    schedule: formats.TimerCron = "*/30 * * * *"
    """When, as a cron expression of five fields, without L, W and #."""
    time_zone: formats.TimeZone = "UTC"
    """The zone that the schedule is in."""
    exclude: tuple[names.GlobPattern, ...] = ()
    """Paths that are left out besides caches and files that look like secrets. A pattern without a slash is a
    name in any folder; `*` and `?` stop at slashes, `**` does not."""
    delete: bool = False
    """Whether what was deleted in the notebook is deleted in the bucket; the bucket keeps versions."""
    stale_after_hours: Annotated[int, Field(ge=1, le=720)] = 24
    """Hours without a success after which the notebook says that its copies are stale."""
    bucket: SyncBucket = SyncBucket()
    """How the bucket keeps them."""
