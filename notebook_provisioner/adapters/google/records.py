"""Open records of procedures in a bucket: for jobs, and for people at several machines.

Every write has the generation of the object that it replaces as its precondition, so that of two runs over
the same notebook one is refused, whatever their clocks say.
"""

import threading
from typing import TYPE_CHECKING, Any

from notebook_provisioner.adapters.google.session import Target, translated
from notebook_provisioner.adapters.records import already_open, lost
from notebook_provisioner.core.procedures import Record

if TYPE_CHECKING:
    from google.cloud.storage import Blob, Client


class BucketRecords:
    """An object a notebook. Implements ``core.procedures.Records``; safe to share between threads.

    Args:
        target: Google, or the sandbox.
        bucket: The bucket's name.
        prefix: What the objects' names begin with; no slash at the end.
    """

    def __init__(self, target: Target, bucket: str, prefix: str) -> None:
        self._target = target
        self._bucket = bucket
        self._prefix = prefix
        self._generations: dict[tuple[str, str, str], int] = {}
        self._local = threading.local()

    def open(self, record: Record) -> None:
        """Add a record.

        Raises:
            RecordOpen: The notebook has one.
            TargetUnreachable: Cloud Storage does not answer, or there is no such bucket.
        """
        if not self._write(record, 0):
            raise already_open(self._read(record))

    def save(self, record: Record) -> None:
        """Replace the notebook's record.

        Raises:
            RecordLost: Another run's record stands there.
            TargetUnreachable: Cloud Storage does not answer.
        """
        if not self._write(record, self._generations[record.key]):
            raise lost(record)

    def close(self, record: Record) -> None:
        """Take the notebook's record away. Raises as `save`."""
        from google.api_core import exceptions

        with translated():
            try:
                self._blob(record).delete(if_generation_match=self._generations.pop(record.key))
            except exceptions.NotFound:
                return  # taken away by a request whose answer was lost
            except exceptions.PreconditionFailed:
                raise lost(record) from None

    def pending(self) -> tuple[Record, ...]:
        """Every open record, by notebook; their generations are those that ``save`` replaces.

        None where there is no bucket yet.
        """
        from google.api_core import exceptions

        records = []
        with translated():
            try:
                blobs = list(self._client().list_blobs(self._bucket, prefix=f"{self._prefix}/"))
            except exceptions.NotFound:
                return ()
            for blob in blobs:
                if (text := _as_it_is(blob)) is not None:
                    record = Record.loads(text)
                    self._generations[record.key] = int(blob.generation)
                    records.append(record)
        return tuple(sorted(records, key=lambda record: record.key))

    def _write(self, record: Record, generation: int) -> bool:
        """Write over *generation*; returns whether what this run wrote stands there."""
        from google.api_core import exceptions

        blob, text = self._blob(record), record.dumps()
        with translated():
            try:
                blob.upload_from_string(text, content_type="application/json", if_generation_match=generation)
            except exceptions.PreconditionFailed:
                # Refused, or written by a request whose answer was lost: then it holds what this run wrote.
                try:
                    blob.reload()
                except exceptions.NotFound:
                    return False
                if _as_it_is(blob) != text:
                    return False
        self._generations[record.key] = int(blob.generation)
        return True

    def _read(self, record: Record) -> Record | None:
        from google.api_core import exceptions

        with translated():
            try:
                return Record.loads(self._blob(record).download_as_bytes())
            except exceptions.NotFound:
                return None

    def _blob(self, record: Record) -> "Blob":
        return self._client().bucket(self._bucket).blob(f"{self._prefix}/{'/'.join(record.key)}.json")

    def _client(self) -> Any:  # noqa: ANN401  # google.cloud.storage ships no types
        """One a thread: a client's connections are not for several."""
        client: Client | None = getattr(self._local, "client", None)
        if client is None:
            from google.cloud import storage

            options = {} if self._target.url is None else {"api_endpoint": self._target.url}
            client = self._local.client = storage.Client(
                project="none", credentials=self._target.credentials(), client_options=options
            )
        return client


def _as_it_is(blob: "Blob") -> bytes | None:
    """An object's content, of the generation that *blob* then has; None where it was taken away meanwhile."""
    from google.api_core import exceptions

    while True:
        try:
            content: bytes = blob.download_as_bytes(if_generation_match=blob.generation)
        except exceptions.NotFound:
            return None
        except exceptions.PreconditionFailed:  # another run wrote it anew
            try:
                blob.reload()
            except exceptions.NotFound:
                return None
        else:
            return content
