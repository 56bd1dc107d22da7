"""Cloud KMS keys and key rings."""

from typing import TYPE_CHECKING

from notebook_provisioner.adapters.google.rest import NoAnswer, Refusal, Rest, unreachable

if TYPE_CHECKING:
    from notebook_provisioner.adapters.google.session import Target


def key_exists(target: "Target", name: str) -> bool:
    """Whether a key or a key ring is there, left behind by an earlier fleet: a destroy deletes none.

    Args:
        target: Where to ask.
        name: ``projects/…/locations/…/keyRings/…``, and ``/cryptoKeys/…`` of a key.

    Returns:
        False too where the API is off or closed to the caller: then nothing can be adopted either.

    Raises:
        TargetUnreachable: No connection, or no credentials.
    """
    try:
        Rest(target).send("GET", f"{target.endpoint('cloudkms')}/v1/{name}")
    except Refusal:
        return False
    except NoAnswer as error:
        raise unreachable(name, error) from error
    return True
