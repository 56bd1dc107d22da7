"""Fleet files in Cloud Storage: what the last apply of each fleet published for the jobs."""

from notebook_provisioner.adapters.google.session import Target, translated
from notebook_provisioner.core.errors import InvalidInput, NotFound


def read(target: Target, bucket: str, name: str) -> bytes:
    """What an object says.

    Args:
        target: Google, or the sandbox.
        bucket: The bucket's name.
        name: The object's name.

    Raises:
        NotFound: There is no such bucket or object.
        InvalidInput: The caller may not read it.
        TargetUnreachable: Cloud Storage does not answer.
    """
    from google.api_core import exceptions
    from google.cloud import storage

    options = {} if target.url is None else {"api_endpoint": target.url}
    place = f"gs://{bucket}/{name}"
    with translated():
        client = storage.Client(project="none", credentials=target.credentials(), client_options=options)
        try:
            content: bytes = client.bucket(bucket).blob(name).download_as_bytes()
        except exceptions.NotFound:
            hint = "apply that fleet: with maintenance in its file, it publishes the file there"
            raise NotFound(f"no fleet file at {place}", hint=hint) from None
        except exceptions.Forbidden as error:
            raise InvalidInput(
                f"{place} may not be read: {error.message}",
                hint="the fleet lets this account in with maintenance.served_by in its file, and an apply",
            ) from None
    return content
