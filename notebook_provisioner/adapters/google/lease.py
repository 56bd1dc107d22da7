"""A lease on an object in Cloud Storage, so that runs on different machines never overlap.

The object's generation decides: it is created only where there is none, renewed and deleted only while it is
the generation that this run wrote. A run that dies leaves it behind; after the lease's time anybody takes it
over, by replacing just that generation.

The whole fleet and its parts have leases of their own. Whoever takes one then looks for a fresh one that must
not be held beside it: of two that come at once no more than one goes on, as Cloud Storage lists what it has
taken in (https://cloud.google.com/storage/docs/consistency, read 2026-11-22).
"""

import json
import time
import uuid
from datetime import datetime, timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from notebook_provisioner.adapters.google.session import Target, translated
from notebook_provisioner.adapters.lock import LeaseHeld
from notebook_provisioner.core.errors import NotFound, ProvisionerError
from notebook_provisioner.core.leases import overlap

if TYPE_CHECKING:
    from google.cloud.storage import Blob

DURATION: Final = timedelta(minutes=10)
_RENEW_AFTER: Final = DURATION / 4


class LeaseLost(ProvisionerError):
    """Another run took the lease over while this one was held up."""

    code = "lease-lost"


class BucketLease:
    """Holds the lease while it is entered.

    Args:
        target: Google, or the sandbox.
        bucket: The bucket's name.
        name: The name of the object for the whole fleet.
        part: What tells the lease of a part of the fleet from it, as in ``-1-of-8``.
    """

    def __init__(self, target: Target, bucket: str, name: str, part: str = "") -> None:
        self._target = target
        self._bucket = bucket
        self._job = name
        self._name = f"{name}{part}"
        self._holder = str(uuid.uuid4())
        self._generation = 0
        self._renewed = 0.0
        self._updated: datetime | None = None

    def __enter__(self) -> Self:
        """Take the lease.

        Raises:
            LeaseHeld: Somebody has it.
            NotFound: There is no such bucket.
            TargetUnreachable: Cloud Storage does not answer.
        """
        from google.api_core import exceptions

        with translated():
            blob = self._blob()
            try:
                taken = self._write(blob, 0) or self._take_over(blob)
                held = self._in_the_way() if taken else self._name
            except exceptions.NotFound as error:
                raise NotFound(
                    f"there is no bucket {self._bucket} for the lease", hint="name one with --lease gs://…"
                ) from error
            except BaseException:
                self.__exit__(None, None, None)
                raise
        if held is not None:
            self.__exit__(None, None, None)
            raise LeaseHeld(
                f"another run holds gs://{self._bucket}/{held}",
                hint=f"wait for it; should it have died, its lease ends after {DURATION}",
            )
        return self

    def renew(self, *, at_once: bool = False) -> None:
        """Hold the lease for longer; does something only every few minutes, or *at_once*.

        Raises:
            LeaseLost: Somebody has taken it over.
            TargetUnreachable: Cloud Storage does not answer.
        """
        if not at_once and time.monotonic() - self._renewed < _RENEW_AFTER.total_seconds():
            return
        before = self._updated
        with translated():
            kept = self._write(self._blob(), self._generation)
            if kept and before and self._updated and self._updated - before > DURATION:
                # Held up for so long that a run over other parts of the fleet may have begun.
                kept = self._in_the_way() is None
            if not kept:
                raise LeaseLost(
                    "another run took over while this one was held up: stopped",
                    hint="what is done is done and in the journal; the other run goes on",
                )

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the lease back, if it still is this run's."""
        from google.api_core import exceptions

        if not self._generation:
            return  # never held
        try:
            self._blob().delete(if_generation_match=self._generation)
        except (exceptions.GoogleAPICallError, OSError):
            return  # its time runs out by itself

    def _in_the_way(self) -> str | None:
        """The name of a fresh lease that must not be held beside this one; None where there is none."""
        for blob in self._client().list_blobs(self._bucket, prefix=self._job):
            if overlap(self._job, self._name, blob.name) and self._updated - blob.updated <= DURATION:
                return str(blob.name)
        return None

    def _take_over(self, blob: "Blob") -> bool:
        """Replace a lease whose time is over."""
        from google.api_core import exceptions

        try:
            blob.reload()
        except exceptions.NotFound:
            return self._write(blob, 0)  # given back between two calls, or no bucket at all
        # Both times are Cloud Storage's, so that this machine's clock does not matter.
        updated: datetime = blob.updated
        now = self._server_time()
        return now - updated > DURATION and self._write(blob, int(blob.generation))

    def _server_time(self) -> datetime:
        """Cloud Storage's own time, from writing a small object next to the lease."""
        probe = self._client().bucket(self._bucket).blob(f"{self._name}.{self._holder}")
        probe.upload_from_string(b"")
        now: datetime = probe.updated
        probe.delete()
        return now

    def _write(self, blob: "Blob", generation: int) -> bool:
        from google.api_core import exceptions

        try:
            blob.upload_from_string(
                json.dumps({"holder": self._holder}),
                content_type="application/json",
                if_generation_match=generation,
            )
        except exceptions.PreconditionFailed:
            return self._is_ours(blob)
        self._keep(blob)
        return True

    def _is_ours(self, blob: "Blob") -> bool:
        """Whether a refused write is one whose answer was lost: the object is as this run wrote it."""
        from google.api_core import exceptions

        try:
            blob.reload()  # a download does not tell when it was written
            found = json.loads(blob.download_as_bytes(if_generation_match=blob.generation))
        except (exceptions.NotFound, exceptions.PreconditionFailed, ValueError):
            return False
        if not isinstance(found, dict) or found.get("holder") != self._holder:
            return False
        self._keep(blob)
        return True

    def _keep(self, blob: "Blob") -> None:
        self._generation, self._renewed = int(blob.generation), time.monotonic()
        self._updated = blob.updated

    def _blob(self) -> "Blob":
        return self._client().bucket(self._bucket).blob(self._name)

    def _client(self) -> Any:  # noqa: ANN401  # google.cloud.storage ships no types
        from google.cloud import storage

        options = {} if self._target.url is None else {"api_endpoint": self._target.url}
        return storage.Client(project="none", credentials=self._target.credentials(), client_options=options)
