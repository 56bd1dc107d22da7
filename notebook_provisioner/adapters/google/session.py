"""Credentials and HTTP for Google's APIs, or for the sandbox in their place."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from notebook_provisioner.core.errors import TargetUnreachable

if TYPE_CHECKING:
    from google.auth.credentials import Credentials

UNKNOWN: Final = "unknown"  # our word for an account that the credentials do not tell
_UNTOLD: Final = "default"  # what google.auth calls a VM's or a job's account until it has asked
SCOPES: Final = ("https://www.googleapis.com/auth/cloud-platform",)


@dataclass(frozen=True, slots=True)
class Target:
    """Where API calls go.

    Attributes:
        url: The sandbox, as in ``http://127.0.0.1:40123``; None for Google itself.
        token: The sandbox's access token; None for application default credentials.
        user: As whom the sandbox takes calls with it; empty where that does not matter.
    """

    url: str | None = None
    token: str | None = None
    user: str = ""

    def endpoint(self, service: str) -> str:
        """The base of a service's methods, as in ``https://compute.googleapis.com``; no slash at the end.

        The sandbox serves Compute and Cloud Storage at its root, as Google does, and the others under their
        names.
        """
        if self.url is None:
            return f"https://{service}.googleapis.com"
        return self.url if service in {"compute", "storage"} else f"{self.url}/{service}"

    def credentials(self) -> "Credentials":
        """Credentials that the target accepts.

        Raises:
            TargetUnreachable: There are no application default credentials.
        """
        if self.token is not None:
            from google.oauth2.credentials import Credentials

            return Credentials(token=self.token)  # type: ignore[no-untyped-call]
        import google.auth
        import google.auth.exceptions

        try:
            found, _ = google.auth.default(scopes=SCOPES)
        except google.auth.exceptions.DefaultCredentialsError as error:
            raise TargetUnreachable(
                "there are no application default credentials for Google Cloud",
                hint="log in with: gcloud auth application-default login",
            ) from error
        return found

    def principal(self) -> str:
        """As whom calls are made: an e-mail address.

        Returns:
            `UNKNOWN` where the credentials do not say: a person's do only if their file has an ``account``.

        Raises:
            TargetUnreachable: There are no application default credentials.
        """
        if self.token is not None:
            return self.user or UNKNOWN
        import google.auth.exceptions
        from google.auth.transport.requests import Request

        found = self.credentials()
        try:
            if getattr(found, "service_account_email", None) == _UNTOLD:
                found.refresh(Request())  # type: ignore[no-untyped-call]  # asks the metadata server who it is
        except google.auth.exceptions.GoogleAuthError:
            return UNKNOWN
        names = (getattr(found, name, None) for name in ("service_account_email", "account"))
        return next((str(name) for name in names if name and name != _UNTOLD), UNKNOWN)


def get(target: Target, url: str, parameters: dict[str, str]) -> dict[str, Any]:
    """Read one JSON document.

    Raises:
        TargetUnreachable: No connection, no permission, or an answer that is no success.
    """
    from google.auth.transport.requests import AuthorizedSession

    with translated(), AuthorizedSession(target.credentials()) as session:  # type: ignore[no-untyped-call]
        answer = session.get(url, params=parameters, timeout=60)
        if not answer.ok:
            raise TargetUnreachable(
                f"{url} answered {answer.status_code}: {_message(answer.text)}",
                hint="nbp doctor says what is missing" if answer.status_code in {401, 403} else None,
            )
        document: dict[str, Any] = answer.json()
        return document


@contextmanager
def translated() -> Iterator[None]:
    """Turn what Google's libraries raise into our own errors."""
    import google.api_core.exceptions
    import google.auth.exceptions
    import requests

    try:
        yield
    except google.auth.exceptions.RefreshError as error:
        raise TargetUnreachable(
            f"Google refuses the credentials: {error}",
            hint="log in again with: gcloud auth application-default login",
        ) from error
    except google.api_core.exceptions.GoogleAPICallError as error:
        raise TargetUnreachable(f"Google answered {error.code}: {error.message}") from error
    except (
        google.api_core.exceptions.RetryError,
        google.auth.exceptions.TransportError,
        requests.RequestException,
    ) as error:
        raise TargetUnreachable(
            f"no connection: {error}",
            hint="is the network there? for the sandbox: nbp sandbox start",
        ) from error


def _message(text: str) -> str:
    import json

    try:
        return str(json.loads(text)["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return text.strip()[:200]
