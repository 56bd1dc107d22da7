"""What Google checks in an IAM policy's bindings before it takes them."""

import re
from typing import TYPE_CHECKING, Final

from notebook_provisioner.sandbox.server.errors import invalid
from notebook_provisioner.sandbox.server.store import Document, Key

if TYPE_CHECKING:
    from collections.abc import Iterable

    from notebook_provisioner.sandbox.server.store import Store

_ROLE: Final = re.compile(r"roles/[\w.]+|(?:projects|organizations)/[^/]+/roles/[\w.]+")
# https://cloud.google.com/iam/docs/principal-identifiers
_MEMBER: Final = re.compile(
    r"allUsers|allAuthenticatedUsers|(?:deleted:)?(?:user|group|serviceAccount):[^@\s]+@\S+|domain:[\w.-]+"
    r"|project(?:Owner|Editor|Viewer):\S+|(?:deleted:)?principal(?:Set)?://\S+"
)
_USER_MANAGED: Final = re.compile(
    r"serviceAccount:(?P<email>(?!service-\d+@)[^@]+@(?!gcp-sa-)(?P<project>[^@.]+)\.iam\.gserviceaccount\.com)"
)


def check_bindings(store: "Store", bindings: "Iterable[Document]") -> None:
    """Hold bindings to the forms of roles and members, and service accounts to those that exist.

    Google's service agents always exist; which roles and users exist, the sandbox does not know.

    Raises:
        ApiError: 400; a role or member is malformed, or a service account does not exist.
    """
    for binding in bindings:
        role = str(binding.get("role", ""))
        if not _ROLE.fullmatch(role):
            raise invalid(f"Role '{role}' is malformed: roles/NAME, or projects/PROJECT/roles/NAME.")
        for member in binding.get("members", []):
            if not _MEMBER.fullmatch(member):
                raise invalid(
                    f"Invalid member '{member}': user:, group:, serviceAccount: or domain: with an address."
                )
            account = _USER_MANAGED.fullmatch(member)
            if account and store.get(service_account_key(account["project"], account["email"])) is None:
                raise invalid(f"Service account {account['email']} does not exist.")


def service_account_key(project: str, email: str) -> Key:
    """Where the service account *email* of *project* is kept."""
    return Key("iam", f"projects/{project}/serviceAccounts", email)
