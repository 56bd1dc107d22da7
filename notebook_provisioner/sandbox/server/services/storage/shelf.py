"""What happens to object versions: put, displaced, deleted, kept for restoring, expired."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from notebook_provisioner.sandbox.server.clock import rfc3339_milliseconds as timestamp
from notebook_provisioner.sandbox.server.errors import ApiError, invalid
from notebook_provisioner.sandbox.server.services.storage import buckets, objects
from notebook_provisioner.sandbox.server.services.storage.catalog import Catalog, State, Version
from notebook_provisioner.sandbox.server.services.storage.content import ContentStore
from notebook_provisioner.sandbox.server.services.storage.preconditions import Preconditions
from notebook_provisioner.sandbox.server.services.storage.rules import check_deletable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from notebook_provisioner.sandbox.server.context import Context
    from notebook_provisioner.sandbox.server.services.storage.catalog import Bucket

FORGET_CONTENT = "storage.v1.forgetContent"
EXPIRE_VERSION = "storage.v1.expireVersion"
_STORED = (State.LIVE, State.NONCURRENT)


def no_bucket(name: str) -> ApiError:
    """404 in Cloud Storage's words."""
    return ApiError("NOT_FOUND", f"The specified bucket does not exist: {name}")


def no_object(bucket: str, name: str) -> ApiError:
    """404 in Cloud Storage's words."""
    return ApiError("NOT_FOUND", f"No such object: {bucket}/{name}")


@dataclass(frozen=True, slots=True)
class Shelf:
    """The object versions of one sandbox, at one moment.

    Attributes:
        context: The sandbox.
        catalog: Its records.
        contents: Its files.
    """

    context: "Context"
    catalog: Catalog
    contents: ContentStore

    @classmethod
    def of(cls, context: "Context") -> "Shelf":
        """The shelf of a sandbox."""
        return cls(context, Catalog(context.store), ContentStore(context.folder / "storage"))

    @classmethod
    def clear(cls, context: "Context") -> None:
        """Delete all contents: the records are gone, or never were."""
        cls.of(context).contents.clear()

    @property
    def now(self) -> float:
        """Sandbox time, seconds since the epoch."""
        return self.context.clock.now()

    def bucket(self, name: str) -> "Bucket":
        """A live bucket.

        Raises:
            ApiError: 404.
        """
        bucket = self.catalog.bucket(name)
        if bucket is None:
            raise no_bucket(name)
        return bucket

    def find(
        self, bucket: "Bucket", name: str, generation: int | None, *, soft_deleted: bool = False
    ) -> Version:
        """A version: the live one, or the one of *generation*.

        Raises:
            ApiError: 404; 400 where a soft-deleted one is asked for without its generation.
        """
        if soft_deleted and not generation:
            raise invalid("A soft-deleted object is addressed with its generation.", reason="required")
        if generation:
            states = (State.SOFT_DELETED,) if soft_deleted else _STORED
            version = self.catalog.version(bucket.generation, name, generation, states)
        else:
            version = self.catalog.live(bucket.generation, name)
        if version is None:
            raise no_object(bucket.name, name)
        return version

    def put(
        self,
        bucket: "Bucket",
        fields: "Mapping[str, Any]",
        content: str,
        conditions: Preconditions,
        *,
        components: int | None = None,
    ) -> Version:
        """Make *content* (a key) the live version of the object that *fields* names.

        Raises:
            ApiError: 400, 403 or 412; nothing was changed, and the content is given up.
        """
        try:
            live = self.catalog.live(bucket.generation, str(fields.get("name") or ""))
            conditions.check(live.resource if live else None)
            measured = self.contents.describe(content)
            generation = self.catalog.next_generation(self.now)
            resource = objects.created(
                bucket, fields, measured, generation=generation, now=self.now, components=components
            )
            if live:
                check_deletable(live.resource, bucket.resource, self.now)
        except ApiError:
            self.contents.delete(content)
            raise
        if live:
            self._displace(bucket, live)
        version = Version(bucket.generation, State.LIVE, content, resource)
        self.catalog.save(version)
        return version

    def delete(self, bucket: "Bucket", version: Version, *, for_good: bool) -> None:
        """Delete a version.

        Args:
            bucket: Its bucket.
            version: A live or a noncurrent version.
            for_good: Its generation was named: keep no noncurrent version. Soft delete still applies.

        Raises:
            ApiError: 403; a hold or a retention protects it.
        """
        check_deletable(version.resource, bucket.resource, self.now)
        if for_good:
            self._discard(bucket, version)
        else:
            self._displace(bucket, version)

    def restore(self, bucket: "Bucket", version: Version, conditions: Preconditions) -> Version:
        """Copy a soft-deleted version to a new live one.

        The deleted one stays until it expires; whether Google keeps it, too, is unverified.
        """
        return self.put(bucket, version.resource, self.contents.duplicate(version.content), conditions)

    def expire(self, version: Version) -> None:
        """Remove a version and its content for good."""
        self.catalog.remove(version)
        # The file goes in a later transaction: if this one is rolled back, the version still has its content.
        self.context.later(1, FORGET_CONTENT, {"content": version.content})

    def _displace(self, bucket: "Bucket", live: Version) -> None:
        if not buckets.is_versioned(bucket.resource):
            self._discard(bucket, live)
            return
        self.catalog.remove(live)
        self.catalog.save(live.moved(State.NONCURRENT, timeDeleted=timestamp(self.now)))

    def _discard(self, bucket: "Bucket", version: Version) -> None:
        seconds = buckets.soft_delete_seconds(bucket.resource)
        if not seconds:
            self.expire(version)
            return
        self.catalog.remove(version)
        kept = version.moved(
            State.SOFT_DELETED,
            softDeleteTime=timestamp(self.now),
            hardDeleteTime=timestamp(self.now + seconds),
        )
        self.catalog.save(kept)
        place = {"bucket": kept.bucket, "name": kept.name, "generation": kept.generation}
        self.context.later(seconds, EXPIRE_VERSION, place)
