"""Cloud KMS keys and key rings."""

from http import HTTPStatus

from notebook_provisioner.adapters.google.session import Target, translated


def key_exists(target: Target, name: str) -> bool:
    """Whether a key or a key ring is there, left behind by an earlier fleet: Cloud KMS never lets a key go.

    Args:
        target: Where to ask.
        name: ``projects/…/locations/…/keyRings/…``, and ``/cryptoKeys/…`` of a key.

    Returns:
        False too where the API is off or closed to the caller: then nothing can be adopted either.

    Raises:
        TargetUnreachable: No connection, or no credentials.
    """
    from google.auth.transport.requests import AuthorizedSession

    with translated(), AuthorizedSession(target.credentials()) as session:  # type: ignore[no-untyped-call]
        answer = session.get(f"{target.endpoint('cloudkms')}/v1/{name}", timeout=60)
        return bool(answer.status_code == HTTPStatus.OK)
